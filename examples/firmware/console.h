/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debug console, as OVMF and SeaBIOS use it: -debugcon file:LOG -global isa-debugcon.iobase=0x402. */
#ifndef CONSOLE_H
#define CONSOLE_H

/* One line. Knows %s, %u (unsigned), %x (unsigned). */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
