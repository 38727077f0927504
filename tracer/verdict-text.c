/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verdict-text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct prose prose_into(char *out, size_t size)
{
	if (size)
		out[0] = '\0';
	return (struct prose){ out, size, 0 };
}

void say(struct prose *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (p->used >= p->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(p->out + p->used, p->size - p->used, fmt, ap);
	va_end(ap);
	p->used += n > 0 ? (size_t)n : 0;
}

void say_about(struct prose *p, const char *text, int cpu)
{
	for (const char *at; (at = strstr(text, "%d")) != NULL; text = at + 2)
		say(p, "%.*s%d", (int)(at - text), text, cpu);
	say(p, "%s", text);
}

void say_span(struct prose *p, int64_t ns)
{
	say(p, "%" PRId64 ".%03" PRId64 " s", ns / 1000000000, ns % 1000000000 / 1000000);
}

void say_time(struct prose *p, const struct verdict_input *in, int64_t ns)
{
	say_span(p, ns > in->first_ns ? ns - in->first_ns : 0);
}

void say_cpus(struct prose *p, const struct cpuset *s)
{
	const char *before = cpuset_count(s) == 1 ? "CPU " : "CPUs ";

	for (int i = cpuset_next(s, 0); i >= 0; i = cpuset_next(s, i + 1)) {
		say(p, "%s%d", before, i);
		before = ", ";
	}
}

void say_violation(struct prose *p, const struct verdict_input *in, const struct violation *v)
{
	say(p, "%s (", invariant_list[v->invariant]->name);
	say_time(p, in, v->ts);
	say(p, "): %s", v->message);
}

/* ---- where a CPU is ---- */

static void say_address(struct prose *p, const struct event *seen)
{
	if (!event_has(seen, CPU_SEEN_RIP))
		return;
	if (event_get(seen, CPU_SEEN_CR0, 1) & 1 && event_get(seen, CPU_SEEN_RIP, 0) > 0xffff)
		say(p, " at 0x%" PRIx64, seen->arg[CPU_SEEN_RIP]);
	else if (event_has(seen, CPU_SEEN_CS))
		say(p, " at %04" PRIx64 ":%04" PRIx64, seen->arg[CPU_SEEN_CS], seen->arg[CPU_SEEN_RIP]);
	else
		say(p, " at 0x%" PRIx64, seen->arg[CPU_SEEN_RIP]);
}

static int64_t since(const struct verdict_input *in, enum verdict_place place, int cpu)
{
	const struct cpu *c = &in->model->cpu[cpu];

	if (place == PLACE_PEN && moment_is(in->scene->cpu[cpu].pen))
		return in->scene->cpu[cpu].pen.ns;
	return cpu_in_smm(c) ? c->smi.enter_ns : c->since_ns;
}

void say_place(struct prose *p, const struct verdict_input *in, int cpu)
{
	enum verdict_place place = verdict_place(in->model, in->scene, cpu);
	const struct event *seen = &in->scene->cpu[cpu].seen_event;
	bool fresh = verdict_look_is_fresh(in->scene, cpu);

	say(p, "%s", verdict_place_info[place].text);
	if (fresh && event_has(seen, CPU_SEEN_POLLS)) {
		say(p, " (0x%" PRIx64, seen->arg[CPU_SEEN_POLLS]);
		if (event_has(seen, CPU_SEEN_POLLED))
			say(p, " = 0x%" PRIx64, seen->arg[CPU_SEEN_POLLED]);
		say(p, ")");
	}
	if (fresh)
		say_address(p, seen);
	if (place == PLACE_UNKNOWN)
		return;
	say(p, ", since ");
	say_time(p, in, since(in, place, cpu));
	if (!fresh && place != PLACE_GONE)
		say(p, " (by its events; not looked at since)");
}

bool say_waits(struct prose *p, const struct verdict_input *in, int cpu)
{
	enum verdict_place place = verdict_place(in->model, in->scene, cpu);
	const struct scene_cpu *c = &in->scene->cpu[cpu];
	int other = verdict_expected_cpu(in), monarch = in->scene->round.monarch;

	if (!*verdict_place_info[place].waits_for)
		return false;
	if (place == PLACE_ABOUT_POLL && other != CPU_UNKNOWN)
		say(p, "CPU %d to write there that it is about to leave SMM", other);
	else if (place == PLACE_PEN_POLL && other != CPU_UNKNOWN)
		say(p, "CPU %d to write there that it is in the pen", other);
	else if ((place == PLACE_AP_WAIT || place == PLACE_GATE_LOOP) && monarch != CPU_UNKNOWN)
		say(p, "%s, which CPU %d, the monarch, should do", verdict_place_info[place].waits_for, monarch);
	else
		say(p, "%s", verdict_place_info[place].waits_for);
	if (place == PLACE_PEN || place == PLACE_WAIT_SIPI)
		say(p, "; %s SMI is pending for it", c->smi_pending ? "an" : "no");
	return true;
}
