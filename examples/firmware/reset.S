/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ROM: boot and SMM code as they were linked, and what runs first. A CPU comes here at power-on; QEMU's TCG
 * also lets one here that was plugged, waits for a SIPI, and is woken by an SMI: real ones stay asleep.
 */
#include "flat.inc"
#include "layout.h"

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_BSP 0x100
#define RESET_IP 0xf000 /* of reset16: rom.ld */

	.section .payload, "a"
boot_image:
	.incbin BOOT_BIN
boot_image_end:
	.balign 16
smm_image:
	.incbin SMM_BIN
smm_image_end:

	.section .reset, "ax"
	.code16
reset16:
	cli
	cld
	movl	$MSR_APIC_BASE, %ecx
	rdmsr
	testl	$APIC_BASE_BSP, %eax
	jz	not_bsp
	lgdtl	%cs:RESET_IP + gdt_register - reset16
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$FLAT_CODE, $reset32

not_bsp:
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	movb	$1, %ds:ROM_MARKS(%bx)
1:	cli
	hlt
	jmp	1b

	.code32
reset32:
	movl	$FLAT_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	$BOOT_STACK, %esp
	movl	$boot_image, %esi
	movl	$BOOT_BASE, %edi
	movl	$boot_image_end, %ecx
	subl	%esi, %ecx
	rep movsb
	pushl	$smm_image_end
	pushl	$smm_image
	pushl	$0
	movl	$BOOT_BASE, %eax
	jmp	*%eax

	.balign 8
gdt:
	flat_descriptors
gdt_register:
	.word	gdt_register - gdt - 1
	.long	gdt

	.section .vector, "ax"
	.code16
	jmp	reset16
	.section .note.GNU-stack, "", @progbits
