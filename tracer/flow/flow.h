/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flow: which step of which relocation the guest is in.
 *
 * An episode is one boot relocation, plug or unplug of one CPU. It walks through the steps below;
 * a profile is a table that says which observable point makes each step, and who owes the next
 * one. The steps (a) .. (f) are those of the 2019 design (docs/GLOSSARY.md); OVMF makes some of them
 * by other means: an APIC ID gate for the swap of handlers, a page of its own as the SIPI's target.
 *
 * A step that does not come within its deadline makes the episode stuck; it goes on when the point
 * is seen after all. Time the guest stood still because of us, or was paused, does not count.
 */
#ifndef TRACER_FLOW_FLOW_H
#define TRACER_FLOW_FLOW_H

#include "scene.h"
#include "../../gdbproto/error.h"

enum episode_kind { EPISODE_BOOT, EPISODE_PLUG, EPISODE_UNPLUG, EPISODE_KIND_COUNT };
enum episode_status { EPISODE_RUNNING, EPISODE_DONE, EPISODE_STUCK, EPISODE_STATUS_COUNT };
extern const char *const episode_kind_name[EPISODE_KIND_COUNT];     /* boot plug unplug */
extern const char *const episode_status_name[EPISODE_STATUS_COUNT]; /* running done stuck */

/*
 * STEP, name, letter of the design ("" = none), deadline until the NEXT step in ms, what it is.
 * Order is the order in which they are expected, for all kinds of episode; each kind uses some.
 */
#define FLOW_STEPS(_) \
	_(ADDED, "added", "", 10000, "the CPU exists: device_add") \
	_(REQUEST, "request", "", 10000, "the OS found the request to remove it") \
	_(GPE, "gpe", "", 10000, "the OS's GPE handler found it in the hot-plug registers") \
	_(HAND_OVER, "hand-over", "", 10000, "the OS left the eject to the firmware") \
	_(SMI, "smi", "", 1000, "4 was written to port 0xb2") \
	_(RENDEZVOUS, "rendezvous", "", 2000, "all CPUs are in SMM") \
	_(A, "a", "a", 1000, "no INIT or SIPI for a hot-plugged CPU is in flight") \
	_(B, "b", "b", 1000, "the monarch has enumerated the CPU, and the relocation handler is ready") \
	_(C, "c", "c", 1000, "INIT and SIPI were sent to the CPU") \
	_(D_ENTRY, "d-entry", "d", 1000, "the CPU entered SMM at the default SMBASE") \
	_(D_PASS, "d-pass", "d", 1000, "it runs the relocation handler") \
	_(D_WRITE, "d-write", "d", 1000, "it wrote its new SMBASE") \
	_(D_RSM, "d-rsm", "d", 1000, "its RSM made it effective") \
	_(E, "e", "e", 1000, "the monarch knows it; the next CPU's turn") \
	_(PROVED, "proved", "", 0, "it entered SMM at its own SMBASE") \
	_(EJECT, "eject", "", 2000, "the monarch ejected it") \
	_(GONE, "gone", "", 2000, "the CPU no longer exists") \
	_(F, "f", "f", 1000, "the NOP handler is back (OVMF: the gate is closed), all CPUs have left SMM") \
	_(CLEAR, "clear", "", 10000, "the OS cleared the insert event") \
	_(ONLINE, "online", "", 10000, "the OS started the CPU")

enum flow_step {
#define X(S, name, letter, ms, help) STEP_##S,
	FLOW_STEPS(X)
#undef X
	FLOW_STEP_COUNT
};

extern const struct flow_step_info {
	const char *name, *letter, *help;
	int64_t deadline_ns; /* 0 = none */
} flow_step_info[FLOW_STEP_COUNT];

/* "(d) entry" for the step d-entry with the letter d, "(b)" for b; one without a letter by its name. Returns @out. */
const char *flow_step_label(char *out, size_t size, const char *name, const char *letter);

struct episode;

/* One event as flow sees it: model and scene are those after it. */
struct flow_input {
	int64_t id;
	const struct event *ev;
	const struct model *model;
	const struct scene *scene;
};

/*
 * The point that makes a step. A later point may come without it (its event was lost, or the guest did
 * without): then it is passed over, and its time stays unknown.
 */
struct flow_point {
	enum flow_step step;
	/* When was it reached, for this episode? Asked at every event until it was. */
	struct moment (*when)(const struct episode *ep, const struct flow_input *in);
	const char *waits_for; /* "waits for ...", for people; "%d" is the episode's CPU */
	const char *provider;  /* who owes it: "the OS", "the monarch", "CPU %d", "QEMU" */
	unsigned how;
};

enum {
	/* Not waited for: the episode neither stands for it nor ends by it. It is told when it comes. */
	FLOW_OPTIONAL = 1,
	/* May come before its turn: then it counts once those before it have come, and passes over none. */
	FLOW_EARLY = 2,
};

struct flow_profile {
	const char *name, *help;
	/* Ends with a NULL when. The first point opens the episode, the last one waited for ends it. */
	const struct flow_point *points[EPISODE_KIND_COUNT];
	/* By what is in the scene: is this the firmware's flow? */
	bool (*fits)(const struct scene *s);
};

/* In order of preference; NULL ends it. */
extern const struct flow_profile *const flow_profile_list[];
/* NULL when there is none. */
const struct flow_profile *flow_profile_by_name(const char *name);

struct episode {
	int64_t id;                /* 1, 2, ... */
	enum episode_kind kind;
	int cpu;
	const struct flow_profile *profile; /* NULL = not known yet which */
	enum episode_status status;
	enum flow_step step;       /* the last one reached, in their order */
	enum flow_step next;       /* the one it waits for; FLOW_STEP_COUNT when done */
	int64_t start_ns, end_ns;  /* end 0 = not over */
	struct moment at[FLOW_STEP_COUNT]; /* id 0 = not reached */
	int64_t opened;            /* id of the event from which on things count for it */
	int64_t round;             /* number of the scene's round that does its work, 0 = none yet */
	int64_t step_ns;           /* since when it has stood at this step */
	int64_t paused_at_step;    /* scene's paused_ns then */
	int64_t stuck_ns;          /* when its deadline passed, 0 = not stuck */
	int64_t deadline_ns;       /* stuck: the one that passed */
	int monarch;               /* of its SMI, CPU_UNKNOWN = none acted yet */
	struct cpuset rendezvous;  /* CPUs that came to its SMI */
	struct cpuset late;        /* those that the monarch had to send an SMI of their own there */
	bool cut_short;            /* the machine was reset, or its CPU or the guest ended, before its last point */
	char verdict[1024];        /* one paragraph, "" = none yet; written by the judge */
};

/* The point of @step in this episode's kind and profile; NULL = it has none. */
const struct flow_point *flow_point(const struct episode *ep, enum flow_step step);

/* The round that does its work, as long as the scene remembers it; else NULL. */
const struct round *flow_round(const struct episode *ep, const struct scene *s);

struct flow_options {
	const struct flow_profile *profile; /* NULL = by what is seen */
	int64_t deadline_ns[FLOW_STEP_COUNT]; /* as in flow_step_info unless changed */
	int64_t all_ns; /* what was given for every step; 0 = nothing was */
};

void flow_options_init(struct flow_options *o);

/* "2s" for every step, or "gpe=30s,c=2s": into @o. ERR_USAGE, naming the nearest step. */
int flow_options_deadline(struct flow_options *o, const char *text, struct error *err);

struct flow;

struct flow *flow_new(const struct flow_options *o);
void flow_free(struct flow *f);

/* After model and scene. */
void flow_event(struct flow *f, const struct flow_input *in);

/* Time has come to @now without an event that says more: deadlines. */
void flow_advance(struct flow *f, const struct scene *s, int64_t now);

/*
 * Episodes that changed since the last call, one after the other, and stuck ones when a CPU was looked
 * at; NULL = no more. They live as long as @f.
 */
struct episode *flow_changed(struct flow *f);

/* All of them, by id from 1; NULL behind the last. */
struct episode *flow_episode(struct flow *f, int64_t id);

/* When does the next deadline pass, if nothing happens? INT64_MAX = never. */
int64_t flow_next_deadline(const struct flow *f, const struct scene *s);

/* When @ep is stuck, if nothing happens; INT64_MAX = nothing is waited for, or the guest stands still. */
int64_t flow_due(const struct flow *f, const struct scene *s, const struct episode *ep);

/* The profile in force, NULL = none fits yet. */
const struct flow_profile *flow_profile_now(const struct flow *f);

#endif
