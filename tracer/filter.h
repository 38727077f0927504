/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one language in which events are chosen: filters that hide, searches that find, --filter of every
 * command. Pure. smmtrace-filter(7) tells the same to people.
 *
 * An expression is words between blanks or commas:
 *
 *   smi port -cpuhp       kinds ("smi-enter") and groups of them ("smi", "loss", "all"); "-" leaves out
 *   cpu=1 cpu1            a CPU; source=gdb, origin=inferred likewise
 *   port=0xb2 mode=init   a field of the event; also != < <= > >=; "?" is a value that is not known
 *   after=4.4s before=5s  at that time or later, earlier than that; from the recording's first event on
 *   b2=04 9f>1 sipi       anything else: text in the event's line or label, case ignored
 *
 * An event must fit all words; but kinds, and values that one name is compared with by "=", are
 * alternatives ("cpu=0 cpu=1", "cpu=0,1"). "-" in front of a word turns it round. Where no kind is named, the
 * kinds are those that the command shows anyway (@from), or, with a field compared, those that have it.
 *
 * A word that can stand in no event at all is an error, so that a misspelt one is no empty answer.
 */
#ifndef TRACER_FILTER_H
#define TRACER_FILTER_H

#include "event.h"
#include "../gdbproto/error.h"

#define FILTER_TEXT 256  /* an expression, with its NUL */
#define FILTER_TERMS 24
#define FILTER_ANY_CPU (-2)
#define KIND_BIT(kind) (1u << (kind))
#define KIND_ALL ((1u << EVENT_KIND_COUNT) - 1)
/* What a person wants to see first: not our own stops. */
#define KIND_DEFAULT (KIND_ALL & ~KIND_BIT(EV_PAUSE))
/* What { and } stop at; of the IPIs only INIT and SIPI. */
#define KIND_INTEREST (KIND_BIT(EV_SMBASE_WRITE) | KIND_BIT(EV_SMBASE_FOUND) | KIND_BIT(EV_IPI) | \
	KIND_BIT(EV_CPU_RESET) | KIND_BIT(EV_CPU_ADD) | KIND_BIT(EV_CPU_REMOVE) | KIND_BIT(EV_SESSION) | \
	KIND_BIT(EV_LOST))

enum filter_op { FILTER_TEXT_IN, FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE };

/* A word that is no kind and no time. */
struct filter_term {
	uint8_t op;           /* enum filter_op */
	bool without;         /* "-" stood in front */
	bool unknown;         /* compared with "?" */
	bool label;           /* NAME=VALUE may be a label of a handoff, too */
	uint16_t at;          /* its text in filter.words */
	uint32_t kinds;       /* those that can fit, bit per enum event_kind */
	const char *name;     /* what is compared, one pointer for each name; NULL = text */
	int8_t field[EVENT_KIND_COUNT];    /* index into event.arg or enum filter_field, -1 = has none */
	uint64_t value[EVENT_KIND_COUNT];
};

/* Copied freely; nothing in it points into it. */
struct filter {
	uint32_t kinds;       /* no other kind can pass: bit per enum event_kind */
	int cpu;              /* no other CPU can, or FILTER_ANY_CPU */
	int64_t after_ns, before_ns; /* [after, before), counted from begin_ns */
	int64_t begin_ns;     /* the recording's first event: its user's to set, no parser touches it */
	bool polls;           /* accesses of the hot-plug registers that change nothing too */
	char text[FILTER_TEXT];  /* as it was written; "" = the default */
	char words[FILTER_TEXT]; /* the texts of terms, NULs between them */
	unsigned used, terms;
	struct filter_term term[FILTER_TERMS];
};

#define FILTER_ALL ((struct filter){ .kinds = KIND_ALL, .polls = true, .cpu = FILTER_ANY_CPU, \
				     .after_ns = INT64_MIN, .before_ns = INT64_MAX })
/*
 * Not our own stops, and of the hot-plug registers only what acts: an OS may poll them for ever. A kind
 * that is named, or a field that is compared, brings them back.
 */
#define FILTER_DEFAULT ((struct filter){ .kinds = KIND_DEFAULT, .cpu = FILTER_ANY_CPU, \
					 .after_ns = INT64_MIN, .before_ns = INT64_MAX })

/*
 * @text into @f; @from (FILTER_ALL, FILTER_DEFAULT) says what "" means. 0; or ERR_USAGE with one line that
 * names the bad word, and the nearest good one if there is one; @f is unchanged then.
 */
int filter_parse(struct filter *f, const char *text, const struct filter *from, struct error *err);

/* The same for the value of --filter, which the line names; NULL = the option was not given. */
int filter_option(struct filter *f, const char *text, const struct filter *from, struct error *err);

bool filter_takes(const struct filter *f, const struct event *ev);

/* The times that can pass, first and last, as event.ts has them. */
void filter_times(const struct filter *f, int64_t *first, int64_t *last);

/* Is it one of those that { and } stop at? */
bool event_of_interest(const struct event *ev);

/*
 * The option of every command that has it, so that all help says the same; @more is a string about this
 * command. In the table of its options: FILTER_OPTION(&text, "").
 */
#define FILTER_OPTION(value, more) \
	{ 0, "filter", OPT_STRING, value, "EXPR", \
	  "only events of EXPR: \"smi cpu=1 after=4s\", see smmtrace-filter(7)" more }

#endif
