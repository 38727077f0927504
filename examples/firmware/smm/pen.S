/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the monarch's SIPI takes a new CPU, outside SMM: PEN_PAGE. It says that it is there, in the last byte
 * of the page, and sleeps; after each SMI once more. The page is the OS's to write, so its word proves nothing.
 */
#include "../flat.inc"
#include "../layout.h"

	.section .rodata
	.globl	pen, pen_end, deaf_pen, deaf_pen_end
	.code16
pen:
1:	movb	$1, %cs:0xfff
	cli
	hlt
	jmp	1b
pen_end:

/* SMIs stay pending here: EFER.SVME, then CLGI, which protected mode alone has. */
deaf_pen:
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x1000, %eax
	wrmsr
	lgdtl	%cs:gdt_register - deaf_pen
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$FLAT_CODE, $PEN_PAGE + 1f - deaf_pen
	.code32
1:	clgi
	movl	$FLAT_DATA, %eax
	movl	%eax, %ds
	movb	$1, PEN_PAGE + 0xfff
2:	hlt
	jmp	2b
	.balign 8
gdt:
	flat_descriptors
gdt_register:
	.word	gdt_register - gdt - 1
	.long	PEN_PAGE + gdt - deaf_pen
deaf_pen_end:

	.section .note.GNU-stack, "", @progbits
