/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time as columns and as words. Pure. All times are ns; nothing here depends
 * on the locale.
 */
#ifndef VIEWS_SCALE_H
#define VIEWS_SCALE_H

#include <stddef.h>
#include <stdint.h>

/* A stretch of time, [from, from + span), shown in @width columns; span >= width >= 1. */
struct scale {
	int64_t from, span;
	int width;
};

#define SCALE_MIN_SPAN INT64_C(1000)                  /* 1 us over the whole width */
#define SCALE_MAX_SPAN (INT64_C(86400) * 1000000000)  /* a day */

/* A damaged file may hold any time; what is computed with is clamped to +- this. */
#define TIME_LIMIT (INT64_C(1) << 61)

static inline int64_t time_clamp(int64_t ts)
{
	return ts > TIME_LIMIT ? TIME_LIMIT : ts < -TIME_LIMIT ? -TIME_LIMIT : ts;
}

/* @to - @from, without overflow (a damaged file may hold any time). */
static inline int64_t ns_between(int64_t from, int64_t to)
{
	int64_t ns;

	return __builtin_sub_overflow(to, from, &ns) ? (to > from ? INT64_MAX : INT64_MIN + 1) : ns;
}

/* @a + @b likewise, for sums of what is not negative. */
static inline int64_t ns_sum(int64_t a, int64_t b)
{
	int64_t ns;

	return __builtin_add_overflow(a, b, &ns) ? INT64_MAX : ns;
}

/* Column of @ts; negative or >= width when it is outside (clamped to -1 and width). */
int scale_column(const struct scale *s, int64_t ts);

/* First ns of column @col; scale_start(s, width) is the end of the window. */
int64_t scale_start(const struct scale *s, int col);

/* The ns in the middle of column @col. */
int64_t scale_middle(const struct scale *s, int col);

/* Zoom by @num / @den (< 1 = closer) so that @ts stays in its column. */
struct scale scale_zoom(const struct scale *s, int64_t ts, int num, int den);

/* Show [@from, @from + @span), as far as a scale goes; or @span round @ts, 0 = as much as now. */
void scale_show(struct scale *s, int64_t from, int64_t span);
void scale_centre(struct scale *s, int64_t ts, int64_t span);

/*
 * How a window moves with its cursor at @cursor, which they return anew: the cursor goes by a column, at an
 * edge the window by a quarter with it; the window goes by @by ns, the cursor keeps its column. A cursor
 * outside is taken for one at the edge. And a zoom at the cursor, or in the middle when it is outside.
 */
int64_t scale_step(struct scale *s, int64_t cursor, int by);
int64_t scale_pan(struct scale *s, int64_t cursor, int64_t by);
void scale_zoom_at(struct scale *s, int64_t cursor, int num, int den);

/* ns between two labelled ticks: 1, 2 or 5 times a power of ten, labels at least 14 columns apart. */
int64_t scale_tick(const struct scale *s);

/* "1.234567 s" with as many digits as @resolution ns needs. Returns @out. */
const char *time_text(char *out, size_t size, int64_t ns, int64_t resolution);

/* A duration for people, three or four digits: "830 ns", "12.4 us", "3.21 ms", "2.10 s", "4 min 10 s". */
const char *duration_text(char *out, size_t size, int64_t ns);

/* The same without needless digits: "5 ms", "1.5 s", "0 s". */
const char *short_duration(char *out, size_t size, int64_t ns);

/* A clock that started with the recording: "00:12.847", "1:02:03.400". */
const char *clock_text(char *out, size_t size, int64_t ns);

#endif
