/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * THE contract: what every source produces, the model consumes, the database
 * stores and the views show.
 *
 * An event is a small value without pointers: when, which CPU, what kind, who
 * saw it, whether it was observed or inferred, and up to EVENT_ARGS integers
 * whose meaning the kind's field list gives. Unknown is a value: an argument
 * whose bit in @known is clear, a CPU of CPU_UNKNOWN. Nothing is ever guessed
 * without origin = ORIGIN_INFERRED.
 *
 * The lists below are the only ones: enums, names, help, database dictionary,
 * text form, man page and `smmtrace list events` are made from them.
 * To add a kind: one line in EVENT_KINDS and one field list.
 */
#ifndef TRACER_EVENT_H
#define TRACER_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_ARGS 8
#define CPU_UNKNOWN (-1)
#define EVENT_MAX_CPUS 256 /* CPU indexes are 0 .. EVENT_MAX_CPUS-1 */

/* How an argument is written for people. */
enum event_format {
	FMT_HEX,   /* 0x38000 */
	FMT_DEC,   /* 12 */
	FMT_NS,    /* a CLOCK_MONOTONIC time or a duration in ns */
	FMT_DIR,   /* enum event_dir: read | write */
	FMT_MODE,  /* enum ipi_mode: fixed lowest smi 3 nmi init sipi 7 */
	FMT_DEST,  /* enum ipi_dest: one self all others */
	FMT_VIA,   /* enum event_via: how a point was seen */
	FMT_WHAT,  /* enum session_what */
	FMT_WHY,   /* enum pause_why */
	FMT_BOOL,  /* 0 | 1 */
	FMT_REG,   /* enum config_reg */
	FMT_WORD,  /* enum handoff_word */
	FMT_CODE,  /* enum handler_code */
};

/*
 * Field lists: FIELD(_, KIND, NAME, name, format). Order is storage order.
 *
 * smi-enter: smbase is the base in use; rip, rax, rdx, cr0, cr3, efer are the
 * SAVED state, read from the save-state map (AMD64 layout by revision id
 * 0x20064: QEMU target/i386/tcg/sysemu/smm_helper.c), cs is the saved selector.
 */
#define FIELDS_SMI_ENTER(F, K) \
	F(K, SMBASE, smbase, FMT_HEX) \
	F(K, RIP, rip, FMT_HEX) \
	F(K, CS, cs, FMT_HEX) \
	F(K, CR0, cr0, FMT_HEX) \
	F(K, CR3, cr3, FMT_HEX) \
	F(K, EFER, efer, FMT_HEX) \
	F(K, RAX, rax, FMT_HEX) \
	F(K, RDX, rdx, FMT_HEX)
/* smi-leave: smbase is the base of THIS SMI, rip the address of the rsm. */
#define FIELDS_SMI_LEAVE(F, K) \
	F(K, SMBASE, smbase, FMT_HEX) \
	F(K, RIP, rip, FMT_HEX) \
	F(K, VIA, via, FMT_VIA)
/* smbase-write: the save-state slot changed; it takes effect at the RSM. */
#define FIELDS_SMBASE_WRITE(F, K) \
	F(K, OLD, old, FMT_HEX) \
	F(K, NEW, new, FMT_HEX) \
	F(K, RIP, rip, FMT_HEX)
/* smbase-found: learnt without having seen the write (attached late). */
#define FIELDS_SMBASE_FOUND(F, K) \
	F(K, SMBASE, smbase, FMT_HEX) \
	F(K, VIA, via, FMT_VIA)
#define FIELDS_PORT(F, K) \
	F(K, PORT, port, FMT_HEX) \
	F(K, DIR, dir, FMT_DIR) \
	F(K, VALUE, value, FMT_HEX)
/* ipi: one ICR write by @cpu. target is an APIC ID, known only for dest=one. */
#define FIELDS_IPI(F, K) \
	F(K, TARGET, target, FMT_DEC) \
	F(K, MODE, mode, FMT_MODE) \
	F(K, VECTOR, vector, FMT_HEX) \
	F(K, DEST, dest, FMT_DEST) \
	F(K, ICR, icr, FMT_HEX)
/* cpu-reset: power-on reset or INIT, as the target saw it. */
#define FIELDS_CPU_RESET(F, K) \
	F(K, IN_SMM, in_smm, FMT_BOOL) \
	F(K, HALTED, halted, FMT_BOOL) \
	F(K, RIP, rip, FMT_HEX) \
	F(K, CS, cs, FMT_HEX)
/* cpuhp: the CPU hot-plug register block at 0xcd8 (QEMU docs/specs/acpi_cpu_hotplug.rst). */
#define FIELDS_CPUHP(F, K) \
	F(K, REG, reg, FMT_HEX) \
	F(K, DIR, dir, FMT_DIR) \
	F(K, VALUE, value, FMT_HEX) \
	F(K, SELECTOR, selector, FMT_DEC)
#define FIELDS_CPU_ADD(F, K) \
	F(K, APIC_ID, apic_id, FMT_DEC) \
	F(K, TID, tid, FMT_DEC)
#define FIELDS_CPU_REMOVE(F, K) \
	F(K, APIC_ID, apic_id, FMT_DEC)
/*
 * cpu-seen: where a CPU stands when we look (attach, detach, end of a hang); polls is
 * the memory that the spin loop it is in reads, polled the value there.
 */
#define FIELDS_CPU_SEEN(F, K) \
	F(K, RIP, rip, FMT_HEX) \
	F(K, CS, cs, FMT_HEX) \
	F(K, IN_SMM, in_smm, FMT_BOOL) \
	F(K, HALTED, halted, FMT_BOOL) \
	F(K, CR0, cr0, FMT_HEX) \
	F(K, RSP, rsp, FMT_HEX) \
	F(K, POLLS, polls, FMT_HEX) \
	F(K, POLLED, polled, FMT_HEX)
#define FIELDS_SESSION(F, K) \
	F(K, WHAT, what, FMT_WHAT)
/* pause: the guest stood still from the event's time until @until; not known = it still does, and another will tell. */
#define FIELDS_PAUSE(F, K) \
	F(K, UNTIL, until, FMT_NS) \
	F(K, WHY, why, FMT_WHY)
#define FIELDS_LOST(F, K) \
	F(K, UNTIL, until, FMT_NS) \
	F(K, COUNT, count, FMT_DEC)
/* blind: between the event's time and @until this source may have missed things. */
#define FIELDS_BLIND(F, K) \
	F(K, UNTIL, until, FMT_NS) \
	F(K, WHY, why, FMT_WHY)

/* config: a setting of the machine as it stands; no value = it could not be read. */
#define FIELDS_CONFIG(F, K) \
	F(K, REG, reg, FMT_REG) \
	F(K, VALUE, value, FMT_HEX)
/*
 * handoff: a word by which monarch and new CPU talk has changed. @cpu wrote it, when it is
 * known. Observed = stopped behind the write, which was at rip. Inferred = sampled from guest
 * memory: it happened between @since and the event's time.
 */
#define FIELDS_HANDOFF(F, K) \
	F(K, WORD, word, FMT_WORD) \
	F(K, ADDR, addr, FMT_HEX) \
	F(K, OLD, old, FMT_HEX) \
	F(K, VALUE, value, FMT_HEX) \
	F(K, RIP, rip, FMT_HEX) \
	F(K, SINCE, since, FMT_NS)
/*
 * handler: the code at the default SMBASE + 0x8000 is another one. Observed = stopped behind the write
 * of its first byte, by @cpu. Inferred = sampled: it changed between @since and the event's time. sum is
 * a checksum of its size bytes; gate, new_smbase, about are the linear addresses of the words it uses,
 * pass that of the instruction behind the gate: all from the code bytes, unknown where it has none.
 */
#define FIELDS_HANDLER(F, K) \
	F(K, CODE, code, FMT_CODE) \
	F(K, SUM, sum, FMT_HEX) \
	F(K, SIZE, size, FMT_DEC) \
	F(K, GATE, gate, FMT_HEX) \
	F(K, NEW_SMBASE, new_smbase, FMT_HEX) \
	F(K, ABOUT, about, FMT_HEX) \
	F(K, PASS, pass, FMT_HEX) \
	F(K, SINCE, since, FMT_NS)
/*
 * apic-accept: the local APIC of @cpu took an INIT, a SIPI or an SMI (KVM's kvm_apic_accept_irq), whoever
 * sent it. The CPU has not executed it yet, and need not: a blocked INIT waits for its RSM.
 */
#define FIELDS_ACCEPT(F, K) \
	F(K, MODE, mode, FMT_MODE) \
	F(K, VECTOR, vector, FMT_HEX)

/*
 * smi-saved: what the CPU that is in SMM saved, by a source that reads it later than its entry: a handler may have
 * changed it by then. The fields are those of smi-enter; smbase is the one of this SMI.
 */
#define FIELDS_SMI_SAVED(F, K) \
	F(K, SMBASE, smbase, FMT_HEX) \
	F(K, RIP, rip, FMT_HEX) \
	F(K, CS, cs, FMT_HEX) \
	F(K, CR0, cr0, FMT_HEX) \
	F(K, CR3, cr3, FMT_HEX) \
	F(K, EFER, efer, FMT_HEX) \
	F(K, RAX, rax, FMT_HEX) \
	F(K, RDX, rdx, FMT_HEX)

/* KIND, text name, glyph for one-character views, help. Ids are stable: append only. */
#define EVENT_KINDS(_) \
	_(SMI_ENTER, "smi-enter", '[', "CPU entered SMM at smbase; the other fields are the state it saved") \
	_(SMI_LEAVE, "smi-leave", ']', "CPU executed RSM; smbase is the base of this SMI, not the next one") \
	_(SMBASE_WRITE, "smbase-write", 'w', "the SMBASE slot of the save state was written by a CPU in SMM; effective at its RSM") \
	_(SMBASE_FOUND, "smbase-found", 'f', "an SMBASE was learnt without its write having been seen") \
	_(PORT, "port", 'v', "access to APM_CNT (0xb2) or APM_STS (0xb3)") \
	_(IPI, "ipi", 'i', "ICR write: INIT, SIPI or SMI sent by the CPU") \
	_(CPU_RESET, "cpu-reset", 'r', "power-on reset, or an INIT taken by the CPU") \
	_(CPUHP, "cpuhp", 'h', "access to the CPU hot-plug registers at 0xcd8") \
	_(CPU_ADD, "cpu-add", '+', "a CPU exists from now on (present at attach, or hot-added)") \
	_(CPU_REMOVE, "cpu-remove", '-', "the CPU was removed") \
	_(CPU_SEEN, "cpu-seen", '?', "where the CPU stood when smmtrace looked") \
	_(SESSION, "session", '*', "tracing began, was suspended, went on, or ended") \
	_(PAUSE, "pause", '|', "the guest stood still because of smmtrace") \
	_(LOST, "lost", '!', "a source lost events in the interval") \
	_(BLIND, "blind", '~', "a source could not see in the interval") \
	_(CONFIG, "config", 'c', "a setting of the machine that SMM depends on, as it stands") \
	_(HANDOFF, "handoff", 'o', "a word between monarch and new CPU changed: gate, new SMBASE, about to leave, pen") \
	_(HANDLER, "handler", 'H', "the code at the default SMBASE + 0x8000 is another one") \
	_(ACCEPT, "apic-accept", 'a', "INIT, SIPI or SMI accepted by the local APIC of the CPU, which has not executed it yet") \
	_(SMI_SAVED, "smi-saved", 'm', "the state the CPU saved at its SMI, read from guest memory while it was in SMM")

enum event_kind {
#define X(K, name, glyph, help) EV_##K,
	EVENT_KINDS(X)
#undef X
	EVENT_KIND_COUNT
};

/* One enum per kind: SMI_ENTER_SMBASE, SMI_ENTER_RIP, ... = index into arg[]. */
#define X_FIELD(K, NAME, name, fmt) K##_##NAME,
#define X(K, name, glyph, help) enum { FIELDS_##K(X_FIELD, K) K##_FIELDS };
EVENT_KINDS(X)
#undef X
#undef X_FIELD

#define EVENT_SOURCES(_) \
	_(GDB, "gdb", "stops of QEMU's gdbstub") \
	_(QEMULOG, "qemulog", "QEMU's own trace events and cpu_reset log") \
	_(GUESTRAM, "guestram", "guest memory read from outside, without a stop") \
	_(TRACER, "tracer", "smmtrace itself") \
	_(FIXTURE, "fixture", "a text scenario") \
	_(KVM, "kvm", "KVM's tracepoints, live or from a recording made elsewhere")

enum event_source {
#define X(S, name, help) SRC_##S,
	EVENT_SOURCES(X)
#undef X
	EVENT_SOURCE_COUNT
};

enum event_origin { ORIGIN_OBSERVED, ORIGIN_INFERRED };
enum event_dir { DIR_READ, DIR_WRITE };
/* ICR delivery mode, bits 10:8 (Intel SDM vol. 3, 11.6.1). */
enum ipi_mode { IPI_FIXED, IPI_LOWEST, IPI_SMI, IPI_RSVD3, IPI_NMI, IPI_INIT, IPI_SIPI, IPI_RSVD7 };
/* ICR destination shorthand, bits 19:18. */
enum ipi_dest { IPI_ONE, IPI_SELF, IPI_ALL, IPI_OTHERS };

/*
 * What a config event can be about. Ids are stored: append only.
 * smi-*: fw_cfg etc/smi/ (QEMU hw/isa/lpc_ich9.c). mch-*: PCI 0:0.0, gen-pmcon: PCI 0:1f.0 reg 0xa0.
 */
#define CONFIG_REGS(_) \
	_(SMI_SUPPORTED, "smi-supported", "SMI features QEMU offers: bit 0 broadcast, 1 CPU hot-plug, 2 hot-unplug") \
	_(SMI_REQUESTED, "smi-requested", "SMI features the firmware asked for") \
	_(SMI_NEGOTIATED, "smi-negotiated", "SMI features in force: features-ok was read as 1; 0 = it was not") \
	_(SMBASE_SMRAM, "smbase-smram", "1 = this machine can hide the 128 KiB at the default SMBASE") \
	_(MCH_9C, "mch-9c", "DEFAULT_SMBASE_CTL: bit 0 in RAM, bit 1 locked, 0xff = not there") \
	_(MCH_9D, "mch-9d", "SMRAM: bit 3 G_SMRAME, bit 4 D_LCK") \
	_(MCH_9E, "mch-9e", "ESMRAMC: bit 0 T_EN, bits 2:1 TSEG size") \
	_(TSEG_BASE, "tseg-base", "where TSEG begins") \
	_(TSEG_SIZE, "tseg-size", "bytes of TSEG") \
	_(SMI_EN, "smi-en", "PMBASE + 0x30: bit 0 GBL_SMI_EN, bit 5 APMC_EN") \
	_(GEN_PMCON, "gen-pmcon", "GEN_PMCON_1: bit 4 SMI_LOCK") \
	_(DEFAULT_OUTSIDE, "default-outside", "the four bytes at 0x38000 as seen outside SMM; hidden = 0xffffffff") \
	_(TSEG_OUTSIDE, "tseg-outside", "the first four bytes of TSEG as seen outside SMM")

enum config_reg {
#define X(R, name, help) CONFIG_##R,
	CONFIG_REGS(X)
#undef X
	CONFIG_REG_COUNT
};

/* The words of OVMF's CpuHotplugSmm at the default SMBASE (FirstSmiHandlerContext.h), and the pen's flag. */
enum handoff_word {
	WORD_GATE,       /* ApicIdGate: all ones = closed, else the APIC ID that may pass */
	WORD_NEW_SMBASE, /* NewSmbase */
	WORD_ABOUT,      /* AboutToLeaveSmm */
	WORD_PEN,        /* the last byte of the pen page: 1 = a CPU has arrived there */
	WORD_COUNT
};

/* What the code at the default SMBASE + 0x8000 is, by its bytes. */
enum handler_code {
	CODE_UNKNOWN,
	CODE_ZERO,       /* nothing */
	CODE_TEMPLATE,   /* jumps elsewhere: the boot relocation of edk2, SeaBIOS */
	CODE_NOP,        /* nothing but RSM */
	CODE_RELOCATE,   /* writes the SMBASE slot and RSMs, without a gate */
	CODE_GATE,       /* the same behind an APIC ID gate: OVMF's CpuHotplugSmm */
	CODE_COUNT
};

/* How a point was seen; names in event_via_name[]. */
enum event_via {
	VIA_BREAKPOINT, /* stopped on the very instruction */
	VIA_WATCHPOINT, /* stopped right behind the access that belongs to it */
	VIA_STEP,       /* single-stepped to it */
	VIA_RESET,      /* ended by INIT or reset inside SMM, no RSM */
	VIA_SCAN,       /* found in guest memory */
	VIA_NEXT,       /* concluded from the next entry of this CPU */
	VIA_TRACEPOINT, /* told by a tracepoint of KVM */
	VIA_COUNT
};
enum session_what {
	SESSION_ATTACH, SESSION_DETACH, SESSION_SUSPEND, SESSION_RESUME,
	SESSION_TARGET_EXIT, /* it said good-bye */
	SESSION_KICK, /* we sent the event's CPU the SMI it had lost */
	SESSION_TARGET_LOST, /* it went away without a word, or no longer answered: a crash, a kill */
	SESSION_COUNT
};
enum pause_why {
	WHY_ATTACH,     /* setting up, or attach before we could see */
	WHY_STOP,       /* a breakpoint or watchpoint of ours */
	WHY_INTERRUPT,  /* we stopped the guest to change something */
	WHY_DETACH,
	WHY_SUSPEND,    /* smmtrace itself was suspended (Ctrl-Z) */
	WHY_NEW_CPU,    /* a hot-added CPU had no breakpoints yet */
	WHY_FOREIGN,    /* stopped by somebody else */
	WHY_NO_SMBASE,  /* the SMBASE of this CPU is not known, its SMIs cannot be seen */
	WHY_NO_LOG,     /* QEMU's log was not read: no ports, IPIs, resets, hot-plug registers */
	WHY_COUNT
};

struct event {
	int64_t ts;      /* CLOCK_MONOTONIC, ns */
	int32_t cpu;     /* index, or CPU_UNKNOWN */
	uint8_t kind;    /* enum event_kind */
	uint8_t source;  /* enum event_source */
	uint8_t origin;  /* enum event_origin */
	uint8_t known;   /* bit i: arg[i] holds a value */
	uint64_t arg[EVENT_ARGS];
};

struct event_field {
	const char *name;
	enum event_format format;
};

struct event_info {
	const char *name;
	char glyph;
	const char *help;
	unsigned fields;
	struct event_field field[EVENT_ARGS];
};

/* Static dictionaries, indexed by the enums; never NULL inside their range. */
extern const struct event_info event_info[EVENT_KIND_COUNT];
extern const struct event_source_info { const char *name, *help; } event_source_info[EVENT_SOURCE_COUNT];
extern const char *const event_origin_name[2];
extern const char *const ipi_mode_name[8];
extern const char *const ipi_dest_name[4];
extern const char *const event_via_name[VIA_COUNT];
extern const char *const session_what_name[SESSION_COUNT];
extern const char *const pause_why_name[WHY_COUNT];
extern const struct config_reg_info { const char *name, *help; } config_reg_info[CONFIG_REG_COUNT];
extern const char *const config_reg_name[CONFIG_REG_COUNT];
extern const char *const handoff_word_name[WORD_COUNT];
extern const char *const handler_code_name[CODE_COUNT];

/* A fresh observed event of @kind with no argument known. */
struct event event_new(enum event_kind kind, enum event_source source, int cpu, int64_t ts);

static inline void event_set(struct event *ev, unsigned field, uint64_t value)
{
	ev->arg[field] = value;
	ev->known |= (uint8_t)(1u << field);
}

static inline bool event_has(const struct event *ev, unsigned field)
{
	return ev->known >> field & 1;
}

/* The argument, or @unknown when it is not known. */
static inline uint64_t event_get(const struct event *ev, unsigned field, uint64_t unknown)
{
	return event_has(ev, field) ? ev->arg[field] : unknown;
}

#endif
