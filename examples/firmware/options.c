/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "options.h"

#include "config.h"
#include "console.h"
#include "fwcfg.h"
#include "text.h"

struct config config;

static const char *const bug_names[] = {
	[BUG_NONE] = "none",
#define X(NAME, text) [BUG_##NAME] = text,
	BUGS(X)
#undef X
};

static const char *const order_names[] = {
	[ORDER_DESIGN] = "design", [ORDER_SIPI_FIRST] = "sipi-first",
};

/* The place of a file's text among @n names; @absent without the file, or when it is none of them. */
static unsigned choose(const char *file, const char *const *names, unsigned n, unsigned absent)
{
	char text[64] = "";
	unsigned i = 0;

	if (fwcfg_read(file, text, sizeof(text) - 1) < 0)
		return absent;
	while (i < n && !same_text(text, names[i]))
		i++;
	if (i < n)
		return i;
	say("boot: %s: '%s' is not known, and makes no difference", file, text);
	return absent;
}

void options_read(void)
{
	config.bug = choose("opt/org.smmtrace/bug", bug_names, BUG_COUNT, BUG_NONE);
	config.order = choose("opt/org.smmtrace/order", order_names, 2, ORDER_SIPI_FIRST);
	say("boot: bug %s, order %s", bug_names[config.bug], order_names[config.order]);
}
