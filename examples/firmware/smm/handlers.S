/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a CPU runs that takes an SMI at the default SMBASE, copied to DEFAULT_SMBASE + 0x8000. Real mode, CS
 * base = SMBASE, data segments reach all memory: hence 32-bit addresses.
 */
#include "../layout.h"

#define SLOT DEFAULT_SMBASE + SMBASE_SLOT

	.section .rodata
	.code16

	.macro handler name
	.globl	\name, \name\()_end
\name:
	.endm

/* Nothing. It stays while no CPU is to be relocated. */
	handler nop_handler
	rsm
nop_handler_end:

/* The new SMBASE goes into the save state, from where RSM takes it. */
	handler relocation_handler
	addr32 movl	NEW_SMBASE, %eax
	addr32 movl	%eax, SLOT
	addr32 movb	$1, ABOUT_TO_LEAVE
	rsm
relocation_handler_end:

/* ---- variants with an error ---- */

	handler handler_without_write
	addr32 movl	NEW_SMBASE, %eax
	addr32 movb	$1, ABOUT_TO_LEAVE
	rsm
handler_without_write_end:

	handler handler_without_rsm
	addr32 movl	NEW_SMBASE, %eax
	addr32 movl	%eax, SLOT
1:	pause
	jmp	1b
	rsm
handler_without_rsm_end:

	handler handler_that_dawdles
	addr32 movl	NEW_SMBASE, %eax
	addr32 movl	%eax, SLOT
1:	pause
	addr32 cmpb	$0, GO_ON
	je	1b
	addr32 movb	$1, ABOUT_TO_LEAVE
	rsm
handler_that_dawdles_end:

	.section .note.GNU-stack, "", @progbits
