/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A set of CPU indexes. All zero is the empty set; indexes outside 0 .. EVENT_MAX_CPUS-1 are in no set. */
#ifndef TRACER_CPUSET_H
#define TRACER_CPUSET_H

#include "event.h"

struct cpuset {
	uint64_t bit[EVENT_MAX_CPUS / 64];
};

static inline bool cpuset_valid(int cpu)
{
	return cpu >= 0 && cpu < EVENT_MAX_CPUS;
}

static inline bool cpuset_has(const struct cpuset *s, int cpu)
{
	return cpuset_valid(cpu) && s->bit[cpu / 64] >> (cpu % 64) & 1;
}

static inline void cpuset_add(struct cpuset *s, int cpu)
{
	if (cpuset_valid(cpu))
		s->bit[cpu / 64] |= 1ull << (cpu % 64);
}

static inline void cpuset_remove(struct cpuset *s, int cpu)
{
	if (cpuset_valid(cpu))
		s->bit[cpu / 64] &= ~(1ull << (cpu % 64));
}

static inline bool cpuset_empty(const struct cpuset *s)
{
	for (unsigned i = 0; i < EVENT_MAX_CPUS / 64; i++)
		if (s->bit[i])
			return false;
	return true;
}

static inline unsigned cpuset_count(const struct cpuset *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EVENT_MAX_CPUS / 64; i++)
		n += (unsigned)__builtin_popcountll(s->bit[i]);
	return n;
}

/* The lowest CPU of @s from @from on, or CPU_UNKNOWN: for (c = cpuset_next(s, 0); c >= 0; c = cpuset_next(s, c + 1)) */
static inline int cpuset_next(const struct cpuset *s, int from)
{
	for (int cpu = from; cpu < EVENT_MAX_CPUS; cpu++)
		if (cpuset_has(s, cpu))
			return cpu;
	return CPU_UNKNOWN;
}

#endif
