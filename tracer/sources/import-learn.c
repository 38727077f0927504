/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points in the first pass, which learns, and in the second one, which translates. */
#include <stdlib.h>

#include "import-internal.h"
#include "../model.h"

#define REBASES_MAX 65536u /* changes of an SMBASE that are remembered; a boot has one for each CPU */

static void remember_rebase(struct import *im, struct rebase r)
{
	if (im->rebases == im->rebase_room) {
		size_t room = im->rebase_room ? im->rebase_room * 2 : 64;
		struct rebase *grown = room > REBASES_MAX ? NULL : realloc(im->rebase, room * sizeof(*grown));

		if (!grown)
			return; /* then the next entry tells, as smbase-found */
		im->rebase = grown;
		im->rebase_room = room;
	}
	im->rebase[im->rebases++] = r;
}

/*
 * A CPU that was in SMM at the default SMBASE and enters at another one got that from the SMI before. Between other
 * two a reset or a state that was loaded may lie; then the entry tells (smbase-found).
 */
static void learn_smbase(struct import *im, int cpu, const struct kvm_point *p)
{
	struct seen_cpu *c = &im->cpu[cpu];
	uint64_t smbase = p->value[KVM_SMBASE];

	if (!kvm_has(p, KVM_SMBASE))
		return;
	if (!p->value[KVM_ENTERING]) {
		c->left = p->ts;
		return;
	}
	if (c->left && smbase != c->smbase && c->smbase == SMBASE_DEFAULT)
		remember_rebase(im, (struct rebase){ cpu, c->left, c->smbase, smbase });
	c->smbase = smbase;
	c->left = 0;
}

/* A vCPU whose thread changes and changes back is two, of two guests. */
static void learn_thread(struct import *im, int cpu, int32_t tid)
{
	struct seen_cpu *c = &im->cpu[cpu];

	c->seen = true;
	if (!tid)
		return;
	if (!c->first_tid)
		c->first_tid = tid;
	else if (tid == c->first_tid && c->tid != tid)
		im->stats->shared_vcpu = cpu;
	c->tid = tid;
}

void import_learn(struct import *im, const struct kvm_point *p)
{
	kvm_events_learn(im->kvm, p);
	import_note_time(im, p->ts);
	im->stats->records++;
	if (kvm_has(p, KVM_APICID) && p->value[KVM_APICID] < EVENT_MAX_CPUS)
		im->cpu[p->value[KVM_APICID]].seen = true;
	if (!kvm_has(p, KVM_VCPU) || p->value[KVM_VCPU] >= EVENT_MAX_CPUS)
		return;
	learn_thread(im, (int)p->value[KVM_VCPU], p->tid);
	if (p->id == KVM_POINT_SMM_TRANSITION)
		learn_smbase(im, (int)p->value[KVM_VCPU], p);
}

static void put_rebase(struct import *im, const struct rebase *r)
{
	struct event ev = event_new(EV_SMBASE_WRITE, SRC_KVM, r->cpu, r->left);

	ev.origin = ORIGIN_INFERRED;
	event_set(&ev, SMBASE_WRITE_OLD, r->from);
	event_set(&ev, SMBASE_WRITE_NEW, r->to);
	import_emit(im, &ev, NULL);
}

/* In which SMI an SMBASE changed is no longer known. */
void import_learn_loss(struct import *im)
{
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		im->cpu[i].left = 0;
}

static int by_end(const void *a, const void *b)
{
	const struct rebase *x = a, *y = b;

	return (x->left > y->left) - (x->left < y->left);
}

void import_learnt(struct import *im)
{
	if (im->rebases)
		qsort(im->rebase, im->rebases, sizeof(*im->rebase), by_end);
}

/* Is @p the end of the SMI in which the SMBASE was written? */
static const struct rebase *rebase_at(struct import *im, const struct kvm_point *p)
{
	while (im->rebase_next < im->rebases && im->rebase[im->rebase_next].left < p->ts)
		im->rebase_next++;
	for (size_t i = im->rebase_next; i < im->rebases && im->rebase[i].left == p->ts; i++)
		if (kvm_has(p, KVM_VCPU) && p->value[KVM_VCPU] == (uint64_t)im->rebase[i].cpu)
			return &im->rebase[i];
	return NULL;
}

void import_translate(struct import *im, const struct kvm_point *p)
{
	bool leaves = p->id == KVM_POINT_SMM_TRANSITION && kvm_has(p, KVM_ENTERING) && !p->value[KVM_ENTERING];
	const struct rebase *r = leaves ? rebase_at(im, p) : NULL;

	if (r)
		put_rebase(im, r);
	kvm_events_put(im->kvm, p);
	if (r)
		kvm_events_rebased(im->kvm, r->cpu, r->to);
}
