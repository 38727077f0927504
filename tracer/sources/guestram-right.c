/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guestram-right.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REMEDY "as root: sysctl kernel.yama.ptrace_scope=0, or setcap cap_sys_ptrace+ep on smmtrace"

static const char *const scope_means[] = {
	"0 or absent (processes of the same user)", "1 (descendants only)", "2 (CAP_SYS_PTRACE only)", "3 (nobody)",
};

/* On ourselves it is always permitted; only a kernel or a filter without the call refuses. */
static bool has_call(void)
{
	char from = 'x', to = 0;
	struct iovec local = { &to, 1 }, remote = { &from, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

/* Effective capability @cap, from the CapEff line of proc(5). */
static bool have_capability(unsigned cap)
{
	FILE *in = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t mask = 0;

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "CapEff: %" SCNx64, &mask) == 1)
			break;
	if (in)
		fclose(in);
	return mask >> cap & 1;
}

static int yama_scope(void)
{
	FILE *in = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (in && (fscanf(in, "%d", &scope) != 1 || scope < 0 || scope > 3))
		scope = 0;
	if (in)
		fclose(in);
	return scope;
}

void guestram_right(struct guestram_right *r)
{
	*r = (struct guestram_right){
		.call = has_call(), .capable = have_capability(CAP_SYS_PTRACE), .scope = yama_scope(),
	};
	r->means = scope_means[r->scope];
}

int guestram_probe(struct error *err)
{
	struct guestram_right r;

	guestram_right(&r);
	if (!r.call)
		return fail(err, ERR_TARGET, "process_vm_readv does not work here: allow it in the container's seccomp filter");
	if (r.scope == 3)
		return fail(err, ERR_TARGET, "kernel.yama.ptrace_scope is %s: only a reboot changes that", r.means);
	if (r.scope && !r.capable)
		return fail(err, ERR_TARGET, "kernel.yama.ptrace_scope is %s; " REMEDY, r.means);
	return 0;
}

int guestram_refused(pid_t pid, struct error *err)
{
	struct guestram_right r;
	struct stat st;
	char path[32];

	guestram_right(&r);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (r.scope == 3)
		return fail(err, ERR_TARGET, "not allowed to read the memory of process %d: ptrace_scope is %s; only a reboot "
			    "changes that", (int)pid, r.means);
	if (!r.capable && !stat(path, &st) && st.st_uid != geteuid())
		return fail(err, ERR_TARGET, "not allowed to read the memory of process %d, which is user %u's: run as that user "
			    "or as root, or with CAP_SYS_PTRACE", (int)pid, (unsigned)st.st_uid);
	if (!r.capable && r.scope)
		return fail(err, ERR_TARGET, "not allowed to read the memory of process %d: ptrace_scope is %s; " REMEDY,
			    (int)pid, r.means);
	return fail(err, ERR_TARGET, "not allowed to read the memory of process %d: it needs CAP_SYS_PTRACE%s", (int)pid,
		    r.capable ? ", in that process's user namespace" : "; run as root");
}
