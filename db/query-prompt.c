/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query-prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "query.h"
#include "query-names.h"

#define HISTORY_LINES 1000

static const char prompt[] = "query> ";

/* readline keeps its state in globals, so there is one prompt in a process. */
static struct {
	struct query_prompt *p;
	struct query_names *names;
	char history[PATH_MAX]; /* "" = none is kept */
	bool done;
	enum names_place place; /* where something is completed */
	sigset_t all, usual;    /* signals we take; the mask that was found */
} at;

static volatile sig_atomic_t caught, continued;

/* ---- the history ---- */

/* Every folder of @path, up to its last slash. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void find_history(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = -1, fd;

	if (state && *state == '/') /* the specification: a relative one is not to be used */
		n = snprintf(at.history, sizeof(at.history), "%s/smmtrace/history", state);
	else if (home && *home == '/')
		n = snprintf(at.history, sizeof(at.history), "%s/.local/state/smmtrace/history", home);
	if (n < 0 || n >= (int)sizeof(at.history)) {
		at.history[0] = '\0';
		return;
	}
	make_folders(at.history);
	fd = open(at.history, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		fprintf(stderr, "smmtrace: query: no history is kept: %s\n", strerror(errno));
		at.history[0] = '\0';
		return;
	}
	close(fd);
	read_history(at.history);
	history_truncate_file(at.history, HISTORY_LINES);
}

static void remember(const char *line)
{
	HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;

	if (!*line || (last && !strcmp(last->line, line)))
		return;
	add_history(line);
	if (at.history[0])
		append_history(1, at.history);
}

/* ---- completion ---- */

static char *next_name(const char *text, int state)
{
	static size_t index;
	const char *name;

	index = state ? index + 1 : 0;
	name = query_names_find(at.names, text, at.place, index);
	return name ? strdup(name) : NULL;
}

static char **complete(const char *text, int start, int end)
{
	(void)end;
	at.place = query_names_place(rl_line_buffer, (size_t)start);
	rl_attempted_completion_over = 1; /* never files */
	return rl_completion_matches(text, next_name);
}

/* ---- lines ---- */

bool query_prompt_split(char *line, char **what, char **arg)
{
	size_t len = strlen(line);
	const struct question *q;
	char *blank;

	while (len && strchr(" \t;", line[len - 1]))
		line[--len] = '\0';
	*what = line + strspn(line, " \t");
	*arg = NULL;
	blank = *what + strcspn(*what, " \t");
	if (*blank) {
		*blank = '\0';
		q = question_by_name(*what);
		if (q && q->arg)
			*arg = blank + 1 + strspn(blank + 1, " \t");
		else
			*blank = ' ';
	}
	return **what != '\0';
}

static void answer(char *line)
{
	char *what, *arg;

	if (!query_prompt_split(line, &what, &arg))
		return;
	if (!strcmp(what, "quit") || !strcmp(what, "exit"))
		at.done = true;
	else
		at.p->ask(at.p, strcmp(what, "help") ? what : NULL, arg);
}

static void take_line(char *line);

static void show_prompt(void)
{
	rl_callback_handler_install(prompt, take_line);
}

/* readline's hook: a line is complete, or NULL for Ctrl-D. The terminal is an ordinary one meanwhile. */
static void take_line(char *line)
{
	rl_callback_handler_remove();
	if (!line) {
		putchar('\n');
		at.done = true;
		return;
	}
	remember(line);
	sigprocmask(SIG_SETMASK, &at.usual, NULL);
	answer(line);
	sigprocmask(SIG_BLOCK, &at.all, NULL);
	if (caught == SIGINT)
		caught = 0;
	free(line);
	if (!at.done && !caught)
		show_prompt();
}

/* ---- signals ---- */

static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT };
#define TAKEN (sizeof(taken) / sizeof(*taken))

static void take_signal(int sig)
{
	if (sig == SIGCONT) {
		continued = 1;
		return;
	}
	if (!caught || sig != SIGINT)
		caught = sig;
	query_stop();
}

/* Blocked but while we wait or an answer is given, so that none is missed. */
static void take_signals(struct sigaction old[TAKEN])
{
	struct sigaction sa = { .sa_handler = take_signal };

	sigemptyset(&at.all);
	for (size_t i = 0; i < TAKEN; i++)
		sigaddset(&at.all, taken[i]);
	sigprocmask(SIG_BLOCK, &at.all, &at.usual);
	for (size_t i = 0; i < TAKEN; i++)
		sigaction(taken[i], &sa, &old[i]);
}

static void give_signals_back(const struct sigaction old[TAKEN])
{
	for (size_t i = 0; i < TAKEN; i++)
		sigaction(taken[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &at.usual, NULL);
}

/* Ctrl-C at the prompt: a new line. */
static void drop_line(void)
{
	fputs("^C\n", stdout);
	fflush(stdout);
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_callback_handler_remove();
	caught = 0;
	show_prompt();
}

/* Behind Ctrl-Z and fg the terminal is the shell's. */
static void come_back(void)
{
	continued = 0;
	rl_prep_terminal(1);
	rl_forced_update_display();
}

static void wait_for_keys(void)
{
	struct pollfd keys = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = ppoll(&keys, 1, NULL, &at.usual);

	if (caught == SIGINT)
		drop_line();
	else if (continued)
		come_back();
	else if (n > 0 && !caught)
		rl_callback_read_char();
}

int query_prompt_run(struct query_prompt *p, struct error *err)
{
	struct sigaction old[TAKEN];

	at.p = p;
	at.names = query_names_new();
	if (!at.names)
		return fail(err, ERR_OUTPUT, "no memory");
	rl_readline_name = "smmtrace";
	rl_catch_signals = 0;
	rl_attempted_completion_function = complete;
	rl_basic_word_break_characters = " \t\n\"'`=<>;|&{}(),.+*/%";
	using_history();
	stifle_history(HISTORY_LINES);
	find_history();
	take_signals(old);
	show_prompt();
	while (!at.done && !caught)
		wait_for_keys();
	if (caught) {
		rl_callback_handler_remove();
		putchar('\n');
	}
	give_signals_back(old);
	query_names_free(at.names);
	return caught ? 128 + caught : 0;
}
