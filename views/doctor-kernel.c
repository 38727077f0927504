/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor.h"

#include <stdbool.h>
#include <stdio.h>

#include "../tracer/sources/guestram-right.h"

/* The first word of a small file as a number; false when there is none. */
static bool read_number(const char *path, int *out)
{
	FILE *in = fopen(path, "re");
	bool ok = in && fscanf(in, "%d", out) == 1;

	if (in)
		fclose(in);
	return ok;
}

void check_guest_memory(struct finding *f)
{
	struct guestram_right r;
	struct error err;

	guestram_right(&r);
	if (guestram_probe(&err) < 0)
		finding_set(f, r.call && r.scope < 3 ? VERDICT_WARN : VERDICT_NO,
			    "without it SMIs, ports, INIT and SIPI are traced all the same; a new SMBASE shows at the next SMI",
			    "%s", err.text);
	else
		finding_set(f, VERDICT_OK, NULL, "process_vm_readv works; ptrace_scope is %s%s", r.means,
			    r.capable ? ", CAP_SYS_PTRACE is there" : "; a QEMU of another user needs CAP_SYS_PTRACE");
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
