/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "density.h"

#include <string.h>

#include "reader-rows.h"

#define FEW_LOSSES 1000

struct counting {
	int64_t from, to, now;
	int n, cpus, bucket;
	struct density *out;
};

static int64_t edge(const struct counting *c, int i)
{
	return c->from + (int64_t)((__int128)(c->to - c->from) * i / c->n);
}

/* The bucket that @ts lies in; it is inside. */
static int bucket_of(const struct counting *c, int64_t ts)
{
	int i = (int)((__int128)(ts - c->from) * c->n / (c->to - c->from));

	while (i + 1 < c->n && edge(c, i + 1) <= ts)
		i++;
	return i;
}

/* What @cpu had done by @ts: sums of all its stays before. */
struct sums {
	int64_t base_ns;       /* the stays from here on are still to be added */
	int64_t until, now;
	int64_t smis, smm_ns;
};

static int sum_row(sqlite3_stmt *q, void *arg)
{
	struct sums *s = arg;

	get_int(q, 0, 0, &s->base_ns);
	get_int(q, 1, 0, &s->smis);
	get_int(q, 2, 0, &s->smm_ns);
	return 1;
}

static int stay_row(sqlite3_stmt *q, void *arg)
{
	struct sums *s = arg;
	int64_t enter, leave;

	get_int(q, 0, 0, &enter);
	get_int(q, 1, s->now, &leave);
	leave = leave < s->until ? leave : s->until;
	s->smis++;
	if (is_sane(enter) && is_sane(leave) && leave > enter)
		s->smm_ns += leave - enter;
	return 0;
}

/* By the sums alone: at most CHART_SMIS too few. */
static int nearest_sums(struct reader *r, int cpu, int64_t ts, struct sums *s, struct error *err)
{
	int rc;

	s->base_ns = INT64_MIN;
	s->smis = s->smm_ns = 0;
	s->until = ts < r->chart.until_ns ? ts : r->chart.until_ns;
	rc = each_chart_row(r, "SELECT enter_ns, smis, smm_ns FROM smi_sum WHERE cpu = ?1 AND enter_ns <= ?2"
			    " ORDER BY enter_ns DESC LIMIT 1", 2, (const int64_t[]){ cpu, s->until }, sum_row, s, err);
	return rc < 0 ? rc : 0;
}

/* Of many more than lie between two sums nobody sees whether those few are counted. */
static bool is_crowd(const struct sums *from, const struct sums *to)
{
	int64_t smis;

	return !__builtin_sub_overflow(to->smis, from->smis, &smis) && smis >= DENSITY_CROWD;
}

static int sums_at(struct reader *r, int cpu, int64_t ts, const struct sums *before, struct sums *s,
		   struct error *err)
{
	if (nearest_sums(r, cpu, ts, s, err) < 0)
		return -(int)ERR_CORRUPT;
	if (before && is_crowd(before, s))
		return 0;
	return each_row(r, "SELECT enter_ns, leave_ns FROM smi WHERE cpu = ?1 AND enter_ns >= ?2"
			" AND enter_ns < ?3 ORDER BY enter_ns", 3,
			(const int64_t[]){ cpu, s->base_ns, s->until }, stay_row, s, err);
}

int reader_smis_before(struct reader *r, int cpu, int64_t ts, int64_t *least, struct error *err)
{
	struct sums s;
	int rc = nearest_sums(r, cpu, ts, &s, err);

	*least = rc < 0 || !is_sane(s.smis) ? 0 : s.smis;
	return rc;
}

/* From one edge to the next a CPU did what its sums differ by. A hostile file's may do so by anything. */
static void add_difference(struct density *out, const struct sums *from, const struct sums *to)
{
	uint64_t smis = (uint64_t)to->smis - (uint64_t)from->smis;
	uint64_t smm_ns = (uint64_t)to->smm_ns - (uint64_t)from->smm_ns;

	if (is_sane((int64_t)smis) && is_sane(out->smis + (int64_t)smis))
		out->smis += (int64_t)smis;
	if (is_sane((int64_t)smm_ns) && is_sane(out->smm_ns + (int64_t)smm_ns))
		out->smm_ns += (int64_t)smm_ns;
}

static int count_smis(struct reader *r, const struct counting *c, int cpu, struct error *err)
{
	struct sums before = { .now = c->now }, behind = before;
	int rc = sums_at(r, cpu, c->from, NULL, &before, err);

	for (int i = 0; i < c->n && rc >= 0; i++) {
		rc = sums_at(r, cpu, edge(c, i + 1), &before, &behind, err);
		add_difference(&c->out[density_row(cpu) * c->n + i], &before, &behind);
		add_difference(&c->out[DENSITY_ALL * c->n + i], &before, &behind);
		before = behind;
	}
	return rc;
}

static int violation_row(sqlite3_stmt *q, void *arg)
{
	struct counting *c = arg;
	int64_t ts = sqlite3_column_int64(q, 0), cpu;
	int i = bucket_of(c, ts);

	get_int(q, 1, CPU_UNKNOWN, &cpu);
	c->out[DENSITY_ALL * c->n + i].violations++;
	if (cpu >= 0 && cpu < c->cpus)
		c->out[density_row((int)cpu) * c->n + i].violations++;
	return 0;
}

static int count_violations(struct reader *r, struct counting *c, struct error *err)
{
	return each_row(r, "SELECT ts_ns, cpu FROM violation WHERE ts_ns >= ?1 AND ts_ns < ?2", 2,
			(const int64_t[]){ c->from, c->to }, violation_row, c, err);
}

static bool count_loss(struct counting *c, int64_t cpu)
{
	struct density *all = &c->out[DENSITY_ALL * c->n + c->bucket];

	if (all->losses == DENSITY_LOSSES)
		return false;
	if (cpu >= 0 && cpu < c->cpus)
		c->out[density_row((int)cpu) * c->n + c->bucket].losses++;
	return ++all->losses < DENSITY_LOSSES;
}

static int loss_row(sqlite3_stmt *q, void *arg)
{
	int64_t cpu;

	get_int(q, 0, CPU_UNKNOWN, &cpu);
	return !count_loss(arg, cpu);
}

static int take_loss(void *arg, int64_t id, const struct event *ev)
{
	struct counting *c = arg;

	(void)id;
	c->bucket = bucket_of(c, ev->ts);
	count_loss(c, ev->cpu);
	return 0;
}

static int sample_losses(struct reader *r, struct counting *c, struct error *err)
{
	int64_t from, to;
	int rc = reader_id_at(r, c->from, &from, err);

	for (c->bucket = 0; c->bucket < c->n && rc >= 0; c->bucket++) {
		rc = reader_id_at(r, edge(c, c->bucket + 1), &to, err);
		if (rc >= 0)
			rc = each_row(r, "SELECT cpu FROM event WHERE kind = ?1 AND id >= ?2 AND id < ?3", 3,
				      (const int64_t[]){ EV_LOST, from, to }, loss_row, c, err);
		from = to;
	}
	return rc;
}

/* One after the other where they are few; otherwise some of each bucket. */
static int count_losses(struct reader *r, struct counting *c, struct error *err)
{
	struct reader_filter want = { .kinds = 1u << EV_LOST, .cpu = READER_ANY_CPU, .from = c->from, .to = c->to - 1 };
	int many = reader_many_events(r, want.kinds, want.from, want.to, FEW_LOSSES, err);

	return many < 0 ? many : many ? sample_losses(r, c, err) : reader_events(r, &want, take_loss, c, err);
}

int reader_density(struct reader *r, int64_t from, int64_t to, int n, int64_t now, struct density *out,
		   struct error *err)
{
	struct counting c = { .from = from, .to = to, .now = now, .n = n, .cpus = (int)r->summary.cpus,
			      .out = out };
	int rc = 0;

	memset(out, 0, sizeof(*out) * (size_t)(c.cpus + 1) * (size_t)n);
	if (to <= from || to - from < n)
		return 1;
	for (int i = 0; i < c.cpus && rc >= 0; i++)
		rc = count_smis(r, &c, i, err);
	if (rc >= 0 && r->summary.violations)
		rc = count_violations(r, &c, err);
	if (rc >= 0 && r->summary.lost)
		rc = count_losses(r, &c, err);
	return rc < 0 ? rc : r->chart.ready;
}
