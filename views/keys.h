/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of the timeline: one table, from which the help screen, `smmtrace
 * list keys` and the man page are made. To add a key: its line here, its
 * function in the table in timeline-actions.c.
 */
#ifndef VIEWS_KEYS_H
#define VIEWS_KEYS_H

#include "term.h"

/* ACTION, name, keys as people write them, help, key codes (at most four). */
#define KEYS(_) \
	_(QUIT, "quit", "q", "leave", 'q') \
	_(HELP, "help", "? F1 h", "this help", '?', TERM_F1, 'h') \
	_(LEFT, "left", "Left H", "cursor to the left", TERM_LEFT, 'H') \
	_(RIGHT, "right", "Right L", "cursor to the right", TERM_RIGHT, 'L') \
	_(UP, "up", "Up k", "lane above / event before", TERM_UP, 'k') \
	_(DOWN, "down", "Down j", "lane below / event after", TERM_DOWN, 'j') \
	_(ZOOM_IN, "zoom-in", "+ = w", "zoom in at the cursor", '+', '=', 'w') \
	_(ZOOM_OUT, "zoom-out", "- s", "zoom out at the cursor", '-', 's') \
	_(PAN_LEFT, "pan-left", "a", "a quarter window back", 'a') \
	_(PAN_RIGHT, "pan-right", "d", "a quarter window on", 'd') \
	_(PAGE, "page", "Space PgDn", "a page on", ' ', TERM_PAGE_DOWN) \
	_(PAGE_BACK, "page-back", "b PgUp", "a page back", 'b', TERM_PAGE_UP) \
	_(FIT, "fit", "0", "the whole recording", '0') \
	_(ZOOM_TO, "zoom-to", "z", "zoom to A-B, rule, SMI ..", 'z') \
	_(START, "start", "g Home", "to the first event", 'g', TERM_HOME) \
	_(END, "end", "G End", "to the last event", 'G', TERM_END) \
	_(FOLLOW, "follow", "t", "follow the end", 't') \
	_(NEXT_EVENT, "next-event", "]", "next event in the lane", ']') \
	_(PREV_EVENT, "previous-event", "[", "previous event in the lane", '[') \
	_(NEXT_MARK, "next-mark", "}", "next SMBASE, INIT, reset..", '}') \
	_(PREV_MARK, "previous-mark", "{", "previous one of those", '{') \
	_(NEXT_BROKEN, "next-violation", "v", "next broken rule", 'v') \
	_(PREV_BROKEN, "previous-violation", "V", "previous broken rule", 'V') \
	_(EPISODE, "episode", "e", "next relocation or plug", 'e') \
	_(VERDICT, "verdict", "x", "who waits for whom", 'x') \
	_(FOLLOW_LINK, "follow-link", ">", "to the cause or effect", '>') \
	_(BACK, "back", "<", "back from there", '<') \
	_(MARK_A, "mark-a", "1", "mark A here, and off again", '1') \
	_(MARK_B, "mark-b", "2", "mark B: the header says A-B", '2') \
	_(BOOKMARK, "bookmark", "m", "bookmark with a text", 'm') \
	_(NEXT_BOOKMARK, "next-bookmark", "'", "next bookmark", '\'') \
	_(PREV_BOOKMARK, "previous-bookmark", "\"", "previous bookmark", '"') \
	_(SEARCH, "search", "/", "search: b2=04, cpu1, init", '/') \
	_(NEXT_FOUND, "search-next", "n", "next found", 'n') \
	_(PREV_FOUND, "search-previous", "N", "previous found", 'N') \
	_(FILTER, "filter", "f", "filter: smi,ipi cpu=1", 'f') \
	_(ASK, "ask", ":", "SQL, or a question's name", ':') \
	_(FOCUS, "focus", "Tab", "lanes, or list / links", '\t', TERM_BACKTAB) \
	_(BESIDE, "beside", "l", "list beside lanes, or below", 'l') \
	_(OVERVIEW, "overview", "o", "overview strip on, off", 'o') \
	_(DETAIL, "detail", "Enter", "all fields, and back", TERM_ENTER) \
	_(PAUSE, "pause", "p", "freeze the view, not guest", 'p') \
	_(REDRAW, "redraw", "r ^L", "draw the screen anew", 'r', 12)

enum key_action {
#define X(A, ...) ACTION_##A,
	KEYS(X)
#undef X
	ACTION_COUNT
};

struct key_info {
	const char *name, *keys, *help;
	int code[4]; /* 0 = no more */
};
extern const struct key_info key_info[ACTION_COUNT];

/*
 * What the keys do on a screen, for its help: NULL = nothing. And its name, what its mouse does, and signs
 * that only this screen has, in ASCII and in UTF-8; NULL = none.
 */
struct key_page {
	const char *screen, *mouse, *signs[2];
	const char *text[ACTION_COUNT];
};
extern const struct key_page key_page_timeline;

/* ACTION_COUNT when the key means nothing. */
enum key_action key_action(int code);

#endif
