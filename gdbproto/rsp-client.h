/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A GDB remote-protocol client: typed verbs over one connection.
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html
 *
 * Requests may be pipelined: rsp_post() queues a request whose reply must be OK,
 * rsp_flush() sends everything queued in one write. A call that needs an answer
 * flushes first and takes the outstanding replies in order, so a stop costs
 * one round trip however much is asked.
 *
 * Acknowledgements (probed by rsp_open, never assumed):
 *   ACK_NONE      the server granted QStartNoAckMode
 *   ACK_IMPLICIT  QEMU without it: a '$' counts as the ack of the reply before
 *                 (gdbstub.c gdb_read_byte), and a late '+' would STOP a running
 *                 guest, so no '+' is ever sent
 *   ACK_EXPLICIT  anybody else: '+' at once, and a resume is never pipelined
 *
 * Everything received is hostile: lengths, hex, run-lengths, unknown keys.
 * Errors are ERR_TARGET with one line; after one the connection may be closed only.
 * One struct rsp belongs to one thread.
 */
#ifndef GDBPROTO_RSP_CLIENT_H
#define GDBPROTO_RSP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct rsp;

enum rsp_ack { ACK_NONE, ACK_IMPLICIT, ACK_EXPLICIT };

struct rsp_features {
	size_t packet_size;     /* longest packet the server takes, bytes between $ and # */
	size_t memory_max;      /* longest `m` length that works */
	bool multiprocess;
	bool vcont, vcont_step;
	bool xfer_features;
	bool is_qemu;
	enum rsp_ack ack;
};

/* A thread as the server names it; pid 0 = server without multiprocess. */
struct rsp_thread {
	uint32_t pid, tid;
};

enum rsp_stop_kind {
	RSP_STOP_SIGNAL,   /* T/S: breakpoint, step, interrupt: see signal, watch */
	RSP_STOP_EXITED,   /* W/X: the target is gone */
	RSP_STOP_NONE,     /* nothing within the time-out */
};

enum rsp_watch { RSP_WATCH_NONE, RSP_WATCH_WRITE, RSP_WATCH_READ, RSP_WATCH_ACCESS };

#define RSP_STOP_TEXT 128 /* QEMU's are some 30 bytes; others tell registers too */
struct rsp_stop {
	enum rsp_stop_kind kind;
	uint8_t signal;         /* 5 SIGTRAP, 2 SIGINT ... */
	struct rsp_thread thread; /* tid 0 = not said */
	enum rsp_watch watch;
	uint64_t watch_addr;
	int64_t recv_ns;        /* CLOCK_MONOTONIC when its last byte was read */
	size_t text_len;        /* the packet itself, decoded, as long as it was; 0 = none came */
	char text[RSP_STOP_TEXT]; /* as much of it as fits; any bytes, no NUL behind */
};

/* Bytes of @stop->text that are there. */
static inline size_t rsp_stop_kept(const struct rsp_stop *stop)
{
	return stop->text_len < RSP_STOP_TEXT ? stop->text_len : RSP_STOP_TEXT;
}

enum rsp_point { RSP_SW_BREAK, RSP_HW_BREAK, RSP_WRITE_WATCH, RSP_READ_WATCH, RSP_ACCESS_WATCH };

/*
 * Connect to ":1234", "host:1234" or "unix:/path", find out who is there and
 * what it can do. A QEMU monitor, a QMP socket, an HTTP server, silence or noise
 * is told apart in @err. @timeout_ms also serves every later reply.
 * Attaching stops a running guest; *was_running tells which it was
 * (QEMU sends an unsolicited T02 on attach to a running VM only; from 8.1 on it
 * sends none, and `info status` says "paused" of both). A misspelt @target is
 * ERR_USAGE.
 */
struct rsp *rsp_open(const char *target, int timeout_ms, bool *was_running, struct error *err);

/* Close the socket; sends nothing. */
void rsp_close(struct rsp *r);

const struct rsp_features *rsp_features(const struct rsp *r);
int rsp_fd(const struct rsp *r);

/* Kernel-told pid of the server (unix sockets: SO_PEERCRED; loopback TCP: /proc); 0 unknown. */
int rsp_server_pid(const struct rsp *r);

/* The process of this host that listens at @target, found without connecting (which stops the guest); 0 unknown. */
int rsp_target_pid(const char *target);

/* Queue a request whose reply must be "OK". A refusal surfaces in rsp_sync(). */
void rsp_post(struct rsp *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Send all that is queued. 0 or negative. */
int rsp_flush(struct rsp *r, struct error *err);

/* Flush, then take all outstanding replies. Number of refused posts (>= 0), or negative. */
int rsp_sync(struct rsp *r, struct error *err);

/*
 * Remove every breakpoint and watchpoint the stub holds, whoever left it there
 * (a killed debugger: QEMU keeps them over a disconnect). The target must be
 * stopped. QEMU only; others forget theirs by themselves. 0 or negative.
 */
int rsp_forget_points(struct rsp *r, struct error *err);

/* Queue an insertion or removal; duplicates stack in QEMU: keep count yourself. */
void rsp_post_insert(struct rsp *r, enum rsp_point type, uint64_t addr, unsigned len);
void rsp_post_remove(struct rsp *r, enum rsp_point type, uint64_t addr, unsigned len);

/*
 * Ask and wait: send @request, take the reply (decoded: run-length and escapes
 * undone). Returns its length (it is NUL-terminated and lives until the next call
 * on @r), or negative. *reply may hold any byte.
 */
long rsp_ask(struct rsp *r, const char **reply, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Select the thread of later g, p, m (Hg). 0, or negative. */
int rsp_select(struct rsp *r, struct rsp_thread t, struct error *err);

/* All threads, at most @max; count or negative. */
int rsp_threads(struct rsp *r, struct rsp_thread *out, int max, struct error *err);

/* Read memory through the selected thread; splits by memory_max and pipelines. 0 or negative. */
int rsp_read_memory(struct rsp *r, uint64_t addr, void *out, size_t len, struct error *err);

/* Raw g packet as bytes; count or negative. */
int rsp_read_registers(struct rsp *r, void *out, size_t size, struct error *err);

/*
 * Write register @number (of the target description) of the selected thread: the
 * low @size bytes of @value, little-endian, at most 8. QEMU takes it only from a
 * connection that has read target.xml (target_desc_of() does). 0, or negative: a
 * refusal leaves the connection usable.
 */
int rsp_write_register(struct rsp *r, uint32_t number, uint64_t value, size_t size, struct error *err);

/* Write memory through the selected thread, code too; what stands before a refused piece is written. */
int rsp_write_memory(struct rsp *r, uint64_t addr, const void *data, size_t len, struct error *err);

/*
 * The work of one stop in one write and one read: for each of @n jobs, select
 * its thread (tid 0 = leave the selection), read g if @regs, read memory if @len.
 * A refused read sets .failed of that job and is no error.
 */
struct rsp_job {
	struct rsp_thread thread;
	uint8_t *regs;          /* room for RSP_REGS_MAX bytes, or NULL */
	size_t regs_len;        /* set */
	uint64_t addr;
	uint8_t *mem;
	size_t len;             /* 0 = no memory; at most features.memory_max */
	bool failed;
};
#define RSP_REGS_MAX 4096
int rsp_jobs(struct rsp *r, struct rsp_job *jobs, int n, struct error *err);

/* Resume all threads, together with everything queued, in one write where the server allows it. */
int rsp_continue(struct rsp *r, struct error *err);

/*
 * Step one thread while the others stay stopped; waits for its stop. A CPU that
 * is halted (an INIT was pending) does not move: it is interrupted after 250 ms.
 */
int rsp_step(struct rsp *r, struct rsp_thread t, struct rsp_stop *stop, struct error *err);

/* Wait for a stop of the running target. timeout_ms 0 = only what has arrived, -1 = for ever. */
int rsp_wait_stop(struct rsp *r, int timeout_ms, struct rsp_stop *stop, struct error *err);

/* Stop the running target (0x03) and wait for the stop; a stop already on its way is returned instead. */
int rsp_interrupt(struct rsp *r, struct rsp_stop *stop, struct error *err);

bool rsp_running(const struct rsp *r);

/*
 * The target stands because somebody else (QMP, the monitor) paused it, and it
 * is theirs to resume, which QEMU does not tell us: take it as running, so that
 * its next stop is awaited.
 */
void rsp_assume_running(struct rsp *r);

/*
 * After rsp_assume_running(): does it run? A running target stops at our 0x03
 * and says so, a paused one keeps silent for @wait_ms. Stopped afterwards in
 * both cases. 1 = it ran, 0 = it stood, negative.
 */
int rsp_probe_running(struct rsp *r, int wait_ms, struct error *err);

/*
 * qRcmd: run a monitor command; its output goes to @out piece by piece.
 * QEMU's output may hold any byte. 0, or negative.
 */
int rsp_monitor(struct rsp *r, const char *command,
		void (*out)(void *arg, const char *text, size_t len), void *arg, struct error *err);

/* The same into a buffer, NUL-terminated, cut to @size. */
int rsp_monitor_text(struct rsp *r, const char *command, char *out, size_t size, struct error *err);

/* qXfer:features:read of @annex (target.xml), whole; caller frees *out. Length or negative. */
long rsp_features_xml(struct rsp *r, const char *annex, char **out, struct error *err);

/* `D`: remove every breakpoint, resume, forget us. Sends nothing afterwards. 0 or negative. */
int rsp_detach(struct rsp *r, struct error *err);

#endif
