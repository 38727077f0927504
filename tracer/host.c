/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../gdbproto/safe-text.h"

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

bool host_find_program(const char *name, char *out, size_t size)
{
	const char *dir = getenv("PATH");
	char path[PATH_MAX];

	while (dir && *dir) {
		size_t len = strcspn(dir, ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)len, len ? dir : ".", name);
		if (is_program(path)) {
			snprintf(out, size, "%s", path);
			return true;
		}
		dir += len + (dir[len] == ':');
	}
	return false;
}

/* In a process group of its own, so that what it starts in turn can be ended with it. */
static int spawn_to_pipe(char *const argv[], int write_end, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int status;

	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, write_end, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	status = posix_spawn(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

/* The first piece of output; a program that tells its version writes it in one. Bytes read. */
static size_t read_piece(int fd, int timeout_ms, char *buf, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, timeout_ms) > 0 ? read(fd, buf, size) : 0;

	return n > 0 ? (size_t)n : 0;
}

bool host_first_line(char *const argv[], int timeout_ms, char *line, size_t size)
{
	char buf[1024];
	int fd[2];
	size_t used = 0;
	const char *newline;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return false;
	if (!spawn_to_pipe(argv, fd[1], &pid)) {
		close(fd[1]);
		fd[1] = -1;
		used = read_piece(fd[0], timeout_ms, buf, sizeof(buf));
		kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
	newline = memchr(buf, '\n', used);
	safe_text(line, size, buf, newline ? (size_t)(newline - buf) : used);
	return used > 0;
}
