/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small questions to the host: where a program is, what it says about itself.
 */
#ifndef TRACER_HOST_H
#define TRACER_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* The QEMU that smmtrace is made for, by name. */
#define HOST_QEMU "qemu-system-x86_64"

/* Find the executable @name in PATH; its path goes to @out (cut to @size). False if there is none. */
bool host_find_program(const char *name, char *out, size_t size);

/*
 * Run @argv (argv[0] a path) without a stdin, take the first line of the
 * first piece it writes, and end it; wait at most @timeout_ms for that. @line is safe to
 * print. False when it could not be run or said nothing in time.
 */
bool host_first_line(char *const argv[], int timeout_ms, char *line, size_t size);

#endif
