/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smi-storm: SMIs that come so fast that the machine does nothing else. */
#include "rule.h"

#include <inttypes.h>

/*
 * OVMF 2022.11 raises 608 SMIs in a boot, 501 of them in its busiest second and 593 in its busiest two
 * (QEMU 7.2, TCG, one CPU, traced): nobody who does some work in between comes near this.
 */
#define STORM_SMIS 2000u
#define STORM_NS (2 * RULE_S)

/* QEMU answers these two itself, without an SMI (hw/isa/lpc_ich9.c). */
#define APM_CMD_ACPI_ENABLE 2
#define APM_CMD_ACPI_DISABLE 3

struct storm_state {
	uint64_t raised;
	struct raise {
		int64_t ns; /* of guest time */
		int64_t id;
	} last[STORM_SMIS];
	bool told;          /* of this storm; it is over when half as many take as long */
};

static bool raises_smi(const struct event *ev)
{
	uint64_t cmd = event_get(ev, PORT_VALUE, UINT64_MAX);

	return event_get(ev, PORT_PORT, 0) == APM_CNT && event_get(ev, PORT_DIR, DIR_READ) == DIR_WRITE &&
	       cmd != APM_CMD_ACPI_ENABLE && cmd != APM_CMD_ACPI_DISABLE;
}

/* The one @ago before this, which is not among them yet; NULL = there were not so many. */
static const struct raise *raised_before(const struct storm_state *st, uint64_t ago)
{
	return st->raised < ago ? NULL : &st->last[(st->raised - ago) % STORM_SMIS];
}

static void tell(struct check *c, const struct check_input *in, const struct raise *first, int64_t took)
{
	struct storm_state *st = check_state(c);
	struct finding f = finding_at(in, in->ev->cpu, first->id, 0, 0);

	st->told = true;
	check_violated(c, &f, "%u SMIs were raised by port 0xb2 within %.2f s, the last one with command %d: the machine "
		       "does little else", STORM_SMIS + 1, rule_seconds(took),
		       (int)event_get(in->ev, PORT_VALUE, UINT64_MAX));
}

static void smi_storm(struct check *c, const struct check_input *in)
{
	struct storm_state *st = check_state(c);
	int64_t now = in->ev->ts - in->scene->paused_ns;
	const struct raise *all, *half;

	if (!raises_smi(in->ev))
		return;
	all = raised_before(st, STORM_SMIS);
	half = raised_before(st, STORM_SMIS / 2);
	if (st->told && now - half->ns > STORM_NS)
		st->told = false;
	if (!all || now - all->ns > STORM_NS)
		check_holds(c);
	else if (!st->told)
		tell(c, in, all, now - all->ns);
	st->last[st->raised++ % STORM_SMIS] = (struct raise){ now, in->id };
}

const struct invariant invariant_smi_storm = {
	.name = "smi-storm", .severity = SEVERITY_WARNING, .step = "-", .needs = NEED_PORT,
	.kinds = KIND(PORT),
	.rule = "port 0xb2 raises no more than 2000 SMIs within two seconds of guest time",
	.meaning =
	"Each SMI stops all CPUs for as long as its handler takes, and nothing shows in the OS but lost "
	"time: clocks that drift, watchdogs, stalled CPUs. OVMF raises some hundred in a whole boot, most "
	"of them in one second. More than a thousand a second is a loop: an OS driver that polls by SMI, or "
	"writes again because the answer is not what it waits for; firmware whose handler raises the next "
	"SMI itself; on real machines a periodic SMI timer set too fast, or a status bit that is never "
	"cleared, so that the SMI comes again at every RSM. SMIs that port 0xb2 did not raise are not "
	"counted here: the view smi_v has the cause of each.",
	.event = smi_storm, .state = sizeof(struct storm_state),
};
