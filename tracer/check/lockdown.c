/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What must be locked before the OS runs: OvmfPkg/SmmControl2Dxe, OvmfPkg/SmmAccess/SmramInternal.c
 * (SmramAccessLock), QEMU hw/pci-host/q35.c, hw/isa/lpc_ich9.c.
 */
#include "common.h"

#include <inttypes.h>

struct once {
	bool done;
};

/* Both known? If not, the first that is not makes it unknown. */
static bool both_known(struct check *c, const struct scene *s, enum config_reg a, enum config_reg b)
{
	enum config_reg missing = s->config[a].known ? b : a;
	char why[64];

	if (s->config[a].known && s->config[b].known)
		return true;
	check_unknown(c, config_why(s, missing, why, sizeof(why)));
	return false;
}

/* ---- apmc-enabled ---- */

static void apmc_enabled_time(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	const uint64_t enabled = SMI_EN_GBL | SMI_EN_APMC;
	const struct config_value *en = &s->config[CONFIG_SMI_EN], *lock = &s->config[CONFIG_GEN_PMCON];
	struct once *o = check_state(c);
	struct finding f = { CPU_UNKNOWN, now, { en->when.id, lock->when.id, s->locked.id } };

	(void)m;
	if (o->done || !is_locked_and_read(s, now))
		return;
	o->done = true;
	if (!both_known(c, s, CONFIG_SMI_EN, CONFIG_GEN_PMCON))
		return;
	if ((en->value & enabled) != enabled)
		check_violated(c, &f, "SMI_EN is 0x%" PRIx64 ": %s is clear, so writing port 0xb2 raises no SMI",
			       en->value, en->value & SMI_EN_GBL ? "APMC_EN" : "GBL_SMI_EN");
	else if (!(lock->value & GEN_PMCON_SMI_LOCK))
		check_violated(c, &f, "SMI_LOCK is clear (GEN_PMCON_1 is 0x%" PRIx64 "): the OS can switch SMIs off",
			       lock->value);
	else
		check_holds(c);
}

const struct invariant invariant_apmc_enabled = {
	.name = "apmc-enabled", .severity = SEVERITY_ERROR, .step = "N", .needs = NEED_CONFIG,
	.rule = "When SMRAM is locked, writes of port 0xb2 raise SMIs (SMI_EN), and the OS cannot "
		"change that (SMI_LOCK).",
	.meaning = "With APMC_EN or GBL_SMI_EN clear a write to 0xb2 does nothing: the OS's hot-plug "
		"SMI is never raised, and neither are those of the variable driver. With SMI_LOCK clear "
		"an OS may clear GBL_SMI_EN and so keep the firmware out. SmmControl2DxeEntryPoint() in "
		"OvmfPkg/SmmControl2Dxe/SmiControl2Dxe.c sets SMI_EN at PMBASE + 0x30, then SMI_LOCK in "
		"GEN_PMCON_1 (PCI 0:1f.0, 0xa0); a lock set first leaves the enables as they were.",
	.time = apmc_enabled_time, .state = sizeof(struct once),
};

/* ---- smbase-window ---- */

static void judge_window(struct check *c, const struct scene *s, int64_t now)
{
	const struct config_value *w = &s->config[CONFIG_MCH_9C], *seen = &s->config[CONFIG_DEFAULT_OUTSIDE];
	struct finding f = { CPU_UNKNOWN, now, { w->when.id, s->config[CONFIG_SMI_NEGOTIATED].when.id } };

	if (w->value == MCH_9C_ABSENT) {
		check_violated(c, &f, "CPU hot-plug is negotiated, but this machine cannot hide the memory at 0x30000: "
			       "the OS can write what a new CPU runs in SMM");
	} else if (!(w->value & MCH_9C_LOCKED)) {
		check_violated(c, &f, "the SMRAM at 0x30000 was not locked (MCH 0x9c is 0x%" PRIx64 "): the OS can "
			       "write what a new CPU runs in SMM", w->value);
	} else if (seen->known && seen->value != HIDDEN_BYTES) {
		f.evidence[1] = seen->when.id;
		check_violated(c, &f, "MCH 0x9c says that the SMRAM at 0x30000 is locked, but it reads as 0x%" PRIx64
			       " outside SMM", seen->value);
	} else {
		check_holds(c);
	}
}

/* Without CPU hot-plug no CPU comes to 0x30000 after boot, and there is nothing to protect. */
static void smbase_window_time(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct once *o = check_state(c);
	uint64_t features;

	(void)m;
	if (o->done || !is_locked_and_read(s, now))
		return;
	o->done = true;
	if (scene_config(s, CONFIG_SMI_NEGOTIATED, &features) && !(features & SMI_FEATURE_HOTPLUG))
		return;
	if (both_known(c, s, CONFIG_SMI_NEGOTIATED, CONFIG_MCH_9C))
		judge_window(c, s, now);
}

const struct invariant invariant_smbase_window = {
	.name = "smbase-window", .severity = SEVERITY_ERROR, .step = "N", .needs = NEED_CONFIG,
	.rule = "Where CPU hot-plug is negotiated, the 128 KiB at the default SMBASE are hidden and "
		"locked with SMRAM.",
	.meaning = "A hot-plugged CPU takes its first SMI at 0x38000. If that is ordinary memory, any "
		"OS driver can put code there and have it run in SMM. QEMU's q35 hides it when "
		"DEFAULT_SMBASE_CTL (MCH 0x9c) is set: write 0xff, read back 1, write 2 to lock. OVMF "
		"looks in Q35SmramAtDefaultSmbaseInitialization() (OvmfPkg/PlatformPei) and locks in "
		"SmramAccessLock(); with mch.smbase-smram=off CpuHotplugSmm unloads itself, yet hot-plug "
		"stays negotiated, and the new CPU is never relocated. Machine types up to pc-q35-4.2 "
		"lack the register.",
	.time = smbase_window_time, .state = sizeof(struct once),
};

/* ---- smram-locked ---- */

#define REREAD_NS 500000000

struct locked_state {
	struct moment raised; /* a hot-plug SMI that found SMRAM open, by what had been read: that may be old */
	int writer;
};

/* The registers are read once more at the first stop of a hot-plug's SMI. */
static void judge_smram(struct check *c, const struct scene *s, const struct locked_state *l)
{
	const struct config_value *smram = &s->config[CONFIG_MCH_9D], *tseg = &s->config[CONFIG_MCH_9E];
	const struct config_value *seen = &s->config[CONFIG_TSEG_OUTSIDE];
	struct finding f = { l->writer, l->raised.ns, { l->raised.id, smram->when.id, tseg->when.id } };

	if (!(smram->value & MCH_9D_D_LCK))
		check_violated(c, &f, "the hot-plug SMI was raised while SMRAM is not locked (MCH 0x9d is 0x%" PRIx64 ")",
			       smram->value);
	else if (!(tseg->value & MCH_9E_T_EN))
		check_violated(c, &f, "the hot-plug SMI was raised while TSEG is off (MCH 0x9e is 0x%" PRIx64 ")",
			       tseg->value);
	else if (seen->known && seen->value != HIDDEN_BYTES)
		check_violated(c, &f, "TSEG is locked, but reads as 0x%" PRIx64 " outside SMM", seen->value);
	else
		check_holds(c);
}

static void settle_smram(struct check *c, const struct scene *s)
{
	struct locked_state *l = check_state(c);

	if (both_known(c, s, CONFIG_MCH_9D, CONFIG_MCH_9E))
		judge_smram(c, s, l);
	l->raised = (struct moment){ 0 };
}

static void smram_locked(struct check *c, const struct check_input *in)
{
	struct locked_state *l = check_state(c);

	if (is_hotplug_smi(in->ev) && !moment_is(l->raised))
		*l = (struct locked_state){ { in->id, in->ev->ts }, in->ev->cpu };
	else if (in->ev->kind == EV_SMI_LEAVE && moment_is(l->raised))
		settle_smram(c, in->scene);
}

/* Nobody leaves. */
static void smram_locked_time(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	const struct locked_state *l = check_state(c);

	(void)m;
	if (moment_is(l->raised) && moment_after(s->round.first_entry, l->raised) && now - l->raised.ns >= REREAD_NS)
		settle_smram(c, s);
}

const struct invariant invariant_smram_locked = {
	.name = "smram-locked", .severity = SEVERITY_ERROR, .step = "N", .needs = NEED_CONFIG | NEED_PORT,
	.kinds = KIND(PORT) | KIND(SMI_LEAVE),
	.rule = "When the OS raises the hot-plug SMI, SMRAM is locked (D_LCK), TSEG is on (T_EN), and "
		"neither shows outside SMM.",
	.meaning = "Open SMRAM at OS time lets the OS rewrite the SMI handlers: SMM protects nothing "
		"any more. OVMF locks it at SmmReadyToLock, through SmramAccessLock() in "
		"OvmfPkg/SmmAccess/SmramInternal.c. If it never did, look for a driver that kept "
		"gEfiDxeSmmReadyToLockProtocolGuid from being installed (PlatformBootManagerLib does it), "
		"or for a boot that left firmware before EndOfDxe.",
	.event = smram_locked, .time = smram_locked_time, .state = sizeof(struct locked_state),
};
