/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of the filter language (filter.h), all from the tables of tracer/event.h: which kinds a word
 * names, which can have it in their line, and which word was meant. Pure.
 */
#ifndef TRACER_FILTER_WORDS_H
#define TRACER_FILTER_WORDS_H

#include "event.h"
#include "nearest.h"

/* Fields that every kind has, behind those of event.arg. */
enum filter_field { FILTER_CPU = EVENT_ARGS, FILTER_SOURCE, FILTER_ORIGIN, FILTER_FIELDS };

#define FILTER_OPERATORS "!=<>"

/* A kind or a group of kinds; 0 = neither. */
uint32_t filter_kinds_named(const char *word);

/* The name of a field of some kind, the same pointer each time; NULL = no kind has it. */
const char *filter_field_named(const char *word, size_t len);

/* Where @kind has the field of that name: index into event.arg or enum filter_field; -1 = it has none. */
int filter_field_of(enum event_kind kind, const char *name);

/* Does every kind have the field of that name (one of filter_field_named())? */
bool filter_field_is_common(const char *name);

/* Is it how the label of a handoff calls its word ("gate=1")? */
bool filter_labels_handoff(const char *name);

/* What @text ("0xb2", "178", "sipi", "gdb") is as a value of that field. False = it cannot be one. */
bool filter_field_value(enum event_kind kind, int field, const char *text, uint64_t *value);

/* The value in @ev. False = not known. */
bool filter_field_get(const struct event *ev, int field, uint64_t *value);

/* Kinds in whose line or label the text can stand; never too few of them. */
uint32_t filter_kinds_saying(const char *text);

/* Try the values of a field that have names; the names of fields; all words. */
void filter_near_values(struct nearest *near, const char *name);
void filter_near_names(struct nearest *near);
void filter_near_words(struct nearest *near);

/* What a word can begin with, for completion: groups, kinds, "cpu=", "port=" ...; NULL behind the last. */
const char *filter_word(size_t i);

#endif
