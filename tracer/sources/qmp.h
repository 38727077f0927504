/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's machine protocol as a witness of CPUs that come and go while nothing stops the guest: it
 * is asked for the CPUs there are (query-cpus-fast, which does not touch them) and listened to for
 * DEVICE_DELETED. It changes nothing but by qmp_cont(). QEMU serves one client per QMP socket.
 *
 * Sole user of jansson.h. One struct qmp belongs to one thread.
 */
#ifndef TRACER_SOURCES_QMP_H
#define TRACER_SOURCES_QMP_H

#include <stdint.h>

#include "../../gdbproto/error.h"

struct qmp;

/*
 * Connect to the socket at @path (or :PORT, HOST:PORT) and negotiate. NULL with the reason: nobody there,
 * somebody else connected, or not QMP (what it said instead is told).
 */
struct qmp *qmp_open(const char *path, int timeout_ms, struct error *err);
void qmp_close(struct qmp *q); /* NULL is fine */

/* Call @fn for each CPU in every answer: its index, its thread. */
void qmp_on_cpu(struct qmp *q, void (*fn)(void *arg, int cpu, int tid), void *arg);

/*
 * Call @fn when the machine was reset: at CLOCK_MONOTONIC @ts, before the CPUs were told (QEMU
 * softmmu/runstate.c, qemu_system_reset(): the event goes out before cpu_synchronize_all_post_reset()).
 */
void qmp_on_reset(struct qmp *q, void (*fn)(void *arg, int64_t ts), void *arg);

/* Let the guest run that QEMU was started with -S for. */
int qmp_cont(struct qmp *q, struct error *err);

/* Readable when QEMU says something. */
int qmp_fd(const struct qmp *q);

/* Ask which CPUs there are, unless an answer is due already. The answer comes through qmp_handle(). */
int qmp_ask(struct qmp *q, struct error *err);

/* Take what has arrived: 1 = a CPU came or went, 0 = nothing of that, negative = the connection is over. */
int qmp_handle(struct qmp *q, struct error *err);

#endif
