/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scale.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

int scale_column(const struct scale *s, int64_t ts)
{
	if (ts < s->from)
		return -1;
	if ((__int128)ts - s->from >= s->span)
		return s->width;
	return (int)((__int128)(ts - s->from) * s->width / s->span);
}

int64_t scale_start(const struct scale *s, int col)
{
	return s->from + (int64_t)(((__int128)s->span * col + s->width - 1) / s->width);
}

struct scale scale_zoom(const struct scale *s, int64_t ts, int num, int den)
{
	struct scale z = *s;

	z.span = (int64_t)((__int128)s->span * num / den);
	if (z.span < SCALE_MIN_SPAN)
		z.span = SCALE_MIN_SPAN;
	if (z.span < z.width)
		z.span = z.width;
	if (z.span > SCALE_MAX_SPAN)
		z.span = SCALE_MAX_SPAN;
	__int128 before = ((__int128)ts - s->from) * z.span / s->span;
	z.from = ns_between((int64_t)before, ts);
	return z;
}

int64_t scale_middle(const struct scale *s, int col)
{
	return scale_start(s, col) + s->span / s->width / 2;
}

void scale_show(struct scale *s, int64_t from, int64_t span)
{
	if (span < SCALE_MIN_SPAN)
		span = SCALE_MIN_SPAN;
	if (span > SCALE_MAX_SPAN)
		span = SCALE_MAX_SPAN;
	s->span = span < s->width ? s->width : span;
	s->from = time_clamp(from);
}

void scale_centre(struct scale *s, int64_t ts, int64_t span)
{
	int64_t wide = span ? span : s->span;

	scale_show(s, ns_between(wide / 2, ts), wide);
}

/* The cursor's column; the nearest one when it is outside the window. */
static int cursor_column(const struct scale *s, int64_t cursor)
{
	int col = scale_column(s, cursor);

	return col < 0 ? 0 : col >= s->width ? s->width - 1 : col;
}

int64_t scale_step(struct scale *s, int64_t cursor, int by)
{
	int col = cursor_column(s, cursor) + by;

	if (col < 0 || col >= s->width) {
		cursor = scale_middle(s, cursor_column(s, cursor));
		scale_show(s, s->from + by * (s->span / 4), s->span);
		col = cursor_column(s, cursor) + by;
	}
	return scale_middle(s, col);
}

int64_t scale_pan(struct scale *s, int64_t cursor, int64_t by)
{
	int col = cursor_column(s, cursor);

	scale_show(s, s->from + by, s->span);
	return scale_middle(s, col);
}

void scale_zoom_at(struct scale *s, int64_t cursor, int num, int den)
{
	int col = scale_column(s, cursor);
	bool seen = col >= 0 && col < s->width;
	struct scale z = scale_zoom(s, seen ? cursor : s->from + s->span / 2, num, den);

	scale_show(s, z.from, z.span);
}

int64_t scale_tick(const struct scale *s)
{
	static const int steps[] = { 2, 5, 10 };
	int64_t least = (int64_t)((__int128)s->span * 14 / s->width);
	int64_t tick = 1;

	for (int64_t decade = 1; tick < least; decade *= 10)
		for (int i = 0; i < 3 && tick < least; i++)
			tick = decade * steps[i];
	return tick;
}

const char *time_text(char *out, size_t size, int64_t ns, int64_t resolution)
{
	uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	int digits = 9;

	while (digits > 0 && resolution >= 10) {
		resolution /= 10;
		value /= 10;
		digits--;
	}
	uint64_t unit = 1;
	for (int i = 0; i < digits; i++)
		unit *= 10;
	if (digits)
		snprintf(out, size, "%s%" PRIu64 ".%0*" PRIu64 " s", ns < 0 ? "-" : "", value / unit, digits,
			 value % unit);
	else
		snprintf(out, size, "%s%" PRIu64 " s", ns < 0 ? "-" : "", value);
	return out;
}

static const struct {
	int64_t ns;
	const char *name;
} units[] = { { 1, "ns" }, { 1000, "us" }, { 1000000, "ms" }, { 1000000000, "s" } };

/* The largest unit that @ns (>= 0) has one of. */
static int unit_of(int64_t ns)
{
	int u = 0;

	while (u < 3 && ns >= units[u + 1].ns)
		u++;
	return u;
}

const char *short_duration(char *out, size_t size, int64_t ns)
{
	int u = ns ? unit_of(ns) : 3;

	snprintf(out, size, "%.12g %s", (double)ns / (double)units[u].ns, units[u].name);
	return out;
}

const char *duration_text(char *out, size_t size, int64_t ns)
{
	const char *sign = ns < 0 ? "-" : "";
	int u;

	ns = ns < 0 ? ns_between(ns, 0) : ns;
	u = unit_of(ns);
	if (u == 0)
		snprintf(out, size, "%s%" PRId64 " ns", sign, ns);
	else if (ns >= 120 * units[3].ns)
		snprintf(out, size, "%s%" PRId64 " min %" PRId64 " s", sign, ns / 60000000000,
			 ns / 1000000000 % 60);
	else
		snprintf(out, size, "%s%.*f %s", sign,
			 ns >= 100 * units[u].ns ? 0 : ns >= 10 * units[u].ns ? 1 : 2,
			 (double)ns / (double)units[u].ns, units[u].name);
	return out;
}

const char *clock_text(char *out, size_t size, int64_t ns)
{
	int64_t ms = ns < 0 ? 0 : ns / 1000000;

	if (ms >= 3600000)
		snprintf(out, size, "%" PRId64 ":%02d:%02d.%03d", ms / 3600000, (int)(ms / 60000 % 60),
			 (int)(ms / 1000 % 60), (int)(ms % 1000));
	else
		snprintf(out, size, "%02d:%02d.%03d", (int)(ms / 60000), (int)(ms / 1000 % 60),
			 (int)(ms % 1000));
	return out;
}
