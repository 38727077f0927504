/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rights.h"

#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A number that sudo has left in the environment. */
static bool number_of(const char *variable, unsigned *out)
{
	const char *text = getenv(variable);
	char *end;
	unsigned long n;

	if (!text || *text < '0' || *text > '9')
		return false;
	n = strtoul(text, &end, 10);
	*out = (unsigned)n;
	return !*end && n < UINT_MAX;
}

static int become(uid_t uid, gid_t gid, struct error *err)
{
	const struct passwd *pw = getpwuid(uid);

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || (pw ? initgroups(pw->pw_name, gid) : setgroups(0, NULL)) ||
	    setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return fail_errno(err, ERR_TARGET, "cannot become user %u again, who called sudo", (unsigned)uid);
	return 0;
}

static int keep_only(uint64_t wanted, struct error *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data))
		return fail_errno(err, ERR_TARGET, "cannot read the capabilities");
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(wanted >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) ? fail_errno(err, ERR_TARGET, "cannot drop capabilities") : 0;
}

int rights_drop(struct error *err)
{
	uint64_t keep = UINT64_C(1) << CAP_SYS_PTRACE;
	unsigned uid, gid;

	if (!geteuid() && number_of("SUDO_UID", &uid) && number_of("SUDO_GID", &gid) && uid) {
		if (become(uid, gid, err) < 0)
			return -ERR_TARGET;
	} else if (!geteuid()) {
		keep |= UINT64_C(1) << CAP_DAC_OVERRIDE;
	}
	return keep_only(keep, err);
}
