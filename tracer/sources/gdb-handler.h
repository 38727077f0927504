/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can be learnt from the code bytes of an SMI handler: where it leaves
 * SMM, and which memory reads mark its beginning and its end. Pure: bytes in,
 * addresses out. Nothing here knows a firmware's layout; what is not found is
 * left out and the caller falls back to breakpoints.
 *
 * Why reads: a breakpoint stop makes QEMU's TCG throw away its whole code
 * cache (gdb_vm_state_change flushes on the breakpoint path only), a
 * watchpoint stop does not.
 */
#ifndef TRACER_SOURCES_GDB_HANDLER_H
#define TRACER_SOURCES_GDB_HANDLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDLER_MAX_RSMS 8
#define HANDLER_BYTES 0x800u /* bytes looked at from the entry */

struct handler {
	uint64_t smbase;
	unsigned rsms;
	uint64_t rsm[HANDLER_MAX_RSMS]; /* linear addresses of 0F AA */

	bool has_entry_read;
	uint64_t entry_read;            /* linear address of the first CS-relative read */
	unsigned entry_read_len;
	uint32_t entry_read_next;       /* IP behind that instruction */

	bool has_exit_insn;
	uint64_t exit_insn;             /* the fxrstor64 [rsp] that the rsm follows */
	uint64_t exit_next;             /* linear address behind it */
};

/* Learn from @code, the bytes at SMBASE + 0x8000. */
void handler_learn(struct handler *h, uint64_t smbase, const uint8_t *code, size_t len);

/* Addresses of 0F AA in @code, which lies at @linear; at most @max; returns how many. */
unsigned handler_find_rsms(const uint8_t *code, size_t len, uint64_t linear, uint64_t *out, unsigned max);

/*
 * Where does a handler that starts with a jump go? SeaBIOS: `ljmp seg:off`
 * (src/fw/smm.c, codeentry). edk2's relocation template: `mov ebp, [cs:disp]; sub
 * ebp, 30000h; jmp ebp` (PiSmmCpuDxeSmm SmmInit.nasm), whose target is a
 * dword at *pointer_at.
 */
enum handler_jump { JUMP_NONE, JUMP_FAR, JUMP_POINTER };
enum handler_jump handler_jump(const uint8_t *code, size_t len, uint64_t smbase, uint64_t *where);

#endif
