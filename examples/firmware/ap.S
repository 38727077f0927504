/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a started CPU runs: copied to AP_PAGE, entered by SIPI in real mode, on to cpu_main(APIC ID) in flat
 * 32-bit mode with a stack of its own.
 */
#include "flat.inc"
#include "layout.h"

	.section .rodata
	.globl	ap_code, ap_code_end
	.code16
ap_code:
	cli
	cld
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	lgdtl	%cs:gdt_register - ap_code
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$FLAT_CODE, $AP_PAGE + ap32 - ap_code

	.code32
ap32:
	movl	$FLAT_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebx, %esp
	incl	%esp
	shll	$12, %esp
	addl	$cpu_stack, %esp
	pushl	%ebx
	pushl	$0
	movl	$cpu_main, %eax
	jmp	*%eax

	.balign 8
gdt:
	flat_descriptors
gdt_register:
	.word	gdt_register - gdt - 1
	.long	AP_PAGE + gdt - ap_code
ap_code_end:

	.section .note.GNU-stack, "", @progbits
