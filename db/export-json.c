/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "export-json.h"

#include <inttypes.h>
#include <string.h>

#include "output-text.h"

void export_json_number(FILE *out, uint64_t number)
{
	if (number <= UINT64_C(1) << 53)
		fprintf(out, "%" PRIu64, number);
	else
		fprintf(out, "\"0x%" PRIx64 "\"", number);
}

void export_json_text(FILE *out, const char *text)
{
	put_json(out, &(struct cell){ .type = CELL_TEXT, .text = text, .len = strlen(text) });
}
