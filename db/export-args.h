/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events in the words of a timeline. */
#ifndef DB_EXPORT_ARGS_H
#define DB_EXPORT_ARGS_H

#include "export.h"

void mark_number(struct export_mark *m, const char *name, uint64_t number);
void mark_address(struct export_mark *m, const char *name, uint64_t number);

/* @text is borrowed; NULL and "" are left out. */
void mark_text(struct export_mark *m, const char *name, const char *text);

/* Where the words and the name of one event live. */
struct event_words {
	char name[64];
	char word[EVENT_ARGS][32];
};

/*
 * An instant of @ev: its time, track, category (the kind), a name such as "out 0xb2 0x4",
 * and its known arguments; what is inferred says so. @words must live as long as the mark.
 */
struct export_mark mark_event(int64_t id, const struct event *ev, struct event_words *words);

#endif
