/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "filter.h"

#include <stdio.h>
#include <string.h>

#include "event-label.h"
#include "event-text.h"
#include "filter-words.h"

/* Registers of the block and a command (QEMU docs/specs/acpi_cpu_hotplug.rst). */
enum { CPUHP_SELECT = 0, CPUHP_COMMAND = 5, CPUHP_GET_PENDING = 0 };

/* Choosing a CPU, or asking for the next with an event, changes nothing. */
static bool cpuhp_acts(const struct event *ev)
{
	uint64_t reg = event_get(ev, CPUHP_REG, 0), value = event_get(ev, CPUHP_VALUE, 0);

	return event_get(ev, CPUHP_DIR, DIR_READ) == DIR_WRITE &&
	       reg != CPUHP_SELECT && !(reg == CPUHP_COMMAND && value == CPUHP_GET_PENDING);
}

bool event_of_interest(const struct event *ev)
{
	uint64_t mode = event_get(ev, IPI_MODE, IPI_FIXED);

	if (ev->kind == EV_IPI)
		return mode == IPI_INIT || mode == IPI_SIPI;
	return KIND_INTEREST & KIND_BIT(ev->kind);
}

/* ---- times ---- */

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

void filter_times(const struct filter *f, int64_t *first, int64_t *last)
{
	*first = f->after_ns == INT64_MIN ? INT64_MIN : plus(f->begin_ns, f->after_ns);
	*last = f->before_ns == INT64_MAX ? INT64_MAX : plus(f->begin_ns, f->before_ns - 1);
}

static bool is_its_time(const struct filter *f, int64_t ts)
{
	int64_t first, last;

	filter_times(f, &first, &last);
	return ts >= first && ts <= last;
}

/* ---- one word ---- */

/* What text is looked for in; made when it is wanted first. */
struct lines {
	bool made;
	char line[512], label[64];
};

static const struct lines *read_lines(struct lines *l, const struct event *ev)
{
	if (!l->made) {
		event_line(l->line, sizeof(l->line), ev);
		event_label(l->label, sizeof(l->label), ev);
		l->made = true;
	}
	return l;
}

static bool text_takes(const char *text, const struct event *ev, struct lines *l)
{
	return strcasestr(read_lines(l, ev)->line, text) || strcasestr(l->label, text) ||
	       (ev->source < EVENT_SOURCE_COUNT && !strcasecmp(event_source_info[ev->source].name, text));
}

/* "gate=1" is a field of one kind and the whole label of another. */
static bool label_takes(const char *text, const struct event *ev, struct lines *l)
{
	const char *label = read_lines(l, ev)->label;

	return ev->kind == EV_HANDOFF && !strcasecmp(label + (*label == ' '), text);
}

static bool compare(enum filter_op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case FILTER_EQ:
		return a == b;
	case FILTER_NE:
		return a != b;
	case FILTER_LT:
		return a < b;
	case FILTER_LE:
		return a <= b;
	case FILTER_GT:
		return a > b;
	case FILTER_GE:
		return a >= b;
	case FILTER_TEXT_IN:
		break;
	}
	return false;
}

static bool value_takes(const struct filter_term *t, const struct event *ev)
{
	uint64_t value;
	int field = t->field[ev->kind];
	bool known = field >= 0 && filter_field_get(ev, field, &value);

	if (field < 0)
		return false;
	if (t->unknown)
		return known == (t->op == FILTER_NE);
	return known && compare((enum filter_op)t->op, value, t->value[ev->kind]);
}

static bool term_takes(const struct filter *f, const struct filter_term *t, const struct event *ev,
		       struct lines *l)
{
	if (!(t->kinds & KIND_BIT(ev->kind)))
		return false;
	if (!t->name)
		return text_takes(f->words + t->at, ev, l);
	return value_takes(t, ev) || (t->label && label_takes(f->words + t->at, ev, l));
}

/* Is it enough that one of the two fits? */
static bool alternatives(const struct filter_term *a, const struct filter_term *b)
{
	return a == b || (a->name && a->name == b->name && a->op == FILTER_EQ && b->op == FILTER_EQ &&
			  !a->without && !b->without);
}

static bool fits(const struct filter *f, const struct filter_term *t, const struct event *ev, struct lines *l)
{
	for (unsigned i = 0; i < f->terms; i++)
		if (alternatives(t, &f->term[i]) && term_takes(f, &f->term[i], ev, l))
			return !t->without;
	return t->without;
}

bool filter_takes(const struct filter *f, const struct event *ev)
{
	struct lines l;

	if (!(f->kinds & KIND_BIT(ev->kind)) || (f->cpu != FILTER_ANY_CPU && f->cpu != ev->cpu) ||
	    !is_its_time(f, ev->ts) || (ev->kind == EV_CPUHP && !f->polls && !cpuhp_acts(ev)))
		return false;
	l.made = false;
	for (int text = 0; text < 2; text++) /* what is cheap first */
		for (unsigned i = 0; i < f->terms; i++)
			if (text == !f->term[i].name && !fits(f, &f->term[i], ev, &l))
				return false;
	return true;
}
