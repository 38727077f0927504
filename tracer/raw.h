/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an event was made of, as it came: the line of a log, the packet of a stub, the save state in guest memory.
 * An event is small and has no pointers, so this goes beside it, from its source through the pipeline to the
 * sinks. It is evidence for people: nothing is concluded from it, and when memory is short it is dropped before
 * an event is. Whatever it holds is the guest's or the server's: safe_text() before a terminal.
 */
#ifndef TRACER_RAW_H
#define TRACER_RAW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define RAW_TEXT_MAX 4096 /* bytes of a text that are kept */
#define RAW_STATE_MAX 512 /* SMM_STATE_TAIL of sources/smm-state.h */

/* Borrowed for the call that hands it on. */
struct raw {
	const char *text;   /* any bytes, not NUL-terminated; NULL = none, or dropped */
	size_t len;
	size_t whole;       /* length before it was cut; 0 = it was not */
	const void *state;  /* the end of a save-state map, as smm_state_decode() takes it; NULL = none, or dropped */
	size_t state_len;
	bool dropped;       /* there was something, but no room to keep it */
};

/* @text of @len bytes, cut to RAW_TEXT_MAX. */
static inline struct raw raw_text(const char *text, size_t len)
{
	return len > RAW_TEXT_MAX ? (struct raw){ .text = text, .len = RAW_TEXT_MAX, .whole = len } :
				    (struct raw){ .text = text, .len = len };
}

/* Bytes that copies may take together; any thread. */
struct raw_room {
	atomic_size_t used;
	size_t limit;
};

/* A copy of @raw for raw_drop(); where there is no room one that says `dropped`. NULL only for NULL. */
struct raw *raw_keep(struct raw_room *room, const struct raw *raw);
void raw_drop(struct raw_room *room, struct raw *copy);

#endif
