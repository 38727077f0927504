/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which events are shown, and which are looked for. Pure.
 *
 * A filter is written as words between blanks or commas: event kinds
 * ("smi-enter"), groups of them ("smi", "port", "smbase", "cpu", "loss"),
 * "-kind" to leave one out, "all", "default", "cpu=1" (or "cpu1"). Words that
 * only take away start from the default: all but our own stops, and of the
 * hot-plug registers only what acts (text_of_interest()); "cpuhp" shows all.
 *
 * A search is plain words that must all occur in the event's line
 * ("smi-enter cpu1 smbase=0x30000 B2=04 ..."), case ignored; "cpuN" is that CPU.
 */
#ifndef VIEWS_FILTER_H
#define VIEWS_FILTER_H

#include "../gdbproto/error.h"
#include "../tracer/event.h"

#define FILTER_ANY_CPU (-2)
#define KIND_BIT(kind) (1u << (kind))
#define KIND_ALL ((1u << EVENT_KIND_COUNT) - 1)
/* What a person wants to see first: not our own stops. */
#define KIND_DEFAULT (KIND_ALL & ~KIND_BIT(EV_PAUSE))
/* What { and } stop at; of the IPIs only INIT and SIPI. */
#define KIND_INTEREST (KIND_BIT(EV_SMBASE_WRITE) | KIND_BIT(EV_SMBASE_FOUND) | KIND_BIT(EV_IPI) | \
	KIND_BIT(EV_CPU_RESET) | KIND_BIT(EV_CPU_ADD) | KIND_BIT(EV_CPU_REMOVE) | KIND_BIT(EV_SESSION) | \
	KIND_BIT(EV_LOST))

struct filter {
	uint32_t kinds; /* bit per enum event_kind */
	bool polls;     /* accesses of the hot-plug registers that change nothing too */
	int cpu;        /* or FILTER_ANY_CPU */
	char text[64];  /* as it was written; "" = the default */
};

#define FILTER_DEFAULT ((struct filter){ .kinds = KIND_DEFAULT, .cpu = FILTER_ANY_CPU })

/* 0; or ERR_USAGE with the word that is not understood, @f unchanged. */
int filter_parse(struct filter *f, const char *text, struct error *err);
bool filter_takes(const struct filter *f, const struct event *ev);

/* Is it one of those that { and } stop at? */
bool event_of_interest(const struct event *ev);

/* The line a search looks at, which is also the line lists show. Returns @out. */
const char *event_line(char *out, size_t size, const struct event *ev);
bool search_matches(const char *words, const struct event *ev);

/* The kinds that can match at all; *cpu becomes the only CPU that can, if there is one. */
uint32_t search_scope(const char *words, int *cpu);

#endif
