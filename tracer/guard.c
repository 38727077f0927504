/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../gdbproto/rsp-client.h"

#define UNDO_TIMEOUT_MS 10000
#define INSTANCE_TRIES 500
#define INSTANCE_WAIT_US 10000

struct guard_shared {
	atomic_bool armed;
	bool leave_stopped;
	atomic_bool paused; /* by somebody else */
	unsigned undos;
	_Atomic guard_mend_fn mend;
	_Alignas(max_align_t) char mend_data[GUARD_MEND_SIZE];
	char undo[GUARD_UNDO_MAX][GUARD_UNDO_SIZE];
	char file[PATH_MAX];
	char instance[PATH_MAX];
	char target[256];
};

struct guard {
	struct guard_shared *shared;
	int alive; /* our end of the pipe: open as long as we live */
	pid_t pid;
};

static void ignore_output(void *arg, const char *text, size_t len)
{
	(void)arg;
	(void)text;
	(void)len;
}

static void undo(const struct guard_shared *s)
{
	guard_mend_fn mend = atomic_load(&s->mend);
	struct error err;
	bool was_running;
	struct rsp *r = rsp_open(s->target, UNDO_TIMEOUT_MS, &was_running, &err);

	if (r) {
		if (mend)
			mend(r, s->mend_data, &err);
		for (unsigned i = 0; i < s->undos; i++)
			rsp_monitor(r, s->undo[i], ignore_output, NULL, &err);
		rsp_forget_points(r, &err);
		if (!s->leave_stopped && (was_running || !atomic_load(&s->paused)))
			rsp_detach(r, &err);
		rsp_close(r);
	}
	if (s->file[0]) {
		char *slash = strrchr(s->file, '/');
		char dir[PATH_MAX];

		unlink(s->file);
		if (slash) {
			snprintf(dir, sizeof(dir), "%.*s", (int)(slash - s->file), s->file);
			rmdir(dir);
		}
	}
}

/* The kernel says EBUSY as long as the dead tracer's descriptors are being closed. */
static void remove_instance(const char *path)
{
	for (int tries = INSTANCE_TRIES; *path && tries > 0 && rmdir(path) && errno == EBUSY; tries--)
		usleep(INSTANCE_WAIT_US);
}

static void guard_main(struct guard_shared *s, int alive)
{
	int null = open("/dev/null", O_RDWR);
	char byte;
	ssize_t n;
	sigset_t all;

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "smmtrace-guard");
	do
		n = read(alive, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	remove_instance(s->instance);
	if (atomic_load(&s->armed))
		undo(s);
	_exit(0);
}

struct guard *guard_start(const char *target, struct error *err)
{
	struct guard *g = calloc(1, sizeof(*g));
	int ends[2];

	if (!g || pipe2(ends, O_CLOEXEC)) {
		free(g);
		fail_errno(err, ERR_OUTPUT, "cannot start the guard process");
		return NULL;
	}
	g->shared = mmap(NULL, sizeof(*g->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g->pid = -1;
	if (g->shared != MAP_FAILED) {
		snprintf(g->shared->target, sizeof(g->shared->target), "%s", target ? target : "");
		g->pid = fork();
	}
	if (g->pid == 0) {
		int alive = fcntl(ends[0], F_DUPFD, 3); /* 0 to 2 will be replaced */

		close_range(3, (unsigned)alive - 1, 0);
		close_range((unsigned)alive + 1, UINT_MAX, 0);
		guard_main(g->shared, alive);
	}
	close(ends[0]);
	if (g->pid < 0) {
		close(ends[1]);
		free(g);
		fail_errno(err, ERR_OUTPUT, "cannot start the guard process");
		return NULL;
	}
	g->alive = ends[1];
	return g;
}

void guard_arm(struct guard *g, bool leave_stopped, const char (*undo_commands)[GUARD_UNDO_SIZE], unsigned n)
{
	struct guard_shared *s = g->shared;

	s->leave_stopped = leave_stopped;
	s->undos = n < GUARD_UNDO_MAX ? n : GUARD_UNDO_MAX;
	for (unsigned i = 0; i < s->undos; i++)
		memcpy(s->undo[i], undo_commands[i], GUARD_UNDO_SIZE);
	atomic_store(&s->armed, true);
}

void guard_set_mend(struct guard *g, guard_mend_fn mend, const void *data, size_t size)
{
	struct guard_shared *s = g->shared;

	atomic_store(&s->mend, NULL);
	if (!mend)
		return;
	memcpy(s->mend_data, data, size < sizeof(s->mend_data) ? size : sizeof(s->mend_data));
	atomic_store(&s->mend, mend);
}

void guard_set_file(struct guard *g, const char *path)
{
	snprintf(g->shared->file, sizeof(g->shared->file), "%s", path);
}

void guard_set_instance(struct guard *g, const char *path)
{
	snprintf(g->shared->instance, sizeof(g->shared->instance), "%s", path);
}

void guard_set_paused(struct guard *g, bool paused)
{
	atomic_store(&g->shared->paused, paused);
}

void guard_disarm(struct guard *g)
{
	atomic_store(&g->shared->armed, false);
}

void guard_end(struct guard *g)
{
	if (!g)
		return;
	close(g->alive);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(g->shared, sizeof(*g->shared));
	free(g);
}
