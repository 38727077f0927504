/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report-figures.h"

#include <stdlib.h>
#include <string.h>

#include "scale.h"

/* When there is no room the shortest makes place. */
static void keep_storm(struct figures *f)
{
	int least = 0;

	if (f->now.smis < STORM_SMIS)
		return;
	if (f->storms++ < STORMS_KEPT) {
		f->storm[f->storms - 1] = f->now;
		return;
	}
	for (int i = 1; i < STORMS_KEPT; i++)
		if (f->storm[i].smis < f->storm[least].smis)
			least = i;
	if (f->storm[least].smis >= f->now.smis)
		return;
	memmove(&f->storm[least], &f->storm[least + 1], (size_t)(STORMS_KEPT - 1 - least) * sizeof(f->now));
	f->storm[STORMS_KEPT - 1] = f->now;
}

static void follow_storm(struct figures *f, const struct reader_smi *smi)
{
	struct storm *now = &f->now;

	if (!now->smis || now->cpu != smi->cpu || ns_between(now->last_ns, smi->enter_ns) > STORM_GAP_NS) {
		keep_storm(f);
		*now = (struct storm){ .cpu = smi->cpu, .first_ns = smi->enter_ns };
	}
	now->last_ns = smi->enter_ns;
	now->smis++;
	if (smi->leave_ns)
		now->in_smm_ns = ns_sum(now->in_smm_ns, ns_between(smi->enter_ns, smi->leave_ns));
}

bool figures_smi(struct figures *f, const struct reader_smi *smi)
{
	int64_t ns = ns_between(smi->enter_ns, smi->leave_ns);

	follow_storm(f, smi);
	return !smi->leave_ns || (samples_add(&f->length[smi->cause], ns) && samples_add(&f->lengths, ns));
}

static int take_arrival(void *arg, int columns, const char *const *value, const char *const *name)
{
	struct figures *f = arg;
	long cpu = value[0] ? strtol(value[0], NULL, 10) : -1;
	long long ns = value[1] ? strtoll(value[1], NULL, 10) : -1;

	(void)columns, (void)name;
	if (cpu < 0 || cpu >= EVENT_MAX_CPUS || ns < 0)
		return 0;
	return samples_add(&f->arrival[cpu], ns) && samples_add(&f->arrivals, ns) ? 0 : -(int)ERR_OUTPUT;
}

/* Of every CPU that an SMI by 0xb2 reached, the writer too. By the tables: a file's views are anybody's. */
static int read_arrivals(struct figures *f, struct reader *r, struct error *err)
{
	static const char sql[] = "SELECT s.cpu, s.enter_ns - e.ts_ns FROM smi s JOIN event e ON e.id = s.apm_id"
		" WHERE s.cause = (SELECT value FROM word WHERE list = 'cause' AND text = 'apm')";
	int rc = reader_rows(r, sql, take_arrival, f, err);

	return rc == -(int)ERR_OUTPUT ? fail(err, ERR_OUTPUT, "no memory for the report") : rc;
}

int figures_finish(struct figures *f, struct reader *r, struct error *err)
{
	int rc = read_arrivals(f, r, err);

	keep_storm(f);
	for (int i = 0; i < CAUSE_COUNT; i++)
		samples_sort(&f->length[i]);
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		samples_sort(&f->arrival[i]);
	samples_sort(&f->lengths);
	samples_sort(&f->arrivals);
	return rc;
}

void figures_free(struct figures *f)
{
	for (int i = 0; i < CAUSE_COUNT; i++)
		samples_free(&f->length[i]);
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		samples_free(&f->arrival[i]);
	samples_free(&f->lengths);
	samples_free(&f->arrivals);
}
