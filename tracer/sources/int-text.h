/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's log of -d int, as far as it is about SMM: pure, a line at a time.
 *
 *	SMM: enter                     QEMU target/i386/tcg/sysemu/smm_helper.c, do_smm_enter()
 *	RAX=0000... RBX=...            the state that is being saved (log_cpu_state_mask())
 *	...
 *	SMM: after RSM                 helper_rsm(); the state that was loaded follows
 *
 * Neither the CPU is told, nor the SMBASE, nor a time.
 */
#ifndef TRACER_SOURCES_INT_TEXT_H
#define TRACER_SOURCES_INT_TEXT_H

#include "../event.h"
#include "text.h"

struct int_text {
	void (*out)(void *arg, const struct event *ev);
	void *arg;
	bool open;         /* ev waits for the rest of its dump */
	unsigned lines;    /* of the dump, so far */
	struct event ev;
};

void int_text_init(struct int_text *t, void (*out)(void *arg, const struct event *ev), void *arg);

/* One line; an event that it begins is of @ts. */
void int_text_line(struct int_text *t, struct text line, int64_t ts);

/* The input ended. */
void int_text_flush(struct int_text *t);

/* Is this a line that such an event begins with? */
bool int_text_begins(struct text line);

#endif
