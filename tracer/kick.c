/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attach, look twice, choose, send, see what came of it, detach. */
#include "kick-internal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "clock.h"

#define SETTLE_MS 300  /* between the two looks: a CPU that is stuck is in both */
#define EFFECT_MS 5000 /* how long the effect may take */
#define POLL_MS 100    /* between looks for it; each stops the guest for a moment */

struct kick {
	const struct kick_args *args;
	struct guard *guard;
	struct rsp *rsp;
	bool give_back;    /* the guest ran: let it run */
	int signal;
	sigset_t signals;
	struct kick_scene before, now;
	struct kick_plan plan;
};

void kick_say(const struct kick_args *args, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	args->say(args->arg, text);
}

static void block_signals(struct kick *k)
{
	sigemptyset(&k->signals);
	sigaddset(&k->signals, SIGINT);
	sigaddset(&k->signals, SIGTERM);
	sigaddset(&k->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &k->signals, NULL);
}

/* A signal is taken here and nowhere else: never with the guest changed. 0, or negative. */
static int wait_ms(struct kick *k, int ms, struct error *err)
{
	struct timespec time = { .tv_nsec = ms * 1000000L };
	int got = sigtimedwait(&k->signals, NULL, &time);

	if (got <= 0)
		return 0;
	k->signal = got;
	return fail(err, ERR_FINDING, "ended by a signal");
}

/* Let the guest run for @ms, then look at it. */
static int look_later(struct kick *k, int ms, struct error *err)
{
	struct rsp_stop stop;
	int rc = rsp_continue(k->rsp, err);

	if (!rc)
		rc = wait_ms(k, ms, err);
	if (!rc)
		rc = rsp_interrupt(k->rsp, &stop, err);
	if (!rc && stop.kind == RSP_STOP_EXITED)
		rc = fail(err, ERR_TARGET, "the target has exited");
	return rc ? rc : kick_look(k->rsp, &k->now, err);
}

static bool took_effect(const struct kick_plan *p, const struct kick_cpu *sender, const struct kick_cpu *lost)
{
	if (!sender || !lost || !kick_still_waits(&p->sender, sender))
		return true;
	return !p->sender.polls && !kick_same_place(&p->lost, lost);
}

static int no_effect(const struct kick_plan *p, const struct kick_cpu *lost, struct error *err)
{
	char where[200];

	kick_where(where, sizeof(where), lost);
	if (kick_same_place(&p->lost, lost))
		return fail(err, ERR_FINDING, "no effect within %d s: CPU %d still waits; %s, as before",
			    EFFECT_MS / 1000, p->sender.regs.cpu, where);
	return fail(err, ERR_FINDING, "not the effect wanted within %d s: CPU %d still waits; %s now",
		    EFFECT_MS / 1000, p->sender.regs.cpu, where);
}

static void say_where(struct kick *k, int cpu)
{
	const struct kick_cpu *c = kick_find(&k->now, cpu);
	char where[200];

	if (c)
		kick_say(k->args, "%s", kick_where(where, sizeof(where), c));
}

static int await_effect(struct kick *k, const struct kick_plan *p, struct error *err)
{
	int64_t begin = clock_now(), end = begin + EFFECT_MS * INT64_C(1000000);
	const struct kick_cpu *sender, *lost;

	do {
		int rc = look_later(k, POLL_MS, err);

		if (rc)
			return rc;
		sender = kick_find(&k->now, p->sender.regs.cpu);
		lost = kick_find(&k->now, p->lost.regs.cpu);
		if (took_effect(p, sender, lost)) {
			kick_say(k->args, "it took effect: CPU %d no longer waits; after %.1f s:",
				 p->sender.regs.cpu, (double)(clock_now() - begin) / 1e9);
			say_where(k, p->sender.regs.cpu);
			say_where(k, p->lost.regs.cpu);
			return 0;
		}
	} while (clock_now() < end);
	return no_effect(p, lost, err);
}

static int choose(struct kick *k, struct error *err)
{
	int rc = kick_look(k->rsp, &k->before, err);

	if (!rc)
		rc = look_later(k, SETTLE_MS, err);
	if (!rc)
		rc = kick_choose(&k->before, &k->now, k->args->cpu, &k->plan, err);
	return rc ? rc : kick_find_apic(k->rsp, &k->plan, err);
}

static int kick(struct kick *k, struct error *err)
{
	struct kick_plan *p = &k->plan;
	int rc = choose(k, err);

	if (rc)
		return rc;
	say_where(k, p->sender.regs.cpu);
	say_where(k, p->lost.regs.cpu);
	if (k->args->dry_run) {
		kick_say(k->args, "would make CPU %d send an SMI to CPU %d, APIC ID %u; nothing was written",
			 p->sender.regs.cpu, p->lost.regs.cpu, p->apic_id);
		return 0;
	}
	rc = kick_poke(k->rsp, k->guard, p, k->args, err);
	return rc ? rc : await_effect(k, p, err);
}

static int attach(struct kick *k, struct error *err)
{
	bool was_running;
	int rc;

	k->guard = guard_start(k->args->target, err);
	if (!k->guard)
		return -ERR_OUTPUT;
	k->rsp = rsp_open(k->args->target, k->args->timeout_ms, &was_running, err);
	if (!k->rsp)
		return -(int)err->code;
	k->give_back = was_running;
	guard_arm(k->guard, !was_running, NULL, 0);
	rc = kick_check_machine(k->rsp, was_running, err);
	if (rc)
		return rc;
	k->give_back = true;
	guard_arm(k->guard, false, NULL, 0);
	return 0;
}

/* Detach; not with the sender changed, whom only a standing guest saves. True when it is as it was found. */
static bool give_back(struct kick *k, struct error *err)
{
	char text[64];
	bool fine = !k->plan.changed;

	if (fine && k->give_back && !rsp_running(k->rsp))
		rsp_monitor_text(k->rsp, "cpu 0", text, sizeof(text), NULL);
	if (fine && k->give_back)
		fine = rsp_detach(k->rsp, err) == 0;
	rsp_close(k->rsp);
	return fine;
}

int kick_standing(struct rsp *r, struct guard *guard, const struct kick_args *args, bool *changed,
		  struct error *err)
{
	static struct kick_scene now;
	struct kick_plan plan = { .changed = false };
	int rc = kick_look(r, &now, err);

	if (!rc)
		rc = kick_choose(&now, &now, args->cpu, &plan, err);
	if (!rc)
		rc = kick_still_due(&plan, err);
	if (!rc)
		rc = kick_find_apic(r, &plan, err);
	if (!rc)
		rc = kick_poke(r, guard, &plan, args, err);
	*changed = plan.changed;
	return rc;
}

int kick_run(const struct kick_args *args, int *signal, struct error *err)
{
	static struct kick k;
	struct error why = { 0 };
	bool fine = true;
	int rc;

	k = (struct kick){ .args = args };
	block_signals(&k);
	rc = attach(&k, err);
	if (!rc)
		rc = kick(&k, err);
	if (k.rsp)
		fine = give_back(&k, &why);
	if (fine && k.guard)
		guard_disarm(k.guard);
	guard_end(k.guard); /* while armed, it first does what we could not */
	*signal = k.signal ? k.signal : sigtimedwait(&k.signals, NULL, &(struct timespec){ 0 });
	if (*signal < 0)
		*signal = 0;
	if (!rc && !fine) {
		rc = -ERR_TARGET;
		*err = why;
	}
	return rc;
}
