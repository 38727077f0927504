/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *next_line(const char *s)
{
	s = strchr(s, '\n');
	return s ? s + 1 : NULL;
}

/* "NAME=hex" or "NAME =hex" anywhere in one line. */
static bool hex_after(const char *line, const char *name, uint64_t *value)
{
	const char *at = memmem(line, strcspn(line, "\n"), name, strlen(name));

	if (!at)
		return false;
	*value = strtoull(at + strlen(name), NULL, 16);
	return true;
}

static void general_registers(struct monitor_regs *r, const char *line)
{
	static const char *const name[16] = { "AX=", "CX=", "DX=", "BX=", "SP=", "BP=", "SI=", "DI=", "R8 =", "R9 =",
					      "R10=", "R11=", "R12=", "R13=", "R14=", "R15=" };
	uint64_t v;

	for (int i = 0; i < 16; i++)
		if (hex_after(line, name[i], &v))
			r->gpr[i] = v;
}

static void register_line(struct monitor_regs *r, const char *line)
{
	uint64_t v;

	general_registers(r, line);

	if (hex_after(line, "RIP=", &v) || hex_after(line, "EIP=", &v))
		r->rip = v;
	if (hex_after(line, "RSP=", &v) || hex_after(line, "ESP=", &v))
		r->rsp = v;
	if (hex_after(line, "SMM=", &v))
		r->in_smm = v & 1;
	if (hex_after(line, "HLT=", &v))
		r->halted = v & 1;
	if (!strncmp(line, "CR0=", 4) && hex_after(line, "CR0=", &v))
		r->cr0 = v;
	if (!strncmp(line, "CS =", 4)) {
		char *rest;

		r->cs = (uint32_t)strtoul(line + 4, &rest, 16);
		r->cs_base = strtoull(rest, NULL, 16);
		r->code64 = memmem(rest, strcspn(rest, "\n"), " CS64 ", 6) != NULL;
		r->code32 = memmem(rest, strcspn(rest, "\n"), " CS32 ", 6) != NULL;
	}
	if (!strncmp(line, "DS =", 4))
		r->ds_base = strtoull(line + 4 + strspn(line + 4, "0123456789abcdef"), NULL, 16);
}

int monitor_registers(const char *text, struct monitor_regs *out, int max)
{
	int n = 0;

	for (const char *line = text; line && *line; line = next_line(line)) {
		int cpu;

		if (sscanf(line, "CPU#%d", &cpu) == 1) {
			if (n == max)
				break;
			out[n++] = (struct monitor_regs){ .cpu = cpu };
		} else if (n) {
			register_line(&out[n - 1], line);
		}
	}
	return n;
}

int monitor_cpu_tids(const char *text, int *tid, int max)
{
	int highest = 0;

	memset(tid, 0, (size_t)max * sizeof(*tid));
	for (const char *line = text; line && *line; line = next_line(line)) {
		const char *at = strstr(line, "CPU #");
		int cpu, id;

		if (!at || sscanf(at, "CPU #%d: thread_id=%d", &cpu, &id) != 2 || cpu < 0 || cpu >= max)
			continue;
		tid[cpu] = id;
		if (cpu >= highest)
			highest = cpu + 1;
	}
	return highest;
}

static int count_slots(const char *text)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, "type: \"")); at++)
		n++;
	return n;
}

bool monitor_cpu_path(const char *text, int index, char *path, size_t size)
{
	int slot = count_slots(text) - 1 - index;
	const char *at = text, *end;
	const char *from;

	if (index < 0 || slot < 0)
		return false;
	for (int i = 0; i <= slot; i++) {
		at = strstr(at, "type: \"");
		if (!at)
			return false;
		at++;
	}
	end = strstr(at, "type: \"");
	from = strstr(at, "qom_path: \"");
	if (!from || (end && from > end))
		return false;
	from += strlen("qom_path: \"");
	snprintf(path, size, "%.*s", (int)strcspn(from, "\"\r\n"), from);
	return path[0] == '/';
}

bool monitor_value(const char *text, uint64_t *value)
{
	const char *port = strstr(text, "] = ");
	char *end;

	if (!strncmp(text, "true", 4) || !strncmp(text, "false", 5)) {
		*value = text[0] == 't';
		return true;
	}
	if (port)
		text = port + strlen("] = ");
	if (text[0] < '0' || text[0] > '9')
		return false;
	*value = strtoull(text, &end, port ? 16 : 10);
	return !*end || *end == '\r' || *end == '\n';
}

int monitor_words(const char *text, uint32_t *out, int max)
{
	int n = 0;

	for (const char *line = text; line && *line; line = next_line(line)) {
		size_t len = strcspn(line, "\n");
		const char *at = memchr(line, ':', len);

		while (at && n < max && (at = memmem(at, (size_t)(line + len - at), " 0x", 3))) {
			out[n++] = (uint32_t)strtoul(at + 1, NULL, 16);
			at++;
		}
	}
	return n;
}
