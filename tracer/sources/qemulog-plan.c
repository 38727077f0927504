/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "qemu-cmdline.h"
#include "qemulog.h"

#define MASK_SIZE 256
#define FIFO_NAME_MAX 32 /* /smmtrace-0123456789abcdef/log */

/* What the command line says about logging. */
struct log_options {
	const char *file;       /* -D, or -trace file=; NULL = stderr */
	char trace_file[PATH_MAX];
	char mask[MASK_SIZE];   /* -d without trace: and tid, "" = none */
	bool logs;              /* the user asked for some log */
	bool per_thread;        /* -d tid */
	bool has_reset;         /* cpu_reset is in the mask */
};

/* --- what the user asked for --- */

static void add_mask_item(struct log_options *o, const char *item, size_t len)
{
	size_t fill = strlen(o->mask);

	if (len == 3 && !memcmp(item, "tid", 3))
		o->per_thread = true;
	else if (len >= 6 && !memcmp(item, "trace:", 6))
		o->logs = true;
	else if (len && fill + len + 2 < sizeof(o->mask))
		snprintf(o->mask + fill, sizeof(o->mask) - fill, "%s%.*s", fill ? "," : "", (int)len, item);
	if ((len == 9 && !memcmp(item, "cpu_reset", 9)) || (len == 3 && !memcmp(item, "all", 3)))
		o->has_reset = true;
}

static void read_mask(struct log_options *o, const char *items)
{
	while (items && *items) {
		size_t len = strcspn(items, ",");

		o->logs = true;
		add_mask_item(o, items, len);
		items += len + (items[len] == ',');
	}
}

static void read_options(const struct qemu_cmdline *cl, struct log_options *o)
{
	const char *trace = qemu_option(cl, "trace");

	memset(o, 0, sizeof(*o));
	read_mask(o, qemu_option(cl, "d"));
	o->logs |= trace != NULL;
	o->file = qemu_option(cl, "D");
	if (!o->file && trace && qemu_suboption(trace, "file", NULL, o->trace_file, sizeof(o->trace_file)))
		o->file = o->trace_file;
}

static bool timestamps_on(const struct qemu_cmdline *cl)
{
	const char *msg = qemu_option(cl, "msg");
	char value[8];

	if (!qemu_option_key(cl, "msg", "timestamp", NULL, value, sizeof(value)))
		return msg && !strcmp(msg, "timestamp");
	return !strcmp(value, "on") || !strcmp(value, "yes") || !strcmp(value, "true") || !strcmp(value, "y");
}

/* --- what is open --- */

/* The -D argument as a path that we can stat: %d is the process, a relative one starts at its directory. */
static int resolve_file(pid_t pid, const char *file, char *out, size_t size, struct error *err)
{
	const char *percent = strstr(file, "%d");
	int head = percent ? (int)(percent - file) : (int)strlen(file);
	char number[16] = "";
	int n;

	if (percent)
		snprintf(number, sizeof(number), "%d", (int)pid);
	if (file[0] == '/')
		n = snprintf(out, size, "%.*s%s%s", head, file, number, percent ? percent + 2 : "");
	else
		n = snprintf(out, size, "/proc/%d/cwd/%.*s%s%s", (int)pid, head, file, number,
			     percent ? percent + 2 : "");
	return n < (int)size ? 0 : fail(err, ERR_TARGET, "the name of QEMU's log file is too long");
}

/* The descriptor that @pid has open on the file of @st, -1 = none, -2 = not allowed to look. */
static int open_descriptor(pid_t pid, const struct stat *st)
{
	char path[64];
	struct dirent *de;
	struct stat one;
	int found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -2;
	while (found < 0 && (de = readdir(dir)))
		if (isdigit((unsigned char)de->d_name[0]) && !fstatat(dirfd(dir), de->d_name, &one, 0) &&
		    one.st_dev == st->st_dev && one.st_ino == st->st_ino)
			found = atoi(de->d_name);
	closedir(dir);
	return found;
}

static int plan_tail(struct qemulog_plan *plan, pid_t pid, int fd)
{
	plan->input = QEMULOG_TAIL;
	snprintf(plan->file, sizeof(plan->file), "/proc/%d/fd/%d", (int)pid, fd);
	snprintf(plan->note, sizeof(plan->note),
		 "QEMU logs to a file: what smmtrace switches on goes into that file too");
	return 0;
}

/* --- the monitor's commands --- */

static void add(char (*list)[QEMULOG_COMMAND_SIZE], unsigned *n, const char *verb, const char *arg,
		const char *tail)
{
	int len;

	if (*n == QEMULOG_COMMANDS)
		return;
	len = snprintf(list[*n], QEMULOG_COMMAND_SIZE, "%s%s%s", verb, arg, tail);
	if (len < QEMULOG_COMMAND_SIZE)
		++*n;
}

/* A file name as the monitor reads it. False when it cannot be said. */
static bool quote(const char *path, char *out, size_t size)
{
	size_t n = 0;

	out[n++] = '"';
	for (; *path; path++) {
		if ((unsigned char)*path < ' ' || n + 4 > size)
			return false;
		if (*path == '"' || *path == '\\')
			out[n++] = '\\';
		out[n++] = *path;
	}
	out[n++] = '"';
	out[n] = '\0';
	return true;
}

static const char *const wanted_events[] = { "apm_io_*", "apic_mem_writel", "cpuhp_acpi_*" };

static void add_commands(struct qemulog_plan *plan, const struct log_options *o, const char *back)
{
	char path[QEMULOG_COMMAND_SIZE - 16];

	for (size_t i = 0; i < sizeof(wanted_events) / sizeof(*wanted_events); i++)
		add(plan->ask, &plan->asks, "info trace-events ", wanted_events[i], "");
	if (back && quote(plan->fifo, path, sizeof(path)))
		add(plan->on, &plan->ons, "logfile ", path, "");
	if (!o->has_reset) {
		add(plan->on, &plan->ons, "log ", o->mask, o->mask[0] ? ",cpu_reset" : "cpu_reset");
		add(plan->off, &plan->offs, "log ", o->mask[0] ? o->mask : "none", "");
	}
	if (back && quote(back, path, sizeof(path)))
		add(plan->off, &plan->offs, "logfile ", path, "");
}

/* --- where the log goes --- */

/* Does @pid see the same files? True also where that cannot be said. */
static bool same_files(pid_t pid)
{
	char path[64], ours[64], theirs[64];
	ssize_t a, b;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	a = readlink("/proc/self/ns/mnt", ours, sizeof(ours));
	b = readlink(path, theirs, sizeof(theirs));
	return a <= 0 || b <= 0 || (a == b && !memcmp(ours, theirs, (size_t)a));
}

static int choose_fifo(struct qemulog_plan *plan, pid_t pid, struct error *err)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	uint64_t random = 0;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st))
		return fail_errno(err, ERR_TARGET, "cannot look at process %d", (int)pid);
	plan->uid = st.st_uid;
	plan->gid = st.st_gid;
	if (!same_files(pid))
		return fail(err, ERR_TARGET, "QEMU runs in a container and cannot write to a log pipe of ours");
	if (!base || base[0] != '/' || strlen(base) > sizeof(plan->fifo) - FIFO_NAME_MAX ||
	    plan->uid != geteuid() || access(base, W_OK))
		base = "/tmp";
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return fail_errno(err, ERR_TARGET, "no random numbers");
	snprintf(plan->fifo, sizeof(plan->fifo), "%s/smmtrace-%016llx/log", base, (unsigned long long)random);
	return 0;
}

/* Would opening stderr anew give the same thing, without blocking and without truncating it? */
static bool stderr_reopens(pid_t pid, const struct stat *st)
{
	char path[64];
	int fd;

	if (S_ISCHR(st->st_mode))
		return st->st_rdev != makedev(1, 3);
	if (!S_ISFIFO(st->st_mode))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)pid);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int plan_stderr(struct qemulog_plan *plan, pid_t pid, const struct qemu_cmdline *cl,
		       const struct log_options *o, const char **back, struct error *err)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)pid);
	if (stat(path, &st))
		return fail_errno(err, ERR_TARGET, "cannot look at the open files of process %d", (int)pid);
	if (o->logs && S_ISREG(st.st_mode))
		return plan_tail(plan, pid, 2);
	*back = !qemu_has_option(cl, "daemonize") && stderr_reopens(pid, &st) ? "/dev/stderr" : "/dev/null";
	if (o->logs && S_ISSOCK(st.st_mode))
		return fail(err, ERR_TARGET, "QEMU logs to a socket on its stderr, which could not be given back");
	if (o->logs)
		snprintf(plan->note, sizeof(plan->note),
			 "QEMU's own log (-d, -trace) is not on its stderr while smmtrace listens");
	return 0;
}

static int plan_file(struct qemulog_plan *plan, pid_t pid, const struct log_options *o, const char **back,
		     struct error *err)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (resolve_file(pid, o->file, path, sizeof(path), err) < 0)
		return -ERR_TARGET;
	if (stat(path, &st))
		return fail_errno(err, ERR_TARGET, "cannot look at QEMU's log file %s", o->file);
	*back = o->file;
	if (S_ISCHR(st.st_mode) && o->file[0] == '/')
		return 0;
	if (!S_ISREG(st.st_mode))
		return fail(err, ERR_TARGET, "QEMU logs to %s, which is no regular file and is not taken away", o->file);
	fd = open_descriptor(pid, &st);
	if (fd == -2)
		return fail_errno(err, ERR_TARGET, "cannot look at the open files of process %d", (int)pid);
	if (fd < 0)
		return fail(err, ERR_TARGET,
			    "QEMU was started with the log file %s but has another one now; 'logfile %s' in its "
			    "monitor sets that right", o->file, o->file);
	*back = NULL;
	return plan_tail(plan, pid, fd);
}

int qemulog_plan_cmdline(pid_t pid, const char *cmdline, size_t len, struct qemulog_plan *plan,
			 struct error *err)
{
	struct qemu_cmdline cl = { .text = (char *)cmdline, .len = len };
	struct log_options o;
	const char *back = NULL;
	int rc;

	memset(plan, 0, sizeof(*plan));
	if (!len || cmdline[len - 1])
		return fail(err, ERR_TARGET, "the command line of process %d is cut off", (int)pid);
	read_options(&cl, &o);
	if (o.per_thread)
		return fail(err, ERR_TARGET, "QEMU writes a log file per thread (-d tid), which cannot be followed or "
			    "redirected; start it without tid");
	plan->stamped = timestamps_on(&cl);
	rc = o.file ? plan_file(plan, pid, &o, &back, err) : plan_stderr(plan, pid, &cl, &o, &back, err);
	if (rc >= 0 && plan->input == QEMULOG_FIFO)
		rc = choose_fifo(plan, pid, err);
	if (rc >= 0)
		add_commands(plan, &o, plan->input == QEMULOG_FIFO ? back : NULL);
	return rc;
}

/* Is it the name of a log pipe of ours, /.../smmtrace-<16 hex>/log ? Deleted ones end in " (deleted)". */
static bool is_our_pipe(const char *path)
{
	const char *at = strstr(path, "/smmtrace-");

	return at && strspn(at + 10, "0123456789abcdef") == 16 && !strncmp(at + 26, "/log", 4) &&
	       (!at[30] || !strcmp(at + 30, " (deleted)"));
}

/* QEMU still writes to the pipe of a tracer that died together with its guard. */
static void find_leftover(struct qemulog_plan *plan, pid_t pid)
{
	char dir[64], path[PATH_MAX];
	struct dirent *de;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	d = opendir(dir);
	while (d && !plan->leftover[0] && (de = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), de->d_name, path, sizeof(path) - 1);

		path[n > 0 ? n : 0] = '\0';
		if (is_our_pipe(path))
			snprintf(plan->leftover, sizeof(plan->leftover), "%.*s", (int)strcspn(path, " "), path);
	}
	if (d)
		closedir(d);
}

/* Its private folder has nobody else to remove it. */
static void remove_leftover(const struct qemulog_plan *plan)
{
	char dir[sizeof(plan->leftover)];

	if (!plan->leftover[0] || unlink(plan->leftover))
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strlen(plan->leftover) - strlen("/log")), plan->leftover);
	rmdir(dir);
}

int qemulog_plan(pid_t pid, struct qemulog_plan *plan, struct error *err)
{
	struct qemu_cmdline cl;
	int rc = qemu_cmdline_read(pid, &cl, err);

	if (rc < 0)
		return rc;
	rc = qemulog_plan_cmdline(pid, cl.text, cl.len, plan, err);
	qemu_cmdline_free(&cl);
	if (rc >= 0 && plan->input == QEMULOG_FIFO) {
		find_leftover(plan, pid);
		remove_leftover(plan);
	}
	return rc;
}
