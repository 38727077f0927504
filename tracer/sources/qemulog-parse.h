/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's log text as events: pure, incremental, no file and no thread.
 *
 * Recognised, with or without a stamp in front:
 *
 *	3714@1795345907.497467:apm_io_write write addr=0x1 val=0x00     QEMU 7.2, -msg timestamp=on
 *	2026-11-22T13:34:36.176650Z apm_io_write write ...              newer ones: time, no thread
 *	apm_io_write write addr=0x1 val=0x00                            no -msg timestamp
 *
 *	apm_io_read, apm_io_write   -> port (addr 0 is port 0xb2, 1 is 0xb3)
 *	apic_mem_writel 0x310/0x300 -> ipi, for SMI, INIT (not its de-assertion) and SIPI; the high half
 *	                               is remembered per thread, for all together without one
 *	cpuhp_acpi_*                -> cpuhp, one event for one access (QEMU hw/acpi/cpu.c, trace-events)
 *	CPU Reset (CPU n) + dump    -> cpu-reset; the dump shows the CPU BEFORE the reset
 *
 * Everything else, among it the dumps of -d int, is skipped. A line ends at a
 * newline; one over QEMULOG_LINE_MAX bytes is skipped whole; NUL bytes are
 * bytes like others.
 *
 * Times: a stamped line has its own, never later than its arrival; another one
 * has that of the moment before it was read, never before the stamped line in
 * front of it. Resets, which have no stamp, are held back until their dump is
 * read and the next stamped line (they cannot be later than that one) or the
 * end of the push is there; so they may go out behind events that are later.
 *
 * QEMU writes "CPU Reset" and the dump under two locks: where another CPU's
 * dump may have slipped between them, nothing but the CPU of the reset is known.
 */
#ifndef TRACER_SOURCES_QEMULOG_PARSE_H
#define TRACER_SOURCES_QEMULOG_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../clock.h"
#include "../event.h"
#include "../raw.h"
#include "qemulog-trace.h"

#define QEMULOG_LINE_MAX 4096
#define QEMULOG_THREADS 512
#define QEMULOG_RESETS 32 /* held back at a time */
#define QEMULOG_RESET_TEXT 1024

/* @raw: the line that tells of it; of a reset with those of its dump that were read. */
typedef void qemulog_out_fn(void *arg, const struct event *ev, const struct raw *raw);

struct qemulog_parse {
	qemulog_out_fn *out;
	void *arg;
	struct clock_sync clock;
	int64_t before, after; /* around the reading of the bytes being parsed */
	int64_t stamp;     /* time of the last stamped line, 0 = none */

	struct qemulog_thread thread[QEMULOG_THREADS]; /* [0]: lines without a thread */
	unsigned threads;

	struct {
		struct event ev;
		int64_t after;      /* the stamped line in front of it */
		size_t len, whole;  /* of text, and before it was cut */
		char text[QEMULOG_RESET_TEXT];
	} reset[QEMULOG_RESETS];    /* those held back, as they came */
	unsigned resets;
	bool reset_open;            /* the last one waits for its dump */
	unsigned reset_wait;        /* known lines seen meanwhile */

	bool skipping;      /* inside a line that is too long */
	size_t fill;        /* bytes of an unfinished line in line[] */
	char line[QEMULOG_LINE_MAX];
};

void qemulog_parse_init(struct qemulog_parse *p, qemulog_out_fn *out, void *arg);

/* Host thread @tid (> 0) runs @cpu. A second CPU on it makes both unknown. */
void qemulog_parse_set_tid(struct qemulog_parse *p, int tid, int cpu);

/* @len bytes that were read between @before and @after (CLOCK_MONOTONIC ns). */
void qemulog_parse_push(struct qemulog_parse *p, const char *data, size_t len, int64_t before, int64_t after);

/* The input ended or is interrupted: an unfinished line is dropped, resets are handed out. */
void qemulog_parse_flush(struct qemulog_parse *p);

#endif
