/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "invariants-page.h"

#include <string.h>

#include "../tracer/check/check.h"

static const char head[] =
	".\\\" SPDX-License-Identifier: GPL-3.0-or-later\n"
	".\\\" Made by `make manual` from the table in tracer/check/; do not edit.\n"
	".TH SMMTRACE\\-INVARIANTS 7 \"2026-11-25\" \"smmtrace " SMMTRACE_VERSION "\" \"smmtrace\"\n"
	".SH NAME\n"
	"smmtrace\\-invariants \\- the rules of an SMBASE relocation and of a CPU hot\\-plug\n"
	".SH DESCRIPTION\n"
	"An invariant is a rule that holds in a machine whose firmware relocates CPUs as it should.\n"
	"smmtrace judges each one while it records, and again when a recording is looked at.\n"
	"At the end each of them stands in one of four ways:\n"
	".TP\n.B holds\n"
	"Something exercised it, it was kept, and nothing it needs was lost.\n"
	".TP\n.B violated\n"
	"It was broken; the events that prove it are named.\n"
	".TP\n.B unknown\n"
	"It was exercised, but something it needs was lost or could not be looked at.\n"
	".TP\n.B never\n"
	"Nothing exercised it.\n"
	".PP\n"
	"The severity is that of a violation:\n"
	".B error\nfor a hang, a crash or open SMRAM,\n"
	".B warning\nfor a way there,\n"
	".B note\nfor what costs time or is odd.\n"
	".PP\n"
	"The names are those of\n.B attach \\-\\-check\nand of the view\n.B violation_v\nof a recording.\n";

static const char foot[] =
	".SH SEE ALSO\n"
	".BR smmtrace (1),\n.BR smmtrace\\-attach (1),\n.BR smmtrace\\-list (1),\n"
	".BR smmtrace\\-report (1)\n";

/* The steps as the table spells them, in its order of headings. */
static const struct {
	const char *step, *heading;
} groups[] = {
	{ "N", "Boot and negotiation" },
	{ "a", "Step (a): all CPUs in SMM, no INIT or SIPI in flight" },
	{ "b", "Step (b): the plugged CPUs are enumerated, the handler is ready" },
	{ "c", "Step (c): INIT and SIPI to the new CPU" },
	{ "d", "Step (d): the new CPU relocates itself" },
	{ "e", "Step (e): the next CPU" },
	{ "f", "Step (f): the gate is closed, all CPUs leave" },
	{ "U", "Hot-unplug" },
	{ "-", "The recording itself" },
};

static const struct {
	unsigned need;
	const char *text;
} needs[] = {
	{ NEED_SMM, "SMI entries and RSMs" }, { NEED_SMBASE, "writes of the SMBASE slot" },
	{ NEED_PORT, "accesses of 0xb2 and 0xb3" }, { NEED_IPI, "IPIs" }, { NEED_RESET, "resets" },
	{ NEED_CPUHP, "accesses of the hot-plug registers" },
	{ NEED_HANDOFF, "the words of the handshake" }, { NEED_HANDLER, "the code at the default SMBASE" },
	{ NEED_CONFIG, "settings of the machine" },
};

/* Roff takes "-" for a hyphen, and a line that begins with a dot or quote for a request. */
static void put_roff(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		bool sentence = c > text && c[-1] == '.' && c[0] == ' ' && c[1] >= 'A' && c[1] <= 'Z';

		if (sentence)
			putc('\n', out);
		else if (*c == '-')
			fputs("\\-", out);
		else if (*c == '\\')
			fputs("\\e", out);
		else if ((*c == '.' || *c == '\'') && c == text)
			fprintf(out, "\\&%c", *c);
		else
			putc(*c, out);
	}
}

static void put_paragraph(FILE *out, const char *text)
{
	put_roff(out, text);
	if (*text)
		fputs(strchr(".?!", text[strlen(text) - 1]) ? "\n" : ".\n", out);
}

static void put_needs(FILE *out, unsigned need)
{
	const char *between = ".br\nNeeds ";

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (need & needs[i].need) {
			fputs(between, out);
			put_roff(out, needs[i].text);
			between = ", ";
		}
	if (need)
		fputs(".\n", out);
}

static void put_invariant(FILE *out, unsigned number)
{
	const struct invariant *inv = invariant_list[number];

	fputs(".TP\n.B ", out);
	fprintf(out, "%u ", number + 1);
	put_roff(out, inv->name);
	fprintf(out, "\n%s: ", check_severity_name[inv->severity]);
	put_paragraph(out, inv->rule);
	if (*inv->meaning)
		fputs(".br\n", out);
	put_paragraph(out, inv->meaning);
	put_needs(out, inv->needs);
}

void invariants_page(FILE *out)
{
	fputs(head, out);
	fputs(".SH INVARIANTS\n", out);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		fputs(".SS ", out);
		put_roff(out, groups[g].heading);
		putc('\n', out);
		for (unsigned i = 0; i < INVARIANT_COUNT; i++)
			if (!strcmp(invariant_list[i]->step, groups[g].step))
				put_invariant(out, i);
	}
	fputs(foot, out);
}
