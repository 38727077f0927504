/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Points that the flows of all firmware share, as lines for a profile's tables. A point says when it
 * was reached, from the scene as it stands; id 0 = not yet.
 */
#ifndef TRACER_FLOW_POINTS_H
#define TRACER_FLOW_POINTS_H

#include "flow.h"

typedef struct moment flow_when(const struct episode *ep, const struct flow_input *in);

flow_when point_added, point_gpe, point_smi, point_rendezvous, point_enumerated, point_init_sipi,
	point_default_entry, point_smbase_write, point_rsm, point_next, point_own_entry, point_all_left,
	point_clear, point_online, point_asked, point_remove, point_hand_over, point_eject, point_gone,
	point_unplug_left;

#define POINT_ADDED { STEP_ADDED, point_added, "CPU %d to be added", "QEMU", 0 }
#define POINT_GPE { STEP_GPE, point_gpe, \
	"the GPE handler to find CPU %d in the hot-plug registers", "the OS", 0 }
#define POINT_SMI { STEP_SMI, point_smi, "4 to be written to port 0xb2", "the OS", 0 }
#define POINT_RENDEZVOUS { STEP_RENDEZVOUS, point_rendezvous, \
	"all CPUs to enter SMM", "every CPU", 0 }
#define POINT_C { STEP_C, point_init_sipi, "INIT and SIPI to be sent to CPU %d", "the monarch", 0 }
/* Under TCG a CPU that waits for a SIPI takes the broadcast SMI before the INIT. */
#define POINT_D_ENTRY { STEP_D_ENTRY, point_default_entry, \
	"CPU %d to enter SMM at the default SMBASE", "CPU %d", FLOW_EARLY }
#define POINT_D_WRITE { STEP_D_WRITE, point_smbase_write, \
	"CPU %d to write its new SMBASE", "CPU %d", 0 }
#define POINT_D_RSM { STEP_D_RSM, point_rsm, "CPU %d to leave SMM by RSM", "CPU %d", 0 }
#define POINT_E { STEP_E, point_next, "the monarch to go on", "the monarch", 0 }
#define POINT_PROVED { STEP_PROVED, point_own_entry, \
	"CPU %d to enter SMM at its own SMBASE", "the next SMI", FLOW_OPTIONAL }
#define POINT_CLEAR { STEP_CLEAR, point_clear, \
	"the insert event of CPU %d to be cleared", "the OS", 0 }
#define POINT_ONLINE { STEP_ONLINE, point_online, "CPU %d to be started", "the OS", 0 }
#define POINTS_END { .when = NULL }

/* Boot and unplug are the same for all profiles. */
extern const struct flow_point flow_boot_points[], flow_unplug_points[];

/* For an episode whose firmware is not known: what all profiles share. In no list. */
extern const struct flow_profile flow_common;

extern const struct flow_profile flow_ovmf, flow_design;

/* ---- for points ---- */

static inline const struct scene_cpu *point_cpu(const struct episode *ep, const struct flow_input *in)
{
	return &in->scene->cpu[ep->cpu];
}

/* @m, if it belongs to this episode. */
static inline struct moment point_own(const struct episode *ep, struct moment m)
{
	return m.id >= ep->opened ? m : (struct moment){ 0 };
}

/* The later one of two that must both have been. */
static inline struct moment point_both(struct moment a, struct moment b)
{
	if (!moment_is(a) || !moment_is(b))
		return (struct moment){ 0 };
	return moment_after(a, b) ? a : b;
}

#endif
