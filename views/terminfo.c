/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "terminfo.h"

#include <stdlib.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

int terminfo_colours(void)
{
	const char *move;
	int status, count;

	if (!getenv("TERM") || setupterm(NULL, STDOUT_FILENO, &status) != OK)
		return -1;
	move = tigetstr("cup");
	count = tigetnum("colors");
	del_curterm(cur_term);
	if (!move || move == (const char *)-1)
		return -1;
	return count > 0 ? count : 0;
}
