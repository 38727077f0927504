/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "derive.h"
#include "../tracer/event-text.h"

static const char *const format_name[] = {
	[FMT_HEX] = "hex", [FMT_DEC] = "dec", [FMT_NS] = "ns", [FMT_DIR] = "dir", [FMT_MODE] = "mode",
	[FMT_DEST] = "dest", [FMT_VIA] = "via", [FMT_WHAT] = "what", [FMT_WHY] = "why", [FMT_BOOL] = "bool",
	[FMT_REG] = "reg", [FMT_WORD] = "word", [FMT_CODE] = "code",
};

static const char *const dir_words[] = { [DIR_READ] = "read", [DIR_WRITE] = "write" };
static const char *const bool_words[] = { "0", "1" };

static const struct word_list {
	const char *name;
	const char *const *text;
	unsigned count;
} word_lists[] = {
	{ "dir", dir_words, 2 },
	{ "bool", bool_words, 2 },
	{ "mode", ipi_mode_name, 8 },
	{ "dest", ipi_dest_name, 4 },
	{ "via", event_via_name, VIA_COUNT },
	{ "what", session_what_name, SESSION_COUNT },
	{ "why", pause_why_name, WHY_COUNT },
	{ "reg", config_reg_name, CONFIG_REG_COUNT },
	{ "word", handoff_word_name, WORD_COUNT },
	{ "code", handler_code_name, CODE_COUNT },
	{ "origin", event_origin_name, 2 },
	{ "state", cpu_state_name, CPU_STATE_COUNT },
};

/* INSERT one row: @number, @second unless negative, then the texts. */
static int insert(sqlite3 *db, const char *sql, int number, int second, const char *const text[3])
{
	sqlite3_stmt *q;
	int at = 0, rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

	if (rc)
		return rc;
	sqlite3_bind_int(q, ++at, number);
	if (second >= 0)
		sqlite3_bind_int(q, ++at, second);
	for (unsigned i = 0; i < 3 && text[i]; i++)
		sqlite3_bind_text(q, ++at, text[i], -1, SQLITE_STATIC);
	sqlite3_step(q);
	return sqlite3_finalize(q);
}

static int fill_kind(sqlite3 *db, int kind)
{
	const struct event_info *info = &event_info[kind];
	const char glyph[] = { info->glyph, '\0' };
	int rc = insert(db, "INSERT INTO event_kind VALUES (?, ?, ?, ?)", kind, -1,
			(const char *const[]){ info->name, glyph, info->help });

	for (unsigned i = 0; i < info->fields && !rc; i++)
		rc = insert(db, "INSERT INTO event_field VALUES (?, ?, ?, ?)", kind, (int)i,
			    (const char *const[]){ info->field[i].name, format_name[info->field[i].format],
						   NULL });
	return rc;
}

static int fill_words(sqlite3 *db, const struct word_list *list)
{
	int rc = 0;

	for (unsigned i = 0; i < list->count && !rc; i++)
		rc = insert(db, "INSERT INTO word (value, list, text) VALUES (?, ?, ?)", (int)i, -1,
			    (const char *const[]){ list->name, list->text[i], NULL });
	return rc;
}

/* An unknown cause has no word: it is NULL. */
static int fill_causes(sqlite3 *db)
{
	int rc = 0;

	for (int i = CAUSE_UNKNOWN + 1; i < CAUSE_COUNT && !rc; i++)
		rc = insert(db, "INSERT INTO word (value, list, text) VALUES (?, ?, ?)", i, -1,
			    (const char *const[]){ "cause", smi_cause_name[i], NULL });
	return rc;
}

int dictionary_fill(sqlite3 *db)
{
	int rc = 0;

	for (int i = 0; i < EVENT_KIND_COUNT && !rc; i++)
		rc = fill_kind(db, i);
	for (int i = 0; i < EVENT_SOURCE_COUNT && !rc; i++)
		rc = insert(db, "INSERT INTO event_source VALUES (?, ?, ?)", i, -1,
			    (const char *const[]){ event_source_info[i].name, event_source_info[i].help,
						   NULL });
	for (size_t i = 0; i < sizeof(word_lists) / sizeof(*word_lists) && !rc; i++)
		rc = fill_words(db, &word_lists[i]);
	return rc ? rc : fill_causes(db);
}
