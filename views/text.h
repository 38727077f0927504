/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events as lines, for attach and run without a terminal:
 *
 *   +0.012345 cpu1 smi-enter smbase=0x30000 rip=0x7e11234 cs=0x38 cause=apm cmd=0x04
 *
 * Between them stands what was concluded (text-findings.h): broken rules, steps of
 * episodes, and who waits for whom when one is stuck.
 *
 * Seconds count from the first event; cpu? is an unknown CPU; what was concluded
 * and not seen ends in origin=inferred. smi-enter says its cause and smi-leave how
 * long the stay was, where that is known. Nothing of a line comes from a guest or
 * server as text.
 */
#ifndef VIEWS_TEXT_H
#define VIEWS_TEXT_H

#include <stdio.h>

#include "../tracer/filter.h"
#include "../tracer/sink.h"

#define TEXT_ALL 1u /* also our own stops, reads of the hot-plug registers, steps of boot relocations */

/*
 * A sink that writes the events @filter takes (copied; NULL = as the flags say) and all that was concluded,
 * also from the others, to @out, which stays the caller's and must have nothing buffered.
 * A reader that does not keep up is not waited for; one that has left is no
 * error. Any other failed write ends the recording with ERR_OUTPUT. NULL, with
 * @err, without memory.
 */
struct sink *text_sink_open(FILE *out, unsigned flags, const struct filter *filter, struct error *err);

/* Write what waits, for two seconds at most. Returns how many lines were left out. NULL is fine. */
uint64_t text_sink_close(struct sink *s);

/* One line without its newline; @first_ns is the time of the first event. Returns @out. */
const char *text_line(char *out, size_t size, const struct sink_event *se, int64_t first_ns);

#endif
