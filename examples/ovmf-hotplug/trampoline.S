/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a started CPU runs: copied to a page below 1 MiB, entered by SIPI in real
 * mode with CS:IP = page:0. It writes its own APIC ID, then counts itself, then halts.
 * guest.c knows the page as struct trampoline.
 */
	.section .rodata
	.globl trampoline_begin, trampoline_end

	.code16
trampoline_begin:
	cli
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movl	%ebx, %cs:0xff0
	lock incl %cs:0xff4
1:	hlt
	jmp	1b
trampoline_end:

	.section .note.GNU-stack, "", @progbits
