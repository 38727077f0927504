/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the machine's settings alone say about CPU hot-plug (QEMU hw/isa/lpc_ich9.c, hw/acpi/ich9.c). */
#include <inttypes.h>

#include "verdict-text.h"

#define MCH_9C_ABSENT 0xff

static uint64_t config(const struct verdict_input *in, enum config_reg reg, uint64_t unknown)
{
	uint64_t value;

	return scene_config(in->scene, reg, &value) ? value : unknown;
}

static uint64_t features(const struct verdict_input *in)
{
	return config(in, CONFIG_SMI_NEGOTIATED, 0);
}

/* Firmware that follows the 2019 design is none; any other may be. */
static bool may_be_ovmf(const struct verdict_input *in)
{
	return flow_profile_now(in->flow) != flow_profile_by_name("design");
}

bool verdict_refused_features(const struct verdict_input *in)
{
	return !config(in, CONFIG_SMI_NEGOTIATED, 1) && config(in, CONFIG_SMI_REQUESTED, 0);
}

static void say_refused(struct prose *p, const struct verdict_input *in)
{
	uint64_t asked = config(in, CONFIG_SMI_REQUESTED, 0);
	bool plug = asked & (SMI_FEATURE_HOTPLUG | SMI_FEATURE_HOT_UNPLUG);

	say(p, "The firmware asked for the SMI features 0x%" PRIx64 ", which QEMU did not accept%s.%s", asked,
	    plug && !(asked & SMI_FEATURE_BROADCAST) ?
	    ": CPU hot-plug (0x2) and hot-unplug (0x4) need broadcast (0x1)" : "",
	    may_be_ovmf(in) ? " OVMF then stops in CpuDeadLoop() of SmmControl2Dxe." : "");
}

static bool no_plug(const struct verdict_input *in)
{
	return (features(in) & (SMI_FEATURE_BROADCAST | SMI_FEATURE_HOTPLUG)) == SMI_FEATURE_BROADCAST;
}

static void say_no_plug(struct prose *p, const struct verdict_input *in)
{
	say(p, "QEMU will refuse device_add of a CPU (\"cpu hotplug with SMI wasn't enabled by firmware\"): bit 1 is not "
	    "in the negotiated SMI features 0x%" PRIx64 ".", features(in));
}

static bool no_unplug(const struct verdict_input *in)
{
	return (features(in) & (SMI_FEATURE_BROADCAST | SMI_FEATURE_HOT_UNPLUG)) == SMI_FEATURE_BROADCAST;
}

static void say_no_unplug(struct prose *p, const struct verdict_input *in)
{
	say(p, "QEMU will refuse device_del of a CPU (\"cpu hot-unplug with SMI wasn't enabled by firmware\"): bit 2 is "
	    "not in the negotiated SMI features 0x%" PRIx64 ".", features(in));
}

static bool no_window(const struct verdict_input *in)
{
	bool absent = !config(in, CONFIG_SMBASE_SMRAM, 1) || config(in, CONFIG_MCH_9C, 0) == MCH_9C_ABSENT;

	return absent && features(in) & SMI_FEATURE_HOTPLUG;
}

static void say_no_window(struct prose *p, const struct verdict_input *in)
{
	say(p, "This machine cannot hide the memory at the default SMBASE (smbase-smram is off), yet CPU hot-plug was "
	    "negotiated: %sa new CPU runs in SMM what the OS put at 0x38000.",
	    may_be_ovmf(in) ? "OVMF's CpuHotplugSmm does not load, and " : "");
}

static const struct {
	bool (*applies)(const struct verdict_input *in);
	void (*say)(struct prose *p, const struct verdict_input *in);
} settings[] = {
	{ verdict_refused_features, say_refused }, { no_plug, say_no_plug }, { no_unplug, say_no_unplug },
	{ no_window, say_no_window },
};

bool say_settings(struct prose *p, const struct verdict_input *in)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!settings[i].applies(in))
			continue;
		say(p, "%s", p->used ? " " : "");
		settings[i].say(p, in);
		any = true;
	}
	return any;
}
