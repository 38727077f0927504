/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why KVM's tracepoints cannot be used here, and what can be traced all the same. */
#include "doctor-kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../gdbproto/safe-text.h"
#include "../tracer/sources/kvm-instance.h"
#include "../tracer/sources/kvm-point.h"

/* ---- KVM itself ---- */

/* "kvm", or the number of a group without a name. */
static void group_of(const struct stat *st, char *out, size_t size)
{
	const struct group *g = getgrgid(st->st_gid);

	if (g)
		safe_text(out, size, g->gr_name, strlen(g->gr_name));
	else
		snprintf(out, size, "%u", (unsigned)st->st_gid);
}

/* Open /dev/kvm, or say why not. */
static int open_kvm(struct finding *f)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), why = errno;
	char group[64], remedy[200] = "as root: chgrp kvm /dev/kvm && chmod 660 /dev/kvm && adduser USER kvm";
	struct stat st;

	if (fd >= 0)
		return fd;
	if (!stat("/dev/kvm", &st) && st.st_gid && (st.st_mode & 060) == 060) {
		group_of(&st, group, sizeof(group));
		snprintf(remedy, sizeof(remedy), "join the group that may: adduser USER %s", group);
	}
	finding_set(f, VERDICT_NO,
		    why == EACCES ? remedy : why == ENOENT ?
		    "modprobe kvm_intel or kvm_amd (and virtualization on in the host's firmware); -accel tcg needs no KVM" :
		    "use -accel tcg, which needs no KVM",
		    why == ENOENT ? "there is no /dev/kvm" : "/dev/kvm: %s", strerror(why));
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
		finding_set(f, VERDICT_NO, "use -accel tcg: it emulates SMM on any host; with smm=off a KVM guest's ports, INIT "
			    "and SIPI are traced all the same",
			    "this kernel's KVM has no SMM (KVM_CAP_X86_SMM is %d); with -accel kvm and "
			    "smm=on QEMU says \"System Management Mode not supported by this hypervisor\"", has);
}

/* ---- tracefs ---- */

bool doctor_is_locked(const char *text)
{
	return strstr(text, "[confidentiality]") != NULL;
}

static bool is_locked(void)
{
	FILE *in = fopen("/sys/kernel/security/lockdown", "re");
	char text[128] = "";
	bool locked = in && fgets(text, sizeof(text), in) && doctor_is_locked(text);

	if (in)
		fclose(in);
	return locked;
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

static void no_right(struct finding *f, const char *path, int why)
{
	char group[64] = "?", remedy[300], safe[128];
	struct stat st = { 0 };

	if (!stat(path, &st))
		group_of(&st, group, sizeof(group));
	safe_text(safe, sizeof(safe), path, strlen(path));
	snprintf(remedy, sizeof(remedy), "run as root; or with the capability CAP_DAC_OVERRIDE; or give a group of yours the "
		 "right: mount -o remount,gid=GROUP,mode=0770 %s", safe);
	finding_set(f, VERDICT_NO, remedy, "%s: %s (group %s, mode %03o)", safe, strerror(why), group,
		    (unsigned)st.st_mode & 0777);
}

/* Where tracefs is, when we may use it; else @f says why not. */
static bool open_tracing(struct finding *f, char *dir, size_t size)
{
	char path[320];

	if (is_locked()) {
		finding_set(f, VERDICT_NO, "boot without lockdown=confidentiality; -accel tcg and the gdbstub work all the same",
			    "kernel lockdown is in confidentiality mode: nobody may use tracefs");
		return false;
	}
	if (!find_tracefs(dir, size)) {
		finding_set(f, VERDICT_NO, "as root: mount -t tracefs tracefs /sys/kernel/tracing", "tracefs is not mounted");
		return false;
	}
	if (faccessat(AT_FDCWD, dir, R_OK | X_OK, AT_EACCESS)) {
		no_right(f, dir, errno);
		return false;
	}
	snprintf(path, sizeof(path), "%s/instances", dir);
	if (!faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS))
		return true;
	no_right(f, path, errno);
	return false;
}

void check_tracefs(struct finding *f)
{
	char dir[256];

	if (open_tracing(f, dir, sizeof(dir)))
		finding_set(f, VERDICT_OK, NULL, "%s can be read, and an instance made", dir);
}

/* ---- events ---- */

static bool has_event(const char *events, enum kvm_point_id id)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/kvm/%s", events, kvm_point_info[id].name);
	return !faccessat(AT_FDCWD, path, F_OK, AT_EACCESS);
}

/* Names of those that every kernel should have and this one has not; "" = none. */
static void missing_events(const char *events, char *out, size_t size)
{
	size_t len = 0;

	*out = '\0';
	for (unsigned i = 0; i < KVM_POINT_COUNT; i++)
		if (kvm_point_info[i].live && i != KVM_POINT_SMM_TRANSITION && i != KVM_POINT_ENTER_SMM &&
		    !has_event(events, (enum kvm_point_id)i) && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", kvm_point_info[i].name);
}

void doctor_kvm_events(struct finding *f, const char *events)
{
	char path[400], missing[160];

	snprintf(path, sizeof(path), "%s/kvm", events);
	missing_events(events, missing, sizeof(missing));
	if (faccessat(AT_FDCWD, path, F_OK, AT_EACCESS))
		finding_set(f, VERDICT_NO, "modprobe kvm_intel or kvm_amd: the events come with the module",
			    "the kernel has no kvm tracepoints");
	else if (*missing)
		finding_set(f, VERDICT_WARN, "a kernel whose KVM has them; what is there is traced", "missing: %s", missing);
	else if (has_event(events, KVM_POINT_SMM_TRANSITION))
		finding_set(f, VERDICT_OK, NULL, "kvm_smm_transition: its \"leaving\" carries the SMBASE of that SMI; a new one "
			    "shows in guest memory, or at the next SMI");
	else if (has_event(events, KVM_POINT_ENTER_SMM))
		finding_set(f, VERDICT_OK, NULL, "kvm_enter_smm (before Linux 5.14): its \"leaving\" carries the SMBASE of the "
			    "next SMI");
	else
		finding_set(f, VERDICT_NO, "a kernel whose KVM is built with SMM (CONFIG_KVM_SMM); ports, INIT and SIPI are "
			    "traced on this one",
			    "neither kvm_smm_transition nor kvm_enter_smm exists");
}

void check_kvm_events(struct finding *f)
{
	char dir[256], events[300];

	if (!open_tracing(f, dir, sizeof(dir)))
		return;
	snprintf(events, sizeof(events), "%s/events", dir);
	doctor_kvm_events(f, events);
}

/* ---- what is left ---- */

struct left {
	unsigned n;
	char first[64];
};

static void take_stale(void *arg, int dir, const char *name)
{
	struct left *l = arg;

	(void)dir;
	if (!l->n++)
		safe_text(l->first, sizeof(l->first), name, strlen(name));
}

void doctor_stale(struct finding *f, const char *tracing)
{
	struct left l = { 0 };
	char remedy[300];

	kvm_instance_each_stale(tracing, take_stale, &l);
	if (!l.n) {
		finding_set(f, VERDICT_OK, NULL, "no run that was killed has left a tracing instance");
		return;
	}
	snprintf(remedy, sizeof(remedy), "the next record --kvm removes %s; by hand: rmdir %s/instances/%s",
		 l.n == 1 ? "it" : "them", tracing, l.first);
	finding_set(f, VERDICT_WARN, remedy, "%u tracing instance%s left by runs that were killed: %s%s", l.n,
		    l.n == 1 ? " was" : "s were", l.first, l.n > 1 ? " ..." : "");
}

void check_kvm_left(struct finding *f)
{
	char dir[256];

	if (open_tracing(f, dir, sizeof(dir)))
		doctor_stale(f, dir);
	else
		finding_set(f, VERDICT_WARN, NULL, "not looked at: tracefs cannot be used");
}
