/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QMP in the recorder's loop: says LIVE_CHANGED when a CPU came or went. Without QMP the recording goes on. */
#ifndef TRACER_SOURCES_QMP_LIVE_H
#define TRACER_SOURCES_QMP_LIVE_H

#include "../live.h"
#include "qmp.h"

/* @note gets a line when QMP ends. NULL on failure. */
struct live *qmp_live_open(const char *path, int timeout_ms, void (*note)(void *arg, const char *text), void *arg,
			   struct error *err);

/* The connection in it, as long as it is open. */
struct qmp *qmp_live_qmp(struct live *l);

#endif
