/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may stand in a query, for completion: the questions, the views of a recording, their columns, SQL.
 * The views are those of our own schema, so no name of a file gets to the terminal.
 */
#ifndef DB_QUERY_NAMES_H
#define DB_QUERY_NAMES_H

#include <stddef.h>

struct query_names;

/* NULL on no memory. */
struct query_names *query_names_new(void);
void query_names_free(struct query_names *n);

enum names_place {
	NAMES_FIRST, /* a line begins: questions, views, SQL */
	NAMES_TABLE, /* behind FROM or JOIN: views */
	NAMES_OTHER, /* views, columns, SQL */
};

/* What is completed at @start of @line. */
enum names_place query_names_place(const char *line, size_t start);

/*
 * The @index-th name that may stand at @place and begins with @prefix, in any case of letters; NULL behind
 * the last one. Lives until query_names_free().
 */
const char *query_names_find(const struct query_names *n, const char *prefix, enum names_place place,
			     size_t index);

#endif
