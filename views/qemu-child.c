/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_LISTENS 0x10000ul /* __SO_ACCEPTCON in the flags of /proc/net/unix */
#define SOCKET_ARG 160
#define NOT_RUN 127       /* exit status of a child that found no program, as a shell's */
#define ADDED 8           /* arguments we add */
#define LOOK_MS 10        /* between two looks at what QEMU has done */
#define START_MS 60000    /* for its sockets to appear */
#define END_MS 2000       /* to be gone after its socket closed */
#define QUIT_MS 20000     /* to go after SIGTERM */

/* What the user's line may not say, and why. */
static const struct claim {
	const char *option;
	const char *why;
} claims[] = {
	{ "-gdb", "run opens a gdbstub of its own; use `smmtrace attach` for a QEMU that has one" },
	{ "-s", "run opens a gdbstub of its own; use `smmtrace attach :1234` for a QEMU started with -s" },
	{ "-S", "run starts the guest stopped and continues it when all is set up; leave -S out" },
	{ "-daemonize", "run must see QEMU end; leave -daemonize out" },
};

static const char *plain_option(const char *arg)
{
	return !strncmp(arg, "--", 2) ? arg + 1 : arg;
}

static int check_claims(int argc, char **argv, struct error *err)
{
	for (int i = 1; i < argc; i++)
		for (size_t k = 0; k < sizeof(claims) / sizeof(claims[0]); k++)
			if (!strcmp(plain_option(argv[i]), claims[k].option))
				return fail(err, ERR_USAGE, "the QEMU line has %s: %s", argv[i], claims[k].why);
	return 0;
}

static bool has_option(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(plain_option(argv[i]), option))
			return true;
	return false;
}

/* The user's line with ours behind it; the strings stay theirs. */
static char **full_line(const struct qemu_child *q, int argc, char **argv, char *gdb, char *qmp)
{
	char **line = calloc((size_t)argc + ADDED + 1, sizeof(*line));
	int n = argc;

	if (!line)
		return NULL;
	memcpy(line, argv, (size_t)argc * sizeof(*line));
	if (q->gdb[0]) {
		snprintf(gdb, SOCKET_ARG, "%s,server=on,wait=off", q->gdb);
		line[n++] = (char *)"-gdb";
		line[n++] = gdb;
	}
	if (q->qmp[0]) {
		snprintf(qmp, SOCKET_ARG, "unix:%s,server=on,wait=off", q->qmp);
		line[n++] = (char *)"-qmp";
		line[n++] = qmp;
	}
	line[n++] = (char *)"-S";
	if (!has_option(argc, argv, "-msg")) {
		line[n++] = (char *)"-msg";
		line[n++] = (char *)"timestamp=on";
	}
	return line;
}

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

static void child_main(char **line, bool quiet)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (quiet) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	} else {
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	if (quiet || !isatty(STDIN_FILENO))
		setpgid(0, 0); /* Ctrl-C is for us: we end QEMU after having let go of the guest */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(line[0], line);
	_exit(NOT_RUN);
}

static void pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* The same, but a signal that is to end us ends it: that signal, or 0. */
static int await_signal(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t set;
	int got;

	ending_signals(&set);
	got = sigtimedwait(&set, NULL, &ts);
	return got > 0 ? got : 0;
}

bool qemu_ended(struct qemu_child *q)
{
	int status;

	if (!q->pid)
		return true;
	if (waitpid(q->pid, &status, WNOHANG) != q->pid)
		return false;
	q->pid = 0;
	q->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

bool qemu_ends_soon(struct qemu_child *q)
{
	for (long waited = 0; waited < END_MS && !qemu_ended(q); waited += LOOK_MS)
		pause_ms(LOOK_MS);
	return !q->pid;
}

/*
 * QEMU binds its socket a moment before it listens, and who connects in between is
 * refused; the kernel's table tells the two apart. Without the table: the file.
 */
static bool listens(const char *path)
{
	char line[512], name[256];
	unsigned long flags;
	bool found = false;
	FILE *f = fopen("/proc/net/unix", "re");

	if (!f)
		return !access(path, F_OK);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*s %*s %lx %*s %*s %*s %255[^\n]", &flags, name) == 2 &&
			flags & SOCKET_LISTENS && !strcmp(name, path);
	fclose(f);
	return found;
}

static int await_sockets(struct qemu_child *q, const char *program, struct error *err)
{
	for (long waited = 0; waited < START_MS; waited += LOOK_MS) {
		if ((!q->gdb[0] || listens(q->gdb + strlen("unix:"))) && (!q->qmp[0] || listens(q->qmp)))
			return 0;
		if (qemu_ended(q) && q->status == NOT_RUN)
			return fail(err, ERR_TARGET, "cannot run %s: is it installed, and in PATH?", program);
		if (!q->pid)
			return fail(err, ERR_TARGET, "QEMU ended with status %d before the guest began",
				    q->status);
		q->interrupted = await_signal(LOOK_MS);
		if (q->interrupted)
			return fail(err, ERR_TARGET, "interrupted before QEMU had opened its sockets");
	}
	return fail(err, ERR_TARGET, "QEMU has not opened its sockets within %d s", START_MS / 1000);
}

int qemu_start(struct qemu_child *q, int argc, char **argv, bool gdb, bool qmp, bool quiet, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	char gdb_arg[SOCKET_ARG], qmp_arg[SOCKET_ARG], **line;
	sigset_t set;

	*q = (struct qemu_child){ 0 };
	if (check_claims(argc, argv, err) < 0)
		return -ERR_USAGE;
	snprintf(q->dir, sizeof(q->dir), "%s/smmtrace-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	if (!mkdtemp(q->dir)) {
		q->dir[0] = '\0';
		return fail_errno(err, ERR_OUTPUT, "cannot make a private directory");
	}
	if (gdb)
		snprintf(q->gdb, sizeof(q->gdb), "unix:%s/gdb", q->dir);
	if (qmp)
		snprintf(q->qmp, sizeof(q->qmp), "%s/qmp", q->dir);
	line = full_line(q, argc, argv, gdb_arg, qmp_arg);
	ending_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fflush(NULL);
	q->pid = line ? fork() : -1;
	if (q->pid == 0)
		child_main(line, quiet);
	free(line);
	if (q->pid < 0) {
		q->pid = 0;
		return fail_errno(err, ERR_OUTPUT, "cannot start QEMU");
	}
	return await_sockets(q, argv[0], err);
}

int qemu_end(struct qemu_child *q)
{
	if (q->pid)
		kill(q->pid, SIGTERM);
	for (long waited = 0; !qemu_ended(q); waited += LOOK_MS) {
		if (waited == QUIT_MS)
			kill(q->pid, SIGKILL);
		pause_ms(LOOK_MS);
	}
	if (q->dir[0]) {
		if (q->gdb[0])
			unlink(q->gdb + strlen("unix:"));
		if (q->qmp[0])
			unlink(q->qmp);
		rmdir(q->dir);
	}
	return q->status;
}
