/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-point.h"

#include <stdlib.h>
#include <string.h>
#include <traceevent/event-parse.h>

const struct kvm_point_info kvm_point_info[KVM_POINT_COUNT] = {
#define X(P, name, filter, live, help) [KVM_POINT_##P] = { name, filter, live, help },
	KVM_POINTS(X)
#undef X
};

static const char *const field_name[KVM_FIELD_COUNT] = {
#define X(F, name) [KVM_##F] = name,
	KVM_FIELDS(X)
#undef X
};

/* Bytes of a record; size 0 = the record has no such field. */
struct place {
	unsigned offset, size;
};

struct kvm_formats {
	struct tep_handle *tep;
	struct place type, pid; /* common to all */
	struct format {
		int id;         /* -1 = the kernel has no such tracepoint */
		struct place field[KVM_FIELD_COUNT];
	} format[KVM_POINT_COUNT];
};

struct kvm_point kvm_point_new(enum kvm_point_id id, int64_t ts, int32_t tid, int32_t host_cpu)
{
	return (struct kvm_point){ .id = id, .ts = ts, .tid = tid, .host_cpu = host_cpu };
}

enum kvm_point_id kvm_point_by_name(const char *name, size_t len)
{
	unsigned id = 0;

	if (len > 4 && !memcmp(name, "kvm:", 4)) {
		name += 4;
		len -= 4;
	}
	while (id < KVM_POINT_COUNT &&
	       (strlen(kvm_point_info[id].name) != len || memcmp(kvm_point_info[id].name, name, len)))
		id++;
	return (enum kvm_point_id)id;
}

static struct place place_of(const struct tep_format_field *f)
{
	if (!f || f->offset < 0 || f->size < 1 || f->size > 8 || (f->size & (f->size - 1)))
		return (struct place){ 0, 0 };
	return (struct place){ (unsigned)f->offset, (unsigned)f->size };
}

static void learn(struct kvm_formats *f, enum kvm_point_id id)
{
	struct tep_event *event = tep_find_event_by_name(f->tep, "kvm", kvm_point_info[id].name);
	struct format *format = &f->format[id];

	format->id = event ? event->id : -1;
	if (!event)
		return;
	for (int i = 0; i < KVM_FIELD_COUNT; i++)
		format->field[i] = place_of(tep_find_field(event, field_name[i]));
	f->type = place_of(tep_find_common_field(event, "common_type"));
	f->pid = place_of(tep_find_common_field(event, "common_pid"));
}

struct kvm_formats *kvm_formats_new(struct tep_handle *tep)
{
	struct kvm_formats *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->tep = tep;
	for (int id = 0; id < KVM_POINT_COUNT; id++)
		learn(f, (enum kvm_point_id)id);
	return f;
}

void kvm_formats_free(struct kvm_formats *f)
{
	free(f);
}

bool kvm_formats_has(const struct kvm_formats *f, enum kvm_point_id id)
{
	return f->format[id].id >= 0;
}

int kvm_formats_event_id(const struct kvm_formats *f, enum kvm_point_id id)
{
	return f->format[id].id;
}

static bool read_place(const struct kvm_formats *f, struct place at, const void *data, size_t size,
		       uint64_t *value)
{
	if (!at.size || at.offset > size || size - at.offset < at.size)
		return false;
	*value = tep_read_number(f->tep, (const char *)data + at.offset, (int)at.size);
	return true;
}

bool kvm_point_of_record(const struct kvm_formats *f, const void *data, size_t size, struct kvm_point *p)
{
	uint64_t type, value;
	unsigned id = 0;

	if (!read_place(f, f->type, data, size, &type))
		return false;
	while (id < KVM_POINT_COUNT && (f->format[id].id < 0 || (uint64_t)f->format[id].id != type))
		id++;
	if (id == KVM_POINT_COUNT)
		return false;
	*p = kvm_point_new((enum kvm_point_id)id, p->ts, 0, p->host_cpu);
	if (read_place(f, f->pid, data, size, &value) && value <= INT32_MAX)
		p->tid = (int32_t)value;
	for (unsigned i = 0; i < KVM_FIELD_COUNT; i++)
		if (read_place(f, f->format[id].field[i], data, size, &value))
			kvm_set(p, (enum kvm_field)i, value);
	return true;
}
