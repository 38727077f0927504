/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The code at the default SMBASE, and the words it uses (OvmfPkg/CpuHotplugSmm/FirstSmiHandler.nasm). */
#include "common.h"

#include <inttypes.h>

/* ---- handler-first ---- */

static const bool is_handler[CODE_COUNT] = {
	[CODE_NOP] = true, [CODE_RELOCATE] = true, [CODE_GATE] = true,
};

/* Nobody can have put a handler where the OS can write. */
static bool window_is_open(const struct scene *s)
{
	uint64_t mch;

	return scene_config(s, CONFIG_MCH_9C, &mch) && mch == MCH_9C_ABSENT;
}

struct first_state {
	struct cpuset judged;
	bool had_handler; /* one was there, and no boot's template since */
	bool for_plug;    /* what is there now was put there in a hot-plug's SMI */
};

/* Is a hot-plug's SMI going on, for a CPU that has come? */
static bool is_plugging(const struct scene *s)
{
	return s->round.open && s->round.cmd == APM_CMD_CPU_HOTPLUG && !cpuset_empty(&s->hot);
}

static void watch_handler(struct first_state *st, const struct scene *s, const struct event *ev)
{
	uint64_t code = event_get(ev, HANDLER_CODE, CODE_UNKNOWN);

	st->for_plug = is_plugging(s);
	if (code != CODE_UNKNOWN && code != CODE_ZERO)
		st->had_handler = code < CODE_COUNT && is_handler[code];
}

static void judge_handler(struct check *c, const struct check_input *in, int cpu, const char *what)
{
	const struct first_state *st = check_state(c);
	const struct scene *s = in->scene;
	uint64_t code = handler_code_now(s);
	struct finding f = finding_here(in, cpu, s->handler_when.id, s->config[CONFIG_MCH_9C].when.id);

	if (code < CODE_COUNT && is_handler[code])
		check_holds(c);
	else if (st->had_handler && !st->for_plug)
		check_violated(c, &f, "%s CPU %d while the handler that was at the default SMBASE has been overwritten (%s)",
			       what, cpu, handler_code_name[code % CODE_COUNT]);
	else if (code == CODE_ZERO || code == CODE_TEMPLATE)
		check_violated(c, &f, "%s CPU %d while there is no relocation handler at the default SMBASE (%s)", what,
			       cpu, handler_code_name[code]);
	else if (window_is_open(s))
		check_violated(c, &f, "%s CPU %d while the code at the default SMBASE is in memory open to the OS", what,
			       cpu);
	else
		check_unknown(c, "the code at the default SMBASE is not known");
}

static void judge_once(struct check *c, const struct check_input *in, int cpu, const char *what)
{
	struct first_state *st = check_state(c);

	if (cpuset_has(&st->judged, cpu))
		return;
	cpuset_add(&st->judged, cpu);
	judge_handler(c, in, cpu, what);
}

/* A NOP does for an SMI that comes before the monarch has started the CPU, and for none behind its SIPI. */
static void default_entry(struct check *c, const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct finding f = finding_here(in, cpu, sc->sipi.id, in->scene->handler_when.id);
	bool started = sc->sipi_from_smm && sc->sipis && !sc->relocated;

	if (started && handler_code_now(in->scene) == CODE_NOP && is_unstopped(in->ev))
		check_unknown(c, "the code at the default SMBASE was looked at now and then: not when a CPU entered it");
	else if (started && handler_code_now(in->scene) == CODE_NOP)
		check_violated(c, &f, "CPU %d was started by the monarch and takes its SMI in the NOP handler: the "
			       "relocation handler is not in place", cpu);
	else
		judge_once(c, in, cpu, "first SMI of");
}

/* The first time that a new CPU is about to run it: sent there by firmware, or in it. */
static void handler_first(struct check *c, const struct check_input *in)
{
	struct first_state *st = check_state(c);
	struct firmware_ipi ipi;
	int cpu = in->ev->cpu;

	if (in->ev->kind == EV_HANDLER)
		watch_handler(st, in->scene, in->ev);
	else if (in->ev->kind == EV_CPU_ADD)
		cpuset_remove(&st->judged, cpu);
	else if (in->ev->kind == EV_IPI && is_hotplug_ipi(in, &ipi))
		judge_once(c, in, ipi.cpu, ipi.mode == IPI_INIT ? "INIT to" : "SIPI to");
	else if (in->ev->kind == EV_SMI_ENTER && cpuset_valid(cpu) && in->scene->cpu[cpu].hot &&
		 event_get(in->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN) == SMBASE_DEFAULT)
		default_entry(c, in, cpu);
}

const struct invariant invariant_handler_first = {
	.name = "handler-first", .severity = SEVERITY_ERROR, .step = "b", .needs = NEED_HANDLER | NEED_SMM,
	.kinds = KIND(IPI) | KIND(SMI_ENTER) | KIND(CPU_ADD) | KIND(HANDLER),
	.rule = "The relocation handler is at the default SMBASE + 0x8000 before a new CPU can run it; until "
		"the monarch starts that CPU, a NOP will do.",
	.meaning = "The new CPU's first SMI runs what is there, at the highest privilege: the template left "
		"over from boot, zeroes, or bytes of the OS. OVMF's CpuHotplugSmm installs its handler "
		"once, at its start, in SmbaseInstallFirstSmiHandler() (OvmfPkg/CpuHotplugSmm/Smbase.c). "
		"It is missing when that driver was not built in, or unloaded itself because QEMU lacks "
		"SMRAM at the default SMBASE (mch.smbase-smram=off). Firmware of the 2019 design swaps a "
		"NOP for it while it needs it: done behind the SIPI, or never, the new CPU leaves SMM as "
		"it came, and the monarch waits. A handler that was there and is something else now was "
		"overwritten before the lock, by the OS or a boot driver.",
	.event = handler_first, .state = sizeof(struct first_state),
};

/* ---- handler-immutable ---- */

/* Since when the memory is locked in this boot; 0 = not, as far as seen. */
struct lock_state {
	struct moment locked;
};

static void watch_lock(struct lock_state *l, const struct check_input *in)
{
	const struct event *ev = in->ev;
	bool locked = event_get(ev, CONFIG_VALUE, 0) & MCH_9D_D_LCK;

	if (ev->kind == EV_CPU_RESET && ev->cpu == 0 && !in->model->cpu[0].init_ipi)
		l->locked = (struct moment){ 0 };
	if (ev->kind != EV_CONFIG || event_get(ev, CONFIG_REG, CONFIG_REG_COUNT) != CONFIG_MCH_9D)
		return;
	if (!locked)
		l->locked = (struct moment){ 0 };
	else if (!moment_is(l->locked))
		l->locked = (struct moment){ in->id, ev->ts };
}

/* What a firmware may put there for a new CPU; code that is not understood may be meant for one. */
static bool relocates(const struct scene *s, uint64_t code)
{
	return code == CODE_RELOCATE || (code == CODE_UNKNOWN && is_plugging(s));
}

/* A firmware may swap NOP and relocation handler, in an SMI. */
static bool is_swap(const struct scene *s, const struct event *ev)
{
	uint64_t from = event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN);
	uint64_t to = event_get(ev, HANDLER_CODE, CODE_UNKNOWN);
	int64_t since = (int64_t)event_get(ev, HANDLER_SINCE, (uint64_t)ev->ts);

	if (is_plugging(s) && to == CODE_RELOCATE)
		return true; /* whatever it finds there */
	return (s->round.open || s->round.last_leave.ns >= since) &&
	       ((from == CODE_NOP && relocates(s, to)) || (relocates(s, from) && to == CODE_NOP));
}

static void handler_immutable(struct check *c, const struct check_input *in)
{
	struct lock_state *l = check_state(c);
	const struct event *ev = in->ev;
	const struct scene *s = in->scene;
	int64_t since = (int64_t)event_get(ev, HANDLER_SINCE, (uint64_t)ev->ts);
	struct finding f = finding_here(in, ev->cpu, s->handler_when.id, l->locked.id);

	watch_lock(l, in);
	if (!s->handler.known || !moment_is(l->locked))
		return;
	if (is_hotplug_smi(ev) || (ev->kind == EV_HANDLER && (is_swap(s, ev) || scene_handler_is_old(s, ev))))
		check_holds(c);
	else if (ev->kind == EV_HANDLER && since >= l->locked.ns)
		check_violated(c, &f, "the code at the default SMBASE changed after SMRAM was locked: from %s to %s",
			       handler_code_name[event_get(&s->handler, HANDLER_CODE, 0) % CODE_COUNT],
			       handler_code_name[event_get(ev, HANDLER_CODE, 0) % CODE_COUNT]);
}

const struct invariant invariant_handler_immutable = {
	.name = "handler-immutable", .severity = SEVERITY_ERROR, .step = "b", .needs = NEED_HANDLER | NEED_CONFIG,
	.kinds = KIND(HANDLER) | KIND(CONFIG) | KIND(CPU_RESET) | KIND(PORT),
	.rule = "The handler at the default SMBASE does not change once SMRAM is locked, but for a swap "
		"of NOP and relocation handler in an SMI.",
	.meaning = "Whatever wrote there decides what the next hot-plugged CPU does in SMM. If the "
		"memory is locked (MCH 0x9c), only code in SMM can have done it: a buffer that overlaps "
		"0x30000-0x4ffff, a restore of the boot-time backup that came too late, or a relocation "
		"at runtime that saves more than its own save state. If it is not locked, it was the OS, "
		"which knows nothing of that page.",
	.event = handler_immutable, .state = sizeof(struct lock_state),
};

/* ---- handler-before-sipi ---- */

struct flags {
	bool sampled[WORD_COUNT];    /* the word is only looked at now and then */
	struct moment sipi;          /* one that waits for the sampling of: */
	enum handoff_word word;
};

static const char *const flag_name[WORD_COUNT] = {
	[WORD_ABOUT] = "AboutToLeaveSmm", [WORD_PEN] = "the pen's flag",
};

/* A sampled word was seen to change behind the SIPI; the change may have been before. */
static void settle_sampled(struct check *c, const struct event *ev)
{
	struct flags *w = check_state(c);
	uint64_t word = event_get(ev, HANDOFF_WORD, WORD_COUNT);
	int64_t since;

	if (word >= WORD_COUNT)
		return;
	since = (int64_t)event_get(ev, HANDOFF_SINCE, (uint64_t)ev->ts);
	w->sampled[word] = ev->origin == ORIGIN_INFERRED;
	if (!moment_is(w->sipi) || word != w->word)
		return;
	if (!event_get(ev, HANDOFF_VALUE, 1) && since <= w->sipi.ns)
		check_holds(c);
	else
		check_unknown(c, "a word of the handshake was sampled too seldom to say when it was cleared");
	w->sipi = (struct moment){ 0 };
}

/* Is it still set? Then say so, now or when more is known. */
static bool still_set(struct check *c, const struct check_input *in, enum handoff_word word, int cpu)
{
	const struct word_value *v = &in->scene->word[word];
	struct finding f = finding_here(in, cpu, v->when.id, 0);
	struct flags *w = check_state(c);

	if (!v->known || !v->value)
		return false;
	if (!w->sampled[word]) {
		check_violated(c, &f, "SIPI to CPU %d while %s is still %" PRIu64 ": the monarch will think it is done",
			       cpu, flag_name[word], v->value);
		return true;
	}
	w->sipi = (struct moment){ in->id, in->ev->ts };
	w->word = word;
	return true;
}

static void handler_before_sipi(struct check *c, const struct check_input *in)
{
	const struct scene *s = in->scene;
	struct firmware_ipi ipi;

	if (in->ev->kind == EV_HANDOFF) {
		settle_sampled(c, in->ev);
		return;
	}
	/* Only OVMF's gated handler has these words. */
	if (!is_hotplug_ipi(in, &ipi) || ipi.mode != IPI_SIPI ||
	    handler_code_now(s) != CODE_GATE)
		return;
	if (still_set(c, in, WORD_ABOUT, ipi.cpu) || still_set(c, in, WORD_PEN, ipi.cpu))
		return;
	if (s->word[WORD_ABOUT].known)
		check_holds(c);
	else
		check_unknown(c, "AboutToLeaveSmm was not seen");
}

const struct invariant invariant_handler_before_sipi = {
	.name = "handler-before-sipi", .severity = SEVERITY_ERROR, .step = "b",
	.needs = NEED_HANDLER | NEED_HANDOFF | NEED_IPI,
	.kinds = KIND(IPI) | KIND(HANDOFF),
	.rule = "AboutToLeaveSmm and the pen's flag are zero when the monarch sends the SIPI.",
	.meaning = "The monarch learns from these two that the new CPU has changed its SMBASE and is back "
		"outside. A flag left over from the CPU before makes it go on at once: it closes nothing, "
		"adds the CPU to its tables, and leaves SMM while the new CPU is still at the default "
		"SMBASE. SmbaseRelocate() (OvmfPkg/CpuHotplugSmm/Smbase.c) clears both before the first "
		"IPI. The pen's page belongs to the OS as well, so its flag alone proves nothing.",
	.event = handler_before_sipi, .state = sizeof(struct flags),
};
