/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes to the local APIC of a CPU in SMM. The stub cannot make them (0xfee00000
 * answers to the CPU that executes, and the stub is none), so the CPU does: it steps
 * over `mov [rdi],eax`. QEMU masks interrupts in a step (SSTEP_NOIRQ, its
 * default), SMIs too, and lets no other CPU run.
 *
 * Intel SDM vol. 3, 11.6.1: ICR at offset 300h (vector, mode) and 310h (APIC ID);
 * the write to 300h sends.
 */
#include "kick-internal.h"

#include <stdio.h>
#include <string.h>

#define ICR 0xfee00300ull
#define ICR2 0xfee00310ull
#define ICR_SMI 0x4200u /* delivery mode SMI, level assert, as edk2's BaseXApicLib sends it */
#define STEP_TRIES 3    /* QEMU now and then stops before the step was made */

static const uint8_t insn[2] = { 0x89, 0x07 }; /* mov [rdi],eax */

enum { RIP, RDI, RAX, EFLAGS, REGS_CHANGED };

/* All that is needed to put it back, without pointers: the guard has a copy. */
struct patch {
	int cpu;
	uint32_t icr2;
	uint64_t at;
	size_t rip_offset; /* in a g packet */
	uint8_t code[sizeof(insn)];
	struct {
		uint32_t number;
		uint32_t size;
		uint64_t value;
	} reg[REGS_CHANGED];
};
_Static_assert(sizeof(struct patch) <= GUARD_MEND_SIZE, "the guard must be able to keep a patch");

struct registers {
	uint8_t bytes[RSP_REGS_MAX];
	int len;
};

static int read_registers(struct rsp *r, int cpu, struct registers *out, struct error *err)
{
	int rc = rsp_select(r, kick_thread(cpu), err);

	if (!rc)
		out->len = rsp_read_registers(r, out->bytes, sizeof(out->bytes), err);
	return rc ? rc : out->len < 0 ? out->len : 0;
}

static int find_registers(struct patch *p, const struct target_desc *d, const struct registers *g,
			  struct error *err)
{
	static const char *const names[REGS_CHANGED] = { "rip", "rdi", "rax", "eflags" };

	for (int i = 0; i < REGS_CHANGED; i++) {
		const struct target_reg *reg = target_reg_find(d, names[i]);

		if (!reg || !target_reg_value(d, g->bytes, (size_t)g->len, names[i], &p->reg[i].value))
			return fail(err, ERR_TARGET, "the stub has no register %s: not a 64-bit x86 target",
				    names[i]);
		p->reg[i].number = reg->number;
		p->reg[i].size = (uint32_t)reg->size;
	}
	p->at = p->reg[RIP].value;
	p->rip_offset = target_reg_find(d, "rip")->offset;
	return 0;
}

static int prepare(struct rsp *r, int cpu, struct patch *p, struct registers *g, struct error *err)
{
	struct target_desc *d;
	int rc;

	*p = (struct patch){ .cpu = cpu };
	rc = kick_read_icr2(r, cpu, &p->icr2, err);
	if (!rc)
		rc = read_registers(r, cpu, g, err);
	d = rc ? NULL : target_desc_of(r, err);
	if (!d)
		return -ERR_TARGET;
	rc = find_registers(p, d, g, err);
	target_desc_free(d);
	return rc ? rc : rsp_read_memory(r, p->at, p->code, sizeof(p->code), err);
}

static int set_register(struct rsp *r, const struct patch *p, int which, uint64_t value, struct error *err)
{
	return rsp_write_register(r, p->reg[which].number, value, p->reg[which].size, err);
}

static int read_rip(struct rsp *r, const struct patch *p, uint64_t *rip, struct error *err)
{
	struct registers g;
	int rc = read_registers(r, p->cpu, &g, err);

	if (rc)
		return rc;
	if ((size_t)g.len < p->rip_offset + sizeof(*rip))
		return fail(err, ERR_TARGET, "the registers of CPU %d came incomplete", p->cpu);
	memcpy(rip, g.bytes + p->rip_offset, sizeof(*rip));
	return 0;
}

/* Step until the instruction is behind us; a step that made no move is made again. */
static int step_over(struct rsp *r, const struct patch *p, struct error *err)
{
	uint64_t rip = p->at;

	for (int i = 0; i < STEP_TRIES && rip == p->at; i++) {
		struct rsp_stop stop;
		int rc = rsp_step(r, kick_thread(p->cpu), &stop, err);

		if (!rc && stop.kind != RSP_STOP_SIGNAL)
			return fail(err, ERR_TARGET, "the target went away in a step");
		if (!rc)
			rc = read_rip(r, p, &rip, err);
		if (rc)
			return rc;
	}
	if (rip != p->at + sizeof(insn))
		return fail(err, ERR_TARGET, "CPU %d did not execute what was put at 0x%llx: it is at 0x%llx",
			    p->cpu, (unsigned long long)p->at, (unsigned long long)rip);
	return 0;
}

/* Make the CPU store @value at @addr. */
static int store(struct rsp *r, const struct patch *p, uint64_t addr, uint32_t value, struct error *err)
{
	int rc = rsp_select(r, kick_thread(p->cpu), err);

	if (!rc)
		rc = rsp_write_memory(r, p->at, insn, sizeof(insn), err);
	if (!rc)
		rc = set_register(r, p, RDI, addr, err);
	if (!rc)
		rc = set_register(r, p, RAX, value, err);
	if (!rc)
		rc = set_register(r, p, RIP, p->at, err);
	return rc ? rc : step_over(r, p, err);
}

/* The code first: it is what other CPUs would run into. All is tried, the first failure is told. */
static int put_back(struct rsp *r, const struct patch *p, struct error *err)
{
	int failed = rsp_select(r, kick_thread(p->cpu), err);

	if (failed)
		return failed;
	failed = rsp_write_memory(r, p->at, p->code, sizeof(p->code), err);
	for (int i = 0; i < REGS_CHANGED; i++) {
		int rc = set_register(r, p, i, p->reg[i].value, failed ? NULL : err);

		failed = failed ? failed : rc;
	}
	return failed;
}

/* What the guard does when we are no more, in any state from before the first write to behind the last. */
static int mend(struct rsp *r, const void *data, struct error *err)
{
	const struct patch *p = data;
	struct target_desc *d;

	if (rsp_select(r, kick_thread(p->cpu), err) < 0)
		return -ERR_TARGET;
	d = target_desc_of(r, err); /* without having handed it out QEMU takes no P */
	target_desc_free(d);
	store(r, p, ICR2, p->icr2, err);
	return put_back(r, p, err);
}

/* ---- a kick ---- */

static int send_smi(struct rsp *r, const struct patch *p, uint32_t apic_id, const struct kick_args *args,
		    struct error *err)
{
	uint32_t now;
	int rc = store(r, p, ICR2, apic_id << 24, err);

	if (!rc)
		rc = kick_read_icr2(r, p->cpu, &now, err);
	if (rc)
		return rc;
	if (now != apic_id << 24)
		return fail(err, ERR_FINDING, "cannot kick: the local APIC of CPU %d takes no write at 0x%llx: it"
			    " is in x2APIC mode, or has been moved", p->cpu, ICR2);
	kick_say(args, "wrote 0x%08x to ICR2 (0x%llx) of CPU %d: to APIC ID %u", apic_id << 24, ICR2, p->cpu,
		 apic_id);
	rc = store(r, p, ICR, ICR_SMI, err);
	if (!rc)
		kick_say(args, "wrote 0x%08x to ICR (0x%llx) of CPU %d: an SMI", ICR_SMI, ICR, p->cpu);
	return rc;
}

/* Is everything as it was? */
static int check_restored(struct rsp *r, const struct patch *p, const struct registers *before,
			  struct error *err)
{
	struct registers now;
	uint8_t code[sizeof(p->code)];
	uint32_t icr2;
	int rc = kick_read_icr2(r, p->cpu, &icr2, err);

	if (!rc)
		rc = read_registers(r, p->cpu, &now, err);
	if (!rc)
		rc = rsp_read_memory(r, p->at, code, sizeof(code), err);
	if (rc)
		return rc;
	if (icr2 != p->icr2 || memcmp(code, p->code, sizeof(code)) || now.len != before->len ||
	    memcmp(now.bytes, before->bytes, (size_t)now.len))
		return fail(err, ERR_TARGET, "CPU %d could not be restored: what is read back differs", p->cpu);
	return 0;
}

static int restore(struct rsp *r, const struct patch *p, const struct registers *before,
		   const struct kick_args *args, struct error *err)
{
	uint32_t now;
	int rc = kick_read_icr2(r, p->cpu, &now, err);

	if (!rc && now != p->icr2)
		rc = store(r, p, ICR2, p->icr2, err);
	if (put_back(r, p, rc ? NULL : err) < 0)
		rc = -ERR_TARGET;
	if (!rc)
		rc = check_restored(r, p, before, err);
	if (!rc)
		kick_say(args, "restored %02x %02x at 0x%llx, RIP, RDI, RAX, RFLAGS and ICR2 (0x%08x) of CPU %d;"
			 " read back: as before", p->code[0], p->code[1], (unsigned long long)p->at, p->icr2,
			 p->cpu);
	return rc;
}

int kick_poke(struct rsp *r, struct guard *guard, struct kick_plan *plan, const struct kick_args *args,
	      struct error *err)
{
	static struct registers before;
	struct error why = { 0 };
	struct patch p;
	int rc = prepare(r, plan->sender.regs.cpu, &p, &before, err), restored;

	if (!rc)
		rc = put_back(r, &p, err); /* changes nothing, and shows whether the stub writes at all */
	if (rc)
		return rc;
	plan->changed = true;
	guard_set_mend(guard, mend, &p, sizeof(p));
	kick_say(args, "writing 89 07 (mov [rdi],eax) over %02x %02x at 0x%llx, RIP of CPU %d, and RDI and RAX",
		 p.code[0], p.code[1], (unsigned long long)p.at, p.cpu);
	rc = send_smi(r, &p, plan->apic_id, args, err);
	restored = restore(r, &p, &before, args, &why);
	plan->changed = restored != 0;
	if (!restored)
		guard_set_mend(guard, NULL, NULL, 0);
	else if (!rc && err)
		*err = why;
	return rc ? rc : restored;
}
