/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An event as one line of text, and back: fixtures, the headless output, the
 * detail column and --jsonl speak the same words.
 *
 *   t=1020 cpu=1 smbase-write old=0x30000 new=0x7f7d0000 rip=0x38084 origin=inferred
 *
 * origin and source are written only when they differ from observed/fixture;
 * an unknown argument is left out; cpu=? is an unknown CPU.
 */
#ifndef TRACER_EVENT_TEXT_H
#define TRACER_EVENT_TEXT_H

#include "event.h"
#include "../gdbproto/error.h"

/* One argument as text ("0x38000", "write", "sipi"); "?" if unknown. Returns @out. */
const char *event_arg_text(char *out, size_t size, const struct event *ev, unsigned field);

/* All known arguments, "name=value name=value". Returns @out. */
const char *event_detail(char *out, size_t size, const struct event *ev);

/* The line that lists show: "smi-enter    cpu1   smbase=0x30000 ... (inferred)". Returns @out. */
const char *event_line(char *out, size_t size, const struct event *ev);

/* The @i-th word of a format that has words ("read", "write"); NULL behind the last one. */
const char *event_word(enum event_format format, unsigned i);

/* Parse one line (no newline). 0, or negative with the reason in @err. */
int event_parse(struct event *ev, const char *line, struct error *err);

/* EVENT_KIND_COUNT if there is no such kind. */
enum event_kind event_kind_by_name(const char *name, size_t len);

#endif
