/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "int-text.h"

#include <string.h>

#define DUMP_LINES 28 /* a dump of a 64-bit CPU has 20 */

/* Where the dump has a field of smi-enter: behind this text, in this many digits at most. */
static const struct {
	const char *before;
	unsigned digits, field;
} fields[] = {
	{ "EAX=", 16, SMI_ENTER_RAX }, { "RAX=", 16, SMI_ENTER_RAX },
	{ "EDX=", 16, SMI_ENTER_RDX }, { "RDX=", 16, SMI_ENTER_RDX },
	{ "EIP=", 16, SMI_ENTER_RIP }, { "RIP=", 16, SMI_ENTER_RIP },
	{ "CS =", 4, SMI_ENTER_CS },
	{ "CR0=", 16, SMI_ENTER_CR0 }, { "CR3=", 16, SMI_ENTER_CR3 },
	{ "EFER=", 16, SMI_ENTER_EFER },
};

void int_text_init(struct int_text *t, int_text_out_fn *out, void *arg)
{
	*t = (struct int_text){ .out = out, .arg = arg };
}

void int_text_flush(struct int_text *t)
{
	struct raw raw = raw_text(t->text, t->len);

	raw.whole = t->whole - 1 > t->len ? t->whole - 1 : 0; /* without the last newline */
	if (t->open)
		t->out(t->arg, &t->ev, &raw);
	t->open = false;
}

bool int_text_begins(struct text line)
{
	return eat(&line, "SMM: enter") || eat(&line, "SMM: after RSM");
}

/* Is this still the dump: registers with "=" right behind their names? */
static bool is_dump(struct text line)
{
	unsigned n = 0;

	while (n < 5 && line.at < line.end && *line.at != '=')
		n++, line.at++;
	return n > 1 && n < 5 && line.at < line.end;
}

static void take_dump(struct int_text *t, struct text line)
{
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct text at = line;
		uint64_t value;

		if (t->ev.kind == EV_SMI_ENTER && eat_through(&at, fields[i].before) &&
		    eat_number(&at, 16, fields[i].digits, &value))
			event_set(&t->ev, fields[i].field, value);
	}
}

static void keep_text(struct int_text *t, struct text line)
{
	size_t len = (size_t)(line.end - line.at), room = sizeof(t->text) - t->len;
	size_t kept = len < room ? len : room;

	if (t->len && kept) {
		t->text[t->len++] = '\n';
		kept = kept < room ? kept : room - 1;
	}
	memcpy(t->text + t->len, line.at, kept);
	t->len += kept;
	t->whole += len + 1;
}

void int_text_line(struct int_text *t, struct text line, int64_t ts)
{
	struct text word = line;
	bool enter = eat(&word, "SMM: enter");

	if (enter || eat(&word, "SMM: after RSM")) {
		int_text_flush(t);
		t->ev = event_new(enter ? EV_SMI_ENTER : EV_SMI_LEAVE, SRC_QEMULOG, CPU_UNKNOWN, ts);
		t->ev.origin = ORIGIN_INFERRED;
		t->open = true;
		t->lines = 0;
		t->len = t->whole = 0;
		keep_text(t, line);
	} else if (t->open && is_dump(line) && t->lines++ < DUMP_LINES) {
		take_dump(t, line);
		keep_text(t, line);
	} else {
		int_text_flush(t);
	}
}
