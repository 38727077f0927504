/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one error idiom of the house.
 *
 * A function that can fail takes a struct error * as its last argument and
 * returns 0 (or a count) on success and a negative number on failure; on
 * failure the record holds one clear line: what is wrong and what to do.
 * Nobody below a command prints or exits; the command prints error.text once
 * and exits with error.code, which is the documented exit status.
 *
 * The record is owned by the caller, needs no freeing, and is written only on
 * failure. NULL is allowed where the caller does not want the text.
 */
#ifndef GDBPROTO_ERROR_H
#define GDBPROTO_ERROR_H

enum error_code {
	ERR_OK = 0,
	ERR_FINDING = 1, /* what was looked for is not as it should be */
	ERR_USAGE = 2,   /* arguments, or a name that does not exist */
	ERR_TARGET = 3,  /* the target cannot be reached or spoken to */
	ERR_CORRUPT = 4, /* an input file is damaged, foreign or too new */
	ERR_LOST = 5,    /* events were lost, and the user asked for none to be (--strict) */
	ERR_OUTPUT = 6,  /* the recording or output cannot be written */
};

struct error {
	enum error_code code;
	char text[512];
};

/* Fill @err and return -code, so that callers can `return fail(...)`. */
int fail(struct error *err, enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": strerror(errno)" appended. */
int fail_errno(struct error *err, enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
