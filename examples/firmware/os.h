/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operating system's part of CPU hot-plug, as QEMU's ACPI code does it (hw/acpi/cpu.c). */
#ifndef OS_H
#define OS_H

/* @cpus of them are online. Never returns. */
void os_run(unsigned cpus) __attribute__((noreturn));

#endif
