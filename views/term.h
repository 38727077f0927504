/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The terminal: shows canvases, reads keys. term.c alone includes ncurses.h.
 *
 * There is one terminal, so there is no handle. Between term_open() and
 * term_close() signals are taken over: SIGINT, SIGTERM, SIGHUP and SIGQUIT end
 * the wait for a key with TERM_SIGNAL, SIGWINCH with TERM_RESIZE, SIGTSTP (and
 * Ctrl-Z) gives the terminal back, stops this process only, and takes the
 * terminal again when it goes on; a crash gives the terminal back first. The
 * handlers and the signal mask found are put back by term_close(), which also
 * runs at exit().
 */
#ifndef VIEWS_TERM_H
#define VIEWS_TERM_H

#include <stdbool.h>

#include "canvas.h"
#include "../gdbproto/error.h"

/* What term_wait() returns; ordinary keys are their Unicode code points. */
enum {
	TERM_NOTHING = 0, /* the time is up */
	TERM_UP = 0x110000, TERM_DOWN, TERM_LEFT, TERM_RIGHT, TERM_PAGE_UP, TERM_PAGE_DOWN,
	TERM_HOME, TERM_END, TERM_BACKTAB, TERM_BACKSPACE, TERM_DELETE, TERM_ENTER, TERM_F1,
	TERM_OTHER,       /* a key nobody here knows */
	TERM_MOUSE,       /* see term_mouse() */
	TERM_RESIZE,      /* the size is another, or all must be shown again */
	TERM_WAKE,        /* wake_fd is readable */
	TERM_SIGNAL,      /* see term_signal() */
};

/*
 * Take the terminal of stdin and stdout. ERR_USAGE with the reason when there is
 * none, or it cannot place the cursor (TERM=dumb). Colours: 256, 8, or none, as
 * the terminal has them; none with NO_COLOR set. @ascii: never use other characters.
 */
int term_open(bool ascii, struct error *err);
void term_close(void);

/* May other characters than ASCII be shown? */
bool term_utf8(void);
void term_size(int *rows, int *cols);

/* What the mouse did last, where the terminal tells it. */
enum term_button { TERM_CLICK, TERM_WHEEL_UP, TERM_WHEEL_DOWN };
struct term_mouse {
	enum term_button button;
	int row, col;
};
struct term_mouse term_mouse(void);

/* Show @c from the upper left corner. The text cursor goes to (@row, @col), or is hidden if @row < 0. */
void term_show(const struct canvas *c, int row, int col);

/* Forget what the terminal is thought to show: the next term_show() draws everything. */
void term_redraw(void);

/* Wait for a key or one of the above; @timeout_ms -1 = for ever, @wake_fd -1 = none. */
int term_wait(int timeout_ms, int wake_fd);

/* The signal that made term_wait() return TERM_SIGNAL (SIGHUP when the terminal is gone). */
int term_signal(void);

#endif
