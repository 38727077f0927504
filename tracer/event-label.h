/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An event in a few characters, for a lane of a timeline. Pure. */
#ifndef TRACER_EVENT_LABEL_H
#define TRACER_EVENT_LABEL_H

#include "event.h"

/* What stands behind the event's mark: "B2=04", "9f>1", "7ffb3000", " gate=closed"; "" for many. Returns @out. */
const char *event_label(char *out, size_t size, const struct event *ev);

/* How a label calls the words of a handoff. */
extern const char *const handoff_label_name[WORD_COUNT];

#endif
