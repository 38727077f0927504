/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What <string.h> would be for. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>

static inline bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

#endif
