/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "terminfo.h"
#include "../db/sqlite-version.h"
#include "../gdbproto/safe-text.h"

#define LEAST_ROWS 24
#define LEAST_COLUMNS 80

/* The character set that the environment asks for; "" when its locale is not installed. */
static void locale_charset(char *out, size_t size)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	snprintf(out, size, "%s", locale ? nl_langinfo_l(CODESET, locale) : "");
	if (locale)
		freelocale(locale);
}

/* A locale that cannot carry UTF-8 is a fact worth a word, not a fault: the views have an ASCII form. */
static void check_charset(struct finding *f, const char *term, int colours, const struct winsize *size)
{
	static const char remedy[] = "set LC_ALL=C.UTF-8 for the better glyphs; --ascii is always there";
	char charset[32];

	locale_charset(charset, sizeof(charset));
	if (strcmp(charset, "UTF-8"))
		finding_set(f, VERDICT_WARN, remedy,
			    "TERM=%s, %d colours, %dx%d; %s%s, so the views use ASCII", term, colours,
			    size->ws_col, size->ws_row,
			    *charset ? "the locale has " : "the locale is not installed", charset);
	else
		finding_set(f, VERDICT_OK, NULL, "TERM=%s, %d colours, %dx%d, UTF-8%s", term, colours,
			    size->ws_col, size->ws_row,
			    getenv("NO_COLOR") && *getenv("NO_COLOR") ? ", NO_COLOR is set" : "");
}

void check_terminal(struct finding *f)
{
	struct winsize size = { 0 };
	int colours = terminfo_colours();
	const char *name = getenv("TERM");
	char term[64] = "(not set)";

	if (name)
		safe_text(term, sizeof(term), name, strlen(name));
	if (!isatty(STDOUT_FILENO))
		finding_set(f, VERDICT_WARN, "run it in a terminal to see the timeline",
			    "standard output is no terminal: attach and run write lines");
	else if (colours < 0)
		finding_set(f, VERDICT_WARN,
			    "set TERM to what the terminal is; attach and run write lines until then",
			    "TERM=%s cannot place its cursor, or is not known here", term);
	else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < LEAST_ROWS ||
		 size.ws_col < LEAST_COLUMNS)
		finding_set(f, VERDICT_WARN, "make the window larger",
			    "the terminal has %dx%d, the views want %dx%d", size.ws_col, size.ws_row,
			    LEAST_COLUMNS, LEAST_ROWS);
	else
		check_charset(f, term, colours, &size);
}

void check_sqlite(struct finding *f)
{
	bool enough;
	const char *version = sqlite_version(&enough);

	if (enough)
		finding_set(f, VERDICT_OK, NULL, "SQLite %s", version);
	else
		finding_set(f, VERDICT_NO, "install SQLite " SQLITE_OLDEST " or newer",
			    "SQLite %s knows no STRICT tables", version);
}
