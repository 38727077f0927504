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
#include "../raw.h"
#include "text.h"

#define INT_TEXT_MAX 2048 /* a dump of a 64-bit CPU has 1500 bytes */

/* @raw: what began it, and the dump as far as there was room. */
typedef void int_text_out_fn(void *arg, const struct event *ev, const struct raw *raw);

struct int_text {
	int_text_out_fn *out;
	void *arg;
	bool open;         /* ev waits for the rest of its dump */
	unsigned lines;    /* of the dump, so far */
	struct event ev;
	size_t len, whole; /* of text, and before it was cut */
	char text[INT_TEXT_MAX];
};

void int_text_init(struct int_text *t, int_text_out_fn *out, void *arg);

/* One line; an event that it begins is of @ts. */
void int_text_line(struct int_text *t, struct text line, int64_t ts);

/* The input ended. */
void int_text_flush(struct int_text *t);

/* Is this a line that such an event begins with? */
bool int_text_begins(struct text line);

#endif
