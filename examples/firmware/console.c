/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console.h"

#include <stdarg.h>
#include <stdint.h>

#include "../common/port.h"

#define DEBUG_PORT 0x402

static void put(char c)
{
	outb(DEBUG_PORT, (uint8_t)c);
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_number(unsigned value, unsigned base)
{
	char digits[10];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		put(digits[--n]);
}

void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_text(va_arg(ap, const char *));
			break;
		case 'u':
			put_number(va_arg(ap, unsigned), 10);
			break;
		case 'x':
			put_text("0x");
			put_number(va_arg(ap, unsigned), 16);
			break;
		}
	}
	put('\n');
	va_end(ap);
}
