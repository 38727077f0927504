/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The serial line. */
#ifndef SERIAL_H
#define SERIAL_H

#include "../common/port.h"

#define COM1 0x3f8

static inline void say(const char *text)
{
	for (; *text; text++)
		outb(COM1, (uint8_t)*text);
}

static inline void say_number(const char *name, uint64_t value)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	say(" ");
	say(name);
	say("=");
	while (n)
		outb(COM1, (uint8_t)digits[--n]);
}

static inline void say_end(void)
{
	say("\r\n");
}

#endif
