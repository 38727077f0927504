/* fuzzes: tracer/sources/import*.c tracer/sources/perf-*.c tracer/sources/kvm-point.c tracer/sources/kvm-text.c tracer/sources/kvm-events.c tracer/sources/int-text.c tracer/sources/qemulog-[pt][ar]*.c tracer/sources/text.c tracer/clock.c tracer/event.c gdbproto/error.c gdbproto/safe-text.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first byte says how much of the file is right: nothing; the head of a pipe and an event that is recorded, so that
 * records follow; the same with format files of no event in front.
 */
#include "import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct attr {
	uint32_t type, size;
	uint64_t config, period, sample_type, read_format, flags;
	uint8_t rest[80];
};

static size_t put(uint8_t *out, size_t at, const void *data, size_t size)
{
	memcpy(out + at, data, size);
	return at + size;
}

/* PERF_RECORD_HEADER_ATTR of a tracepoint with identifier 1; what its samples have the input says. */
static size_t put_attr(uint8_t *out, size_t at, uint8_t choice)
{
	static const uint64_t type[] = { 0x10587, 0x587, 0x105f7, 0x107ff };
	const struct { uint32_t type; uint16_t misc, size; } head = { 64, 0, 8 + sizeof(struct attr) + 8 };
	const struct attr attr = { 2, sizeof(attr), 110, 1, type[choice / 4 % 4], choice / 16, 1u << 18, { 0 } };
	const uint64_t id = 1;

	at = put(out, at, &head, sizeof(head));
	at = put(out, at, &attr, sizeof(attr));
	return put(out, at, &id, sizeof(id));
}

/* PERF_RECORD_HEADER_TRACING_DATA: magic, version, order, long, page, two empty heads, no formats, no systems. */
static size_t put_tracing(uint8_t *out, size_t at)
{
	static const char data[] = "\x17\x08\x44tracing" "0.6\0" "\0" "\x08" "\0\x10\0\0" "header_page\0" "\0\0\0\0\0\0\0\0"
		"header_event\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0\0\0\0";
	const struct { uint32_t type; uint16_t misc, size; uint32_t length, pad; } head = {
		66, 0, 16, sizeof(data) / 8 * 8, 0 };

	at = put(out, at, &head, sizeof(head));
	return put(out, at, data, sizeof(data) / 8 * 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char pipe[16] = "PERFILE2\x10";
	static uint8_t file[1 << 17];
	size_t at = 0;

	if (!size || size > sizeof(file) - 4096)
		return 0;
	if (data[0] % 4) {
		at = put(file, at, pipe, sizeof(pipe));
		at = put_attr(file, at, data[0]);
	}
	if (data[0] % 4 > 1)
		at = put_tracing(file, at);
	at = put(file, at, data + 1, size - 1);
	import_bytes("perf.data", file, at);
	return 0;
}
