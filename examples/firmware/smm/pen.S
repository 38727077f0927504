/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the monarch's SIPI takes a new CPU, outside SMM: PEN_PAGE. It says that it is there, in the last byte
 * of the page, and sleeps; after each SMI once more. The page is the OS's to write, so its word proves nothing.
 */
	.section .rodata
	.globl	pen, pen_end, deaf_pen, deaf_pen_end
	.code16
pen:
1:	movb	$1, %cs:0xfff
	cli
	hlt
	jmp	1b
pen_end:

/* SMIs stay pending here: EFER.SVME, then CLGI. */
deaf_pen:
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x1000, %eax
	wrmsr
	clgi
	jmp	1f
	.balign 2
1:	movb	$1, %cs:0xfff
	cli
	hlt
	jmp	1b
deaf_pen_end:

	.section .note.GNU-stack, "", @progbits
