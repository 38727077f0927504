/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Source gdb: QEMU's gdbstub in stop mode. Every SMI entry, RSM and SMBASE
 * write stops the guest for as long as it takes to read the saved state; each
 * such pause is an event of its own.
 *
 * It also owns the monitor behind the stub (qRcmd), and with it the qemulog
 * source, which it drains at every stop so that what the log says about the
 * time before the stop comes before it.
 *
 * Files, lowest first: gdb-regs.c, gdb-handler.c, first-smi.c, spin.c, qemu-monitor.c (pure), gdb-points.c,
 * gdb-out.c what is said, gdb-log.c the log beside the stub, gdb-cpus.c which CPUs exist, gdb-late.c SMBASEs of
 * CPUs relocated before we came, gdb-config.c the machine's settings, gdb-smi.c entries, RSMs and SMBASE writes,
 * gdb-handoff.c the words between monarch and new CPU, gdb-capture.c what a stop means, gdb-attach.c, gdb.c stops
 * and the way out.
 */
#ifndef TRACER_SOURCES_GDB_H
#define TRACER_SOURCES_GDB_H

#include "../guard.h"
#include "../source.h"

struct gdb;

struct gdb_args {
	const char *target;
	int timeout_ms;
	struct event_out *out;   /* must outlive the source */
	struct guard *guard;     /* armed while attached */
	bool breakpoints_only;   /* never switch to watchpoints */
	bool no_log;             /* leave QEMU's log alone */
	bool resume;             /* let a guest that is paused go on */
	bool guest_ram;          /* read save states and slots from outside too, see kvm-ram.h; the live source does */
	bool own_guest;          /* we started this QEMU: let the guest run at the end */
	void (*note)(void *arg, const char *text); /* what the user should know; a line */
	void *note_arg;
};

/*
 * Attach: stop the guest, set everything up, let it run again (a guest found
 * paused by its user stays paused; one that has not started yet, -S, is started).
 * NULL on failure; then nothing is left behind in the guest.
 */
struct gdb *gdb_open(const struct gdb_args *args, struct error *err);

/* Readable when the stub says something. */
int gdb_fd(const struct gdb *g);

/* Readable when the log says something that needs a look at the guest. */
int gdb_wake_fd(const struct gdb *g);

enum gdb_status {
	GDB_GOES_ON = 0,
	GDB_EXITED = 1,  /* the target said good-bye */
	GDB_FAILED = -1, /* it no longer answers as it should */
};

/* The stub has spoken: handle what has arrived. enum gdb_status, or negative. */
int gdb_handle(struct gdb *g, struct error *err);

/* The log has spoken: new CPUs, resets inside SMM. enum gdb_status, or negative. */
int gdb_wake(struct gdb *g, struct error *err);

/*
 * Look where all CPUs are, at settings and words; stops the guest for that. While somebody else
 * pauses it, that is put off to its next stop. enum gdb_status, or negative.
 */
int gdb_look(struct gdb *g, struct error *err);

/* Somebody else's pause may be over without a word: to be called now and then. enum gdb_status, or negative. */
int gdb_look_after_pause(struct gdb *g, struct error *err);

/* A CPU came or went, somebody says: see who exists. enum gdb_status, or negative. */
int gdb_rescan(struct gdb *g, struct error *err);

/* Stop the guest and send CPU @cpu the SMI it has lost (tracer/kick.h), then on. enum gdb_status, or negative. */
int gdb_kick(struct gdb *g, int cpu, struct error *err);

/* Is a CPU being relocated, so that gdb_tick() should be called every few ms? */
bool gdb_busy(const struct gdb *g);

/* Sample the words of the hand-off from guest RAM, without a stop. */
void gdb_tick(struct gdb *g);

/*
 * Leave the guest as it was found: points removed, log given back, running or
 * stopped. Frees @g always. After GDB_FAILED nothing is sent; the guard stays
 * armed, and guard_end() lets it try over a connection of its own.
 */
void gdb_close(struct gdb *g, enum gdb_status how);

struct gdb_stats {
	uint64_t stops;
	uint64_t handling_median_ns; /* stop reply read -> resume written */
	int64_t stopped_ns;          /* in all */
	uint64_t watch_missed;       /* entries or exits found only afterwards */
	unsigned unknown_smbase;     /* CPUs whose SMBASE is not known */
	int server_pid;
};
void gdb_stats(const struct gdb *g, struct gdb_stats *out);

#endif
