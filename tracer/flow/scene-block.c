/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hot-plug registers at 0xcd8: what OS and monarch read there, and what they say. */
#include "scene-internal.h"

static struct found_cpu *found_of(struct round *r, uint64_t selector)
{
	for (unsigned i = 0; i < r->found; i++)
		if (r->found_cpu[i].selector == selector)
			return &r->found_cpu[i];
	if (r->found == ROUND_FOUND) {
		r->found_more = true;
		return NULL;
	}
	r->found_cpu[r->found] = (struct found_cpu){ .selector = selector, .apic_id = UINT64_MAX };
	return &r->found_cpu[r->found++];
}

/* The selector is the index of a possible CPU, and on PC machines that of the CPU itself. */
static struct scene_cpu *selected(struct applying *a, uint64_t *selector)
{
	*selector = event_get(a->ev, CPUHP_SELECTOR, a->s->selector);
	return *selector < EVENT_MAX_CPUS ? &a->s->cpu[*selector] : NULL;
}

static void read_status(struct applying *a, bool inside)
{
	uint64_t selector, status = event_get(a->ev, CPUHP_VALUE, 0);
	struct scene_cpu *c = selected(a, &selector);
	struct found_cpu *f = inside ? found_of(&a->s->round, selector) : NULL;

	if (f) {
		f->status = (uint8_t)status;
		f->id = a->now.id;
	}
	if (!c)
		return;
	c->insert_pending = status & HP_INSERT;
	c->remove_pending = status & HP_REMOVE;
	c->fw_remove = status & HP_FW_REMOVE;
	if (applying_is_outside(a) && c->insert_pending && !moment_is(c->insert_seen))
		c->insert_seen = a->now;
}

static void read_data(struct applying *a, bool inside)
{
	uint64_t selector;
	struct scene_cpu *c = selected(a, &selector);
	struct found_cpu *f;

	if (a->s->command != HP_GET_ARCH_ID || !inside)
		return;
	f = found_of(&a->s->round, selector);
	if (f) {
		f->apic_id = event_get(a->ev, CPUHP_VALUE, UINT64_MAX);
		f->id = a->now.id;
	}
	if (c)
		c->enumerated = a->now;
}

static void write_control(struct applying *a)
{
	uint64_t selector, bits = event_get(a->ev, CPUHP_VALUE, 0);
	struct scene_cpu *c = selected(a, &selector);

	if (!c)
		return;
	if (bits & HP_INSERT) {
		c->insert_pending = false;
		c->insert_cleared = a->now;
	}
	if (bits & HP_REMOVE) {
		c->remove_pending = false;
		c->remove_cleared = a->now;
	}
	if (bits & HP_EJECT)
		c->ejected = a->now;
	if (bits & HP_FW_REMOVE) {
		c->fw_remove = true;
		c->handed_over = a->now;
	}
}

void scene_on_cpuhp(struct applying *a)
{
	bool inside = applying_is_inside(a), write = event_get(a->ev, CPUHP_DIR, DIR_READ) == DIR_WRITE;

	scene_act(a);
	if (inside && !moment_is(a->s->round.scan))
		a->s->round.scan = a->now;
	if (applying_is_outside(a))
		a->s->gpe = a->now;
	switch (event_get(a->ev, CPUHP_REG, UINT64_MAX)) {
	case HP_SELECTOR:
		if (write)
			a->s->selector = event_get(a->ev, CPUHP_VALUE, UINT64_MAX);
		break;
	case HP_STATUS:
		write ? write_control(a) : read_status(a, inside);
		break;
	case HP_COMMAND:
		a->s->command = (uint8_t)event_get(a->ev, CPUHP_VALUE, 0xff);
		break;
	case HP_DATA:
		if (!write)
			read_data(a, inside);
		break;
	}
}
