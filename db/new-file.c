/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "new-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define ENDING (sizeof(ending) / sizeof(*ending))

static const char *volatile to_remove; /* for the handler; one file at a time */

static void remove_and_end(int signal_number)
{
	if (to_remove)
		unlink(to_remove);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* A signal that is ignored (nohup) stays so. */
static void watch_signals(void (*handler)(int))
{
	for (size_t i = 0; i < ENDING; i++) {
		struct sigaction now;

		if (!sigaction(ending[i], NULL, &now) && now.sa_handler != SIG_IGN)
			signal(ending[i], handler);
	}
}

/* No signal between the making of a file and the handler's knowing of it. */
static void hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&held, ending[i]);
	sigprocmask(SIG_BLOCK, &held, before);
}

static void follow_links(char out[PATH_MAX], const char *path)
{
	if (!realpath(path, out))
		snprintf(out, PATH_MAX, "%s", path);
}

static int open_temporary(struct new_file *n, mode_t mode)
{
	sigset_t before;
	int fd;

	snprintf(n->temporary, sizeof(n->temporary), "%s.XXXXXX", n->path);
	hold_signals(&before);
	fd = mkostemp(n->temporary, O_CLOEXEC);
	if (fd >= 0) {
		to_remove = n->temporary;
		watch_signals(remove_and_end);
	} else {
		n->temporary[0] = '\0';
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (fd < 0)
		return -1;
	if (!fchmod(fd, mode) && (n->f = fdopen(fd, "w")))
		return 0;
	close(fd);
	return -1;
}

static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

int new_file_open(struct new_file *n, const char *path, struct error *err)
{
	struct stat st;
	bool there = !stat(path, &st);

	memset(n, 0, sizeof(*n));
	follow_links(n->path, path);
	if (there && !S_ISREG(st.st_mode)) {
		n->f = fopen(path, "we");
	} else if (there && access(path, W_OK)) {
		return fail_errno(err, ERR_OUTPUT, "cannot write %.200s", path); /* a rename would not ask */
	} else if (open_temporary(n, there ? st.st_mode & 0777 : usual_mode()) < 0) {
		fail_errno(err, ERR_OUTPUT, "cannot write %.200s", path);
		new_file_drop(n);
		return -(int)ERR_OUTPUT;
	}
	return n->f ? 0 : fail_errno(err, ERR_OUTPUT, "cannot write %.200s", path);
}

static void forget(struct new_file *n)
{
	to_remove = NULL;
	if (n->temporary[0])
		watch_signals(SIG_DFL);
	n->temporary[0] = '\0';
	n->f = NULL;
}

int new_file_keep(struct new_file *n, struct error *err)
{
	bool bad = ferror(n->f);

	errno = bad ? EIO : 0;
	bad |= fclose(n->f) == EOF;
	n->f = NULL;
	if (!bad && n->temporary[0])
		bad = rename(n->temporary, n->path);
	if (bad) {
		fail_errno(err, ERR_OUTPUT, "cannot write %.200s", n->path);
		new_file_drop(n);
		return -(int)ERR_OUTPUT;
	}
	forget(n);
	return 0;
}

void new_file_drop(struct new_file *n)
{
	if (n->f)
		fclose(n->f);
	if (n->temporary[0])
		unlink(n->temporary);
	forget(n);
}
