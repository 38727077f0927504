/* fuzzes: tracer/sources/import*.c tracer/sources/perf-*.c tracer/sources/kvm-point.c tracer/sources/kvm-text.c tracer/sources/kvm-events.c tracer/sources/int-text.c tracer/sources/qemulog-[pt][ar]*.c tracer/sources/text.c tracer/clock.c tracer/event.c gdbproto/error.c gdbproto/safe-text.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first byte says which text it is. */
#include "import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const format[] = { "ftrace", "qemu-log", "qemu-int" };

	if (size)
		import_bytes(format[data[0] % 3], data + 1, size - 1);
	return 0;
}
