/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text on an HTML page. Everything that a guest, a server or a file made goes through html_text(). */
#ifndef VIEWS_HTML_TEXT_H
#define VIEWS_HTML_TEXT_H

#include <stdio.h>

#define HTML_TEXT_MAX 4000 /* bytes of @text; what is beyond becomes an ellipsis */

/*
 * @text as the content of an element or of a quoted attribute: < > & " ' as entities, bytes that are no UTF-8
 * as \xNN, what unseen() names (controls, bidi and other format characters) as \u{NNNN}. NULL is nothing.
 */
void html_text(FILE *out, const char *text);

/* printf, through html_text(); up to 2000 bytes. */
void html_print(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
