/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of JSON as every export writes them. */
#ifndef DB_EXPORT_JSON_H
#define DB_EXPORT_JSON_H

#include <stdint.h>
#include <stdio.h>

/* A number; beyond 2^53, where readers that take numbers as doubles would round, "0x..." as text. */
void export_json_number(FILE *out, uint64_t number);

/* Quoted and escaped; what is no UTF-8 becomes U+FFFD. */
void export_json_text(FILE *out, const char *text);

#endif
