/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the firmware negotiates with QEMU through fw_cfg etc/smi/: OvmfPkg/SmmControl2Dxe/SmiFeatures.c,
 * QEMU hw/isa/lpc_ich9.c smi_features_ok_callback(). SeaBIOS negotiates nothing, and nothing is asked of it.
 */
#include "common.h"

#include <inttypes.h>

#define PLUG_FEATURES (SMI_FEATURE_BROADCAST | SMI_FEATURE_HOTPLUG)
/* OVMF negotiates a few seconds after power-on, or never. */
#define NEGOTIATION_NS 10000000000ll

struct judged {
	bool done;
	int64_t since_ns, paused;
};

/* ---- feat-negotiated ---- */

static void judge_negotiated(struct check *c, struct finding f, uint64_t features)
{
	if ((features & PLUG_FEATURES) == PLUG_FEATURES)
		check_holds(c);
	else
		check_violated(c, &f, "SMI features 0x%" PRIx64 " are in force, without %s%s%s: "
			       "a CPU cannot be plugged safely", features,
			       features & SMI_FEATURE_BROADCAST ? "" : "broadcast",
			       features & PLUG_FEATURES ? "" : " and ",
			       features & SMI_FEATURE_HOTPLUG ? "" : "CPU hot-plug");
}

/* A value in force is judged as it comes; a plug asks for it. */
static void feat_negotiated(struct check *c, const struct check_input *in)
{
	struct judged *j = check_state(c);
	const struct scene *s = in->scene;
	const struct config_value *v = &s->config[CONFIG_SMI_NEGOTIATED];
	char why[64];

	if (in->ev->kind == EV_CONFIG) {
		uint64_t features = event_get(in->ev, CONFIG_VALUE, 0);

		if (event_get(in->ev, CONFIG_REG, CONFIG_REG_COUNT) != CONFIG_SMI_NEGOTIATED || !features ||
		    (j->done && v->known && v->value == features))
			return;
		j->done = true;
		judge_negotiated(c, finding_here(in, CPU_UNKNOWN, 0, 0), features);
		return;
	}
	if (j->done || !scene_is_plug(s, in->ev))
		return;
	j->done = true;
	if (v->known)
		judge_negotiated(c, finding_here(in, in->ev->cpu, v->when.id, 0), v->value);
	else
		check_unknown(c, config_why(s, CONFIG_SMI_NEGOTIATED, why, sizeof(why)));
}

static void feat_negotiated_time(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct judged *j = check_state(c);
	const struct config_value *v = &s->config[CONFIG_SMI_NEGOTIATED];

	(void)m;
	if (j->done || !v->known || !is_locked_and_read(s, now))
		return;
	j->done = true;
	judge_negotiated(c, (struct finding){ CPU_UNKNOWN, s->locked.ns, { v->when.id, s->locked.id } }, v->value);
}

const struct invariant invariant_feat_negotiated = {
	.name = "feat-negotiated", .severity = SEVERITY_ERROR, .step = "N", .needs = NEED_CONFIG,
	.kinds = KIND(CONFIG) | KIND(CPU_ADD),
	.rule = "Firmware that uses SMM has negotiated SMI broadcast and CPU hot-plug with QEMU before "
		"a CPU is plugged.",
	.meaning = "Without these features in force QEMU refuses device_add (\"cpu hotplug with SMI "
		"wasn't enabled by firmware\"), or the new CPU joins without an SMBASE of its own, and "
		"the first SMI takes it to 0x30000. OVMF asks for all that QEMU offers in "
		"OvmfPkg/SmmControl2Dxe/SmiFeatures.c, so look at the machine first: pc-q35-5.1 and older "
		"offer no CPU hot-plug, and x-smi-broadcast, x-smi-cpu-hotplug of ICH9-LPC switch the "
		"features singly. Under SEV OVMF asks for broadcast alone.",
	.event = feat_negotiated, .time = feat_negotiated_time, .state = sizeof(struct judged),
};

/* ---- feat-subset ---- */

/* Why QEMU would refuse it; NULL = it would not. */
static const char *refused(uint64_t features)
{
	if (features & (SMI_FEATURE_HOTPLUG | SMI_FEATURE_HOT_UNPLUG) && !(features & SMI_FEATURE_BROADCAST))
		return "hot-plug without broadcast";
	if (features & SMI_FEATURE_HOT_UNPLUG && !(features & SMI_FEATURE_HOTPLUG))
		return "hot-unplug without hot-plug";
	return NULL;
}

static void judge_requested(struct check *c, const struct check_input *in, uint64_t asked)
{
	struct finding f = finding_here(in, CPU_UNKNOWN, in->scene->config[CONFIG_SMI_SUPPORTED].when.id, 0);
	const char *why = refused(asked);
	uint64_t offered;

	if (why)
		check_violated(c, &f, "the firmware asked for SMI features 0x%" PRIx64 ": %s is refused", asked, why);
	else if (scene_config(in->scene, CONFIG_SMI_SUPPORTED, &offered) && asked & ~offered)
		check_violated(c, &f, "the firmware asked for SMI features 0x%" PRIx64 ", QEMU offers 0x%" PRIx64,
			       asked, offered);
	else
		check_holds(c);
}

static void feat_subset(struct check *c, const struct check_input *in)
{
	struct judged *j = check_state(c);
	uint64_t value = event_get(in->ev, CONFIG_VALUE, 0);

	switch (event_get(in->ev, CONFIG_REG, CONFIG_REG_COUNT)) {
	case CONFIG_SMI_SUPPORTED:
		j->since_ns = in->ev->ts;
		j->paused = in->scene->paused_ns;
		break;
	case CONFIG_SMI_REQUESTED:
		if (!value || j->done)
			return;
		j->done = true;
		judge_requested(c, in, value);
		break;
	case CONFIG_SMI_NEGOTIATED: /* QEMU has taken it */
		if (!value || j->done)
			return;
		j->done = true;
		check_holds(c);
		break;
	}
}

static bool any_smi(const struct model *m)
{
	for (unsigned i = 0; i < m->cpus; i++)
		if (m->cpu[i].smis)
			return true;
	return false;
}

/* What was asked for can often not be read; but OVMF asks for what is offered, and stops when refused. */
static void feat_subset_time(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct judged *j = check_state(c);
	const struct config_value *offered = &s->config[CONFIG_SMI_SUPPORTED];
	const struct config_value *taken = &s->config[CONFIG_SMI_NEGOTIATED];
	const char *why;

	if (j->done || !offered->known || !taken->known || taken->value ||
	    scene_guest_ns(s, j->since_ns, j->paused, now) < check_deadline_ns(c, NEGOTIATION_NS))
		return;
	j->done = true;
	why = refused(offered->value);
	if (why && !any_smi(m))
		check_violated(c, &(struct finding){ CPU_UNKNOWN, now, { offered->when.id, taken->when.id } },
			       "QEMU offers SMI features 0x%" PRIx64 ", %s, and would refuse them all; none is in "
			       "force and there was no SMI: firmware that asks for what is offered stops here",
			       offered->value, why);
}

const struct invariant invariant_feat_subset = {
	.name = "feat-subset", .severity = SEVERITY_ERROR, .step = "N", .needs = NEED_CONFIG,
	.kinds = KIND(CONFIG),
	.rule = "The SMI features asked for are offered, hot-plug comes with broadcast, and hot-unplug "
		"with hot-plug.",
	.meaning = "QEMU leaves etc/smi/features-ok at 0 when it is asked for a set it does not like, "
		"and OVMF then sits in CpuDeadLoop() in NegotiateSmiFeatures() "
		"(OvmfPkg/SmmControl2Dxe/SmiFeatures.c): the guest hangs before its first SMI. It is "
		"nearly always the command line: ICH9-LPC.x-smi-broadcast=off while x-smi-cpu-hotplug or "
		"x-smi-cpu-hotunplug is left on. Switch all of them off, or none.",
	.event = feat_subset, .time = feat_subset_time, .state = sizeof(struct judged),
};
