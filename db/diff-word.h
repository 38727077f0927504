/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One event as a word for a diff: what happened, without what differs from one run to the next although
 * nothing is wrong. No time, no address: an SMBASE is the default one, the CPU's own, or another CPU's; the
 * target of an IPI is the new CPU, a relocated one, or one that is not relocated. What happens inside SMM
 * begins with two blanks. Pure.
 *
 * Not told: our own stops, looks and losses; reads of ports; the handshake's words, which are seen by
 * sampling; the settings and the code at the default SMBASE, whose last state is compared instead.
 */
#ifndef DB_DIFF_WORD_H
#define DB_DIFF_WORD_H

#include "../tracer/flow/scene.h"
#include "../tracer/sink.h"

enum word_use {
	WORD_NONE,    /* the event is none of a diff's business */
	WORD_COUNTS,  /* once more or less is a difference: INIT, SMBASE written, reset, eject */
	/*
	 * How often is luck: SMIs that plug nothing, reads of the hot-plug registers; and the second SIPI, which
	 * many leave out when the CPU has come (Intel SDM vol. 3, 9.4.4).
	 */
	WORD_REPEATS,
	WORD_POLLS,   /* the same; and a recording that ends with more of it has only gone on for longer */
};

#define WORD_ROOM 96

/* @s is the scene after the event. @out: WORD_ROOM bytes. */
enum word_use word_of_event(char *out, const struct sink_event *se, const struct scene *s);

#endif
