/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The write that relocates: where it may come from, which value it may have, whose memory it may touch. */
#include "rule.h"

#include <inttypes.h>

/* An SMI starts at SMBASE + 0x8000; the save state ends at SMBASE + 0xffff (Intel SDM vol. 3, 32.4). */
#define ENTRY_OFFSET 0x8000u
#define STATE_OFFSET 0xfe00u
#define WINDOW_END 0x10000u
/* What an entry has at least; its length is not known. */
#define ENTRY_BYTES 0x100u

static bool in_default_smm(const struct check_input *in)
{
	return cpuset_valid(in->ev->cpu) && in->model->cpu[in->ev->cpu].state == STATE_SMM_DEFAULT;
}

/* ---- whose memory ---- */

static bool meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* The 64 KiB windows of CPUs overlap by design (edk2 staggers them); handlers and save states must not. */
static bool collide(uint64_t a, uint64_t b)
{
	uint64_t state = WINDOW_END - STATE_OFFSET;

	return meet(a + ENTRY_OFFSET, ENTRY_BYTES, b + ENTRY_OFFSET, ENTRY_BYTES) ||
	       meet(a + STATE_OFFSET, state, b + STATE_OFFSET, state) ||
	       meet(a + ENTRY_OFFSET, ENTRY_BYTES, b + STATE_OFFSET, state) ||
	       meet(a + STATE_OFFSET, state, b + ENTRY_OFFSET, ENTRY_BYTES);
}

/* The other's SMBASE; false = it has none, or a scan of memory said so: it may belong to a CPU that is gone. */
static bool proven_base(const struct check_input *in, int other, uint64_t *base)
{
	const struct scene_cpu *o = &in->scene->cpu[other];

	*base = o->own_smbase;
	return o->relocated && *base != SMBASE_UNKNOWN && (moment_is(o->relocation_rsm) ||
							   moment_is(o->own_entry));
}

/* Whose handler or save state an SMBASE of @mine would touch, from CPU @from on; CPU_UNKNOWN = nobody's. */
static int next_touched(const struct check_input *in, uint64_t mine, int from)
{
	const struct cpuset *present = &in->scene->present;
	uint64_t base;

	for (int i = cpuset_next(present, from); i >= 0; i = cpuset_next(present, i + 1))
		if (i != in->ev->cpu && proven_base(in, i, &base) && collide(mine, base))
			return i;
	return CPU_UNKNOWN;
}

/* ---- smbase-write-in-window ---- */

struct window_state {
	bool gate_watched; /* a change of the gate was observed, not sampled: then each pass is seen */
};

static void written_inside(struct check *c, const struct check_input *in)
{
	struct window_state *st = check_state(c);
	const struct cpu *cpu = &in->model->cpu[in->ev->cpu];
	const struct scene_cpu *sc = &in->scene->cpu[in->ev->cpu];
	struct finding f = finding_at(in, in->ev->cpu, cpu->smi.id, cpu->smbase_write_id, 0);
	bool gate = (in->scene->handler.known >> HANDLER_CODE & 1) &&
		    in->scene->handler.arg[HANDLER_CODE] == CODE_GATE && st->gate_watched;

	if (cpu->smbase_write_id)
		check_violated(c, &f, "CPU %d writes its SMBASE twice in one SMI", in->ev->cpu);
	else if (gate && !moment_after(sc->gate_pass, sc->default_entry))
		check_missing(c, &f, sc->default_entry.ns,
			      "CPU %d writes its SMBASE without having passed the gate", in->ev->cpu);
	else
		check_holds(c);
}

static void smbase_write_in_window(struct check *c, const struct check_input *in)
{
	struct window_state *st = check_state(c);
	int cpu = in->ev->cpu;
	struct finding f;

	if (in->ev->kind == EV_HANDOFF) {
		if (event_get(in->ev, HANDOFF_WORD, WORD_COUNT) == WORD_GATE &&
		    in->ev->origin == ORIGIN_OBSERVED)
			st->gate_watched = true;
		return;
	}
	if (!cpuset_valid(cpu))
		return;
	f = finding_at(in, cpu, in->model->cpu[cpu].smi.id, 0, 0);
	if (in_default_smm(in))
		written_inside(c, in);
	else if (cpu_in_smm(&in->model->cpu[cpu]))
		check_violated(c, &f,
			       "CPU %d, in SMM at its own SMBASE %#" PRIx64 ", writes the SMBASE slot at "
			       "the default one", cpu,
			       in->model->cpu[cpu].smi.smbase);
	else if (moment_is(in->scene->locked)) /* before, firmware gives back memory that it had borrowed */
		check_missing(c, &f, in->scene->locked.ns, "CPU %d writes the SMBASE slot outside SMM", cpu);
}

const struct invariant invariant_smbase_write_in_window = {
	.name = "smbase-write-in-window", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_SMM | NEED_SMBASE | NEED_HANDOFF,
	.kinds = KIND(SMBASE_WRITE) | KIND(HANDOFF),
	.rule = "the SMBASE slot is written only by a CPU in its SMI at the default SMBASE, behind the "
		"gate, once",
	.meaning =
	"Something else than the relocation handler changed an SMBASE: code that runs in an SMI of "
	"another base, a CPU that did not wait for its turn at the gate, or code outside SMM after SMRAM "
	"was locked. Whoever controls the slot controls where the next SMI of that CPU starts. Look at "
	"who wrote (the address is in the event), at FirstSmiHandler.nasm for a path around the gate, and "
	"whether the default SMRAM is really hidden (smbase-window). The BSP's copying back of 0x38000 "
	"and 0x3fc00 at boot, outside SMM and before the lock (SmmRelocateBases() in PiSmmCpuDxeSmm), is "
	"known and not counted.",
	.event = smbase_write_in_window, .state = sizeof(struct window_state),
};

/* ---- smbase-value ---- */

#define NOT_JUDGED 64
#define T_EN 1u

/* Legacy SMRAM, where firmware without TSEG goes (SeaBIOS: SMBASE 0xa0000). */
#define ASEG 0xa0000u
#define ASEG_SIZE 0x20000u

struct value_state {
	unsigned later;      /* writes that came before TSEG was read */
	struct later {
		uint64_t smbase;
		int64_t id;
		int cpu;
	} write[NOT_JUDGED];
};

enum judged { JUDGED_GOOD, JUDGED_BAD, JUDGED_LATER };

static bool window_within(uint64_t smbase, uint64_t base, uint64_t size)
{
	return smbase + ENTRY_OFFSET >= base && smbase + WINDOW_END <= base + size;
}

/* TSEG that is off may have been read before firmware switched it on: only what is on is certain. */
static enum judged judge_place(const struct scene *s, uint64_t smbase)
{
	uint64_t esmramc, base, size;

	if (window_within(smbase, ASEG, ASEG_SIZE))
		return JUDGED_GOOD;
	if (!scene_config(s, CONFIG_MCH_9E, &esmramc) || !(esmramc & T_EN) || !scene_config(s,
	    CONFIG_TSEG_BASE, &base) ||
	    !scene_config(s, CONFIG_TSEG_SIZE, &size))
		return JUDGED_LATER;
	return window_within(smbase, base, size) ? JUDGED_GOOD : JUDGED_BAD;
}

static void tell_place(struct check *c, const struct check_input *in, const struct later *w,
		       enum judged judged)
{
	struct finding f = finding_at(in, w->cpu, w->id, 0, 0);

	if (judged == JUDGED_GOOD)
		check_holds(c);
	else
		check_violated(c, &f,
			       "CPU %d's new SMBASE %#" PRIx64 ": its handler and save state "
			       "(%#" PRIx64 "..%#" PRIx64
			       ") are not inside TSEG (%#" PRIx64 ", %" PRIu64 " KiB)", w->cpu, w->smbase,
				w->smbase + ENTRY_OFFSET,
			       w->smbase + WINDOW_END - 1, in->scene->config[CONFIG_TSEG_BASE].value,
			       in->scene->config[CONFIG_TSEG_SIZE].value / 1024);
}

/* By the value alone. NULL = nothing wrong. */
static const char *wrong_value(const struct check_input *in, uint64_t smbase)
{
	const struct word_value *w = &in->scene->word[WORD_NEW_SMBASE];
	const struct scene_cpu *sc = &in->scene->cpu[in->ev->cpu];

	if (smbase == SMBASE_DEFAULT)
		return "is the default one";
	if (smbase > UINT32_MAX - WINDOW_END)
		return "is not below 4 GiB";
	if (smbase & 0xfff && next_touched(in, smbase, 0) == CPU_UNKNOWN) /* else it is smbase-unique's matter */
		return "is not aligned to 4 KiB";
	if (sc->hot && w->known && moment_is(sc->sipi) && moment_after(w->when, sc->sipi) &&
	    w->value != smbase)
		return "is not the one in NewSmbase";
	return NULL;
}

static void on_value(struct check *c, const struct check_input *in)
{
	struct value_state *st = check_state(c);
	struct later w = { event_get(in->ev, SMBASE_WRITE_NEW, 0), in->id, in->ev->cpu };
	const char *wrong = wrong_value(in, w.smbase);
	struct finding f = finding_at(in, w.cpu, 0, 0, 0);
	enum judged judged = judge_place(in->scene, w.smbase);

	if (wrong)
		check_violated(c, &f, "CPU %d's new SMBASE %#" PRIx64 " %s", w.cpu, w.smbase, wrong);
	else if (judged != JUDGED_LATER)
		tell_place(c, in, &w, judged);
	else if (st->later < NOT_JUDGED)
		st->write[st->later++] = w;
}

static void judge_later(struct check *c, const struct check_input *in)
{
	struct value_state *st = check_state(c);
	unsigned left = 0;

	for (unsigned i = 0; i < st->later; i++) {
		enum judged judged = judge_place(in->scene, st->write[i].smbase);

		if (judged == JUDGED_LATER)
			st->write[left++] = st->write[i];
		else
			tell_place(c, in, &st->write[i], judged);
	}
	st->later = left;
}

static bool recording_ends(const struct event *ev)
{
	uint64_t what = event_get(ev, SESSION_WHAT, SESSION_COUNT);

	return ev->kind == EV_SESSION && (what == SESSION_DETACH || what == SESSION_TARGET_EXIT ||
					  what == SESSION_TARGET_LOST);
}

static void smbase_value(struct check *c, const struct check_input *in)
{
	struct value_state *st = check_state(c);

	if (st->later)
		judge_later(c, in);
	if (in->ev->kind == EV_SMBASE_WRITE && in_default_smm(in) && event_has(in->ev, SMBASE_WRITE_NEW))
		on_value(c, in);
	if (st->later && recording_ends(in->ev)) {
		check_unknown(c, "where TSEG lies, and whether it is on, was not read");
		st->later = 0;
	}
}

const struct invariant invariant_smbase_value = {
	.name = "smbase-value", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_SMBASE | NEED_CONFIG,
	/* RSMs, because what waits for the configuration is judged soon then. */
	.kinds = KIND(SMBASE_WRITE) | KIND(CONFIG) | KIND(SESSION) | KIND(SMI_LEAVE),
	.rule = "the new SMBASE is aligned, below 4 GiB, not the default one, and its handler and save "
		"state lie in SMRAM",
	.meaning =
	"The CPU's next SMI would start in memory that is not SMRAM, or not at an address that a CPU "
	"accepts: the OS could run code in SMM, or the CPU triple-faults at its first SMI. edk2 takes the "
	"value from a table that PiSmmCpuDxeSmm makes at boot for all possible CPUs "
	"(mCpuHotPlugData.SmBase; newer ones from the SMM base HOB): look there, at "
	"PcdCpuMaxLogicalProcessorNumber, and at the slot that CpuHotplugSmm chose. SMBASE itself may lie "
	"below TSEG: only SMBASE + 0x8000 .. 0xffff is used. Firmware without TSEG (SeaBIOS) uses the "
	"legacy SMRAM at 0xa0000.",
	.event = smbase_value, .state = sizeof(struct value_state),
};

/* ---- smbase-unique ---- */

static void smbase_unique(struct check *c, const struct check_input *in)
{
	uint64_t mine = event_get(in->ev, SMBASE_WRITE_NEW, SMBASE_DEFAULT);
	int other;

	if (!in_default_smm(in) || !event_has(in->ev, SMBASE_WRITE_NEW) || mine == SMBASE_DEFAULT)
		return;
	if (next_touched(in, mine, 0) == CPU_UNKNOWN)
		check_holds(c);
	for (other = next_touched(in, mine, 0); other >= 0; other = next_touched(in, mine, other + 1)) {
		const struct scene_cpu *o = &in->scene->cpu[other];
		struct finding f = finding_at(in, in->ev->cpu, o->smbase_write.id, 0, 0);

		check_violated(c, &f,
			       "CPU %d's new SMBASE %#" PRIx64 " shares handler or save state with CPU %d "
			       "at %#" PRIx64, in->ev->cpu, mine, other, o->own_smbase);
	}
}

const struct invariant invariant_smbase_unique = {
	.name = "smbase-unique", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_SMBASE | NEED_SMM,
	.kinds = KIND(SMBASE_WRITE),
	.rule = "no two CPUs share the memory of an SMI handler's entry or of a save state",
	.meaning =
	"At the next broadcast SMI both CPUs write their state to the same place and one of them returns "
	"to the other's code: memory corruption, or a CPU that runs the wrong program. A slot was given "
	"away twice: to two CPUs in one SMI, to a CPU whose slot was not free, or the distance between "
	"slots (TileSize in PiSmmCpuDxeSmm) is less than what an entry or a save state needs. Look at "
	"CpuHotplugSmm's search for a free slot (mCpuHotPlugData.ApicId[]), at RemoveProcessor() after an "
	"unplug, and, in coreboot, at the stagger of smm_module_loader. The 64 KiB windows as a whole "
	"overlap in edk2; that is meant to be.",
	.event = smbase_unique,
};
