/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The paragraph of one episode. */
#include <inttypes.h>
#include <string.h>

#include "verdict-text.h"

/* A rendezvous longer than this had a CPU that was late (edk2 waits 1 s before it sends it an SMI of its own). */
#define LATE_NS 200000000

/* One episode being told. */
struct telling {
	struct prose *p;
	const struct verdict_input *in;
	const struct episode *ep;
	const struct scene_cpu *c;
};

static bool happened(const struct telling *t, struct moment m)
{
	return moment_is(m) && m.id >= t->ep->opened;
}

/* A sentence that ends with the time of @m. */
static void say_at(const struct telling *t, struct moment m)
{
	say(t->p, " at ");
	say_time(t->p, t->in, m.ns);
}

static void say_title(const struct telling *t)
{
	int64_t apic_id = t->in->model->cpu[t->ep->cpu].apic_id;

	say(t->p, "%s of CPU %d", episode_kind_name[t->ep->kind], t->ep->cpu);
	if (apic_id >= 0)
		say(t->p, " (APIC ID %" PRId64 ")", apic_id);
}

static void say_step(const struct telling *t, enum flow_step step)
{
	const struct flow_step_info *i = &flow_step_info[step];

	if (*i->letter)
		say(t->p, "step (%s)", i->letter);
	else
		say(t->p, "step %s", i->name);
}

static void say_awaited(const struct telling *t)
{
	const struct flow_point *point = flow_point(t->ep, t->ep->next);

	if (!point)
		return;
	if (t->c->slot_unknown && t->ep->kind != EPISODE_UNPLUG) {
		say(t->p, "may have come further: CPU %d has left SMM at the default SMBASE, and its next SMI will "
		    "tell whether it was relocated there.", t->ep->cpu);
		return;
	}
	say(t->p, "waits for ");
	say_about(t->p, point->waits_for, t->ep->cpu);
	if (strncmp(point->waits_for, point->provider, strlen(point->provider))) {
		say(t->p, ", which ");
		say_about(t->p, point->provider, t->ep->cpu);
		say(t->p, " owes");
	}
	say(t->p, ".");
}

/* ---- what happened to it ---- */

static void say_reset_in_smm(const struct telling *t)
{
	const struct scene_cpu *c = t->c;

	if (!happened(t, c->reset_in_smm) || c->relocated)
		return;
	if (c->init_sender != CPU_UNKNOWN && moment_after(c->reset_in_smm, c->init))
		say(t->p, " CPU %d's INIT", c->init_sender);
	else
		say(t->p, " An INIT");
	say(t->p, " reset CPU %d inside SMM", t->ep->cpu);
	if (c->reset_rip)
		say(t->p, " (rip 0x%" PRIx64 ")", c->reset_rip);
	say_at(t, c->reset_in_smm);
	say(t->p, "%s. A real CPU holds an INIT until RSM, QEMU's TCG does not.",
	    moment_is(c->smi_dropped) ? ", and the SMI that was pending for it was dropped" : "");
}

static void say_smi(const struct telling *t)
{
	const struct scene_cpu *c = t->c;

	if (c->relocated || !happened(t, c->init) || happened(t, c->reset_in_smm))
		return;
	if (happened(t, c->smi_dropped)) {
		say(t->p, " The SMI that was pending for it was dropped by the INIT");
		say_at(t, c->smi_dropped);
		say(t->p, ".");
	} else if (!happened(t, c->smi_raised)) {
		say(t->p, " No SMI was raised for it before the INIT: it came after the broadcast, and the firmware "
		    "sent it none.");
	}
}

/* It came into SMM where no relocation handler lay, and nobody has sent it another SMI. */
static void say_spent(const struct telling *t)
{
	const struct scene_cpu *c = t->c;
	bool waits_for_sipi = !happened(t, c->sipi) || moment_after(c->sipi, c->default_entry);

	if (c->relocated || c->default_code != CODE_NOP || !happened(t, c->default_leave) ||
	    !moment_after(c->default_leave, c->default_entry) || moment_after(c->smi_raised, c->default_entry))
		return;
	say(t->p, " CPU %d took the SMI", t->ep->cpu);
	if (waits_for_sipi)
		say(t->p, " before its SIPI");
	say_at(t, c->default_entry);
	if (waits_for_sipi)
		say(t->p, " (a CPU that waits for a SIPI holds an SMI back; QEMU's TCG takes it)");
	say(t->p, " and spent it in the NOP handler. None is pending for it since.");
}

/* The monarch came, did nothing for the CPU, and left. */
static void say_ignored(const struct telling *t)
{
	const struct round *r = flow_round(t->ep, t->in->scene);

	if (!r || r->open || moment_is(t->ep->at[STEP_C]) || moment_is(t->ep->at[STEP_EJECT]))
		return;
	say(t->p, " All CPUs left SMM again");
	say_at(t, r->last_leave);
	if (!moment_is(r->scan))
		say(t->p, " and none looked at the hot-plug registers: the firmware has no handler for them");
	if (r->cmd_got != SMI_CMD_UNKNOWN && r->cmd_got != APM_CMD_CPU_HOTPLUG)
		say(t->p, " (port 0xb2 gave it %#x, not 4)", (unsigned)r->cmd_got);
	say(t->p, ".");
}

static void say_missing(const struct telling *t)
{
	const struct round *r = flow_round(t->ep, t->in->scene);
	struct cpuset missing;

	if (!r || cpuset_empty(&r->expected))
		return;
	missing = r->expected;
	for (int i = cpuset_next(&r->entered, 0); i >= 0; i = cpuset_next(&r->entered, i + 1))
		cpuset_remove(&missing, i);
	if (cpuset_empty(&missing))
		return;
	say(t->p, " Not in the rendezvous: ");
	say_cpus(t->p, &missing);
	say(t->p, ".");
}

static void say_late(const struct telling *t)
{
	const struct moment *smi = &t->ep->at[STEP_SMI], *met = &t->ep->at[STEP_RENDEZVOUS];

	if (t->ep->kind == EPISODE_BOOT)
		return;
	if (!cpuset_empty(&t->ep->late)) {
		say(t->p, " The monarch had to send an SMI of its own to ");
		say_cpus(t->p, &t->ep->late);
		say(t->p, ", late for the rendezvous.");
	}
	if (moment_is(*smi) && moment_is(*met) && met->ns - smi->ns > LATE_NS) {
		say(t->p, " The rendezvous took ");
		say_span(t->p, met->ns - smi->ns);
		say(t->p, ".");
	}
}

static void say_settings_too(const struct telling *t)
{
	if (t->ep->kind == EPISODE_PLUG && !t->c->relocated)
		say_settings(t->p, t->in);
}

static void say_started(const struct telling *t)
{
	if (t->c->relocated || !happened(t, t->c->started))
		return;
	say(t->p, " The OS started CPU %d", t->ep->cpu);
	say_at(t, t->c->started);
	say(t->p, " although it has no SMBASE of its own: its next SMI runs whatever lies at 0x38000.");
}

/* ---- who waits for whom ---- */

static void say_monarch(const struct telling *t)
{
	const struct round *r = &t->in->scene->round;
	char waits[256];
	struct prose w = prose_into(waits, sizeof(waits));

	if (r->monarch == CPU_UNKNOWN || !cpuset_has(&r->inside, r->monarch) || r->monarch == t->ep->cpu)
		return;
	say(t->p, " CPU %d, the monarch, is ", r->monarch);
	say_place(t->p, t->in, r->monarch);
	if (say_waits(&w, t->in, r->monarch))
		say(t->p, ": it waits for %s", waits);
	say(t->p, ".");
}

static void say_cpu(const struct telling *t)
{
	bool idle = verdict_kick_helps(t->in, t->ep);

	if (verdict_place(t->in->model, t->in->scene, t->ep->cpu) == PLACE_UNKNOWN) {
		say(t->p, " Where CPU %d is, is not known.", t->ep->cpu);
		return;
	}
	say(t->p, " CPU %d is ", t->ep->cpu);
	say_place(t->p, t->in, t->ep->cpu);
	say(t->p, "%s.", idle ? ", with no SMI pending: it will not do so" : "");
}

static void say_cause(const struct telling *t)
{
	const struct violation *v = verdict_cause(t->in, t->ep);

	if (!v)
		return;
	say(t->p, " First broken rule: ");
	say_violation(t->p, t->in, v);
	say(t->p, ".");
}

/* ---- by status ---- */

static void tell_open(const struct telling *t)
{
	const struct episode *ep = t->ep;
	int64_t ns = scene_guest_ns(t->in->scene, ep->step_ns, ep->paused_at_step, t->in->now);

	say(t->p, "%s", ep->status == EPISODE_STUCK ? "STUCK: " : "");
	say_title(t);
	say(t->p, "%s in ", ep->status == EPISODE_STUCK ? "," : " is");
	say_step(t, ep->next);
	say(t->p, " for ");
	say_span(t->p, ns > 0 ? ns : 0);
	if (ep->status == EPISODE_STUCK) {
		say(t->p, " (deadline ");
		say_span(t->p, ep->deadline_ns);
		say(t->p, ")");
	}
	say(t->p, ": it ");
	say_awaited(t);
}

static void tell_running(const struct telling *t)
{
	tell_open(t);
	say_missing(t);
	say_late(t);
	say_cause(t);
}

static void tell_stuck(const struct telling *t)
{
	tell_open(t);
	say_monarch(t);
	if (t->ep->kind != EPISODE_UNPLUG || moment_is(t->ep->at[STEP_HAND_OVER]))
		say_cpu(t);
	say_settings_too(t);
	say_reset_in_smm(t);
	say_smi(t);
	say_spent(t);
	say_missing(t);
	say_ignored(t);
	say_started(t);
	say_late(t);
	say_cause(t);
	if (verdict_kick_helps(t->in, t->ep))
		say(t->p, " `smmtrace kick TARGET --cpu %d` sends the SMI again.", t->ep->cpu);
}

static void tell_cut(const struct telling *t)
{
	const struct scene *s = t->in->scene;
	const char *by = "the end of its CPU";

	if (moment_is(s->system_reset) && s->system_reset.ns == t->ep->end_ns)
		by = "a reset of the machine";
	if (moment_is(s->target_exit) && s->target_exit.ns == t->ep->end_ns)
		by = "the end of QEMU";
	say_title(t);
	say(t->p, " was cut short by %s at ", by);
	say_time(t->p, t->in, t->ep->end_ns);
	say(t->p, ", in ");
	say_step(t, t->ep->next);
	say(t->p, "%s: it ", t->ep->stuck_ns ? ", where it was stuck" : "");
	say_awaited(t);
	if (t->ep->stuck_ns) {
		say_reset_in_smm(t);
		say_smi(t);
		say_spent(t);
	}
	say_cause(t);
}

static void tell_done(const struct telling *t)
{
	const struct episode *ep = t->ep;

	say_title(t);
	say(t->p, ": done in ");
	say_span(t->p, ep->end_ns - ep->start_ns);
	if (ep->kind != EPISODE_UNPLUG && t->c->own_smbase != SMBASE_UNKNOWN)
		say(t->p, ", SMBASE 0x%" PRIx64, t->c->own_smbase);
	if (moment_is(ep->at[STEP_PROVED])) {
		say(t->p, ", where its first SMI arrived");
		say_at(t, ep->at[STEP_PROVED]);
	} else if (ep->kind != EPISODE_UNPLUG) {
		say(t->p, ", not yet proved by an SMI there");
	}
	say(t->p, ".");
	say_late(t);
}

void verdict_of_episode(char *out, size_t size, const struct verdict_input *in, const struct episode *ep)
{
	struct prose p = prose_into(out, size);
	struct telling t = { &p, in, ep, &in->scene->cpu[ep->cpu] };

	if (ep->cut_short)
		tell_cut(&t);
	else if (ep->status == EPISODE_DONE)
		tell_done(&t);
	else if (ep->status == EPISODE_STUCK)
		tell_stuck(&t);
	else
		tell_running(&t);
}
