/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pictures there are: the whole recording, then close views of what somebody will ask about. */
#include "html.h"

#include "html-chart.h"

#define CLOSE_VIEWS 5

struct window {
	char title[64];
	int64_t from, to;
};

/* Around its steps; what it waits for afterwards is shown as far as a quarter of that. */
static struct window around(const struct insight_episode *ep)
{
	int64_t step = ep->steps ? ep->at[ep->steps - 1].ts_ns : ep->start_ns;
	int64_t last = ep->end_ns > step ? ep->end_ns : step;
	int64_t length = ns_between(ep->start_ns, last) + 1000;
	struct window w = { "", ep->start_ns - length / 25, last + (ep->end_ns ? length / 25 : length / 4) };

	snprintf(w.title, sizeof(w.title), "%s of CPU %d%s", ep->kind, ep->cpu, ep->stuck ? ", stuck" : "");
	return w;
}

/* All boot relocations that went well are one view. */
static bool around_boots(const struct insight *in, struct window *w)
{
	*w = (struct window){ "boot relocations", INT64_MAX, INT64_MIN };
	for (int i = 0; i < in->episodes; i++) {
		const struct insight_episode *ep = &in->episode[i];

		if (!ep->boot || !ep->end_ns)
			continue;
		w->from = ep->start_ns < w->from ? ep->start_ns : w->from;
		w->to = ep->end_ns > w->to ? ep->end_ns : w->to;
	}
	if (w->to <= w->from)
		return false;
	w->from -= (w->to - w->from) / 25;
	w->to += (w->to - w->from) / 25;
	return true;
}

static bool worth_it(const struct insight_episode *ep, bool stuck)
{
	return stuck ? ep->stuck : !ep->stuck && !ep->boot;
}

/* Stuck ones first, then plugs and unplugs. */
static int choose(const struct insight *in, struct window w[CLOSE_VIEWS])
{
	int n = 0;

	for (int stuck = 1; stuck >= 0; stuck--)
		for (int i = 0; i < in->episodes && n < CLOSE_VIEWS; i++)
			if (worth_it(&in->episode[i], stuck))
				w[n++] = around(&in->episode[i]);
	if (n < CLOSE_VIEWS && around_boots(in, &w[n]))
		n++;
	return n;
}

int html_timeline(const struct html *h, struct error *err)
{
	const struct report *rep = h->rep;
	struct window w[CLOSE_VIEWS];
	int rc, n = choose(rep->insight, w);

	if (!rep->sum.events)
		return 0;
	html_section(h, "timeline", "Timeline");
	html_legend(h->out);
	rc = chart_draw(h, 0, "The whole recording", rep->sum.first_ns, rep->end_ns, rep->sum.events < 60, err);
	for (int i = 0; i < n && rc >= 0; i++)
		rc = chart_draw(h, i + 1, w[i].title, w[i].from, w[i].to, true, err);
	html_section_end(h);
	return rc;
}
