/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A boot sector that raises SMIS SMIs through port 0xb2, with commands that count down to 0x40, and reads port
 * 0xb3 behind each. It says "apm: begin" and "apm: end" on a debug console at port 0xe9, which SeaBIOS leaves
 * alone.
 *
 *     gcc -m32 -c apm.S && objcopy -O binary -j .text apm.o apm.img
 */
#ifndef SMIS
#define SMIS 9
#endif
#define AT(label) (label - start + 0x7c00)

	.code16
	.text
start:
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7000, %sp
	movw	$AT(begin), %si
	call	say
	movw	$SMIS, %cx
1:	movb	%cl, %al
	addb	$0x3f, %al
	outb	%al, $0xb2
	inb	$0xb3, %al
	loop	1b
	movw	$AT(end), %si
	call	say
2:	cli
	hlt
	jmp	2b

say:
	lodsb
	testb	%al, %al
	jz	3f
	outb	%al, $0xe9
	jmp	say
3:	ret

begin:	.asciz	"apm: begin\n"
end:	.asciz	"apm: end\n"
	.org	510
	.word	0xaa55
	.org	0x100000 /* a disk that SeaBIOS finds a geometry for */
