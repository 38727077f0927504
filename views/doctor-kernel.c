/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* The first word of a small file as a number; false when there is none. */
static bool read_number(const char *path, int *out)
{
	FILE *in = fopen(path, "re");
	bool ok = in && fscanf(in, "%d", out) == 1;

	if (in)
		fclose(in);
	return ok;
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

/* process_vm_readv on ourselves is always permitted; only a kernel or a filter without the call refuses. */
static bool can_read_memory(void)
{
	char from = 'x', to = 0;
	struct iovec local = { &to, 1 }, remote = { &from, 1 };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

/* The Yama scopes that deny it: Documentation/admin-guide/LSM/Yama.rst. */
static const char *const yama_scope[] = {
	"0 or absent (processes of the same user)", "1 (descendants only)", "2 (CAP_SYS_PTRACE only)",
	"3 (nobody)",
};

void check_guest_memory(struct finding *f)
{
	static const char remedy[] = "sysctl kernel.yama.ptrace_scope=0, or run smmtrace as root";
	bool capable = have_capability(CAP_SYS_PTRACE);
	int scope = 0;

	if (!can_read_memory()) {
		finding_set(f, VERDICT_NO, "allow process_vm_readv in the container's seccomp filter",
			    "process_vm_readv: %s", strerror(errno));
		return;
	}
	if (!read_number("/proc/sys/kernel/yama/ptrace_scope", &scope) || scope < 0 || scope > 3)
		scope = 0;
	if (scope == 3)
		finding_set(f, VERDICT_NO, "it can only be changed by a reboot",
			    "ptrace_scope is %s", yama_scope[scope]);
	else if (scope && !capable)
		finding_set(f, VERDICT_WARN, remedy, "ptrace_scope is %s and CAP_SYS_PTRACE is missing",
			    yama_scope[scope]);
	else
		finding_set(f, VERDICT_OK, NULL, "process_vm_readv works; ptrace_scope is %s%s",
			    yama_scope[scope], capable ? ", CAP_SYS_PTRACE is there" : "");
}

/* Open /dev/kvm, or say why not. */
static int open_kvm(struct finding *f)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	finding_set(f, VERDICT_NO,
		    errno == EACCES ? "join the group kvm: adduser USER kvm" :
				      "load kvm_intel or kvm_amd, or use -accel tcg, which needs no KVM",
		    "/dev/kvm: %s", strerror(errno));
	return -1;
}

void check_kvm(struct finding *f)
{
	int fd = open_kvm(f);

	if (fd < 0)
		return;
	finding_set(f, VERDICT_OK, NULL, "/dev/kvm opens, API version %d", ioctl(fd, KVM_GET_API_VERSION, 0));
	close(fd);
}

void check_kvm_smm(struct finding *f)
{
	int fd = open_kvm(f), has;

	if (fd < 0)
		return;
	has = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM);
	close(fd);
	if (has > 0)
		finding_set(f, VERDICT_OK, NULL, "KVM_CAP_X86_SMM is %d", has);
	else
		finding_set(f, VERDICT_NO, "use -accel tcg: it emulates SMM on any host",
			    "this kernel's KVM has no SMM (KVM_CAP_X86_SMM is %d); with -accel kvm and "
			    "smm=on QEMU says \"System Management Mode not supported by this hypervisor\"", has);
}

/* The mount point of tracefs, by the kernel's own list. */
static bool find_tracefs(char *path, size_t size)
{
	FILE *in = fopen("/proc/mounts", "re");
	char dir[256], type[64];
	bool found = false;

	while (in && !found && fscanf(in, "%*s %255s %63s%*[^\n]", dir, type) == 2)
		found = !strcmp(type, "tracefs");
	if (in)
		fclose(in);
	if (found)
		snprintf(path, size, "%s", dir);
	return found;
}

/* The events folder of tracefs, or why it cannot be looked at. */
static bool open_events(struct finding *f, char *path, size_t size)
{
	char dir[256];

	if (!find_tracefs(dir, sizeof(dir))) {
		finding_set(f, VERDICT_NO, "mount -t tracefs nodev /sys/kernel/tracing",
			    "tracefs is not mounted");
		return false;
	}
	snprintf(path, size, "%s/events", dir);
	if (!access(path, R_OK | X_OK))
		return true;
	finding_set(f, VERDICT_NO, "run as root, or remount tracefs with gid= of your group and mode=750",
		    "%s: %s", path, strerror(errno));
	return false;
}

void check_tracefs(struct finding *f)
{
	char path[300];

	if (open_events(f, path, sizeof(path)))
		finding_set(f, VERDICT_OK, NULL, "%s is readable", path);
}

/* The same event under the names of two kernel generations: arch/x86/kvm/trace.h. */
void check_kvm_events(struct finding *f)
{
	static const char *const names[] = { "kvm_smm_transition", "kvm_enter_smm" };
	char events[300], path[400];

	if (!open_events(f, events, sizeof(events)))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/kvm/%s", events, names[i]);
		if (!access(path, F_OK)) {
			finding_set(f, VERDICT_OK, NULL, "kvm:%s", names[i]);
			return;
		}
	}
	snprintf(path, sizeof(path), "%s/kvm", events);
	if (access(path, F_OK))
		finding_set(f, VERDICT_NO, "modprobe kvm", "the kernel has no kvm tracepoints");
	else
		finding_set(f, VERDICT_NO, "a kernel whose KVM is built with SMM (CONFIG_KVM_SMM)",
			    "neither kvm:%s nor kvm:%s exists", names[0], names[1]);
}

void check_intel_pt(struct finding *f)
{
	static const char path[] = "/sys/bus/event_source/devices/intel_pt/type";
	int type;

	if (read_number(path, &type))
		finding_set(f, VERDICT_OK, NULL, "PMU intel_pt, perf event type %d", type);
	else
		finding_set(f, VERDICT_NO, "an Intel CPU with PT, and a host that passes it on",
			    "this host has no Intel PT: no %s", path);
}
