/* SPDX-License-Identifier: GPL-3.0-or-later */
#define NCURSES_NOMACROS 1
#include "term.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

/*
 * What the classes look like: colours (-1 = the terminal's own), attributes with them, and without. Where there
 * are 256 colours rich[] has others for some.
 */
static const struct look {
	short fg, bg;
	attr_t with_colour, without;
} look[CELL_CLASS_COUNT] = {
	[CELL_PLAIN] = { -1, -1, 0, 0 },
	[CELL_DIM] = { -1, -1, A_DIM, A_DIM },
	[CELL_BOLD] = { -1, -1, A_BOLD, A_BOLD },
	[CELL_TITLE] = { COLOR_WHITE, COLOR_BLUE, A_BOLD, A_REVERSE },
	[CELL_LIVE] = { COLOR_GREEN, COLOR_BLUE, A_BOLD, A_REVERSE | A_BOLD },
	[CELL_AXIS] = { -1, -1, A_DIM, 0 },
	[CELL_LABEL] = { -1, -1, A_BOLD, A_BOLD },
	[CELL_RUNNING] = { COLOR_GREEN, -1, 0, 0 },
	[CELL_RESET] = { -1, -1, A_DIM, A_DIM },
	[CELL_SMM] = { COLOR_CYAN, -1, 0, A_BOLD },
	[CELL_SMM_DEFAULT] = { COLOR_BLACK, COLOR_YELLOW, 0, A_REVERSE },
	[CELL_SMM_LABEL] = { COLOR_BLACK, COLOR_CYAN, 0, A_REVERSE },
	[CELL_PORT] = { COLOR_MAGENTA, -1, A_BOLD, A_BOLD },
	[CELL_IPI] = { COLOR_YELLOW, -1, A_BOLD, A_BOLD },
	[CELL_SMBASE] = { COLOR_GREEN, -1, A_BOLD, A_BOLD | A_UNDERLINE },
	[CELL_DEVICE] = { -1, -1, 0, 0 },
	[CELL_ALARM] = { COLOR_WHITE, COLOR_RED, A_BOLD, A_REVERSE | A_BOLD },
	[CELL_GAP] = { COLOR_RED, -1, 0, A_DIM },
	[CELL_SELECTED] = { COLOR_BLACK, COLOR_WHITE, 0, A_REVERSE },
	[CELL_STATUS] = { COLOR_WHITE, COLOR_BLUE, 0, A_REVERSE },
};

static const struct { short fg, bg; } rich[CELL_CLASS_COUNT] = {
	[CELL_TITLE] = { 255, 24 }, [CELL_STATUS] = { 255, 24 }, [CELL_LIVE] = { 120, 24 },
	[CELL_RUNNING] = { 71, -1 }, [CELL_SMM] = { 75, -1 }, [CELL_SMM_LABEL] = { 16, 75 },
	[CELL_SMM_DEFAULT] = { 16, 214 }, [CELL_PORT] = { 177, -1 }, [CELL_IPI] = { 220, -1 },
	[CELL_SMBASE] = { 114, -1 }, [CELL_ALARM] = { 231, 160 }, [CELL_GAP] = { 167, -1 },
	[CELL_SELECTED] = { 16, 252 },
};

static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };
static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct {
	SCREEN *screen;
	bool utf8, colour;
	int signal;                  /* the one that ends us */
	int empty_reads;
	struct term_mouse mouse;
	sigset_t mask, open;         /* as found; and with ours let in, while waiting */
	struct termios tty;          /* as found */
	char leave[128];             /* what gives the screen back, for a crash */
	struct sigaction was[COUNT(taken)], crashed[COUNT(crashes)];
} term;

static volatile sig_atomic_t got_end, got_winch, got_stop, got_cont;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		got_winch = 1;
	else if (sig == SIGTSTP)
		got_stop = 1;
	else if (sig == SIGCONT)
		got_cont = 1;
	else
		got_end = sig;
}

/* Only what is safe in a signal handler. */
static void on_crash(int sig)
{
	ssize_t ignored = write(STDOUT_FILENO, term.leave, strlen(term.leave));

	(void)ignored;
	tcsetattr(STDIN_FILENO, TCSANOW, &term.tty);
	for (int i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &term.crashed[i], NULL);
	raise(sig);
}

static void remember_leave(void)
{
	static const char *const caps[] = { "sgr0", "cnorm", "rmkx", "rmcup" };

	term.leave[0] = '\0';
	for (int i = 0; i < COUNT(caps); i++) {
		const char *s = tigetstr(caps[i]);

		if (s && s != (const char *)-1 && strlen(term.leave) + strlen(s) < sizeof(term.leave))
			strcat(term.leave, s);
	}
}

static void take_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal }, crash = { .sa_handler = on_crash };
	sigset_t block;

	got_end = got_winch = got_stop = got_cont = 0;
	sigemptyset(&block);
	for (int i = 0; i < COUNT(taken); i++) {
		sigaddset(&block, taken[i]);
		sigaction(taken[i], &act, &term.was[i]);
	}
	pthread_sigmask(SIG_BLOCK, &block, &term.mask);
	term.open = term.mask;
	for (int i = 0; i < COUNT(taken); i++)
		sigdelset(&term.open, taken[i]);
	for (int i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &crash, &term.crashed[i]);
}

static void give_signals_back(void)
{
	for (int i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &term.crashed[i], NULL);
	for (int i = 0; i < COUNT(taken); i++)
		sigaction(taken[i], &term.was[i], NULL);
	pthread_sigmask(SIG_SETMASK, &term.mask, NULL);
}

static int check_terminal(struct error *err)
{
	const char *name = getenv("TERM"), *cup;
	bool can_move;
	int known;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fail(err, ERR_USAGE,
			    "the timeline needs a terminal; `smmtrace report FILE` needs none");
	if (setupterm(NULL, STDOUT_FILENO, &known) != OK)
		return fail(err, ERR_USAGE, "the terminal type TERM=%.40s is not known here; "
			    "`smmtrace report FILE` needs none", name ? name : "");
	cup = tigetstr("cup");
	can_move = cup && cup != (const char *)-1;
	remember_leave();
	del_curterm(cur_term);
	if (!can_move)
		return fail(err, ERR_USAGE, "the terminal TERM=%.40s cannot place its cursor; "
			    "`smmtrace report FILE` needs none", name ? name : "");
	return 0;
}

static void start_colours(void)
{
	const char *no = getenv("NO_COLOR");

	term.colour = !(no && *no) && has_colors() && start_color() == OK && COLORS >= 8;
	if (!term.colour)
		return;
	use_default_colors();
	for (short i = 0; i < CELL_CLASS_COUNT; i++) {
		bool more = COLORS >= 256 && rich[i].fg;

		init_pair((short)(i + 1), more ? rich[i].fg : look[i].fg, more ? rich[i].bg : look[i].bg);
	}
}

int term_open(bool ascii, struct error *err)
{
	static bool at_exit;

	setlocale(LC_CTYPE, "");
	if (check_terminal(err) < 0)
		return -ERR_USAGE;
	tcgetattr(STDIN_FILENO, &term.tty);
	take_signals();
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen) {
		give_signals_back();
		return fail(err, ERR_USAGE, "the terminal cannot be used; `smmtrace report FILE` needs none");
	}
	if (!at_exit)
		atexit(term_close);
	at_exit = true;
	term.utf8 = !ascii && !strcmp(nl_langinfo(CODESET), "UTF-8");
	term.signal = term.empty_reads = 0;
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	curs_set(0);
	start_colours();
	return 0;
}

void term_close(void)
{
	if (!term.screen)
		return;
	curs_set(1);
	mousemask(0, NULL);
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &term.tty);
	give_signals_back();
}

bool term_utf8(void)
{
	return term.utf8;
}

void term_size(int *rows, int *cols)
{
	*rows = getmaxy(stdscr);
	*cols = getmaxx(stdscr);
}

static void show_cell(int row, int col, const struct cell *cell)
{
	const struct look *l = &look[cell->class];
	attr_t attr = term.colour ? l->with_colour : l->without;
	wchar_t text[2] = { (wchar_t)cell->glyph, 0 };
	cchar_t out;

	if (cell->cursor)
		attr ^= A_REVERSE;
	setcchar(&out, text, attr, term.colour ? (short)(cell->class + 1) : 0, NULL);
	mvadd_wch(row, col, &out);
}

void term_show(const struct canvas *c, int row, int col)
{
	erase();
	for (int y = 0; y < c->rows; y++)
		for (int x = 0; x < c->cols; x++)
			show_cell(y, x, &c->cell[(size_t)y * (size_t)c->stride + (size_t)x]);
	curs_set(row >= 0);
	move(row >= 0 ? row : c->rows - 1, row >= 0 ? col : c->cols - 1);
	refresh();
}

void term_redraw(void)
{
	clearok(curscr, TRUE);
}

/* Take the size the terminal has now. */
static void resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	clearok(curscr, TRUE);
}

static void suspend(void)
{
	struct sigaction stop = { .sa_handler = SIG_DFL }, mine;
	sigset_t only, was;

	endwin();
	sigaction(SIGTSTP, &stop, &mine);
	sigemptyset(&only);
	sigaddset(&only, SIGTSTP);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &only, &was); /* here we stop */
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	sigaction(SIGTSTP, &mine, NULL);
	got_cont = 1;
}

static int take_flags(void)
{
	bool again = got_winch || got_cont || got_stop;

	if (got_end) {
		term.signal = got_end;
		return TERM_SIGNAL;
	}
	if (got_stop) {
		got_stop = 0;
		suspend();
	}
	if (got_cont) {
		endwin();
		refresh();
	}
	if (again)
		resize();
	got_winch = got_cont = 0;
	return again ? TERM_RESIZE : TERM_NOTHING;
}

static int translate(wint_t key)
{
	static const struct { int curses, ours; } keys[] = {
		{ KEY_UP, TERM_UP }, { KEY_DOWN, TERM_DOWN }, { KEY_LEFT, TERM_LEFT },
		{ KEY_RIGHT, TERM_RIGHT }, { KEY_PPAGE, TERM_PAGE_UP }, { KEY_NPAGE, TERM_PAGE_DOWN },
		{ KEY_HOME, TERM_HOME }, { KEY_END, TERM_END }, { KEY_BTAB, TERM_BACKTAB },
		{ KEY_BACKSPACE, TERM_BACKSPACE }, { KEY_DC, TERM_DELETE }, { KEY_ENTER, TERM_ENTER },
		{ KEY_F(1), TERM_F1 }, { KEY_RESIZE, TERM_RESIZE },
	};

	for (int i = 0; i < COUNT(keys); i++)
		if (key == (wint_t)keys[i].curses)
			return keys[i].ours;
	return TERM_OTHER;
}

struct term_mouse term_mouse(void)
{
	return term.mouse;
}

static int read_mouse(void)
{
	MEVENT ev;

	if (getmouse(&ev) != OK || !(ev.bstate & (BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED)))
		return TERM_OTHER;
	term.mouse = (struct term_mouse){
		.button = ev.bstate & BUTTON4_PRESSED ? TERM_WHEEL_UP : ev.bstate & BUTTON5_PRESSED ? TERM_WHEEL_DOWN :
			  TERM_CLICK,
		.row = ev.y, .col = ev.x,
	};
	return TERM_MOUSE;
}

/* A key already there, or TERM_NOTHING. */
static int read_key(void)
{
	wint_t key;
	int kind = get_wch(&key);

	if (kind == ERR)
		return TERM_NOTHING;
	term.empty_reads = 0;
	if (kind == KEY_CODE_YES)
		return key == KEY_MOUSE ? read_mouse() : translate(key);
	if (key == 3 || key == 26) { /* Ctrl-C, Ctrl-Z: raw() made them keys */
		on_signal(key == 3 ? SIGINT : SIGTSTP);
		return take_flags();
	}
	return key == '\r' || key == '\n' ? TERM_ENTER : key == 127 || key == 8 ? TERM_BACKSPACE : (int)key;
}

static int gone(void)
{
	term.signal = SIGHUP;
	return TERM_SIGNAL;
}

int term_wait(int timeout_ms, int wake_fd)
{
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
	struct timespec time = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	int key = take_flags();

	if (key == TERM_NOTHING)
		key = read_key();
	if (key != TERM_NOTHING)
		return key;
	if (ppoll(fds, 2, timeout_ms < 0 ? NULL : &time, &term.open) < 0)
		return errno == EINTR ? take_flags() : gone();
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) {
		key = read_key();
		if (key == TERM_NOTHING && (!(fds[0].revents & POLLIN) || ++term.empty_reads > 3))
			return gone();
		return key;
	}
	return fds[1].revents ? TERM_WAKE : TERM_NOTHING;
}

int term_signal(void)
{
	return term.signal;
}
