/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What QEMU's human monitor says, as values. Pure: text in, structs out.
 * The texts are those of QEMU 7.2 (`info cpus`: hmp_info_cpus;
 * `info registers -a`: x86_cpu_dump_state; `info hotpluggable-cpus`:
 * hmp_hotpluggable_cpus); lines that do not fit are skipped.
 */
#ifndef TRACER_SOURCES_QEMU_MONITOR_H
#define TRACER_SOURCES_QEMU_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One CPU of `info registers -a`. */
struct monitor_regs {
	int cpu;
	uint64_t rip, rsp, cr0;
	uint64_t gpr[16]; /* by their numbers in instructions: rax rcx rdx rbx rsp rbp rsi rdi r8 .. r15 */
	uint32_t cs;
	uint64_t cs_base;
	bool in_smm, halted;
	bool code64; /* executes 64-bit code */
	bool code32; /* executes 32-bit code, in protected mode */
	uint64_t ds_base;
};

/* Decode at most @max CPUs; returns how many. */
int monitor_registers(const char *text, struct monitor_regs *out, int max);

/* thread_id of each CPU in `info cpus`; tid[i] = 0 where none was said. Returns the highest index + 1. */
int monitor_cpu_tids(const char *text, int *tid, int max);

/*
 * The qom_path of CPU @index out of `info hotpluggable-cpus`: the list is
 * printed last CPU first and an empty slot has no path (PC machines:
 * cpu_index = place in possible_cpus). False when there is none.
 */
bool monitor_cpu_path(const char *text, int index, char *path, size_t size);

/* A property's value (`qom-get`: 12, true) or a port's (`i`: "portl[0x0630] = 0x21"). False: an error message. */
bool monitor_value(const char *text, uint64_t *value);

/* The words of `xp /Nwx` ("0000000000038000: 0x00000000 ..."); returns how many, at most @max. */
int monitor_words(const char *text, uint32_t *out, int max);

#endif
