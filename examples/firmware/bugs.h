/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Errors that can be seeded, one at a time: -fw_cfg name=opt/org.smmtrace/bug,string=NAME. What each looks
 * like, and what smmtrace says of it, is in README.md.
 */
#ifndef BUGS_H
#define BUGS_H

#define BUGS(_) \
	/* the relocation's value */ \
	_(SAME_SMBASE, "same-smbase") /* CPU 0's */ \
	_(OVERLAPPING_SMBASE, "overlapping-smbase") /* 256 bytes above CPU 0's */ \
	_(SMBASE_OUTSIDE_TSEG, "smbase-outside-tseg") \
	_(SMBASE_UNALIGNED, "smbase-unaligned") \
	_(SMBASE_DEFAULT, "smbase-default") /* writes 0x30000 */ \
	_(SMBASE_NOT_WRITTEN, "smbase-not-written") /* the handler writes none, says that it did */ \
	_(SMBASE_WRITTEN_BY_MONARCH, "smbase-written-by-monarch") \
	/* the handlers at the default SMBASE */ \
	_(NO_RSM, "no-rsm") \
	_(NO_HANDLER, "no-handler") /* the NOP handler is still there at the SIPI */ \
	_(NOP_NOT_RESTORED, "nop-not-restored") \
	_(HANDLER_OVERWRITTEN, "handler-overwritten") /* by the OS, before the lock */ \
	_(HANDLER_CORRUPTED, "handler-corrupted") /* by code in SMM, after it */ \
	_(TWO_AT_ONCE, "two-at-once") /* two new CPUs in the relocation handler */ \
	_(BOOT_AT_ONCE, "boot-at-once") /* all initial CPUs in it */ \
	/* rendezvous and election */ \
	_(AP_MISSING, "ap-missing") /* CPU 1 holds its SMI back for longer than the monarch waits */ \
	_(MONARCH_DOES_NOT_WAIT, "monarch-does-not-wait") \
	_(TWO_MONARCHS, "two-monarchs") \
	_(AP_NOT_RELEASED, "ap-not-released") \
	/* INIT and SIPI */ \
	_(WRONG_SIPI_VECTOR, "wrong-sipi-vector") \
	_(SIPI_TO_RUNNING, "sipi-to-running") \
	_(SIPI_AFTER_RELOCATION, "sipi-after-relocation") /* the second one comes too late */ \
	_(INIT_IN_SMM, "init-in-smm") \
	_(WRONG_APIC_ID, "wrong-apic-id") \
	_(RELOCATED_AGAIN, "relocated-again") /* the table is not looked at */ \
	_(SECOND_PLUG, "second-plug") /* comes behind the SMI; its CPU is sent none */ \
	_(DEAF_PEN, "deaf-pen") /* the CPU stays in the pen, its SMIs held back */ \
	/* the SMI's command */ \
	_(COMMAND_0, "command-0") \
	_(COMMAND_2, "command-2") \
	_(COMMAND_3, "command-3") \
	_(COMMAND_5, "command-5") \
	_(COMMAND_OVERWRITTEN, "command-overwritten") /* by CPU 1, before the monarch has read it */ \
	_(NO_COMMAND, "no-command") \
	_(SPURIOUS_COMMAND, "spurious-command") \
	_(SMI_STORM, "smi-storm") \
	_(SLOW_HANDLER, "slow-handler") \
	/* what must be locked */ \
	_(SMRAM_OPEN, "smram-open") /* TSEG is never hidden */ \
	_(SMRAM_UNLOCKED, "smram-unlocked") /* the OS can open it again */ \
	_(WINDOW_UNLOCKED, "window-unlocked") \
	_(SMI_UNLOCKED, "smi-unlocked") \
	_(NO_FEATURES, "no-features") \
	/* the OS's part */ \
	_(EVENT_NOT_CLEARED, "event-not-cleared") \
	_(EVENT_CLEARED_EARLY, "event-cleared-early") \
	_(OS_SIPI_EARLY, "os-sipi-early") \
	/* unplug */ \
	_(EJECTED_LATE, "ejected-late") /* the others have left SMM before */ \
	_(EJECTED_OUTSIDE, "ejected-outside") /* the CPU itself has */ \
	_(EJECTED_BY_OS, "ejected-by-os")

enum bug {
	BUG_NONE,
#define X(NAME, text) BUG_##NAME,
	BUGS(X)
#undef X
	BUG_COUNT,
};

#endif
