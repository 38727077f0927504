/* fuzzes: tracer/sources/qemu-monitor.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A monitor's text, of whatever QEMU or of none. */
#include <stdlib.h>
#include <string.h>

#include "../../tracer/sources/qemu-monitor.h"

#define CPUS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), path[40];
	struct monitor_regs r[CPUS];
	int tid[CPUS], n;
	uint32_t words[CPUS];
	uint64_t value;

	memcpy(text, data, size);
	text[size] = '\0';
	n = monitor_registers(text, r, CPUS);
	if (n < 0 || n > CPUS)
		abort();
	n = monitor_cpu_tids(text, tid, CPUS);
	if (n < 0 || n > CPUS)
		abort();
	for (int i = -1; i <= CPUS; i++)
		if (monitor_cpu_path(text, i, path, sizeof(path)) && (*path != '/' || strpbrk(path, "\"\r\n")))
			abort();
	n = monitor_words(text, words, CPUS);
	if (n < 0 || n > CPUS)
		abort();
	monitor_value(text, &value);
	free(text);
	return 0;
}
