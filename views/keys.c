/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keys.h"

const struct key_info key_info[ACTION_COUNT] = {
#define X(A, name, keys, help, ...) [ACTION_##A] = { name, keys, help, { __VA_ARGS__ } },
	KEYS(X)
#undef X
};

const struct key_page key_page_timeline = {
	.screen = "the timeline",
	.mouse = "mouse: click chooses, wheel zooms, on the axis pans, on the list goes along",
	.text = {
#define X(A, name, keys, help, ...) [ACTION_##A] = help,
		KEYS(X)
#undef X
	},
};

enum key_action key_action(int code)
{
	for (int a = 0; a < ACTION_COUNT && code; a++)
		for (int i = 0; i < 4; i++)
			if (key_info[a].code[i] == code)
				return (enum key_action)a;
	return ACTION_COUNT;
}
