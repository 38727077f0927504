/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Read a recording, finished or still being written, through cursors.
 *
 * The file is opened read-only (mode=ro, query_only, trusted_schema off,
 * defensive) and everything in it is taken as hostile: wrong types, missing
 * views, newer schema and damaged pages end in ERR_CORRUPT with one line,
 * never in a crash. While the recording is live, each reader_refresh() moves
 * to the newest committed state; between two refreshes nothing changes.
 *
 * A struct reader belongs to one thread. Structs handed to callbacks live for
 * the call only. Callbacks return 0 to go on, nonzero to stop; that value is returned.
 */
#ifndef DB_READER_H
#define DB_READER_H

#include "../gdbproto/error.h"
#include "../tracer/event.h"
#include "../tracer/model.h"
#include "../tracer/raw.h"

struct reader;

struct reader_summary {
	int64_t first_ns, last_ns;   /* of events; 0 when there are none */
	int64_t events;
	int64_t last_id;
	unsigned cpus;               /* highest CPU index + 1 */
	int64_t smis;                /* smi-enter events */
	int64_t lost;                /* lost events, all sources */
	int64_t paused_ns;           /* guest stood still because of us */
	int64_t stops;               /* pauses */
	bool live;                   /* a recorder still writes: meta closed=0 and the file is in use */
	bool closed;                 /* meta closed=1: ended cleanly */
	int64_t violations;          /* stored ones */
	bool stuck;                  /* some episode is */
	bool verdict;                /* there are lines of a verdict */
	bool judged;                 /* the file can hold findings at all: schema 2 */
};

struct reader_cpu {
	int cpu;
	int64_t apic_id;             /* -1 unknown */
	enum cpu_state state;
	uint64_t smbase;             /* SMBASE_UNKNOWN */
	int64_t since_ns;
	int64_t added_ns, removed_ns;
};

/* A stay in SMM; leave_ns 0 = still inside. */
struct reader_smi {
	int64_t id;
	int cpu;
	int64_t enter_ns, leave_ns;
	uint64_t smbase;             /* SMBASE_UNKNOWN */
	enum smi_cause cause;
	int apm_cmd, apm_data;       /* SMI_CMD_UNKNOWN */
	uint64_t saved_rip;          /* UINT64_MAX unknown */
};

/*
 * What the recorder concluded. Texts are the file's: cut at the border of a character to what fits, and
 * untrusted (safe_text() before a terminal). Schema 1 has none of it: no rows then.
 */
struct reader_violation {
	int64_t id, ts_ns;
	int cpu;                     /* or CPU_UNKNOWN */
	char invariant[48], severity[16], step[8], message[512];
	int64_t evidence[4];         /* event ids, 0 = none */
};

struct reader_step {
	char name[24], letter[8];
	int64_t ts_ns, event;
};

#define READER_STEPS 32
struct reader_episode {
	int64_t id;
	int cpu;
	char kind[16], profile[24], status[16];
	char step[24], next[24];     /* the last step reached, the one it waits for; "" = none */
	int64_t start_ns, end_ns, stuck_ns; /* 0 = not over, not stuck */
	char rendezvous[512];        /* CPUs that came to its SMI: "0 1 2" */
	char verdict[1200];
	unsigned steps;
	struct reader_step at[READER_STEPS]; /* as they came */
};

struct reader_result {
	char name[48], severity[16], step[8], status[16], why[160];
	int64_t exercised, violations;
};

/* NULL on failure, with @err filled: ERR_USAGE no such file, ERR_CORRUPT not a recording. */
struct reader *reader_open(const char *path, struct error *err);
void reader_close(struct reader *r);

/*
 * See what has been committed since. 1 something new, 0 nothing, negative error. When it
 * sees the recording end it lets go of the file until the recorder is through (a second at most).
 */
int reader_refresh(struct reader *r, struct error *err);

const struct reader_summary *reader_summary(const struct reader *r);

/* Value of a meta key, or NULL; lives until the next reader call. Untrusted text. */
const char *reader_meta(struct reader *r, const char *key);

/* Every CPU ever seen, by index. */
int reader_cpus(struct reader *r, int (*cb)(void *arg, const struct reader_cpu *cpu), void *arg,
		struct error *err);

/* SMIs of @cpu that overlap [from, to], by enter_ns. */
int reader_smis(struct reader *r, int cpu, int64_t from, int64_t to,
		int (*cb)(void *arg, const struct reader_smi *smi), void *arg, struct error *err);

/* 1 if @cpu entered SMM more than @limit times in [from, to], 0 if not, or negative. */
int reader_many_smis(struct reader *r, int cpu, int64_t from, int64_t to, int64_t limit, struct error *err);

/* SMIs of any CPU by id, from @id on; at most @limit of them. */
int reader_smis_from(struct reader *r, int64_t id, int64_t limit,
		     int (*cb)(void *arg, const struct reader_smi *smi), void *arg, struct error *err);

/* What reader_events() should give. */
struct reader_filter {
	uint32_t kinds;      /* bit per enum event_kind; 0 = all */
	int cpu;             /* or READER_ANY_CPU */
	int64_t from, to;    /* ts range, inclusive */
	int64_t limit;       /* rows at most; 0 = no limit */
	bool backwards;      /* newest first */
};
#define READER_ANY_CPU (-2)
#define READER_ALL ((struct reader_filter){ .cpu = READER_ANY_CPU, .from = INT64_MIN, .to = INT64_MAX })

int reader_events(struct reader *r, const struct reader_filter *f,
		  int (*cb)(void *arg, int64_t id, const struct event *ev), void *arg, struct error *err);

/*
 * 1 if there are more than @limit events of @kinds (a bit each) in [@from, @to], 0 if not, or negative; much cheaper
 * than to read so many. Where events came out of their order those beside the ends may count too.
 */
int reader_many_events(struct reader *r, uint32_t kinds, int64_t from, int64_t to, int64_t limit, struct error *err);

/* One event by id: 1 found, 0 not there. */
int reader_event(struct reader *r, int64_t id, struct event *ev, struct error *err);

/* What an event was made of (tracer/raw.h). Untrusted bytes. */
struct reader_raw {
	bool kept;                   /* the recording has a place for such things: that of an older smmtrace has not */
	bool dropped;                /* there was something, but the recorder had no room for it */
	bool has_text;
	size_t len;
	int64_t whole;               /* length before it was cut; 0 = it was not */
	char text[RAW_TEXT_MAX];
	size_t state_len;            /* 0 = none */
	unsigned char state[RAW_STATE_MAX];
};

/* That of event @id; nothing where there is none. 0 or negative. */
int reader_raw(struct reader *r, int64_t id, struct reader_raw *out, struct error *err);

/* Violations of @cpu (or READER_ANY_CPU) in [from, to], by time; at most @limit of them, 0 = all. */
int reader_violations(struct reader *r, int cpu, int64_t from, int64_t to, int64_t limit, bool backwards,
		      int (*cb)(void *arg, const struct reader_violation *v), void *arg, struct error *err);

/* Every episode, by id, with its steps. */
int reader_episodes(struct reader *r, int (*cb)(void *arg, const struct reader_episode *ep), void *arg,
		    struct error *err);

/*
 * A step that a CPU made while it was in SMM: from its time to the next step's (of its episode, or in this
 * stay), but not beyond the stay. Texts live for the call.
 */
struct reader_smi_step {
	int64_t smi;                 /* id of the stay */
	int smi_cpu;                 /* the CPU that made it */
	int64_t from_ns, to_ns;      /* to 0 = nothing followed */
	int64_t event, episode;
	int cpu;                     /* of the episode, or CPU_UNKNOWN */
	const char *name, *letter, *kind;
};

/* All of them, by stay and time; those of one stay do not overlap. */
int reader_smi_steps(struct reader *r, int (*cb)(void *arg, const struct reader_smi_step *step), void *arg,
		     struct error *err);

/* The lines of the last verdict, in order. Untrusted text. */
int reader_verdict(struct reader *r, int (*cb)(void *arg, const char *subject, const char *text), void *arg,
		   struct error *err);

/* How each invariant stood, by its number. */
int reader_results(struct reader *r, int (*cb)(void *arg, const struct reader_result *result), void *arg,
		   struct error *err);

/*
 * Run one read-only statement (a view query of our own); a row's columns as text, NULL for NULL.
 * At most 64 columns, and 30 s: a view of a hostile file may be endless.
 */
int reader_rows(struct reader *r, const char *sql,
		int (*cb)(void *arg, int columns, const char *const *value, const char *const *name),
		void *arg, struct error *err);

#endif
