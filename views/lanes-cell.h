/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inside of the lanes' grid; private to lanes*.c. */
#ifndef VIEWS_LANES_CELL_H
#define VIEWS_LANES_CELL_H

#include "lanes.h"

/* Where in its span a column lies; the last one fed counts, spans of a lane do not overlap. */
enum shape { SHAPE_ALONE, SHAPE_FIRST, SHAPE_MIDDLE, SHAPE_LAST, SHAPE_OPEN, SHAPE_COUNT };

struct lane_cell {
	uint8_t state; /* the highest enum lane_state seen here */
	uint8_t shape;
	uint8_t mark;  /* the most important one; LANE_MARK_COUNT = none */
	bool gap, many;
	uint32_t smis, marks;
	uint32_t same; /* marks like the most important one */
	int64_t smm_ns;
	char label[LANE_LABEL]; /* of the mark */
	char base[LANE_LABEL];  /* of the span that begins here */
	int base_room;          /* its columns in this window */
	char step[LANE_STEP];   /* a step of an episode begins here; "" = none */
	bool ipi, crowded;      /* one was sent here; several that did not go alike */
	int16_t low, high;      /* the outermost lanes it touches */
	bool arrives;           /* one came to here: */
	int16_t sender;         /* from that lane, the last one fed */
};

static inline struct lane_cell *cell_at(const struct lanes *l, int lane, int col)
{
	if (lane < 0 || lane >= l->lanes || col < 0 || col >= l->width)
		return NULL;
	return &l->cell[(size_t)lane * (size_t)l->width + (size_t)col];
}

static inline bool is_smm(enum lane_state state)
{
	return state == LANE_SMM || state == LANE_SMM_DEFAULT;
}

/* lanes-over.c: the steps in the stays of @lane, over its state in @row. */
void lanes_draw_steps(const struct lanes *l, int lane, struct canvas *c, int row, int col);

#endif
