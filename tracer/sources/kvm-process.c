/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-process.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../gdbproto/rsp-client.h"
#include "../event.h"

#define LOOKS_MAX 100
#define VM_LINK "anon_inode:kvm-vm"

/* ---- which process ---- */

/* 1 = it has a VM, 0 = it has none, negative = not to be known. */
static int has_vm(pid_t pid)
{
	char path[64], target[64];
	struct dirent *e;
	int found = 0, denied = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!found && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		if (n < 0 && errno == EACCES)
			denied = -EACCES;
		if (n > 0) {
			target[n] = '\0';
			found = !strcmp(target, VM_LINK);
		}
	}
	closedir(dir);
	return found ? found : denied;
}

bool kvm_process_has_guest(pid_t pid)
{
	return has_vm(pid) > 0;
}

int kvm_process_check(pid_t pid, struct error *err)
{
	int vm = has_vm(pid);

	if (vm == -ENOENT)
		return fail(err, ERR_TARGET, "there is no process %d", (int)pid);
	if (!vm)
		return fail(err, ERR_TARGET, "process %d runs no KVM guest; is it TCG? then use smmtrace attach, without --kvm",
			    (int)pid);
	return 0;
}

static pid_t number(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	return *end || n <= 0 || n > INT_MAX ? 0 : (pid_t)n;
}

pid_t kvm_process_find(struct error *err)
{
	char more[96] = "";
	pid_t found = 0;
	struct dirent *e;
	int n = 0;
	DIR *proc = opendir("/proc");

	while (proc && (e = readdir(proc))) {
		pid_t pid = number(e->d_name);
		size_t used = strlen(more);

		if (!pid || has_vm(pid) <= 0)
			continue;
		snprintf(more + used, sizeof(more) - used, "%s%d", n ? ", " : "", (int)pid);
		found = pid;
		n++;
	}
	if (proc)
		closedir(proc);
	if (n == 1)
		return found;
	return n ? fail(err, ERR_USAGE, "more than one process runs a KVM guest: %s; name one with -p", more) :
		   fail(err, ERR_TARGET, "no process here runs a KVM guest that we may see; name it with -p PID");
}

pid_t kvm_process_of_target(const char *target, struct error *err)
{
	pid_t pid = rsp_target_pid(target);

	return pid ? pid : fail(err, ERR_TARGET, "cannot find the process behind %s on this host; name it with -p PID", target);
}

/* ---- its threads ---- */

struct thread {
	pid_t tid;
	bool seen, named;
	unsigned looks; /* at its name because of records */
};

struct kvm_threads {
	pid_t pid;
	struct thread *thread;
	size_t n, room;
};

struct kvm_threads *kvm_threads_new(pid_t pid)
{
	struct kvm_threads *t = calloc(1, sizeof(*t));

	if (t)
		t->pid = pid;
	return t;
}

void kvm_threads_free(struct kvm_threads *t)
{
	if (t)
		free(t->thread);
	free(t);
}

static struct thread *thread_of(struct kvm_threads *t, pid_t tid, bool *is_new)
{
	*is_new = false;
	for (size_t i = 0; i < t->n; i++)
		if (t->thread[i].tid == tid)
			return &t->thread[i];
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct thread *grown = realloc(t->thread, room * sizeof(*grown));

		if (!grown)
			return NULL;
		t->thread = grown;
		t->room = room;
	}
	*is_new = true;
	t->thread[t->n] = (struct thread){ .tid = tid };
	return &t->thread[t->n++];
}

static const char *const thread_names[] = {
	"CPU %d/KVM\n%n", "fc_vcpu %d\n%n", "vcpu%d\n%n", "crosvm_vcpu%d\n%n",
};

static int cpu_of_name(const char *comm)
{
	for (size_t i = 0; i < sizeof(thread_names) / sizeof(thread_names[0]); i++) {
		int cpu, end = 0;

		if (sscanf(comm, thread_names[i], &cpu, &end) == 1 && end && cpu >= 0 && cpu < EVENT_MAX_CPUS)
			return cpu;
	}
	return CPU_UNKNOWN;
}

/* A thread has its name a moment after it began. */
static int cpu_by_name(pid_t pid, pid_t tid)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid, (int)tid);
	f = fopen(path, "re");
	if (!f)
		return CPU_UNKNOWN;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	return cpu_of_name(comm);
}

static void see(struct kvm_threads *t, pid_t tid, const struct kvm_threads_out *out)
{
	bool is_new;
	struct thread *th = thread_of(t, tid, &is_new);
	int cpu;

	if (!th)
		return;
	th->seen = true;
	if (is_new)
		out->appeared(out->arg, tid);
	if (th->named)
		return;
	cpu = cpu_by_name(t->pid, tid);
	th->named = cpu != CPU_UNKNOWN;
	if (th->named)
		out->named(out->arg, tid, cpu);
}

void kvm_threads_look(struct kvm_threads *t, pid_t tid, const struct kvm_threads_out *out)
{
	bool is_new;
	struct thread *th = thread_of(t, tid, &is_new);

	if (th && th->looks++ < LOOKS_MAX)
		see(t, tid, out);
}

void kvm_threads_scan(struct kvm_threads *t, const struct kvm_threads_out *out)
{
	char path[64];
	struct dirent *e;
	size_t kept = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pid);
	dir = opendir(path);
	if (!dir)
		return; /* its end is told by others */
	for (size_t i = 0; i < t->n; i++)
		t->thread[i].seen = false;
	while ((e = readdir(dir)))
		if (number(e->d_name))
			see(t, number(e->d_name), out);
	closedir(dir);
	for (size_t i = 0; i < t->n; i++) {
		if (t->thread[i].seen)
			t->thread[kept++] = t->thread[i];
		else
			out->gone(out->arg, t->thread[i].tid);
	}
	t->n = kept;
}
