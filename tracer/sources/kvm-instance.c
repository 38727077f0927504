/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tracefs.h>
#include <unistd.h>

#include "../../gdbproto/error.h"

#define NAME "smmtrace."

/* ---- where, and whether we may ---- */

static int not_allowed(const char *dir, struct error *err)
{
	if (errno == EPERM)
		return fail(err, ERR_TARGET, "%s is closed by kernel lockdown (/sys/kernel/security/lockdown): tracepoints"
			    " cannot be used", dir);
	return fail(err, ERR_TARGET, "no right to use %s: run as root, or with CAP_DAC_OVERRIDE, or in a group that may"
		    " read it and write %s/instances", dir, dir);
}

int kvm_tracing_dir(char *out, size_t size, struct error *err)
{
	const char *dir = NULL;
	char path[PATH_MAX];

	if (tracefs_tracing_dir_is_mounted(false, &dir) <= 0 || !dir)
		return fail(err, ERR_TARGET, "tracefs is not mounted; as root: mount -t tracefs tracefs /sys/kernel/tracing");
	if (out)
		snprintf(out, size, "%s", dir);
	snprintf(path, sizeof(path), "%s/instances", dir);
	if (faccessat(AT_FDCWD, dir, R_OK | X_OK, AT_EACCESS) || faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS))
		return not_allowed(dir, err);
	snprintf(path, sizeof(path), "%s/events/kvm", dir);
	if (faccessat(AT_FDCWD, path, F_OK, AT_EACCESS))
		return fail(err, ERR_TARGET, "the kernel has no KVM tracepoints (%s): is the kvm module loaded? modprobe"
			    " kvm_intel or kvm_amd", path);
	return 0;
}

/* ---- what killed runs have left ---- */

static bool is_smmtrace(pid_t pid)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	return !strncmp(comm, "smmtrace", 8);
}

void kvm_instance_each_stale(const char *tracing, void (*fn)(void *arg, int dir, const char *name), void *arg)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/instances", tracing);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		char *end;
		long pid;

		if (strncmp(e->d_name, NAME, strlen(NAME)))
			continue;
		pid = strtol(e->d_name + strlen(NAME), &end, 10);
		if (!*end && pid > 0 && (pid == getpid() || !is_smmtrace((pid_t)pid)))
			fn(arg, dirfd(dir), e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* The kernel itself refuses to remove one that is in use, so a wrong guess does no harm. */
static void remove_one(void *arg, int dir, const char *name)
{
	(void)arg;
	unlinkat(dir, name, AT_REMOVEDIR);
}

static void remove_stale(const char *tracing)
{
	kvm_instance_each_stale(tracing, remove_one, NULL);
}

/* ---- its files ---- */

int kvm_instance_open_file(const struct kvm_instance *in, const char *name, int flags)
{
	char path[PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s/%s", in->path, name);
	return open(path, flags | O_CLOEXEC);
}

static int write_file(const struct kvm_instance *in, const char *name, const char *value, struct error *err)
{
	int fd = kvm_instance_open_file(in, name, O_WRONLY | O_TRUNC), failed;
	ssize_t len = (ssize_t)strlen(value);

	if (fd < 0)
		return fail_errno(err, ERR_TARGET, "cannot open %s/%s", in->path, name);
	failed = write(fd, value, (size_t)len) != len;
	if (failed)
		fail_errno(err, ERR_TARGET, "cannot write \"%s\" to %s/%s", value, in->path, name);
	close(fd);
	return failed ? -ERR_TARGET : 0;
}

static int set_buffers(const struct kvm_instance *in, unsigned buffer_kb, struct error *err)
{
	char kb[16];
	const struct {
		const char *file, *value;
	} setting[] = {
		{ "tracing_on", "0" }, { "trace_clock", "mono" }, { "buffer_size_kb", kb },
		{ "options/overwrite", "1" }, { "options/event-fork", "1" },
	};

	snprintf(kb, sizeof(kb), "%u", buffer_kb);
	for (size_t i = 0; i < sizeof(setting) / sizeof(setting[0]); i++)
		if (write_file(in, setting[i].file, setting[i].value, err) < 0)
			return -ERR_TARGET;
	write_file(in, "buffer_percent", "0", NULL); /* since Linux 5.0; before, readers are always woken at once */
	return 0;
}

/* No thread has pid 0 but the idle ones, where KVM never is. */
static int set_nobody(struct kvm_instance *in, struct error *err)
{
	in->pids = kvm_instance_open_file(in, "set_event_pid", O_RDWR | O_APPEND);
	if (in->pids < 0)
		return fail_errno(err, ERR_TARGET, "cannot open %s/set_event_pid", in->path);
	return write(in->pids, "0", 1) == 1 ? 0 :
		fail_errno(err, ERR_TARGET, "cannot write %s/set_event_pid", in->path);
}

static int enable(const struct kvm_instance *in, const struct kvm_point_info *point, struct error *err)
{
	char file[128];

	snprintf(file, sizeof(file), "events/kvm/%s/filter", point->name);
	if (point->filter && write_file(in, file, point->filter, err) < 0)
		return -ERR_TARGET;
	snprintf(file, sizeof(file), "events/kvm/%s/enable", point->name);
	return write_file(in, file, "1", err);
}

/* Which tracepoints there are depends on the kernel: those of SMM have changed their name, or are not built in. */
static int enable_all(const struct kvm_instance *in, struct error *err)
{
	int enabled = 0;

	for (unsigned id = 0; id < KVM_POINT_COUNT; id++) {
		if (!kvm_point_info[id].live || !kvm_formats_has(in->formats, (enum kvm_point_id)id))
			continue;
		if (enable(in, &kvm_point_info[id], err) < 0)
			return -ERR_TARGET;
		enabled++;
	}
	return enabled ? 0 : fail(err, ERR_TARGET, "none of the tracepoints of KVM is known to this kernel");
}

static void path_of(const char *tracing, char *out, size_t size)
{
	snprintf(out, size, "%s/instances/" NAME "%d", tracing, (int)getpid());
}

int kvm_instance_path(char *out, size_t size, struct error *err)
{
	char tracing[PATH_MAX - 64];
	int rc = kvm_tracing_dir(tracing, sizeof(tracing), err);

	if (rc >= 0)
		path_of(tracing, out, size);
	return rc;
}

static int load_formats(struct kvm_instance *in, struct error *err)
{
	static const char *const systems[] = { "kvm", NULL };

	in->tep = tracefs_local_events_system(in->tracing, systems);
	in->formats = in->tep ? kvm_formats_new(in->tep) : NULL;
	return in->formats ? 0 : fail(err, ERR_TARGET, "cannot read the formats in %s/events/kvm", in->tracing);
}

static int set_up(struct kvm_instance *in, unsigned buffer_kb, struct error *err)
{
	if (load_formats(in, err) < 0)
		return -ERR_TARGET;
	remove_stale(in->tracing);
	path_of(in->tracing, in->path, sizeof(in->path));
	if (mkdir(in->path, 0750)) {
		fail_errno(err, ERR_TARGET, "cannot make %s", in->path);
		in->path[0] = '\0';
		return -ERR_TARGET;
	}
	if (set_buffers(in, buffer_kb, err) < 0 || set_nobody(in, err) < 0)
		return -ERR_TARGET;
	in->on = kvm_instance_open_file(in, "tracing_on", O_WRONLY);
	if (in->on < 0)
		return fail_errno(err, ERR_TARGET, "cannot open %s/tracing_on", in->path);
	return enable_all(in, err);
}

int kvm_instance_new(struct kvm_instance *in, unsigned buffer_kb, struct error *err)
{
	memset(in, 0, sizeof(*in));
	in->pids = in->on = -1;
	if (kvm_tracing_dir(in->tracing, sizeof(in->tracing), err) < 0)
		return -ERR_TARGET;
	if (set_up(in, buffer_kb, err) >= 0)
		return 0;
	kvm_instance_free(in);
	return -ERR_TARGET;
}

/*
 * A write makes a new list out of the old one, and a thread that begins meanwhile (event-fork) is in the old one only:
 * so what is listed is not written again.
 */
static bool is_traced(const struct kvm_instance *in, pid_t tid)
{
	char buf[4096];
	long pid = 0;
	off_t at = 0;
	ssize_t n;

	for (; (n = pread(in->pids, buf, sizeof(buf), at)) > 0; at += n)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9')
				pid = pid * 10 + (buf[i] - '0');
			else if (pid == tid)
				return true;
			else
				pid = 0;
		}
	return false;
}

int kvm_instance_trace(struct kvm_instance *in, pid_t tid, struct error *err)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", (int)tid);

	if (is_traced(in, tid))
		return 0;
	return write(in->pids, text, (size_t)len) == len ? 0 :
		fail_errno(err, ERR_TARGET, "cannot add thread %d to %s/set_event_pid", (int)tid, in->path);
}

int kvm_instance_switch(const struct kvm_instance *in, bool on, struct error *err)
{
	return write(in->on, on ? "1" : "0", 1) == 1 ? 0 :
		fail_errno(err, ERR_TARGET, "cannot write %s/tracing_on", in->path);
}

bool kvm_instance_free(struct kvm_instance *in)
{
	bool removed = true;

	if (in->pids >= 0)
		close(in->pids);
	if (in->on >= 0)
		close(in->on);
	in->pids = in->on = -1;
	if (in->path[0])
		removed = !rmdir(in->path) || errno == ENOENT;
	in->path[0] = '\0';
	kvm_formats_free(in->formats);
	tep_free(in->tep);
	in->formats = NULL;
	in->tep = NULL;
	return removed;
}
