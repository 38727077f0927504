/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "narrow.h"

bool reader_narrow(struct reader_filter *want, const struct filter *f)
{
	int64_t first, last;

	filter_times(f, &first, &last);
	want->from = first > want->from ? first : want->from;
	want->to = last < want->to ? last : want->to;
	want->kinds = (want->kinds ? want->kinds : KIND_ALL) & f->kinds;
	if (f->cpu != FILTER_ANY_CPU && want->cpu != READER_ANY_CPU && want->cpu != f->cpu)
		return false;
	if (f->cpu != FILTER_ANY_CPU)
		want->cpu = f->cpu;
	return want->kinds && want->from <= want->to;
}
