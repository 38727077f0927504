/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON strings (RFC 8259), for what is written piece by piece. */
#ifndef VIEWS_JSON_TEXT_H
#define VIEWS_JSON_TEXT_H

#include <stdio.h>

/*
 * Write @text, quotes included; NULL is null. Bytes that are no UTF-8 come out as
 * U+FFFD, so that the document stays valid whatever a guest said.
 */
void json_text(FILE *out, const char *text);

#endif
