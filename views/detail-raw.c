/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "detail-raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../gdbproto/safe-text.h"
#include "../tracer/sources/smm-state.h"

#define RAW_LINES 20      /* of a text that are shown */
#define RAW_LINE_BYTES 280 /* at a time: as many as fit when each becomes \xNN */
#define REGISTERS_IN_LINE 6
#define CR0_PE 1u
#define EFER_LMA 0x400u

/* Bytes of the next line that is shown. */
static size_t line_length(const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);
	size_t line = newline ? (size_t)(newline - text) : len;

	return line < RAW_LINE_BYTES ? line : RAW_LINE_BYTES;
}

void detail_raw_text(struct detail *d, const struct picture_event *e, const struct reader_raw *raw)
{
	const char *what = e->ev.source == SRC_GDB ? "packet" : "raw line", *label = what;
	char line[4 * RAW_LINE_BYTES + 8];
	size_t at = 0;

	if (raw->dropped)
		detail_add(d, "%s not kept: the recorder had no room for it", what);
	for (int lines = 0; at < raw->len && lines < RAW_LINES; lines++) {
		size_t len = line_length(raw->text + at, raw->len - at);

		detail_add(d, "%-8s  %s", label, safe_text(line, sizeof(line), raw->text + at, len));
		at += len;
		at += at < raw->len && raw->text[at] == '\n';
		label = "";
	}
	if (at < raw->len)
		detail_add(d, "          ... %zu more bytes: smmtrace query FILE raw %" PRId64, raw->len - at, e->id);
	if (raw->whole)
		detail_add(d, "          cut: the %s had %" PRId64 " bytes", what, raw->whole);
}

/* By CR0.PE and EFER.LMA, as far as they are known. */
static const char *mode_of(const struct smm_state *s)
{
	if (!smm_state_has(s, SMM_CR0))
		return "";
	if (!(s->value[SMM_CR0] & CR0_PE))
		return ", real mode";
	return smm_state_has(s, SMM_EFER) && s->value[SMM_EFER] & EFER_LMA ? ", long mode" : ", protected mode";
}

static int digits_of(const struct smm_state *s)
{
	uint64_t all = 0;
	int digits = 1;

	for (unsigned f = 0; f < SMM_FIELD_COUNT; f++)
		all |= s->value[f];
	while (all >>= 4)
		digits++;
	return digits;
}

/* "cr0      0x80010033  cr3 ...", each as wide as the longest value wants. */
static void add_registers(struct detail *d, const struct smm_state *s, int cols)
{
	char line[240] = "", one[48];
	int digits = digits_of(s), fit = (cols - 2) / (13 + digits), n = 0;

	fit = fit < 1 ? 1 : fit > REGISTERS_IN_LINE ? REGISTERS_IN_LINE : fit;
	for (unsigned f = 0; f < SMM_FIELD_COUNT; f++) {
		if (!smm_state_has(s, f))
			continue;
		snprintf(one, sizeof(one), "  %-9s0x%-*" PRIx64, smm_field_name[f], digits, s->value[f]);
		strncat(line, one, sizeof(line) - strlen(line) - 1);
		if (++n % fit)
			continue;
		detail_add(d, "%s", line);
		line[0] = '\0';
	}
	if (*line)
		detail_add(d, "%s", line);
}

void detail_saved_state(struct detail *d, const struct event *ev, const struct reader_raw *raw, int cols)
{
	struct smm_state s;

	if (!raw->state_len) {
		detail_add(d, "saved state: %s", !raw->kept ? "an older smmtrace made this recording and did not keep it" :
			   raw->dropped ? "not kept: the recorder had no room for it" : "it was not read at this entry");
		return;
	}
	if (smm_state_decode(raw->state, raw->state_len, &s) < 0) {
		detail_add(d, "saved state: its revision id 0x%x is not known, so nothing of it is decoded", s.revision);
		return;
	}
	detail_add(d, "saved state by revision id 0x%x (%s)%s%s", s.revision, s.layout, mode_of(&s),
		   ev->origin == ORIGIN_INFERRED ? "; read later than the entry: the handler may have changed it" : "");
	add_registers(d, &s, cols);
}
