/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest of kvm-raw, copied to GUEST_BASE. The boot CPU writes the APM ports, starts the others with
 * INIT-SIPI-SIPI, and where there is SMM lets every CPU move its SMBASE: itself by a write to APM_CNT, the
 * others one by one by an SMI IPI. Then it writes APM_CNT board.smis times, and ends.
 */
#include "board.h"

#define AT(label) (label - guest + GUEST_BASE)
#define FLAT_CODE 8
#define FLAT_DATA 16

#define APIC 0xfee00000
#define APIC_ID (APIC + 0x20)
#define APIC_SVR (APIC + 0xf0)
#define ICR (APIC + 0x300)
#define ICR_HIGH (APIC + 0x310)
#define ICR_INIT_OTHERS 0xc4500
#define ICR_SIPI_OTHERS (0xc4600 | AP_VECTOR)
#define ICR_SMI_ONE 0x4200

/* Where the save state keeps the SMBASE, by its revision (Linux arch/x86/kvm/smm.h, kvm_smram_state_64 and _32). */
#define REVISION 0xfefc
#define REVISION_64 0x20064
#define SLOT_64 0xff00
#define SLOT_32 0xfef8

	.section .rodata
	.globl	guest, guest_end

	.macro	spin times
	movl	\times, %ecx
1:	pause
	loop	1b
	.endm

	.code16
guest:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movb	$0x5a, %al
	outb	%al, $APM_STS
	movb	$0x01, %al
	outb	%al, $APM_CNT	/* no SMI yet: not armed */
	inb	$APM_STS, %al
	lgdtl	AT(gdt_register)
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$FLAT_CODE, $AT(flat)

	.code32
flat:
	movw	$FLAT_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss

	/* the handlers: one at the default SMBASE, one at each CPU's own */
	movl	$AT(relocate), %esi
	movl	$DEFAULT_SMBASE + HANDLER, %edi
	movl	$relocate_end - relocate, %ecx
	rep movsb
	movl	BOARD + B_VCPUS, %ebx
	movl	$OWN_SMBASE + HANDLER, %edx
1:	movl	$AT(handler), %esi
	movl	%edx, %edi
	movl	$handler_end - handler, %ecx
	rep movsb
	addl	$OWN_STEP, %edx
	decl	%ebx
	jnz	1b

	orl	$0x100, APIC_SVR
	movl	BOARD + B_VCPUS, %ebx
	decl	%ebx
	jz	alone
	incl	BOARD + B_INITS
	movl	$ICR_INIT_OTHERS, ICR
	spin	$20000
	incl	BOARD + B_SIPIS
	movl	$ICR_SIPI_OTHERS, ICR
	spin	$20000
	incl	BOARD + B_SIPIS
	movl	$ICR_SIPI_OTHERS, ICR
1:	pause
	cmpl	%ebx, BOARD + B_APS_DONE
	jne	1b

alone:
	movl	$1, BOARD + B_ARMED
	cmpl	$0, BOARD + B_SMM
	je	work
	movb	$0x10, %al
	outb	%al, $APM_CNT
	inb	$APM_STS, %al
	movl	$1, %edx	/* CPUs that have moved */
1:	cmpl	BOARD + B_VCPUS, %edx
	je	work
	movl	%edx, %eax
	shll	$24, %eax
	movl	%eax, ICR_HIGH
	incl	BOARD + B_SMI_IPIS
	movl	$ICR_SMI_ONE, ICR
	incl	%edx
2:	pause
	cmpl	%edx, BOARD + B_RELOCATED
	jne	2b
	jmp	1b

work:
	movl	BOARD + B_SMIS, %ebx
1:	testl	%ebx, %ebx
	jz	over
	movb	$0x20, %al
	outb	%al, $APM_CNT
	decl	%ebx
	jmp	1b
over:
	outb	%al, $PORT_END
	cli
	hlt

	/* At SMBASE + HANDLER of the default one, by each CPU once. Real mode, but segments have no limit. */
	.code16
relocate:
	movl	$APIC_ID, %ebx
	movl	(%ebx), %eax
	shrl	$24, %eax
	imull	$OWN_STEP, %eax
	addl	$OWN_SMBASE, %eax
	movl	$SLOT_64, %ebx
	movl	$REVISION, %ecx
	cmpl	$REVISION_64, %cs:(%ecx)
	je	1f
	movl	$SLOT_32, %ebx
1:	movl	%eax, %cs:(%ebx)
	movl	$BOARD, %ebx
	lock incl B_RELOCATED(%ebx)
	rsm
relocate_end:

	/* At SMBASE + HANDLER of a CPU's own. */
handler:
	movl	$BOARD, %ebx
	lock incl B_OWN_SMIS(%ebx)
	movb	$0x77, %al
	outb	%al, $APM_STS
	rsm
handler_end:

	.balign 8
gdt:
	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_register:
	.word	gdt_register - gdt - 1
	.long	AT(gdt)

	.org	guest + AP_VECTOR * 0x1000 - GUEST_BASE
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lock incl BOARD + B_APS
	movl	BOARD + B_WRITES, %ecx
	jecxz	2f
1:	movb	%cl, %al
	outb	%al, $APM_STS
	loopl	1b
2:	lock incl BOARD + B_APS_DONE
3:	hlt
	jmp	3b
guest_end:

	.section .note.GNU-stack, "", @progbits
