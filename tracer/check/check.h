/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Invariants: the rules of an SMBASE relocation, each a small function in one table.
 *
 * A function is called for the events whose kinds it names, with model and scene as they were
 * BEFORE the event: "this is about to happen to that". It reports through check_holds(),
 * check_violated(), check_missing(), check_unknown(); it never prints, and keeps what it needs beyond
 * the scene in check_state().
 *
 * The status of an invariant over a recording, worst first:
 *   violated     it was broken, and the events that prove it are named
 *   unknown      it was exercised, but something it needs was lost or not looked at
 *   holds        exercised, and nothing it needs was missing
 *   never        nothing exercised it ("never exercised")
 * Lost events and blind intervals of a source an invariant needs turn holds into unknown, and a
 * violation that rests on something NOT having been seen (check_missing) too. Never the other way.
 *
 * To add one: its function in a file of tracer/check/ by theme, its line in INVARIANTS, two
 * scenarios in tests/fixtures/invariants (NAME.holds, NAME.violated).
 */
#ifndef TRACER_CHECK_CHECK_H
#define TRACER_CHECK_CHECK_H

#include "../flow/scene.h"
#include "../../gdbproto/error.h"

enum check_status { CHECK_NEVER, CHECK_HOLDS, CHECK_UNKNOWN, CHECK_VIOLATED, CHECK_STATUS_COUNT };
extern const char *const check_status_name[CHECK_STATUS_COUNT]; /* never holds unknown violated */

/* How bad a violation is: a hang or open SMRAM, a way there, something that costs time or is odd. */
enum check_severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE, SEVERITY_COUNT };
extern const char *const check_severity_name[SEVERITY_COUNT]; /* error warning note */

/* What it must be able to see. A loss of a source takes away what comes from it. */
enum check_need {
	NEED_SMM = 1,      /* SMI entries and RSMs (gdb, kvm) */
	NEED_SMBASE = 2,   /* writes of the slot (gdb, kvm) */
	NEED_PORT = 4,     /* 0xb2, 0xb3 (qemulog, kvm) */
	NEED_IPI = 8,      /* ICR writes (qemulog, kvm) */
	NEED_RESET = 16,   /* (qemulog; of kvm only INITs) */
	NEED_CPUHP = 32,   /* (qemulog, kvm) */
	NEED_HANDOFF = 64, /* gate, new SMBASE, about, pen (gdb, guestram) */
	NEED_HANDLER = 128, /* (guestram, gdb) */
	NEED_CONFIG = 256, /* (gdb) */
};

struct check;

/* Model and scene before @ev. */
struct check_input {
	int64_t id;
	const struct event *ev;
	const struct model *model;
	const struct scene *scene;
};

struct invariant {
	const char *name;          /* also the switch, the man page entry, the test's name */
	enum check_severity severity;
	const char *step;          /* "N" boot and negotiation, "a" .. "f", "U" unplug, "-" */
	unsigned needs;            /* enum check_need */
	uint32_t kinds;            /* bit per enum event_kind it is called for */
	const char *rule;          /* one sentence: what must be so */
	const char *meaning;       /* a paragraph for a firmware developer: what it means when it is not */
	void (*event)(struct check *c, const struct check_input *in);
	/* Called when time has come to @now (guest time pauses are the function's to subtract); may be NULL. */
	void (*time)(struct check *c, const struct model *m, const struct scene *s, int64_t now);
	size_t state;              /* bytes of check_state(), zeroed at the start */
};

/* In the order of the steps; the place is the number a person sees (1 ..). */
#define INVARIANTS(_) \
	_(feat_negotiated) _(feat_subset) _(apmc_enabled) _(smbase_window) _(smram_locked) \
	_(handler_first) _(handler_immutable) _(cmd_4) _(plug_smi_deadline) _(no_spurious_4) \
	_(broadcast) _(rendezvous_no_kick) _(monarch_unique) _(smm_only_cpuhp) _(enumerate_first) \
	_(skip_known) _(smi_before_init) _(handler_before_sipi) _(sipi_target) _(no_sipi_to_running) \
	_(no_init_in_smm) _(smi_survives_init) _(gate_protocol) _(one_at_default) \
	_(smbase_write_in_window) _(smbase_value) _(smbase_unique) _(about_then_rsm) \
	_(relocated_entry) _(reloc_deadline) _(gate_closed) _(rsm_balance) _(clear_after_smi) \
	_(no_os_sipi_early) _(eject_order) _(eject_final) _(event_continuity) \
	_(smi_storm)

enum invariant_number {
#define X(N) INV_##N,
	INVARIANTS(X)
#undef X
	INVARIANT_COUNT
};

/* invariant_NAME of each file; the table of them all. */
#define X(N) extern const struct invariant invariant_##N;
INVARIANTS(X)
#undef X
extern const struct invariant *const invariant_list[INVARIANT_COUNT];

/* INVARIANT_COUNT when there is none. */
unsigned invariant_by_name(const char *name);

/* ---- for the functions ---- */

#define CHECK_EVIDENCE 4

/* What a finding is about. */
struct finding {
	int cpu;                        /* or CPU_UNKNOWN */
	int64_t ts;                     /* when it was broken */
	int64_t evidence[CHECK_EVIDENCE]; /* ids of the events that prove it, 0 = none */
};

void *check_state(struct check *c);
void check_holds(struct check *c);
void check_violated(struct check *c, const struct finding *f, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A violation by absence: what should have been seen since @from was not. */
void check_missing(struct check *c, const struct finding *f, int64_t from_ns, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* It cannot be judged this time; @why is static text, or copied. */
void check_unknown(struct check *c, const char *why);
/* The deadline that the user set for what this invariant waits for. */
int64_t check_deadline_ns(const struct check *c, int64_t usual_ns);

/* ---- for the owner ---- */

struct violation {
	int64_t id;                     /* 1, 2, ... */
	unsigned invariant;             /* enum invariant_number */
	int64_t ts;
	int cpu;
	int64_t evidence[CHECK_EVIDENCE];
	char message[256];
};

struct check_result {
	enum check_status status;
	uint64_t exercised, violations;
	char why[128];                  /* unknown: what was missing */
};

/* Which are switched off. */
struct check_options {
	uint64_t off;                   /* bit per invariant */
	int64_t deadline_ns;            /* instead of what each invariant that waits would wait; 0 = that */
};
_Static_assert(INVARIANT_COUNT <= 64, "check_options.off holds one bit for each");

/* "a,b": these only; "-a,-b": all but these. ERR_USAGE, naming the nearest. */
int check_options_parse(struct check_options *o, const char *list, struct error *err);

struct checker;

/* The same violation (invariant, CPU, message but for numbers) is told this often, then only counted. */
#define CHECK_TOLD 20

struct checker *checker_new(const struct check_options *o);
void checker_free(struct checker *k);
/* Before model and scene. */
void checker_event(struct checker *k, const struct check_input *in);
/* After model and scene: time has come to @now. */
void checker_advance(struct checker *k, const struct model *m, const struct scene *s, int64_t now);
/* New violations since the last call, one after the other; NULL = no more. Live until checker_free(). */
const struct violation *checker_next(struct checker *k);
/* By id from 1; NULL behind the last. */
const struct violation *checker_violation(const struct checker *k, int64_t id);
/* How @number stands. A switched-off one is never exercised. */
struct check_result checker_result(const struct checker *k, unsigned number);

#endif
