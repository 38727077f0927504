/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "target-desc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target_desc {
	char arch[32];
	size_t arch_len;
	size_t count, room, size;
	struct target_reg *reg;
};

struct target_desc *target_desc_new(void)
{
	return calloc(1, sizeof(struct target_desc));
}

void target_desc_free(struct target_desc *d)
{
	if (d)
		free(d->reg);
	free(d);
}

int target_desc_add(struct target_desc *d, const char *name, uint32_t number, size_t size)
{
	struct target_reg *reg;

	if (d->count == TARGET_REGS_MAX)
		return -1;
	if (d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 64;

		reg = realloc(d->reg, room * sizeof(*reg));
		if (!reg)
			return -1;
		d->reg = reg;
		d->room = room;
	}
	reg = &d->reg[d->count++];
	*reg = (struct target_reg){ .number = number, .size = size };
	snprintf(reg->name, sizeof(reg->name), "%s", name);
	return 0;
}

void target_desc_add_arch(struct target_desc *d, const char *text, size_t len)
{
	size_t room = sizeof(d->arch) - 1 - d->arch_len;

	if (len > room)
		len = room;
	memcpy(d->arch + d->arch_len, text, len);
	d->arch_len += len;
}

static int by_number(const void *a, const void *b)
{
	const struct target_reg *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

int target_desc_finish(struct target_desc *d)
{
	if (!d->count)
		return -1;
	qsort(d->reg, d->count, sizeof(d->reg[0]), by_number);
	d->size = 0;
	for (size_t i = 0; i < d->count; i++) {
		if (i && d->reg[i].number == d->reg[i - 1].number)
			return -1;
		d->reg[i].offset = d->size;
		d->size += d->reg[i].size;
	}
	return 0;
}

void target_desc_limit(struct target_desc *d, size_t g_len)
{
	while (d->count && d->reg[d->count - 1].offset + d->reg[d->count - 1].size > g_len)
		d->size = d->reg[--d->count].offset;
}

size_t target_desc_size(const struct target_desc *d)
{
	return d->size;
}

const char *target_desc_arch(const struct target_desc *d)
{
	return d->arch;
}

const struct target_reg *target_reg_find(const struct target_desc *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++) {
		if (!strcmp(d->reg[i].name, name))
			return &d->reg[i];
	}
	return NULL;
}

int target_reg_offset(const struct target_desc *d, const char *name, size_t *size)
{
	const struct target_reg *reg = target_reg_find(d, name);

	if (!reg)
		return -1;
	if (size)
		*size = reg->size;
	return (int)reg->offset;
}

bool target_reg_value(const struct target_desc *d, const uint8_t *regs, size_t len, const char *name,
		      uint64_t *value)
{
	const struct target_reg *reg = target_reg_find(d, name);
	uint64_t v = 0;

	if (!reg || reg->size > sizeof(v) || reg->offset + reg->size > len)
		return false;
	for (size_t i = reg->size; i-- > 0; )
		v = v << 8 | regs[reg->offset + i];
	*value = v;
	return true;
}

/* Runs of equal registers of QEMU's gdb-xml/i386-64bit.xml, in the order of their numbers. */
static const struct {
	const char *names;
	size_t size;
} qemu_runs[] = {
	{ "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip", 8 },
	{ "eflags cs ss ds es fs gs", 4 },
	{ "fs_base gs_base k_gs_base cr0 cr2 cr3 cr4 cr8 efer", 8 },
	{ "st0 st1 st2 st3 st4 st5 st6 st7", 10 },
	{ "fctrl fstat ftag fiseg fioff foseg fooff fop", 4 },
	{ "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 xmm8 xmm9 xmm10 xmm11 xmm12 xmm13 xmm14 xmm15", 16 },
	{ "mxcsr", 4 },
};

static int add_run(struct target_desc *d, const char *names, size_t size)
{
	char name[TARGET_REG_NAME];

	for (size_t len; *names; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (target_desc_add(d, name, (uint32_t)d->count, size) < 0)
			return -1;
	}
	return 0;
}

struct target_desc *target_desc_qemu_x86_64(struct error *err)
{
	static const char arch[] = "i386:x86-64";
	struct target_desc *d = target_desc_new();
	int rc = d ? 0 : -1;

	for (size_t i = 0; !rc && i < sizeof(qemu_runs) / sizeof(qemu_runs[0]); i++)
		rc = add_run(d, qemu_runs[i].names, qemu_runs[i].size);
	if (rc || target_desc_finish(d) < 0) {
		fail(err, ERR_TARGET, "out of memory for the register layout");
		target_desc_free(d);
		return NULL;
	}
	target_desc_add_arch(d, arch, sizeof(arch) - 1);
	return d;
}
