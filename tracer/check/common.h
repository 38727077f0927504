/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What several invariants ask of an event. */
#ifndef TRACER_CHECK_COMMON_H
#define TRACER_CHECK_COMMON_H

#include "check.h"

#define KIND(K) (1u << EV_##K)

/* Bits of the registers that config events report (Intel Q35 and ICH9 datasheets, QEMU hw/pci-host/q35.c). */
enum { MCH_9C_LOCKED = 2, MCH_9C_ABSENT = 0xff, MCH_9D_D_LCK = 0x10, MCH_9E_T_EN = 1 };
enum { SMI_EN_GBL = 1, SMI_EN_APMC = 0x20, GEN_PMCON_SMI_LOCK = 0x10 };
#define HIDDEN_BYTES 0xffffffffu

/* The event at hand about @cpu, with up to two more that prove it (0 = none). */
struct finding finding_here(const struct check_input *in, int cpu, int64_t because, int64_t also);

/* Is it a write of APM_CMD_CPU_HOTPLUG to 0xb2? */
bool is_hotplug_smi(const struct event *ev);

/* Is it a write to 0xb2 that raises an SMI? QEMU answers 2 and 3 itself (hw/isa/lpc_ich9.c). */
bool raises_smi(const struct event *ev);

/* INIT, SIPI or SMI that firmware, a CPU in SMM at its own SMBASE, sends to one CPU. */
struct firmware_ipi {
	enum ipi_mode mode;
	uint64_t apic_id;
	int cpu;                    /* that one's index, or CPU_UNKNOWN */
	const struct scene_cpu *to; /* NULL then */
	const struct round *round;  /* the sender is in */
};
bool is_firmware_ipi(const struct check_input *in, struct firmware_ipi *ipi);

/* The same, INIT or SIPI, to a CPU that was added and has no SMBASE of its own yet. */
bool is_hotplug_ipi(const struct check_input *in, struct firmware_ipi *ipi);

/*
 * A SIPI to a CPU that does not wait for one: no INIT from SMM went before it in this SMI, or the CPU has
 * run through its relocation and had the two of INIT-SIPI-SIPI already.
 */
bool is_stray_sipi(const struct check_input *in, const struct firmware_ipi *ipi);

/* The CPU whose registers the event of @in, an access to the hot-plug block, is about; or CPU_UNKNOWN. */
int selected_cpu(const struct check_input *in);
/* Does it clear that one's insert event? */
bool clears_insert(const struct check_input *in);

/* Told while the guest ran on: what was read of its memory meanwhile is of another moment. */
static inline bool is_unstopped(const struct event *ev)
{
	return ev->source == SRC_KVM;
}

/* enum handler_code of what is at the default SMBASE, as far as seen. */
static inline uint64_t handler_code_now(const struct scene *s)
{
	return event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN);
}

/* Does whoever enters SMM at the default SMBASE relocate itself at once? With a gate, or code not understood, it may wait. */
static inline bool entry_relocates(const struct scene *s)
{
	return handler_code_now(s) == CODE_TEMPLATE || handler_code_now(s) == CODE_RELOCATE;
}

/* The round @cpu is in; NULL = none. */
const struct round *round_inside(const struct scene *s, int cpu);

/* Does this smi-leave end the current round, being the last one out? */
bool ends_round(const struct check_input *in);

/* Would we have seen @cpu enter SMM? Only where its SMBASE is known. */
bool smm_is_watched(const struct scene *s, int cpu);

/* The configuration has had time to be read since SMRAM was seen locked. */
bool is_locked_and_read(const struct scene *s, int64_t now);

/* Not known because it could not be read; else nobody has tried yet. */
const char *config_why(const struct scene *s, enum config_reg reg, char *out, size_t size);

#endif
