/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lies at SMBASE + 0x8000 of a relocated CPU: from the real mode of an SMI's first instruction to
 * smi_main() in flat 32-bit mode, and back by RSM. Copied for each CPU; the words in front are its own, struct
 * tile in tiles.c.
 */
#include "../flat.inc"
#include "../layout.h"

#define AT(label) SMI_ENTRY + label - smi_tile

	.section .rodata
	.globl	smi_tile, smi_tile_end
	.code16
smi_tile:
	jmp	entry
	.balign 4
self:	.long	0 /* its linear address */
cpu:	.long	0
stack:	.long	0
main:	.long	0
gdt_register:
	.word	gdt_end - gdt - 1
	.long	0
far32:	.long	0
	.word	FLAT_CODE

entry:
	cld
	movl	%cs:AT(self), %ebx
	lgdtl	%cs:AT(gdt_register)
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	*%cs:AT(far32)

	.code32
flat:
	movl	$FLAT_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	stack - smi_tile(%ebx), %esp
	pushl	cpu - smi_tile(%ebx)
	call	*main - smi_tile(%ebx)
	rsm

	.balign 8
gdt:
	flat_descriptors
gdt_end:
smi_tile_end:

/* Where in the tile these are, for tiles.c. */
	.globl	smi_tile_gdt, smi_tile_flat
smi_tile_gdt:
	.long	gdt - smi_tile
smi_tile_flat:
	.long	flat - smi_tile

	.section .note.GNU-stack, "", @progbits
