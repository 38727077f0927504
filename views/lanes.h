/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lanes of the timeline as a text grid. Pure: no ncurses, no database.
 *
 * A grid has one lane for the machine (index 0: what belongs to no known CPU)
 * and one for each CPU (index cpu + 1). It is fed with spans (how a CPU stood
 * from when to when), gaps (nobody looked) and marks (something happened), in
 * any order and any number; memory is that of its cells only. Then each lane
 * is drawn as one row (marks over the state) or as two (marks, state below).
 *
 * Shapes carry everything, colour only repeats them:
 *   [###] #  in SMM at the CPU's own base      [ddd] d  in SMM at the default base
 *   ---      running   ...  reset, or waiting for a SIPI   :::  not known   (blank) no such CPU
 *   ///      lost or blind: nobody can say     2..9 + several SMIs in one column
 *   ! rule broken   w SMBASE written   v port write   I INIT   ^ SIPI   s SMI IPI   r reset ...
 * Inside a body a step of an episode stands behind a bar, |(b) scan, and an IPI is a line from the lane of its
 * sender to those of its targets, where it is alone in its column, with a head (V down, A up) at each target's
 * mark. Lanes of one row that touch have no room for a head: there the marks alone tell.
 * A span shorter than a column still shows; of several marks in one column the
 * first in LANE_MARKS wins.
 */
#ifndef VIEWS_LANES_H
#define VIEWS_LANES_H

#include "canvas.h"
#include "scale.h"
#include "../tracer/cpuset.h"

/*
 * NAME, ASCII, Unicode, class, help; most important first. Weak marks (below
 * LANE_WEAK) give way to a count when there are several in a column, but for a
 * lone write to port B2.
 */
#define LANE_MARKS(_) \
	_(VIOLATION, '!', '!', ALARM, "a rule was broken") \
	_(RESET_IN_SMM, 'R', 'R', ALARM, "reset or INIT in SMM") \
	_(LOST, 'L', 'L', ALARM, "events were lost") \
	_(SMBASE_WRITE, 'w', 0x25c6, SMBASE, "SMBASE written") \
	_(SMBASE_FOUND, 'f', 0x25c7, SMBASE, "SMBASE learnt, no write") \
	_(HANDLER, 'H', 'H', SMBASE, "code at 0x38000 changed") \
	_(INIT, 'I', 'I', IPI, "INIT sent / received") \
	_(SIPI, '^', 0x25b2, IPI, "SIPI sent / received") \
	_(RESET, 'r', 0x21ba, DEVICE, "reset, or INIT taken") \
	_(CPU_ADD, '+', '+', DEVICE, "CPU exists from here") \
	_(CPU_REMOVE, 'x', 0x00d7, DEVICE, "CPU removed") \
	_(SESSION, '*', '*', BOLD, "tracing began, ended") \
	_(BLIND, '~', '~', GAP, "nobody could see") \
	_(SMI_IPI, 's', 0x21af, IPI, "SMI IPI sent / received") \
	_(HANDOFF, 'o', 0x25cb, SMBASE, "handshake: gate, pen ..") \
	_(SEEN, '?', '?', DIM, "where the CPU stood") \
	_(APM_WRITE, 'v', 0x25bc, PORT, "write to port B2") \
	_(ACCEPT, 'a', 'a', IPI, "accepted by the APIC") \
	_(SAVED, 'm', 'm', DIM, "saved state, read later") \
	_(OTHER_IPI, 'i', 'i', IPI, "another IPI") \
	_(PORT_WRITE, 'b', 0x25be, PORT, "write to port B3") \
	_(PORT_READ, 'u', 0x25b3, PORT, "read of port B2, B3") \
	_(CPUHP, 'h', 'h', DEVICE, "hot-plug register") \
	_(CONFIG, 'c', 'c', DIM, "setting of the machine") \
	_(PAUSE, '|', 0x2016, DIM, "guest stopped by us")

enum lane_mark {
#define X(M, ascii, unicode, class, help) MARK_##M,
	LANE_MARKS(X)
#undef X
	LANE_MARK_COUNT
};
#define LANE_WEAK MARK_SEEN

struct lane_glyph {
	char ascii;
	uint16_t unicode;
	uint8_t class; /* enum cell_class */
	const char *help;
};
extern const struct lane_glyph lane_glyph[LANE_MARK_COUNT];

enum lane_state { LANE_ABSENT, LANE_UNKNOWN, LANE_RUNNING, LANE_RESET, LANE_SMM, LANE_SMM_DEFAULT };

#define LANE_LABEL 28
#define LANE_STEP 24

/* The character of a mark. */
uint32_t lane_mark_glyph(enum lane_mark mark, bool utf8);

struct lanes {
	int lanes, width;
	struct scale scale;
	bool utf8;
	int64_t end_ns;         /* gaps end here at the latest; INT64_MAX unless the caller knows better */
	struct lane_cell *cell; /* lanes * width */
};

/* A cleared grid; the scale's width is the number of columns. False when there is no memory. */
bool lanes_init(struct lanes *l, int lanes, const struct scale *scale, bool utf8);
void lanes_free(struct lanes *l);

static inline int lane_of_cpu(int cpu)
{
	return cpu + 1; /* CPU_UNKNOWN is -1: the machine's lane */
}

/*
 * @lane was in @state during [from, to). @open: it still is, as far as is known
 * (shown by an arrow head). For the SMM states @label (an SMBASE) is written into
 * the span where it is wide enough; NULL for none.
 */
struct lane_span {
	int64_t from, to;
	enum lane_state state;
	bool open;
	const char *label;
};
void lanes_span(struct lanes *l, int lane, const struct lane_span *span);

/* Column @col of @lane holds more SMIs than were fed, and more than @than. */
void lanes_many(struct lanes *l, int lane, int col, unsigned than);

/* Nobody can say what @lane (-1: any lane) did during [from, to). */
void lanes_gap(struct lanes *l, int lane, int64_t from, int64_t to);

/* Something happened; @label (short ASCII, NULL for none) is written behind the mark where there is room. */
void lanes_mark(struct lanes *l, int lane, int64_t ts, enum lane_mark mark, const char *label);

/* A step that @lane made while it was in SMM; it is written into the body as far as there is room. */
void lanes_step(struct lanes *l, int lane, int64_t ts, const char *label);

/* An IPI that was sent from lane @from goes to the CPUs of @to. */
void lanes_arrow(struct lanes *l, int from, const struct cpuset *to, int64_t ts);

/* The head of an IPI's line: down to its target, or up. */
uint32_t lane_head_glyph(bool up, bool utf8);

/* Draw one lane into row @row of @c from column @col on: marks and state in one row ... */
void lanes_draw_flat(const struct lanes *l, int lane, struct canvas *c, int row, int col);
/* ... or one row with labels at the marks, where the state says little (the machine's lane) ... */
void lanes_draw_labelled(const struct lanes *l, int lane, struct canvas *c, int row, int col);
/* ... or marks with labels in @row and the state in @row + 1. */
void lanes_draw_tall(const struct lanes *l, int lane, struct canvas *c, int row, int col);

/* The IPIs between lanes that were drawn before; lane i has row @row[i] (of its marks), rows outside [@top, @end) are cut off. */
void lanes_draw_arrows(const struct lanes *l, struct canvas *c, const int *row, int top, int end, int col);

/* What column @col of @lane holds: number of SMIs and marks, for the detail line. */
struct lane_count {
	unsigned smis, marks;
	bool many;      /* there are more SMIs than that, see lanes_many() */
	int64_t smm_ns;
};
struct lane_count lanes_count(const struct lanes *l, int lane, int col);

#endif
