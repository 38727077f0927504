/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "export-walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export-args.h"
#include "narrow.h"

static const char *const group_name[EXPORT_GROUP_COUNT] = {
#define X(G, name) name,
	EXPORT_GROUPS(X)
#undef X
};

const char *export_track_name(char *out, size_t size, struct export_track t)
{
	if (t.group == EXPORT_CPU)
		snprintf(out, size, "CPU %d", t.number);
	else
		snprintf(out, size, "%s", group_name[t.group]);
	return out;
}

static void tell_track(struct walk *w, struct export_track t)
{
	bool *told = &w->told[export_track_id(t)];

	if (!*told)
		w->format->track(w->out, w->own, t);
	*told = true;
}

void walk_instant(struct walk *w, const struct export_mark *m)
{
	tell_track(w, m->track);
	w->format->instant(w->out, w->own, m);
}

void walk_slice(struct walk *w, struct export_mark *m, bool holds)
{
	if (m->to && m->to < m->from) /* only a damaged file has it */
		m->to = m->from;
	tell_track(w, m->track);
	w->format->slice(w->out, w->own, m, holds);
}

void walk_close(struct walk *w, const struct export_mark *m)
{
	w->format->close(w->out, w->own, m);
}

struct export_track walk_lane(struct walk *w, enum export_group group, int64_t from, int64_t to)
{
	int i = 0;

	while (i < EXPORT_LANES - 1 && w->busy[group][i] > from)
		i++;
	w->busy[group][i] = to ? to : INT64_MAX;
	return (struct export_track){ group, i };
}

int walk_written(struct walk *w)
{
	return ferror(w->out) ? fail_errno(w->err, ERR_OUTPUT, "the output cannot be written") : 0;
}

/* The SMIs that began with event @id or later, read ahead of the events. */
static int take_smi(void *arg, const struct reader_smi *smi)
{
	struct walk *w = arg;

	w->ahead[w->ahead_count++] = *smi;
	return 0;
}

/* The stay in SMM that event @id began: 1 = *smi, 0 = none did. */
static int find_smi(struct walk *w, int64_t id, struct reader_smi **smi)
{
	for (;;) {
		while (w->ahead_at < w->ahead_count && w->ahead[w->ahead_at].id < id)
			w->ahead_at++;
		if (w->ahead_at < w->ahead_count || w->ahead_next == INT64_MAX)
			break;
		w->ahead_at = w->ahead_count = 0;
		if (reader_smis_from(w->r, w->ahead_next > id ? w->ahead_next : id, SMIS_AHEAD, take_smi, w,
				     w->err) < 0)
			return -(int)ERR_CORRUPT;
		w->ahead_next = w->ahead_count == SMIS_AHEAD ? w->ahead[SMIS_AHEAD - 1].id + 1 : INT64_MAX;
	}
	*smi = &w->ahead[w->ahead_at];
	return w->ahead_at < w->ahead_count && (*smi)->id == id;
}

static void put_smi(struct walk *w, const struct reader_smi *smi)
{
	struct export_mark m = {
		.track = { EXPORT_CPU, smi->cpu }, .from = smi->enter_ns, .to = smi->leave_ns, .category = "smi",
	};
	char name[32] = "SMI";

	if (smi->apm_cmd != SMI_CMD_UNKNOWN)
		snprintf(name, sizeof(name), "SMI 0x%x", (unsigned)smi->apm_cmd);
	m.name = name;
	mark_number(&m, "event", (uint64_t)smi->id);
	if (smi->smbase != SMBASE_UNKNOWN)
		mark_address(&m, "smbase", smi->smbase);
	if (smi->cause != CAUSE_UNKNOWN)
		mark_text(&m, "cause", smi_cause_name[smi->cause]);
	if (smi->apm_cmd != SMI_CMD_UNKNOWN)
		mark_address(&m, "apm_cmd", (uint64_t)smi->apm_cmd);
	if (smi->apm_data != SMI_CMD_UNKNOWN)
		mark_address(&m, "apm_data", (uint64_t)smi->apm_data);
	if (smi->saved_rip != UINT64_MAX)
		mark_address(&m, "saved_rip", smi->saved_rip);
	w->leaves[smi->cpu] = smi->leave_ns;
	walk_slice(w, &m, false);
}

/* Is @cpu one that the IPI @ev goes to? The sender is not: an arrow to itself would say nothing. */
static bool is_target(const struct event *ev, const struct reader_cpu *cpu)
{
	if (cpu->cpu == ev->cpu || !event_has(ev, IPI_DEST))
		return false;
	if (ev->arg[IPI_DEST] == IPI_ONE)
		return event_has(ev, IPI_TARGET) && cpu->apic_id >= 0 &&
		       (uint64_t)cpu->apic_id == ev->arg[IPI_TARGET];
	return ev->arg[IPI_DEST] != IPI_SELF;
}

/* Of CPUs that had one APIC ID after each other, the one that there was then. */
static bool existed(const struct reader_cpu *cpu, int64_t ts)
{
	return cpu->added_ns <= ts && (!cpu->removed_ns || cpu->removed_ns >= ts);
}

static uint64_t flow_id(int64_t event, int cpu)
{
	return (uint64_t)event * EVENT_MAX_CPUS + (uint64_t)cpu;
}

/* The other end of an arrow: when it arrived nobody saw, so it is drawn at the time of sending. */
static void put_target(struct walk *w, int64_t id, const struct event *ev, const struct export_mark *sent,
		       int cpu)
{
	struct export_mark m = {
		.track = { EXPORT_CPU, cpu }, .from = ev->ts, .category = "ipi-target",
		.flow_to = flow_id(id, cpu),
	};
	int word = (int)strcspn(sent->name, " "); /* INIT, SIPI, SMI */
	char name[100];

	if (ev->cpu >= 0)
		snprintf(name, sizeof(name), "%.*s from CPU %d", word, sent->name, ev->cpu);
	else
		snprintf(name, sizeof(name), "%.*s", word, sent->name);
	m.name = name;
	mark_number(&m, "event", (uint64_t)id);
	walk_instant(w, &m);
}

static void put_ipi(struct walk *w, int64_t id, const struct event *ev, struct export_mark *m)
{
	uint64_t flow[EVENT_MAX_CPUS];

	m->flow = flow;
	for (unsigned i = 0; i < w->cpus; i++)
		if (is_target(ev, &w->cpu[i]) && existed(&w->cpu[i], ev->ts))
			flow[m->flows++] = flow_id(id, w->cpu[i].cpu);
	walk_instant(w, m);
	for (unsigned i = 0; i < m->flows; i++)
		put_target(w, id, ev, m, (int)(flow[i] % EVENT_MAX_CPUS));
}

/* Lost, blind, paused: from the event's time to its first argument; an instant when that is not known. */
static void put_interval(struct walk *w, struct export_mark *m, const struct event *ev)
{
	enum export_group group = ev->kind == EV_LOST ? EXPORT_LOST : ev->kind == EV_BLIND ? EXPORT_BLIND :
				  EXPORT_PAUSED;
	bool whole = event_has(ev, PAUSE_UNTIL) && ev->arg[PAUSE_UNTIL] >= (uint64_t)ev->ts &&
		     ev->arg[PAUSE_UNTIL] <= INT64_MAX;

	if (ev->cpu >= 0)
		mark_number(m, "cpu", (uint64_t)ev->cpu);
	if (!whole) {
		m->track = (struct export_track){ group, 0 };
		walk_instant(w, m);
		return;
	}
	m->to = (int64_t)ev->arg[PAUSE_UNTIL];
	m->track = walk_lane(w, group, m->from, m->to);
	walk_slice(w, m, false);
}

static int put_mark(struct walk *w, int64_t id, const struct event *ev)
{
	struct event_words words;
	struct export_mark m = mark_event(id, ev, &words);
	struct reader_smi *smi;
	int rc = ev->kind == EV_SMI_ENTER ? find_smi(w, id, &smi) : 0;

	if (rc > 0)
		put_smi(w, smi);
	else if (ev->kind == EV_LOST || ev->kind == EV_BLIND || ev->kind == EV_PAUSE)
		put_interval(w, &m, ev);
	else if (ev->kind == EV_IPI)
		put_ipi(w, id, ev, &m);
	else if (ev->kind != EV_SMI_LEAVE || ev->cpu < 0 || w->leaves[ev->cpu] != ev->ts)
		walk_instant(w, &m); /* an RSM whose entry was not seen is one, too */
	return rc < 0 ? rc : 0;
}

static int take_event(void *arg, int64_t id, const struct event *ev)
{
	struct walk *w = arg;
	int rc = 0;

	if (w->filter && !filter_takes(w->filter, ev))
		return 0;
	w->count.events++;
	if (w->format->event)
		w->format->event(w->out, w->own, id, ev);
	else
		rc = put_mark(w, id, ev);
	return rc < 0 ? rc : walk_written(w);
}

static int take_cpu(void *arg, const struct reader_cpu *cpu)
{
	struct walk *w = arg;

	w->cpu[w->cpus++] = *cpu;
	return w->cpus == EVENT_MAX_CPUS;
}

static int walk_timeline(struct walk *w)
{
	if (reader_cpus(w->r, take_cpu, w, w->err) < 0)
		return -(int)ERR_CORRUPT;
	for (unsigned i = 0; i < w->cpus; i++)
		tell_track(w, (struct export_track){ EXPORT_CPU, w->cpu[i].cpu });
	return 0;
}

static int walk_all(struct walk *w)
{
	struct reader_filter want = READER_ALL;
	bool timeline = !w->format->event, some = !w->filter || reader_narrow(&want, w->filter);
	int rc = timeline ? walk_timeline(w) : 0;

	if (rc >= 0 && some)
		rc = reader_events(w->r, &want, take_event, w, w->err);
	if (rc >= 0 && timeline)
		rc = walk_findings(w);
	return rc < 0 ? rc : 0;
}

static char *copy_meta(struct reader *r, const char *key)
{
	const char *value = reader_meta(r, key);

	return value ? strdup(value) : NULL;
}

static int begin(struct walk *w)
{
	char *title = copy_meta(w->r, "target"), *version = copy_meta(w->r, "smmtrace_version");
	const char *offset = reader_meta(w->r, "clock_offset_ns");
	struct export_about about = {
		.title = title, .version = version, .first_ns = reader_summary(w->r)->first_ns,
	};
	int64_t wall = offset ? strtoll(offset, NULL, 10) : 0;
	bool begun;

	if (offset && !__builtin_add_overflow(wall, about.first_ns, &wall))
		about.wall_ns = wall;
	begun = w->format->begin(w->out, &about, &w->own);
	free(title);
	free(version);
	return begun ? 0 : fail(w->err, ERR_OUTPUT, "no memory");
}

/* Events that a filter hides are no unknown ones. */
static int64_t unknown(const struct walk *w)
{
	int64_t stored = reader_summary(w->r)->events;

	return !w->filter && stored > w->count.events ? stored - w->count.events : 0;
}

int export_recording(struct reader *r, const struct export_format *format, struct filter *filter, FILE *out,
		     struct export_count *count, struct error *err)
{
	struct walk *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return fail(err, ERR_OUTPUT, "no memory");
	w->r = r;
	w->filter = filter;
	w->from = INT64_MIN;
	w->to = INT64_MAX;
	if (filter) {
		filter->begin_ns = reader_summary(r)->first_ns;
		filter_times(filter, &w->from, &w->to);
	}
	w->format = format;
	w->out = out;
	w->err = err;
	rc = begin(w);
	if (!rc) {
		rc = walk_all(w);
		if (!format->end(out, w->own) && !rc)
			rc = fail(err, ERR_OUTPUT, "no memory");
	}
	w->count.unknown = unknown(w);
	*count = w->count;
	free(w);
	if (!rc && (fflush(out) || ferror(out)))
		rc = fail_errno(err, ERR_OUTPUT, "the output cannot be written");
	return rc;
}
