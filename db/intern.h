/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts that come again and again, each written once and then named by a number. */
#ifndef DB_INTERN_H
#define DB_INTERN_H

#include <stdbool.h>
#include <stdint.h>

#define INTERN_MAX 2048 /* texts; a guest can make up more, which are then written in full */

struct intern {
	unsigned count;
	struct {
		char *text;
		unsigned list;
		uint64_t number;
	} slot[2 * INTERN_MAX];
};

/* The number of @text in @list, from 1; *fresh = it was not there before. 0 = there is no room. */
uint64_t intern_text(struct intern *t, unsigned list, const char *text, bool *fresh);

/* Frees the texts. */
void intern_clear(struct intern *t);

#endif
