/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What follows from the events must fit them, whatever the events are and wherever
 * commits fall: random histories, also impossible ones, against rules told in SQL.
 * A failure names its seed.
 */
#include "recording-fixture.h"

#define SEEDS 60
#define EVENTS 300

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

static const uint8_t usual[] = {
	EV_SMI_ENTER, EV_SMI_ENTER, EV_SMI_ENTER, EV_SMI_LEAVE, EV_SMI_LEAVE, EV_SMI_LEAVE, EV_SMBASE_WRITE,
	EV_SMBASE_WRITE, EV_PORT, EV_IPI, EV_CPU_RESET, EV_PAUSE,
};

/* Small values, so that APIC IDs, CPUs, ports and words meet; now and then a monster, or nothing. */
static uint64_t value(enum event_format format)
{
	if (dice(20) == 0)
		return UINT64_MAX - dice(3);
	return format == FMT_HEX ? 0xb2u + dice(2) : dice(8);
}

static struct event roll(int64_t ts)
{
	uint32_t number = dice(4) ? usual[dice(sizeof(usual))] : dice(EVENT_KIND_COUNT);
	enum event_kind kind = (enum event_kind)number;
	struct event ev = event_new(kind, (enum event_source)dice(EVENT_SOURCE_COUNT), (int)dice(4) - 1, ts);

	ev.origin = (uint8_t)dice(2);
	for (unsigned i = 0; i < event_info[kind].fields; i++)
		if (dice(10))
			event_set(&ev, i, value(event_info[kind].field[i].format));
	return ev;
}

#define UNLESS_FOUND_IN_SMM \
	" AND NOT EXISTS (SELECT 1 FROM event_v e WHERE e.cpu = b.cpu AND e.id < b.id AND kind = 'cpu-seen')"

/* Each counts what must not be: 0 in every recording. */
static const char *const rules[] = {
	/* an SMI is its smi-enter event */
	"SELECT count(*) FROM smi LEFT JOIN event e USING (id) WHERE e.kind IS NOT"
	" (SELECT kind FROM event_kind WHERE name = 'smi-enter') OR e.cpu IS NOT smi.cpu"
	" OR e.ts_ns IS NOT enter_ns OR nullif(e.a0, -1) IS NOT smbase OR e.a1 IS NOT saved_rip AND NOT EXISTS"
	" (SELECT 1 FROM event s WHERE s.kind = (SELECT kind FROM event_kind WHERE name = 'smi-saved') AND s.cpu = smi.cpu AND"
	" s.a1 = saved_rip AND s.id > smi.id AND s.ts_ns >= enter_ns)",
	/* every entry of a known CPU is one */
	"SELECT count(*) FROM event_v WHERE kind = 'smi-enter' AND cpu IS NOT NULL"
	" AND id NOT IN (SELECT id FROM smi)",
	/* it ends behind its begin, by an event of the same CPU, and both or neither are known */
	"SELECT count(*) FROM smi LEFT JOIN event e ON e.id = leave_id WHERE leave_id IS NOT NULL AND"
	" (leave_id <= smi.id OR e.cpu IS NOT smi.cpu OR e.ts_ns IS NOT leave_ns)",
	"SELECT count(*) FROM smi WHERE (leave_id IS NULL) != (leave_ns IS NULL)",
	/* a CPU is in one SMI at a time */
	"SELECT count(*) FROM smi a JOIN smi b ON a.cpu = b.cpu AND a.id < b.id"
	" AND (a.leave_id IS NULL OR a.leave_id > b.id)",
	/* no end is forgotten */
	"SELECT count(*) FROM smi s JOIN event_v e ON e.cpu = s.cpu AND e.id > s.id"
	" AND e.kind IN ('smi-leave', 'smi-enter') WHERE s.leave_id IS NULL OR s.leave_id > e.id",
	/* a relocation is a write within an SMI (or in one that the CPU was found in), or one concluded when it was over */
	"SELECT count(*) FROM smbase b LEFT JOIN event_v e USING (id) WHERE e.kind IS NOT 'smbase-write'"
	" OR e.cpu IS NOT b.cpu",
	"SELECT count(*) FROM smbase b WHERE new IS NULL",
	"SELECT count(*) FROM smbase b WHERE NOT EXISTS (SELECT 1 FROM smi s WHERE s.cpu = b.cpu"
	" AND s.id < b.id AND (leave_id IS NULL OR leave_id > b.id OR leave_id IS b.effective_id))" UNLESS_FOUND_IN_SMM,
	/* it takes effect at the RSM of that SMI, and only the last one does */
	"SELECT count(*) FROM smbase b WHERE effective_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM smi s"
	" WHERE s.cpu = b.cpu AND s.id < b.id AND s.leave_id = b.effective_id AND s.ended_by IS NOT 3"
	" AND s.leave_ns = b.effective_ns)" UNLESS_FOUND_IN_SMM,
	"SELECT count(*) - count(DISTINCT effective_id) FROM smbase WHERE effective_id IS NOT NULL",
	/* the views give a row for each, and name what they point to */
	"SELECT abs((SELECT count(*) FROM event_v WHERE kind = 'port') - (SELECT count(*) FROM port_v))",
	"SELECT count(*) FROM port_v p JOIN smi s ON s.id = p.smi_id WHERE p.cpu IS NOT s.cpu",
	"SELECT count(*) FROM port_v p JOIN smi s ON s.id = p.smi_id WHERE p.id > s.leave_id",
	"SELECT count(*) FROM smi s LEFT JOIN port_v p ON p.id = s.apm_id WHERE s.apm_id IS NOT NULL AND"
	" (p.port IS NOT 0xb2 OR p.dir IS NOT 'write' OR p.id > s.id"
	" OR (s.apm_cmd & 255) != (p.value & 255))",
	"SELECT count(*) FROM smi WHERE (apm_id IS NOT NULL) != (cause = 1 AND NOT cause_inferred)"
	" AND cause IS NOT NULL",
	/* totals are what can be counted */
	"SELECT (SELECT value FROM total WHERE name = 'events') != (SELECT count(*) FROM event)",
	"SELECT (SELECT value FROM total WHERE name = 'smis') !="
	" (SELECT count(*) FROM event_v WHERE kind = 'smi-enter')",
	"SELECT (SELECT value FROM total WHERE name = 'stops') != (SELECT count(*) FROM pause_v)",
	"SELECT (SELECT value FROM total WHERE name = 'first_ns') != (SELECT min(ts_ns) FROM event)",
	"SELECT (SELECT value FROM total WHERE name = 'last_ns') != (SELECT max(ts_ns) FROM event)",
};

static int count_difference(void *arg, const struct reader_cpu *c)
{
	const struct fixture *f = arg;
	const struct cpu *m = &f->model.cpu[c->cpu];

	return c->state != m->state || c->smbase != m->smbase || c->apic_id != m->apic_id ||
	       c->since_ns != m->since_ns || c->added_ns != m->added_ns || c->removed_ns != m->removed_ns;
}

static void one_history(struct fixture *f, uint32_t number)
{
	int64_t ts = 1000;

	seed = number * 7919;
	begin_recording(f);
	f->n = 0;
	for (int i = 0; i < EVENTS; i++) {
		struct event ev = roll(ts - (dice(15) ? 0 : (int64_t)dice(20)));

		record(f, &ev);
		ts += dice(4);
		if (dice(8) == 0)
			flush(f);
	}
	finish(f);
	look(f);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(text_of(f, rules[i]), "0"))
			fail_msg("seed %u: %s rows: %s", number, f->text, rules[i]);
	if (reader_cpus(f->reader, count_difference, f, NULL))
		fail_msg("seed %u: a CPU is not as the model has it", number);
	reader_close(f->reader);
	f->reader = NULL;
	unlink(f->path);
}

static void what_follows_fits_the_events(void **state)
{
	struct fixture *f = *state;

	finish(f);
	unlink(f->path);
	for (uint32_t i = 1; i <= SEEDS; i++)
		one_history(f, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_follows_fits_the_events, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
