/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One trace event of QEMU, without its stamp, as an event of ours: pure.
 */
#ifndef TRACER_SOURCES_QEMULOG_TRACE_H
#define TRACER_SOURCES_QEMULOG_TRACE_H

#include "../event.h"
#include "text.h"

/* What is remembered of a host thread of QEMU. */
struct qemulog_thread {
	int tid;           /* 0: the lines that name no thread */
	int cpu;           /* CPU_UNKNOWN: not told, or shared by several */
	bool shared;
	bool icr2_known;
	uint32_t icr2;     /* last value written to 0x310 */
};

enum qemulog_taken {
	QEMULOG_FOREIGN, /* not a trace event we know, or damaged */
	QEMULOG_KNOWN,   /* known, but nothing to report (another APIC register, a fixed interrupt) */
	QEMULOG_EVENT,   /* *ev is filled, but for its time */
};

enum qemulog_taken qemulog_trace_event(struct text line, struct qemulog_thread *th, struct event *ev);

#endif
