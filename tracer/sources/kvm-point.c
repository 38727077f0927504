/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-point.h"

#include <stdio.h>
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

static struct place place_at(uint64_t offset, uint64_t size)
{
	if (offset > UINT16_MAX || size < 1 || size > 8 || (size & (size - 1)))
		return (struct place){ 0, 0 };
	return (struct place){ (unsigned)offset, (unsigned)size };
}

static struct place place_of(const struct tep_format_field *f)
{
	return f && f->offset >= 0 && f->size > 0 ? place_at((uint64_t)f->offset, (uint64_t)f->size) :
						    (struct place){ 0, 0 };
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
	for (int id = 0; id < KVM_POINT_COUNT; id++) {
		f->format[id].id = -1;
		if (tep)
			learn(f, (enum kvm_point_id)id);
	}
	return f;
}

/* --- the text of a format file --- */

static struct text next_line(struct text *t)
{
	const char *nl = memchr(t->at, '\n', (size_t)(t->end - t->at));
	struct text line = { t->at, nl ? nl : t->end };

	t->at = nl ? nl + 1 : t->end;
	return line;
}

/* "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;": the name is the last word before the ";". */
static bool read_field(struct text line, struct text *name, struct place *place)
{
	uint64_t offset, size;

	if (!eat(&line, "\tfield:"))
		return false;
	name->at = line.at;
	if (!eat_through(&line, ";\toffset:"))
		return false;
	name->end = line.at - strlen(";\toffset:");
	for (const char *at = name->at; at < name->end; at++)
		if (*at == ' ' || *at == '*')
			name->at = at + 1;
	if (!eat_number(&line, 10, 6, &offset) || !eat(&line, ";\tsize:") || !eat_number(&line, 10, 6, &size))
		return false;
	*place = place_at(offset, size);
	return true;
}

static bool is_word(struct text t, const char *word)
{
	return eat(&t, word) && t.at == t.end;
}

static void add_field(struct kvm_formats *f, enum kvm_point_id id, struct text name, struct place place)
{
	if (is_word(name, "common_type"))
		f->type = place;
	if (is_word(name, "common_pid"))
		f->pid = place;
	for (int i = 0; i < KVM_FIELD_COUNT; i++)
		if (is_word(name, field_name[i]))
			f->format[id].field[i] = place;
}

void kvm_formats_add(struct kvm_formats *f, struct text format, int *id, char *name, size_t size)
{
	enum kvm_point_id point = KVM_POINT_COUNT;
	struct text line, word;
	struct place place;
	uint64_t number;

	*id = -1;
	name[0] = '\0';
	while (format.at < format.end) {
		line = next_line(&format);
		word = line;
		if (eat(&word, "name: ")) {
			snprintf(name, size, "%.*s", (int)(word.end - word.at), word.at);
			point = kvm_point_by_name(word.at, (size_t)(word.end - word.at));
		} else if (eat(&word, "ID: ") && eat_number(&word, 10, 5, &number)) {
			*id = (int)number;
		} else if (point != KVM_POINT_COUNT && *id >= 0 && read_field(line, &word, &place)) {
			f->format[point].id = *id;
			add_field(f, point, word, place);
		}
	}
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
	*value = 0;
	if (f->tep)
		*value = tep_read_number(f->tep, (const char *)data + at.offset, (int)at.size);
	else
		memcpy(value, (const char *)data + at.offset, at.size);
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
