/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port I/O, and the serial line over it. */
#ifndef PORT_H
#define PORT_H

#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

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
