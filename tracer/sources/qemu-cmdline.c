/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-cmdline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX (1u << 20)

static int read_whole(int fd, struct qemu_cmdline *cl)
{
	for (;;) {
		char *more = cl->len < CMDLINE_MAX ? realloc(cl->text, cl->len + 4096 + 1) : NULL;
		ssize_t n;

		if (!more)
			return -1;
		cl->text = more;
		n = read(fd, cl->text + cl->len, 4096);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		cl->len += (size_t)n;
	}
	cl->text[cl->len++] = '\0';
	return 0;
}

int qemu_cmdline_read(pid_t pid, struct qemu_cmdline *cl, struct error *err)
{
	char path[64];
	int fd, rc;

	memset(cl, 0, sizeof(*cl));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return fail(err, ERR_TARGET, "there is no process %d on this host", (int)pid);
	if (fd < 0)
		return fail_errno(err, ERR_TARGET, "cannot read the command line of process %d", (int)pid);
	rc = read_whole(fd, cl);
	close(fd);
	if (!rc && cl->len > 1)
		return 0;
	qemu_cmdline_free(cl);
	return fail(err, ERR_TARGET, "process %d shows no command line", (int)pid);
}

void qemu_cmdline_free(struct qemu_cmdline *cl)
{
	free(cl->text);
	memset(cl, 0, sizeof(*cl));
}

static const char *next_arg(const struct qemu_cmdline *cl, const char *arg)
{
	arg += strlen(arg) + 1;
	return arg < cl->text + cl->len ? arg : NULL;
}

/* The next -@name behind @arg, NULL at the end. */
static const char *next_option(const struct qemu_cmdline *cl, const char *arg, const char *name)
{
	while ((arg = next_arg(cl, arg)))
		if (arg[0] == '-' && !strcmp(arg + 1 + (arg[1] == '-'), name))
			break;
	return arg;
}

const char *qemu_option(const struct qemu_cmdline *cl, const char *name)
{
	const char *found = NULL;

	for (const char *arg = cl->text; (arg = next_option(cl, arg, name));)
		found = next_arg(cl, arg);
	return found;
}

bool qemu_has_option(const struct qemu_cmdline *cl, const char *name)
{
	return next_option(cl, cl->text, name);
}

bool qemu_option_key(const struct qemu_cmdline *cl, const char *name, const char *key, const char *implied,
		     char *out, size_t size)
{
	bool found = false;

	for (const char *arg = cl->text; (arg = next_option(cl, arg, name));) {
		const char *list = next_arg(cl, arg);

		found |= list && qemu_suboption(list, key, implied, out, size);
	}
	return found;
}

/* One element up to its comma; returns what follows, NULL at the end. @out may be too small: then "". */
static const char *next_element(const char *at, char *out, size_t size)
{
	size_t len = 0;

	for (; *at && !(at[0] == ',' && at[1] != ','); at++, len++) {
		if (len + 1 < size)
			out[len] = *at;
		if (*at == ',')
			at++;
	}
	out[len < size ? len : 0] = '\0';
	return *at ? at + 1 : NULL;
}

bool qemu_suboption(const char *list, const char *key, const char *implied, char *out, size_t size)
{
	size_t key_len = strlen(key);
	char element[4096];
	bool found = false;

	for (bool first = true; list; first = false) {
		const char *value = NULL;

		list = next_element(list, element, sizeof(element));
		if (!strncmp(element, key, key_len) && element[key_len] == '=')
			value = element + key_len + 1;
		else if (first && implied && !strcmp(implied, key) && element[0] && !strchr(element, '='))
			value = element;
		if (value && strlen(value) < size) {
			memcpy(out, value, strlen(value) + 1);
			found = true;
		}
	}
	return found;
}

int qemu_cmdline_of(char *const *argv, int argc, struct qemu_cmdline *cl)
{
	char *at;

	*cl = (struct qemu_cmdline){ 0 };
	for (int i = 0; i < argc; i++)
		cl->len += strlen(argv[i]) + 1;
	cl->text = at = malloc(cl->len + 1);
	if (!at)
		return -1;
	for (int i = 0; i < argc; i++)
		at = stpcpy(at, argv[i]) + 1;
	*at = '\0';
	return 0;
}

static bool first_is_kvm(const char *accels)
{
	return !strncmp(accels, "kvm", 3) && (!accels[3] || accels[3] == ':');
}

bool qemu_wants_kvm(const struct qemu_cmdline *cl)
{
	const char *first = next_option(cl, cl->text, "accel"), *list = first ? next_arg(cl, first) : NULL;
	char accel[64];

	if (list && qemu_suboption(list, "accel", "accel", accel, sizeof(accel)))
		return first_is_kvm(accel);
	if (qemu_option_key(cl, "machine", "accel", NULL, accel, sizeof(accel)) ||
	    qemu_option_key(cl, "M", "accel", NULL, accel, sizeof(accel)))
		return first_is_kvm(accel);
	return qemu_has_option(cl, "enable-kvm");
}
