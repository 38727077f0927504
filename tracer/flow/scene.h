/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scene: what the events say about the firmware's CPU hot-plug as a whole, beside the model,
 * which knows each CPU. Configuration, the code at the default SMBASE, the words of the handshake,
 * the SMI that is going on (a round), and for each CPU how far its relocation has come.
 *
 * Fed by scene_apply() and by nothing else, after model_apply() of the same event; so flow, checks
 * and verdict share one account and none keeps its own. Ids are those of events, 0 = has not happened.
 */
#ifndef TRACER_FLOW_SCENE_H
#define TRACER_FLOW_SCENE_H

#include "../cpuset.h"
#include "../model.h"

#define APM_CMD_CPU_HOTPLUG 4

/* Bits of the SMI features (QEMU include/hw/i386/ich9.h). */
enum { SMI_FEATURE_BROADCAST = 1, SMI_FEATURE_HOTPLUG = 2, SMI_FEATURE_HOT_UNPLUG = 4 };

/* Registers of the block at 0xcd8, commands and bits (QEMU docs/specs/acpi_cpu_hotplug.rst). */
enum { HP_SELECTOR = 0, HP_DATA2 = 0, HP_STATUS = 4, HP_CONTROL = 4, HP_COMMAND = 5, HP_DATA = 8 };
enum { HP_GET_PENDING = 0, HP_OST_EVENT = 1, HP_OST_STATUS = 2, HP_GET_ARCH_ID = 3 };
enum { HP_ENABLED = 1, HP_INSERT = 2, HP_REMOVE = 4, HP_EJECT = 8, HP_FW_REMOVE = 16 };

#define GATE_CLOSED UINT64_MAX

/* A moment: the event that made it, 0 = has not been, and its time. */
struct moment {
	int64_t id, ns;
};

/* Something the firmware's monarch found by scanning the block in this round. */
struct found_cpu {
	uint64_t selector;
	uint64_t apic_id;   /* UINT64_MAX = not asked for */
	uint8_t status;     /* as it read it */
	int64_t id;         /* of the read of the APIC ID, or of the status */
};
#define ROUND_FOUND 32

/*
 * One SMI of the whole machine: from the write to 0xb2 (or the first entry, when no write was
 * seen) until every CPU that entered is out again. Only CPUs at their own SMBASE take part; those
 * at the default one are being relocated, or wait to be.
 */
struct round {
	int64_t number;          /* 0 = there was none yet; the latest one stays until the next begins */
	bool open;
	struct moment raised;    /* the write to 0xb2; id 0 = not seen */
	int cmd, writer;         /* SMI_CMD_UNKNOWN, CPU_UNKNOWN */
	struct moment first_entry, last_leave;
	struct cpuset expected;  /* present, relocated CPUs when it was raised; empty when that was not seen */
	struct cpuset entered, inside;
	int monarch;             /* the first CPU that acted (port read, register scan, ICR, handoff) inside */
	struct moment acted;     /* when it first did */
	struct moment monarch_left;
	struct moment cmd_read;  /* the monarch read 0xb2 ... */
	int cmd_got;             /* ... and got this */
	struct moment scan;      /* its first access to the hot-plug block */
	unsigned found;
	struct found_cpu found_cpu[ROUND_FOUND];
	bool found_more;         /* than ROUND_FOUND */
};

/* How far one CPU has come. "Hot" is a CPU added while we watched, after the guest had begun to run. */
struct scene_cpu {
	bool hot;
	struct moment added;
	bool relocated;            /* an SMBASE of its own is in force */
	uint64_t own_smbase;       /* that one; SMBASE_UNKNOWN */

	bool smi_pending;          /* raised for it (0xb2 broadcast, SMI IPI) and neither taken nor dropped */
	struct moment smi_raised;
	bool smi_by_ipi;
	struct moment smi_dropped; /* an INIT took effect while one was pending */

	struct moment init, sipi;  /* the last ones sent to it */
	int init_sender, sipi_sender;
	bool init_from_smm, sipi_from_smm;
	unsigned sipi_vector;
	unsigned sipis;            /* since the last INIT */
	struct moment reset;       /* it took an INIT or reset */
	struct moment reset_in_smm;
	uint64_t reset_rip;        /* where that one hit it */

	struct moment default_entry, default_leave; /* its last stay at 0x30000 */
	bool default_unstopped;    /* told by a tracepoint: what it does there is known only when it has left */
	enum handler_code default_code; /* what lay there when it entered, as it was told; CODE_UNKNOWN */
	struct moment gate_pass;   /* it went through the gate */
	struct moment smbase_write;
	uint64_t new_smbase;       /* what it wrote */
	struct moment about;       /* it said that it is about to leave */
	struct moment relocation_rsm;
	struct moment own_entry;   /* first entry at its own SMBASE since */
	bool slot_unknown;         /* as in struct cpu */
	struct moment pen;         /* the pen's flag was set for it, or it was seen there */

	bool insert_pending;       /* status bits as last read, minus what was cleared since */
	bool remove_pending, fw_remove;
	struct moment insert_seen; /* the OS read insert outside SMM */
	struct moment insert_cleared, remove_cleared, handed_over; /* control writes 0x02, 0x04, 0x10 */
	struct moment enumerated;  /* the monarch asked for its APIC ID */
	struct moment ejected;     /* control write 0x08 */
	struct moment started;     /* the first SIPI to it from outside SMM since it was added */
	struct moment removed;

	struct moment acted;       /* the last thing that it did, or that was done to it: a look apart */
	struct moment seen;        /* the last cpu-seen ... */
	struct event seen_event;   /* ... and what it said */
};

struct config_value {
	bool known, tried;         /* tried and not known = could not be read */
	uint64_t value;
	struct moment when;
};

struct word_value {
	bool known;
	uint64_t value, addr;      /* addr 0 = not known */
	int writer;                /* CPU_UNKNOWN */
	struct moment when;
};

/* The last ICR write of its mode, whoever it reached. */
struct sent_ipi {
	struct moment when;
	int sender;
	bool from_smm;
};

struct scene {
	struct scene_cpu cpu[EVENT_MAX_CPUS];
	struct config_value config[CONFIG_REG_COUNT];
	struct word_value word[WORD_COUNT];
	struct event handler;      /* the last handler event; known 0 = none yet */
	struct moment handler_when;
	unsigned handler_changes;
	struct round round, last;  /* the current one; the one before */
	struct moment raised_next; /* 0xb2 was written while the round was not over */
	int next_cmd, next_writer;
	struct cpuset present, hot; /* CPUs that exist; hot ones whose plug is not over */
	struct sent_ipi sent[8];   /* by enum ipi_mode */
	struct moment attach;      /* the first session attach */
	bool attached_late;        /* CPUs were past reset then: what boot did was not seen */
	struct moment target_exit; /* the session said so */
	struct moment system_reset; /* a CPU that had been there was reset without an INIT; ends what is hot */
	uint64_t lost[EVENT_SOURCE_COUNT];   /* events that a source lost */
	int64_t blind_ns[EVENT_SOURCE_COUNT]; /* how long it could not see */
	struct moment locked;      /* when MCH 0x9D was first seen with D_LCK */
	struct moment gpe;         /* the OS's last scan of the block outside SMM */
	uint64_t selector;         /* the block's, as last written; UINT64_MAX */
	uint8_t command;           /* and its command */
	int64_t now;               /* time of the last event */
	int64_t paused_ns;         /* all pauses so far (ours and others') */
	int64_t pause_end;
	int64_t paused_since;      /* the guest stands still, and nobody knows until when; 0 = it runs */
};

/* Big: allocate it. */
void scene_init(struct scene *s);

/* Apply one event; @m is the model after it, @before the event's CPU before it or NULL. */
void scene_apply(struct scene *s, const struct model *m, const struct cpu *before, int64_t id,
		 const struct event *ev);

/* CPUs an ipi event reaches, by the model. */
struct cpuset scene_ipi_targets(const struct scene *s, const struct model *m, const struct event *ev);

/* Time since @from_ns, when paused_ns was @paused_then, that the guest ran: without the pauses. */
int64_t scene_guest_ns(const struct scene *s, int64_t from_ns, int64_t paused_then, int64_t now);

/* Is this cpu-add, with the scene before it, a plug: a new CPU, after the guest had begun to run? */
bool scene_is_plug(const struct scene *s, const struct event *ev);

/* Does the handler event @ev only say once more what lies there, as a tracer does that attaches again? */
bool scene_handler_is_old(const struct scene *s, const struct event *ev);

/* Is a hot-plug or hot-unplug going on, so that its words are worth looking at? */
bool scene_busy(const struct scene *s);

static inline bool moment_is(struct moment m)
{
	return m.id != 0;
}

/* @a has happened, and after @b (or @b never has). */
static inline bool moment_after(struct moment a, struct moment b)
{
	return a.id > b.id;
}

static inline bool scene_config(const struct scene *s, enum config_reg reg, uint64_t *value)
{
	*value = s->config[reg].value;
	return s->config[reg].known;
}

#endif
