/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "perf-file.h"

#include <stdlib.h>
#include <string.h>

/* enum perf_event_sample_format */
#define SAMPLE_IP (1u << 0)
#define SAMPLE_TID (1u << 1)
#define SAMPLE_TIME (1u << 2)
#define SAMPLE_ADDR (1u << 3)
#define SAMPLE_READ (1u << 4)
#define SAMPLE_CALLCHAIN (1u << 5)
#define SAMPLE_ID (1u << 6)
#define SAMPLE_CPU (1u << 7)
#define SAMPLE_PERIOD (1u << 8)
#define SAMPLE_STREAM_ID (1u << 9)
#define SAMPLE_RAW (1u << 10)
#define SAMPLE_IDENTIFIER (1u << 16)

/* enum perf_event_read_format */
#define READ_ENABLED (1u << 0)
#define READ_RUNNING (1u << 1)
#define READ_ID (1u << 2)
#define READ_GROUP (1u << 3)
#define READ_LOST (1u << 4)

/* struct perf_event_attr */
#define ATTR_SIZE_VER0 64u
#define ATTR_CLOCKID 92u
#define FLAG_SAMPLE_ID_ALL (1ull << 18)
#define FLAG_USE_CLOCKID (1ull << 25)

struct bytes {
	const uint8_t *at, *end;
};

static bool take(struct bytes *b, void *out, size_t size)
{
	if ((size_t)(b->end - b->at) < size)
		return false;
	if (out)
		memcpy(out, b->at, size);
	b->at += size;
	return true;
}

static uint64_t number(const void *data, size_t offset, size_t size)
{
	uint64_t n = 0;

	memcpy(&n, (const uint8_t *)data + offset, size);
	return n;
}

void perf_attrs_free(struct perf_attrs *a)
{
	free(a->attr);
	free(a->id);
	*a = (struct perf_attrs){ 0 };
}

bool perf_attr_add(struct perf_attrs *a, const void *data, size_t size)
{
	struct perf_attr *attr;
	uint64_t flags;

	if (size < ATTR_SIZE_VER0 || a->attrs >= PERF_ATTRS)
		return false;
	if (!a->attr && !(a->attr = calloc(PERF_ATTRS, sizeof(*a->attr))))
		return false;
	attr = &a->attr[a->attrs++];
	flags = number(data, 40, 8);
	attr->type = (uint32_t)number(data, 0, 4);
	attr->config = number(data, 8, 8);
	attr->sample_type = number(data, 24, 8);
	attr->read_format = number(data, 32, 8);
	attr->sample_id_all = flags & FLAG_SAMPLE_ID_ALL;
	attr->has_clockid = (flags & FLAG_USE_CLOCKID) && size >= ATTR_CLOCKID + 4;
	if (attr->has_clockid)
		attr->clockid = (int32_t)number(data, ATTR_CLOCKID, 4);
	return true;
}

bool perf_id_add(struct perf_attrs *a, uint64_t id)
{
	if (!a->attrs || a->ids >= PERF_IDS)
		return false;
	if (!a->id && !(a->id = calloc(PERF_IDS, sizeof(*a->id))))
		return false;
	a->id[a->ids++] = (struct perf_id){ id, a->attrs - 1 };
	a->sorted = false;
	return true;
}

static int by_id(const void *x, const void *y)
{
	const struct perf_id *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

static const struct perf_attr *attr_of_id(struct perf_attrs *a, uint64_t id)
{
	struct perf_id key = { id, 0 };
	const struct perf_id *hit;

	if (!a->ids)
		return NULL;
	if (!a->sorted)
		qsort(a->id, a->ids, sizeof(*a->id), by_id);
	a->sorted = true;
	hit = bsearch(&key, a->id, a->ids, sizeof(*a->id), by_id);
	return hit ? &a->attr[hit->attr] : NULL;
}

/* Do all say the same of their records, so that it does not matter which one it is? */
static bool all_alike(const struct perf_attrs *a)
{
	for (unsigned i = 1; i < a->attrs; i++)
		if (a->attr[i].sample_type != a->attr[0].sample_type ||
		    a->attr[i].read_format != a->attr[0].read_format ||
		    a->attr[i].sample_id_all != a->attr[0].sample_id_all)
			return false;
	return a->attrs;
}

/* With an identifier, which stands first (in a trailer: last), it is told; without one all must be alike. */
static const struct perf_attr *attr_of(struct perf_attrs *a, const uint8_t *identifier, bool there)
{
	uint64_t id;

	if (a->attrs && (a->attr[0].sample_type & SAMPLE_IDENTIFIER) && there) {
		memcpy(&id, identifier, sizeof(id));
		if (attr_of_id(a, id))
			return attr_of_id(a, id);
	}
	return all_alike(a) ? &a->attr[0] : NULL;
}

static bool take_tid(struct bytes *b, struct perf_sample *s)
{
	return take(b, &s->pid, 4) && take(b, &s->tid, 4);
}

static bool take_cpu(struct bytes *b, struct perf_sample *s)
{
	uint32_t cpu;

	if (!take(b, &cpu, 4) || !take(b, NULL, 4))
		return false;
	s->cpu = cpu <= INT32_MAX ? (int32_t)cpu : -1;
	return true;
}

static bool skip_read(struct bytes *b, uint64_t format)
{
	unsigned times = (unsigned)__builtin_popcountll(format & (READ_ENABLED | READ_RUNNING));
	unsigned each = 1u + (unsigned)__builtin_popcountll(format & (READ_ID | READ_LOST));
	uint64_t n = 1;

	if ((format & READ_GROUP) && !take(b, &n, 8))
		return false;
	return n <= 65536 && take(b, NULL, (size_t)(8 * (times + n * each)));
}

static bool skip_callchain(struct bytes *b)
{
	uint64_t n;

	return take(b, &n, 8) && n <= 65536 && take(b, NULL, (size_t)(8 * n));
}

static bool take_raw(struct bytes *b, struct perf_sample *s)
{
	uint32_t size;

	if (!take(b, &size, 4))
		return false;
	s->raw = b->at;
	s->raw_size = size;
	return take(b, NULL, size);
}

bool perf_sample_read(struct perf_attrs *a, const uint8_t *body, size_t size, struct perf_sample *s)
{
	struct bytes b = { body, body + size };
	uint64_t type;

	*s = (struct perf_sample){ .cpu = -1 };
	s->attr = attr_of(a, body, size >= 8);
	if (!s->attr)
		return false;
	type = s->attr->sample_type;
	s->has_time = type & SAMPLE_TIME;
	return (!(type & SAMPLE_IDENTIFIER) || take(&b, NULL, 8)) &&
	       (!(type & SAMPLE_IP) || take(&b, NULL, 8)) && (!(type & SAMPLE_TID) || take_tid(&b, s)) &&
	       (!(type & SAMPLE_TIME) || take(&b, &s->time, 8)) &&
	       (!(type & SAMPLE_ADDR) || take(&b, NULL, 8)) && (!(type & SAMPLE_ID) || take(&b, NULL, 8)) &&
	       (!(type & SAMPLE_STREAM_ID) || take(&b, NULL, 8)) &&
	       (!(type & SAMPLE_CPU) || take_cpu(&b, s)) && (!(type & SAMPLE_PERIOD) || take(&b, NULL, 8)) &&
	       (!(type & SAMPLE_READ) || skip_read(&b, s->attr->read_format)) &&
	       (!(type & SAMPLE_CALLCHAIN) || skip_callchain(&b)) &&
	       (!(type & SAMPLE_RAW) || take_raw(&b, s));
}

bool perf_trailer_read(struct perf_attrs *a, const uint8_t *body, size_t size, struct perf_sample *s)
{
	uint64_t type;
	size_t length;
	struct bytes b;

	*s = (struct perf_sample){ .cpu = -1 };
	s->attr = attr_of(a, size >= 8 ? body + size - 8 : body, size >= 8);
	if (!s->attr || !s->attr->sample_id_all)
		return false;
	type = s->attr->sample_type;
	length = 8 * (size_t)__builtin_popcountll(type & (SAMPLE_TID | SAMPLE_TIME | SAMPLE_ID |
							  SAMPLE_STREAM_ID | SAMPLE_CPU | SAMPLE_IDENTIFIER));
	if (length > size)
		return false;
	b = (struct bytes){ body + size - length, body + size };
	s->has_time = type & SAMPLE_TIME;
	return (!(type & SAMPLE_TID) || take_tid(&b, s)) &&
	       (!(type & SAMPLE_TIME) || take(&b, &s->time, 8)) &&
	       (!(type & SAMPLE_ID) || take(&b, NULL, 8)) &&
	       (!(type & SAMPLE_STREAM_ID) || take(&b, NULL, 8)) && (!(type & SAMPLE_CPU) || take_cpu(&b, s));
}
