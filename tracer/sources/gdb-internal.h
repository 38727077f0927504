/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the gdb-*.c files only. */
#ifndef TRACER_SOURCES_GDB_INTERNAL_H
#define TRACER_SOURCES_GDB_INTERNAL_H

#include <stdatomic.h>

#include "../../gdbproto/rsp-client.h"
#include "../model.h"
#include "first-smi.h"
#include "gdb-handler.h"
#include "gdb-points.h"
#include "gdb-regs.h"
#include "gdb.h"
#include "qemu-monitor.h"
#include "qemulog.h"
#include "ram-watch.h"
#include "smm-state.h"

/* Why it stopped, in the numbering of the protocol; QEMU gives every other reason another number. */
#define SIGNAL_INTERRUPT 2 /* our 0x03, or somebody's QMP stop */
#define SIGNAL_TRAP 5      /* a point or a step */

#define RELOC_RSMS 12
#define EJECT_STOPS 16 /* at most, from the eject to the monarch's RSM */
#define STOPS_KEPT 65536 /* handling times kept for the median */

/*
 * How the SMIs of one CPU are captured at its own SMBASE. It starts with
 * CAP_LEARN and moves on as its handler is understood:
 *   LEARN   breakpoint on the entry, stepped over and kept; breakpoints on every rsm found
 *   TOGGLE  one breakpoint: the entry while outside, the rsm while inside
 *   PROBE   TOGGLE, plus one on the fxrstor64, to learn its stack slot
 *   WATCH   read watchpoints on the entry's first read and on that slot; no packet changes hands per SMI
 * A CPU that shows a missed entry or exit falls back to TOGGLE for good.
 */
enum capture { CAP_LEARN, CAP_TOGGLE, CAP_PROBE, CAP_WATCH };

struct gcpu {
	int index;
	struct rsp_thread thread;
	bool present;
	bool hot;            /* appeared while we were attached */
	int tid;
	int64_t apic_id;     /* -1 = not known */

	uint64_t base;       /* its own SMBASE, SMBASE_UNKNOWN = not known or not relocated */
	bool base_assumed;   /* told by a scan, not yet by an entry */
	bool in_smm;
	uint64_t cur;        /* SMBASE of the SMI it is in */
	uint64_t pending;    /* value in the slot, SMBASE_UNKNOWN = not written */
	uint32_t slot;       /* offset of the slot in this save state */

	enum capture mode;
	struct handler h;
	bool exit_learnt;
	uint64_t exit_slot;
	unsigned missed;
	bool told_early;     /* counted at another CPU's stop; its own stop may still follow */

	bool passed;         /* the gate, in this SMI */
	unsigned reloc_rsms; /* where the handler at the default base may leave SMM */
	uint64_t reloc_rsm[RELOC_RSMS];
	int64_t blind_since; /* 0 = not blind */
};

/* Sees the log's events on their way to the pipeline, on the log's thread. */
struct log_tap {
	struct event_out out;   /* first */
	struct event_out *next;
	int wake_fd;
	atomic_int cpus;                       /* known to us */
	atomic_bool in_smm[EVENT_MAX_CPUS];    /* mirrors gcpu.in_smm */
	atomic_bool reset[EVENT_MAX_CPUS];     /* reset while in SMM */
	atomic_llong born[EVENT_MAX_CPUS];     /* when the log first spoke of a CPU unknown to us; 0 = never */
	atomic_bool rescan;                    /* a CPU came or went */
	atomic_int ejecting;                   /* one is being ejected: look for it at so many stops */
	atomic_bool want_bases;                /* some SMBASE is not known: look again at a write to 0xb2 */
	unsigned apm_writes;                   /* while so; the log's thread alone counts */
	atomic_bool apm_seen;
	atomic_bool hotplug_smi;               /* 4 was written to 0xb2 */
	atomic_ullong sipi_page;               /* where a CPU in SMM sent the last SIPI to; 0 = nowhere */
};

/* The code at the default SMBASE and the words it uses; gdb-handoff.c, gdb-code.c. */
struct handoff {
	struct guestram *ram;   /* NULL = cannot be read from outside */
	bool told;              /* the user, that it cannot */
	struct ram_watch watch;
};

/* The machine's settings as they were told last; gdb-config.c. */
struct config {
	bool asked;                  /* what never changes is known */
	bool q35;                    /* a machine that has them */
	uint64_t ext_tseg;           /* bytes; 0 = not known */
	bool told[CONFIG_REG_COUNT], known[CONFIG_REG_COUNT];
	uint64_t value[CONFIG_REG_COUNT];
	int64_t read_ns;
};

struct gdb {
	struct gdb_args args;
	struct rsp *rsp;
	struct regs_layout layout;
	struct gcpu cpu[EVENT_MAX_CPUS];
	int cpus;
	struct points points;
	uint64_t found[EVENT_MAX_CPUS]; /* SMBASEs from a scan, owner not known */
	int nfound;
	unsigned unknown_told; /* CPUs without SMBASE, as the user was told last */

	int server_pid;
	bool stamped;
	struct qemulog *log;
	struct qemulog_plan plan;
	struct log_tap tap;

	struct handoff handoff;
	struct config config;
	bool config_due, look_due; /* at the next stop */
	int kick_due;              /* likewise: the CPU to kick, CPU_UNKNOWN = none */

	const struct rsp_stop *stop; /* being handled; NULL = none, or what is told is not made of it */

	bool leave_stopped;   /* found stopped */
	int64_t foreign_since; /* somebody else has paused it, theirs to continue; 0 = no */
	int64_t sampled_ns, sampled_cpu_ns; /* QEMU's CPU time, while so */
	int64_t attached_ns;
	int64_t pause_start;  /* 0 = running */
	int64_t cpus_checked_ns;

	struct rsp_job job[EVENT_MAX_CPUS];
	uint8_t (*regs)[RSP_REGS_MAX];
	uint8_t tail[SMM_STATE_TAIL];

	uint64_t stops;
	int64_t stopped_ns;
	uint64_t watch_missed;
	uint32_t *handling_ns;
	unsigned handlings;
};

/* gdb-out.c: what is said, to the pipeline and to the user */
void gdb_put(struct gdb *g, struct event ev);
/* The same with the save state at the end of @tail's map, SMM_STATE_TAIL bytes; NULL = it was not read. */
void gdb_put_entry(struct gdb *g, struct event ev, const uint8_t *tail);
void gdb_put_span(struct gdb *g, enum event_kind kind, int64_t from, int64_t until, enum pause_why why);
/* @source could not see @cpu, CPU_UNKNOWN = any, during [from, until). */
void gdb_put_blind(struct gdb *g, enum event_source source, int cpu, int64_t from, int64_t until,
		   enum pause_why why);
void gdb_put_session(struct gdb *g, enum session_what what, int64_t ts);
void gdb_note(struct gdb *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gdb_set_in_smm(struct gdb *g, struct gcpu *c, bool in_smm);
/* Somebody else pauses the guest, and has continued it by now. */
void gdb_foreign_pause(struct gdb *g, int64_t since);
void gdb_foreign_over(struct gdb *g, int64_t ts);
void gdb_pause_begins(struct gdb *g, int64_t ts);
void gdb_pause_ends(struct gdb *g, enum pause_why why);

/* gdb-log.c: not having the log is no failure; the user is told what is then not recorded */
void gdb_log_tap(struct event_out *out, const struct event *ev);
void gdb_log_tap_raw(struct event_out *out, const struct event *ev, const struct raw *raw);
void gdb_log_open(struct gdb *g);
void gdb_log_arm_guard(struct gdb *g);
void gdb_log_switch_off(struct gdb *g);
/* CPUs that the log says were reset inside SMM are outside now. */
void gdb_log_take_resets(struct gdb *g);

/* gdb-attach.c */
void gdb_find_bases(struct gdb *g, const struct monitor_regs *seen, int n, int64_t ts);
void gdb_free(struct gdb *g);

/* gdb-cpus.c: take in who exists; 1 = a CPU is new, 0 = as before, negative = error. */
int gdb_cpus_refresh(struct gdb *g, int64_t ts, struct error *err);
struct gcpu *gdb_cpu_by_thread(struct gdb *g, struct rsp_thread t);
/* Where every CPU stands; @out holds at least @max, returns how many, or negative. */
int gdb_cpus_look(struct gdb *g, struct monitor_regs *out, int max, struct error *err);
/* The same, as cpu-seen events; @out holds at least @max, returns how many. */
int gdb_cpus_seen(struct gdb *g, int64_t ts, struct monitor_regs *out, int max, struct error *err);

/* What one stop is about; lives for that stop. */
struct stop_ctx {
	struct gdb *g;
	const struct rsp_stop *stop;
	int64_t ts;
	struct gcpu *c;
	struct regs regs;
	bool has_tail;     /* g->tail holds the save state at tail_base */
	uint64_t tail_base;
};

/* gdb-smi.c: record what the CPU of @s does; 0, or negative when the stub fails */
int gdb_smi_enter(struct stop_ctx *s, uint64_t base, enum event_origin origin, struct error *err);
int gdb_smi_slot_written(struct stop_ctx *s, struct error *err);
void gdb_smi_leave(struct stop_ctx *s, uint64_t rsm, enum event_via via);
/* May the CPU leave the SMI it is in at the linear address @lin? */
bool gdb_smi_is_rsm(const struct gcpu *c, uint64_t lin);
/* Is @lin where handlers begin at the default SMBASE, with the RSM there now? The CPU must be selected, and in SMM. */
bool gdb_smi_begins_with_rsm(struct gdb *g, const struct gcpu *c, uint64_t lin);
/* Linear address of the instruction pointer; CS base is not told, so it is concluded from the selector. */
uint64_t gdb_smi_pc(const struct gcpu *c, const struct regs *r);
/* Read the handler at c->base through the selected thread, which must be in SMM. */
void gdb_smi_learn(struct gdb *g, struct gcpu *c);

/* gdb-capture.c */
void gdb_capture_want(struct gdb *g);
/* The CPU a stop named, and where it stands; c NULL = a CPU we do not know. */
struct stopped_at {
	struct gcpu *c;
	uint64_t pc; /* linear */
	int64_t ts;
};
/* Record what the CPUs have done up to @stop. The guest stays stopped. */
int gdb_capture_look(struct gdb *g, const struct rsp_stop *stop, int64_t ts, struct stopped_at *at,
		     struct error *err);
/* A hot-added CPU may be inside the handler at the default base already. */
int gdb_capture_new_cpu(struct gdb *g, struct gcpu *c, int64_t ts, struct error *err);
/* A CPU found inside SMM at its own base when we came. */
int gdb_capture_inside(struct gdb *g, struct gcpu *c, struct error *err);
/* Sync the points, step over one that stays where @at stands, and let the guest run. enum gdb_status or negative. */
int gdb_capture_resume(struct gdb *g, const struct stopped_at *at, struct error *err);

/* gdb-code.c: the code at the default SMBASE */
/* Put what has changed; seen being written by @writer, or CPU_UNKNOWN. */
void gdb_code_sample(struct gdb *g, int64_t ts, bool stopped, int writer);
/* If it may have been exchanged since the last stop; before what the CPUs did is recorded. */
void gdb_code_before_look(struct gdb *g, const struct rsp_stop *stop, int64_t ts);
/* A CPU enters it: what was seen there last is what it runs. */
void gdb_code_entered(struct gdb *g, int64_t ts);
/* Was it written, with a watchpoint that gdb_code_want() asked for? */
bool gdb_code_is_exchange(const struct rsp_stop *stop);
void gdb_code_want(struct gdb *g);

/* gdb-handoff.c: the hand-off between monarch and new CPU */
void gdb_handoff_open(struct gdb *g);
void gdb_handoff_close(struct gdb *g);
/* A CPU was added that has not been relocated. */
bool gdb_handoff_busy(const struct gdb *g);
/* Sample; @c is the CPU that stopped, or NULL. */
void gdb_handoff_at_stop(struct gdb *g, const struct gcpu *c, int64_t ts);
void gdb_handoff_want(struct gdb *g);
/* Was the watchpoint hit one of the words, or on the code? Then it is recorded. */
bool gdb_handoff_written(struct stop_ctx *s);
/* The CPU stands behind the gate. */
int gdb_handoff_passed(struct stop_ctx *s, struct error *err);

/* gdb-config.c: put what has changed since the last time. */
void gdb_config_read(struct gdb *g, int64_t ts);
/* The same, when it is worth the time: asked for, or not locked yet. */
void gdb_config_at_stop(struct gdb *g, int64_t ts);

/* gdb-foreign.c: somebody else's pause is over, and nobody said so: 1 = by @stop we stopped the guest, 0, negative. */
int gdb_foreign_check(struct gdb *g, struct rsp_stop *stop, struct error *err);

/* gdb-kick.c: kick kick_due. 0, also when it was not to be done, which is told; negative = do not let the guest run. */
int gdb_kick_at_stop(struct gdb *g, int64_t ts, struct error *err);

/* gdb-late.c: find the SMBASEs in guest memory; may be called again. */
void gdb_late_find(struct gdb *g, const struct monitor_regs *seen, int n, int64_t ts);
/* CPUs whose SMBASE is not known. */
unsigned gdb_late_unknown(const struct gdb *g);

#endif
