/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one record of a KVM tracepoint says, whatever it was stored in: the ring buffer and a format file
 * (live, trace.dat, perf.data), or the text that the kernel and the tools print of it. Pure but for the
 * table of formats. What the record does not have (kvm_pio had no val once) is unknown.
 *
 * Fields and prints: Linux arch/x86/kvm/trace.h. The kvm_smm_transition of 5.14 and later was kvm_enter_smm
 * before; they differ in what "leaving" carries, see kvm-events.h.
 */
#ifndef TRACER_SOURCES_KVM_POINT_H
#define TRACER_SOURCES_KVM_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/*
 * ID, tracepoint in group kvm, filter for the kernel (NULL = all of them; those without one and with
 * live = false are not recorded, they only help to read what others recorded), live, help.
 */
#define KVM_POINTS(_) \
	_(SMM_TRANSITION, "kvm_smm_transition", NULL, true, "a vCPU enters or leaves SMM (Linux 5.14 and later)") \
	_(ENTER_SMM, "kvm_enter_smm", NULL, true, "the same, before Linux 5.14") \
	_(PIO, "kvm_pio", "port==0xb2||port==0xb3||(port>=0xcd8&&port<=0xce3)", true, \
	  "ports 0xb2, 0xb3 and the CPU hot-plug registers") \
	_(APIC_IPI, "kvm_apic_ipi", "icr_low&0x600", true, "ICR writes: SMI, INIT, SIPI") \
	_(APIC_ACCEPT_IRQ, "kvm_apic_accept_irq", "dm==0x200||dm==0x500||dm==0x600", true, \
	  "SMI, INIT, SIPI accepted by a local APIC") \
	_(ENTRY, "kvm_entry", NULL, false, "tells which vCPU a thread is") \
	_(EXIT, "kvm_exit", NULL, false, "tells which vCPU a thread is")

enum kvm_point_id {
#define X(P, name, filter, live, help) KVM_POINT_##P,
	KVM_POINTS(X)
#undef X
	KVM_POINT_COUNT
};

extern const struct kvm_point_info {
	const char *name, *filter;
	bool live;
	const char *help;
} kvm_point_info[KVM_POINT_COUNT];

/* FIELD, its name in the format files. One name is one field in all tracepoints. */
#define KVM_FIELDS(_) \
	_(VCPU, "vcpu_id") \
	_(SMBASE, "smbase") \
	_(ENTERING, "entering") \
	_(RW, "rw")             /* 1 = write */ \
	_(PORT, "port") \
	_(SIZE, "size") \
	_(COUNT, "count")       /* > 1: val is only the first element */ \
	_(VAL, "val") \
	_(ICR_LOW, "icr_low") \
	_(DEST_ID, "dest_id") \
	_(APICID, "apicid")     /* of the accepting vCPU: it is its vcpu_id */ \
	_(DM, "dm")             /* delivery mode, where the ICR has it: bits 10:8 */ \
	_(TM, "tm")             /* trigger mode: not 0 = level */ \
	_(VEC, "vec")

enum kvm_field {
#define X(F, name) KVM_##F,
	KVM_FIELDS(X)
#undef X
	KVM_FIELD_COUNT
};

struct kvm_point {
	enum kvm_point_id id;
	int64_t ts;        /* ns, in the clock of the recording */
	int32_t tid;       /* the thread it fired in; 0 = not known */
	int32_t pid;       /* its process, likewise */
	int32_t host_cpu;  /* where; -1 = not known */
	uint64_t line;     /* of a text: where it stands in the file, and 1; 0 = it is of none */
	bool from_text;    /* icr_low is put together from the words of a print */
	uint16_t known;    /* bit per enum kvm_field */
	uint64_t value[KVM_FIELD_COUNT];
};

static inline void kvm_set(struct kvm_point *p, enum kvm_field field, uint64_t value)
{
	p->value[field] = value;
	p->known |= (uint16_t)(1u << field);
}

static inline bool kvm_has(const struct kvm_point *p, enum kvm_field field)
{
	return p->known >> field & 1;
}

/* A point with nothing known but what and when. */
struct kvm_point kvm_point_new(enum kvm_point_id id, int64_t ts, int32_t tid, int32_t host_cpu);

/* KVM_POINT_COUNT when @name (not NUL-terminated; with or without "kvm:") is none of them. */
enum kvm_point_id kvm_point_by_name(const char *name, size_t len);

/* --- records --- */

struct tep_handle;
struct kvm_formats;

/*
 * Where the fields of the tracepoints are, looked up once in @tep (not owned; it must know the formats of
 * group kvm by now, and outlive this). @tep NULL: nothing is known but what kvm_formats_add() tells. NULL on no memory.
 */
struct kvm_formats *kvm_formats_new(struct tep_handle *tep);
void kvm_formats_free(struct kvm_formats *f);

/*
 * Learn from the text of a format file of tracefs, of a little-endian machine. By a reader of our own: libtraceevent
 * does not survive every text, and this one may come from anywhere. Sets the event's @id (-1 = there is none) and name.
 */
void kvm_formats_add(struct kvm_formats *f, struct text format, int *id, char *name, size_t size);

/* Is the format of @id known, so that records of it are understood? */
bool kvm_formats_has(const struct kvm_formats *f, enum kvm_point_id id);

/* The id that records of @id carry, -1 = no format. */
int kvm_formats_event_id(const struct kvm_formats *f, enum kvm_point_id id);

/*
 * The raw bytes of one record. Sets everything but ts and host_cpu, which stand outside of them; a record that
 * is too short has the fields that fit. False = a record of another event, *p is not touched.
 */
bool kvm_point_of_record(const struct kvm_formats *f, const void *data, size_t size, struct kvm_point *p);

/* --- text --- */

/*
 * "pio_write at 0xb2 size 1 count 1 val 0x4": what stands behind the colon of a line of a trace file,
 * of trace-cmd report or perf script. p->id says of which; sets the fields, and from_text.
 * False = damaged, or a print of another kernel that is not understood.
 */
bool kvm_point_of_text(struct text args, struct kvm_point *p);

#endif
