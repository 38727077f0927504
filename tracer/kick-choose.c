/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who has lost an SMI, and who can send it again? */
#include "kick-internal.h"

#include <stdio.h>
#include <string.h>

#define CR0_PE 1u

bool kick_same_place(const struct kick_cpu *then, const struct kick_cpu *now)
{
	return then->regs.rip == now->regs.rip && then->regs.cs == now->regs.cs &&
	       then->regs.in_smm == now->regs.in_smm && then->regs.halted == now->regs.halted;
}

bool kick_still_waits(const struct kick_cpu *then, const struct kick_cpu *now)
{
	if (!now->regs.in_smm)
		return false;
	if (!then->polls)
		return true;
	return now->polls && now->spin.addr == then->spin.addr && now->polled == then->polled;
}

const struct kick_cpu *kick_find(const struct kick_scene *s, int cpu)
{
	for (int i = 0; i < s->n; i++)
		if (s->cpu[i].regs.cpu == cpu)
			return &s->cpu[i];
	return NULL;
}

/* Halted in real mode outside SMM, where only an interrupt message can reach it: a pen. */
static bool penned(const struct kick_cpu *c)
{
	return !c->regs.in_smm && c->regs.halted && !(c->regs.cr0 & CR0_PE);
}

/* Can it be made to send: flat code in SMM, and not halted? */
static bool can_send(const struct kick_cpu *c)
{
	return c->regs.in_smm && kick_is_flat(&c->regs) && !c->regs.halted;
}

/* In SMM at both looks, and if it waited for memory, still for the same. */
static bool stays(const struct kick_scene *before, const struct kick_cpu *now)
{
	const struct kick_cpu *then = kick_find(before, now->regs.cpu);

	return then && then->regs.in_smm && kick_still_waits(then, now);
}

static bool waits_for_byte(const struct kick_cpu *c)
{
	return c->polls && c->spin.size == 1;
}

/* The one that waits for a single byte is a monarch that waits for a flag; APs wait for semaphores. */
static const struct kick_cpu *choose_sender(const struct kick_scene *before, const struct kick_scene *now)
{
	const struct kick_cpu *best = NULL;

	for (int i = 0; i < now->n; i++) {
		const struct kick_cpu *c = &now->cpu[i];

		if (can_send(c) && stays(before, c) && (!best || (waits_for_byte(c) && !waits_for_byte(best))))
			best = c;
	}
	return best;
}

static int no_sender(const struct kick_scene *before, const struct kick_scene *now, struct error *err)
{
	int inside = 0, staying = 0;

	for (int i = 0; i < now->n; i++) {
		inside += now->cpu[i].regs.in_smm;
		staying += now->cpu[i].regs.in_smm && stays(before, &now->cpu[i]);
	}
	if (!inside)
		return fail(err, ERR_FINDING, "nothing to kick: no CPU is in SMM, so none waits there for another");
	if (!staying)
		return fail(err, ERR_FINDING, "nothing to kick: no CPU stays in SMM, the SMI is being handled");
	return fail(err, ERR_FINDING, "cannot kick: no CPU that stays in SMM runs 64-bit or flat 32-bit code, so none"
		    " can send");
}

/* The penned CPU that did not move between the looks; NULL with @err when there is none, or more. */
static const struct kick_cpu *choose_lost(const struct kick_scene *before, const struct kick_scene *now,
					  struct error *err)
{
	const struct kick_cpu *found = NULL;

	for (int i = 0; i < now->n; i++) {
		const struct kick_cpu *c = &now->cpu[i], *then = kick_find(before, c->regs.cpu);

		if (!penned(c) || !then || !kick_same_place(then, c))
			continue;
		if (found) {
			fail(err, ERR_FINDING, "CPU %d and CPU %d are both halted in real mode outside SMM;"
			     " say which one with --cpu", found->regs.cpu, c->regs.cpu);
			return NULL;
		}
		found = c;
	}
	if (!found)
		fail(err, ERR_FINDING, "nothing to kick: no CPU is halted in real mode outside SMM, as one that has"
		     " lost its SMI in the pen is; --cpu names another");
	return found;
}

static const struct kick_cpu *named(const struct kick_scene *now, int64_t cpu, struct error *err)
{
	const struct kick_cpu *c = cpu >= 0 && cpu < EVENT_MAX_CPUS ? kick_find(now, (int)cpu) : NULL;

	if (!c) {
		fail(err, ERR_USAGE, "there is no CPU %lld in this guest; it has %d", (long long)cpu, now->n);
		return NULL;
	}
	if (c->regs.in_smm) {
		fail(err, ERR_FINDING, "nothing to kick: CPU %d is in SMM itself", c->regs.cpu);
		return NULL;
	}
	return c;
}

int kick_choose(const struct kick_scene *before, const struct kick_scene *now, int64_t cpu,
		struct kick_plan *out, struct error *err)
{
	const struct kick_cpu *lost = NULL, *sender;

	if (cpu != KICK_ANY_CPU && !(lost = named(now, cpu, err)))
		return -(int)err->code;
	sender = choose_sender(before, now);
	if (!sender)
		return no_sender(before, now, err);
	if (!lost && !sender->polls)
		return fail(err, ERR_FINDING, "CPU %d is in SMM, but it is not seen to wait for memory;"
			    " name the CPU that has lost its SMI with --cpu", sender->regs.cpu);
	if (!lost && !(lost = choose_lost(before, now, err)))
		return -(int)err->code;
	*out = (struct kick_plan){ .sender = *sender, .lost = *lost };
	return 0;
}

int kick_still_due(const struct kick_plan *p, struct error *err)
{
	if (!waits_for_byte(&p->sender))
		return fail(err, ERR_FINDING, "not kicked: CPU %d is in SMM, but no longer waits there for a flag",
			    p->sender.regs.cpu);
	if (!penned(&p->lost))
		return fail(err, ERR_FINDING, "not kicked: CPU %d is no longer halted in real mode",
			    p->lost.regs.cpu);
	return 0;
}

const char *kick_where(char *out, size_t size, const struct kick_cpu *c)
{
	char wait[80] = "";
	const struct monitor_regs *m = &c->regs;

	if (c->polls)
		snprintf(wait, sizeof(wait), " and waits for %u byte%s at 0x%llx (0x%llx)", c->spin.size,
			 c->spin.size == 1 ? "" : "s", (unsigned long long)c->spin.addr,
			 (unsigned long long)c->polled);
	if (m->cr0 & CR0_PE)
		snprintf(out, size, "CPU %d is %sin SMM%s at 0x%llx%s", m->cpu, m->in_smm ? "" : "not ",
			 m->halted ? ", halted" : "", (unsigned long long)m->rip, wait);
	else
		snprintf(out, size, "CPU %d is %sin SMM%s at %04x:%04llx in real mode%s", m->cpu,
			 m->in_smm ? "" : "not ", m->halted ? ", halted" : "", m->cs,
			 (unsigned long long)m->rip, wait);
	return out;
}
