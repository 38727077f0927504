/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The model: the only truth about a CPU. Fed with events in time order by
 * model_apply() and by nothing else; the same function runs live and when a
 * recording is replayed, so both give the same answer.
 */
#ifndef TRACER_MODEL_H
#define TRACER_MODEL_H

#include "event.h"

#define SMBASE_DEFAULT 0x30000u
#define SMBASE_UNKNOWN UINT64_MAX
#define SMI_CMD_UNKNOWN (-1)
#define APM_CNT 0xb2
#define APM_STS 0xb3

#define CPU_STATES(_) \
	_(ABSENT, "absent") \
	_(UNKNOWN, "unknown") \
	_(RESET, "reset") /* reset or INIT seen, nothing since: waits for a SIPI, or starts at the reset vector */ \
	_(RUNNING, "running") \
	_(SMM_DEFAULT, "smm-default") /* in SMM at the default SMBASE */ \
	_(SMM, "smm") /* in SMM at its own base */ \
	_(GONE, "gone")

enum cpu_state {
#define X(S, name) STATE_##S,
	CPU_STATES(X)
#undef X
	CPU_STATE_COUNT
};

/* What raised an SMI. */
enum smi_cause { CAUSE_UNKNOWN, CAUSE_APM, CAUSE_IPI, CAUSE_COUNT };

extern const char *const cpu_state_name[CPU_STATE_COUNT];
extern const char *const smi_cause_name[CAUSE_COUNT];

/* One stay in SMM; id 0 = none yet. */
struct smi {
	int64_t id;        /* id of its smi-enter event */
	int64_t enter_ns;
	uint64_t smbase;
	enum smi_cause cause;
	bool cause_inferred;
	int apm_cmd;       /* value written to 0xb2, or SMI_CMD_UNKNOWN */
	int apm_data;      /* value written to 0xb3, or SMI_CMD_UNKNOWN */
};

struct cpu {
	enum cpu_state state;
	int64_t since_ns;        /* when state was entered */
	int64_t apic_id;         /* -1 unknown */
	uint64_t smbase;         /* now, or SMBASE_UNKNOWN */
	uint64_t smbase_pending; /* stored in the slot, not yet RSMed; SMBASE_UNKNOWN = none */
	uint64_t smbase_before;  /* the one before the last change */
	int64_t smbase_write_id; /* event id of the pending write, 0 = none */
	struct smi smi;          /* the one it is in, or the last one */
	uint64_t smis;           /* entries seen */
	uint64_t rsms;           /* RSMs seen */
	int64_t added_ns, removed_ns; /* 0 = not seen */
	bool smi_ipi;            /* an SMI IPI to it not yet followed by an entry */
	bool init_ipi;           /* an INIT IPI to it not yet followed by a reset */
	bool slot_unknown;       /* it left the default SMBASE, and nobody has looked at its slot: smbase is not known */
	bool init_held;          /* its APIC took an INIT while it was in SMM: it waits for the RSM */
};

struct apm_write {
	int64_t ts;
	int64_t cpu;  /* or CPU_UNKNOWN */
	int cmd;
	int data;
};

struct model {
	struct cpu cpu[EVENT_MAX_CPUS];
	unsigned cpus;           /* highest index seen + 1 */
	struct apm_write apm;    /* the last write to 0xb2; ts 0 = none */
	int apm_data;            /* last value written to 0xb3, or SMI_CMD_UNKNOWN */
	uint64_t apm_taken[EVENT_MAX_CPUS / 64]; /* CPUs that entered since that write */
};

void model_init(struct model *m);

/*
 * Apply one event; @id is its place in the recording, > 0 and growing.
 * Returns the CPU it changed (== &m->cpu[ev->cpu]), NULL when it is about none.
 */
const struct cpu *model_apply(struct model *m, int64_t id, const struct event *ev);

static inline bool cpu_in_smm(const struct cpu *c)
{
	return c->state == STATE_SMM || c->state == STATE_SMM_DEFAULT;
}

/* CPU index of an APIC ID, or CPU_UNKNOWN. */
int model_cpu_of_apic_id(const struct model *m, uint64_t apic_id);

#endif
