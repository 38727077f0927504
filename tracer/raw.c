/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "raw.h"

#include <stdlib.h>
#include <string.h>

static struct raw no_room = { .dropped = true };

/* A copy and its bytes are one block. */
static size_t size_of(const struct raw *raw)
{
	return sizeof(*raw) + raw->len + raw->state_len;
}

static struct raw *copy_of(const struct raw *raw)
{
	struct raw *copy = malloc(size_of(raw));
	char *bytes = (char *)(copy + 1);

	if (!copy)
		return NULL;
	*copy = *raw;
	if (raw->text)
		copy->text = memcpy(bytes, raw->text, raw->len);
	if (raw->state)
		copy->state = memcpy(bytes + raw->len, raw->state, raw->state_len);
	return copy;
}

struct raw *raw_keep(struct raw_room *room, const struct raw *raw)
{
	size_t size;
	struct raw *copy;

	if (!raw)
		return NULL;
	size = size_of(raw);
	copy = atomic_fetch_add(&room->used, size) + size <= room->limit ? copy_of(raw) : NULL;
	if (!copy)
		atomic_fetch_sub(&room->used, size);
	return copy ? copy : &no_room;
}

void raw_drop(struct raw_room *room, struct raw *copy)
{
	if (!copy || copy == &no_room)
		return;
	atomic_fetch_sub(&room->used, size_of(copy));
	free(copy);
}
