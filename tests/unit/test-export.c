/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exports: what is in them, byte for byte where a format has rules, and what no guest or file can do to them. */
#include <sqlite3.h>

#include "../../db/commands.h"
#include "../../db/export.h"
#include "../../db/intern.h"
#include "../../db/new-file.h"
#include "../../db/protobuf.h"
#include "../../tracer/verdict.h"
#include "recording-fixture.h"

static const char story[] =
	"t=1000000000 cpu=0 cpu-add apic_id=0\n"
	"t=1000000000 cpu=1 cpu-add apic_id=4\n"
	"t=1000000000 cpu=2 cpu-add apic_id=6\n"
	"t=1000000100 cpu=0 port port=0xb2 dir=write value=4\n"
	"t=1000000200 cpu=0 smi-enter smbase=0x7ffb5000\n"
	"t=1000000300 cpu=1 smi-enter smbase=0x30000\n"
	"t=1000000400 cpu=0 ipi target=4 mode=init vector=0 dest=one\n"
	"t=1000000500 cpu=1 smi-leave via=reset\n"
	"t=1000000600 cpu=0 ipi mode=sipi vector=0x9f dest=others\n"
	"t=1000000700 cpu=1 smi-enter smbase=0x30000\n"
	"t=1000000800 cpu=1 smbase-write old=0x30000 new=0x7ffb7000 rip=0x38084\n"
	"t=1000000900 cpu=1 smi-leave via=breakpoint\n"
	"t=1000001000 cpu=2 smi-leave smbase=0x30000\n"
	"t=1000001100 cpu=1 pause until=1000001350 why=stop\n"
	"t=1000001200 cpu=? lost until=18446744073709551615 count=12\n"
	"t=1000001300 cpu=0 blind until=1000001400 why=attach\n"
	"t=1000001350 cpu=1 blind until=1000001500 why=attach\n"
	"t=1000001500 cpu=? config reg=smi-en value=0x21\n";

static void record_story(struct fixture *f)
{
	record_lines(f, story);
	finish(f);
	look(f);
}

/* The export of f, NUL-terminated; the caller frees it. */
static char *filtered(struct fixture *f, const struct export_format *format, struct filter *filter, size_t *len)
{
	struct export_count count;
	struct error err = { 0 };
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (export_recording(f->reader, format, filter, out, &count, &err) < 0)
		fail_msg("%s", err.text);
	fclose(out);
	assert_int_equal(count.unknown, 0);
	if (len)
		*len = n;
	return text;
}

static char *export_of(struct fixture *f, const struct export_format *format, size_t *len)
{
	return filtered(f, format, NULL, len);
}

static void assert_holds(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%.6000s", what, text);
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

static void rows_are_objects(void **state)
{
	struct fixture *f = *state;
	char *text;

	record_story(f);
	text = export_of(f, &export_jsonl, NULL);
	assert_int_equal(count_of(text, "\n"), 18);
	assert_holds(text, "{\"id\":4,\"ts_ns\":1000000100,\"cpu\":0,\"kind\":\"port\",\"source\":\"fixture\","
		     "\"origin\":\"observed\",\"port\":\"0xb2\",\"dir\":\"write\",\"value\":\"0x4\"}\n");
	assert_holds(text, "\"kind\":\"lost\",\"source\":\"fixture\",\"origin\":\"observed\","
		     "\"until\":\"0xffffffffffffffff\",\"count\":12}\n");
	assert_holds(text, "\"cpu\":null,\"kind\":\"config\"");
	assert_holds(text, "\"target\":null,\"mode\":\"sipi\",\"vector\":\"0x9f\",\"dest\":\"others\",\"icr\":null}");
	free(text);
}

static void rows_are_a_table(void **state)
{
	struct fixture *f = *state;
	char *text, *line, *save = NULL;
	unsigned commas, lines = 0;

	record_story(f);
	text = export_of(f, &export_csv, NULL);
	assert_int_equal(strncmp(text, "id,ts_ns,cpu,kind,source,origin,smbase,rip,", 43), 0);
	assert_holds(text, "\r\n4,1000000100,0,port,fixture,observed,");
	line = strtok_r(text, "\n", &save);
	commas = count_of(line, ",");
	for (; line; line = strtok_r(NULL, "\n", &save), lines++) {
		assert_int_equal(count_of(line, ","), commas);
		assert_int_equal(line[strlen(line) - 1], '\r');
	}
	assert_int_equal(lines, 19);
	free(text);
}

static void a_timeline_has_slices_and_arrows(void **state)
{
	struct fixture *f = *state;
	char *text;

	record_story(f);
	text = export_of(f, &export_chrome, NULL);
	assert_holds(text, "\"ph\":\"B\",\"pid\":10000,\"tid\":1,\"name\":\"SMI 0x4\",\"cat\":\"smi\","
		     "\"ts\":1000000.200,");
	assert_holds(text, "\"ph\":\"X\",\"pid\":10000,\"tid\":2,\"name\":\"SMI 0x4\",\"cat\":\"smi\","
		     "\"ts\":1000000.300,\"dur\":0.200,\"args\":{\"event\":6,\"smbase\":\"0x30000\"");
	assert_holds(text, "\"name\":\"out 0xb2 0x4\",\"cat\":\"port\"");
	assert_holds(text, "\"name\":\"SMBASE 0x7ffb7000\",\"cat\":\"smbase-write\"");
	assert_holds(text, "\"name\":\"INIT to APIC ID 4\",\"cat\":\"ipi\"");
	assert_holds(text, "\"tid\":2,\"name\":\"INIT from CPU 0\",\"cat\":\"ipi-target\"");
	/* one INIT to one CPU, one SIPI to the two others */
	assert_int_equal(count_of(text, "{\"ph\":\"s\""), 3);
	assert_int_equal(count_of(text, "{\"ph\":\"f\""), 3);
	/* an RSM whose entry was not seen is told; those of the slices are their ends */
	assert_int_equal(count_of(text, "\"cat\":\"smi-leave\""), 1);
	assert_int_equal(count_of(text, "\"cat\":\"smi-enter\""), 0);
	/* an interval whose end is no time is told as an instant */
	assert_holds(text, "{\"ph\":\"i\",\"pid\":10000,\"tid\":1025,\"name\":\"lost\"");
	/* two that overlap cannot be on one track */
	assert_int_equal(count_of(text, "\"args\":{\"name\":\"blind\"}"), 2);
	free(text);
}

static void tell_findings(struct fixture *f, const char *message)
{
	struct sink *s = writer_sink(f->writer);
	struct violation v = { .id = 1, .invariant = INV_one_at_default, .ts = 1000000850, .cpu = 1,
			       .evidence = { 10 } };
	struct episode ep = {
		.id = 1, .kind = EPISODE_PLUG, .cpu = 1, .status = EPISODE_STUCK, .step = STEP_D_WRITE,
		.next = STEP_D_RSM, .start_ns = 1000000200, .stuck_ns = 1000002000,
		.at = { [STEP_RENDEZVOUS] = { 6, 1000000300 }, [STEP_C] = { 7, 1000000400 },
			[STEP_D_ENTRY] = { 10, 1000000700 }, [STEP_D_WRITE] = { 11, 1000000800 },
			[STEP_D_RSM] = { 12, 1000000900 } },
	};

	snprintf(v.message, sizeof(v.message), "%s", message);
	snprintf(ep.verdict, sizeof(ep.verdict), "%s", message);
	assert_int_equal(s->ops->violation(s, &v, NULL), 0);
	assert_int_equal(s->ops->episode(s, &ep, NULL), 0);
}

static void findings_are_on_it(void **state)
{
	struct fixture *f = *state;
	char *text;

	record_lines(f, story);
	tell_findings(f, "it \"did\" \\ not\n\x1b[31m \xff");
	finish(f);
	look(f);
	text = export_of(f, &export_chrome, NULL);
	assert_holds(text, "\"ph\":\"B\",\"pid\":10000,\"tid\":257,\"name\":\"plug CPU 1\",\"cat\":\"episode\","
		     "\"ts\":1000000.200,");
	assert_holds(text, "\"tid\":257,\"name\":\"(d) entry\",\"cat\":\"step\",\"ts\":1000000.700,"
		     "\"dur\":0.100,");
	assert_holds(text, "\"name\":\"STUCK\",\"cat\":\"stuck\",\"ts\":1000002.000");
	/* in the SMI of the CPU that made it: (c) by CPU 0, ended by CPU 1's entry; the RSM itself is outside */
	assert_holds(text, "\"tid\":1,\"name\":\"(c): plug CPU 1\",\"cat\":\"smi-step\","
		     "\"ts\":1000000.400,\"dur\":0.300,");
	assert_holds(text, "\"tid\":2,\"name\":\"(d) write: plug CPU 1\",\"cat\":\"smi-step\","
		     "\"ts\":1000000.800,\"dur\":0.100,");
	assert_int_equal(count_of(text, "\"cat\":\"smi-step\""), 4);
	assert_holds(text, "\"tid\":2,\"name\":\"one-at-default\",\"cat\":\"violation\",\"ts\":1000000.850");
	assert_holds(text, "it \\\"did\\\" \\\\ not\\u000a\\u001b[31m \\ufffd");
	free(text);
}

/* What protobuf.dev's "Encoding" gives as examples, and lengths around the border of a byte. */
static void protobuf_is_as_documented(void **state)
{
	struct protobuf p = { 0 };
	char text[200];
	size_t outer, inner;

	(void)state;
	protobuf_uint(&p, 1, 150);
	assert_int_equal(p.len, 3);
	assert_memory_equal(p.data, "\x08\x96\x01", 3);
	protobuf_clear(&p);
	protobuf_text(&p, 2, "testing");
	assert_memory_equal(p.data, "\x12\x07testing", 9);
	protobuf_clear(&p);
	protobuf_fixed64(&p, 47, 0x0102030405060708);
	assert_memory_equal(p.data, "\xf9\x02\x08\x07\x06\x05\x04\x03\x02\x01", 10);
	protobuf_clear(&p);
	protobuf_uint(&p, 1, UINT64_MAX);
	assert_memory_equal(p.data, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
	protobuf_clear(&p);
	memset(text, 'x', 127);
	text[127] = '\0';
	outer = protobuf_open(&p, 3);
	inner = protobuf_open(&p, 3);
	protobuf_text(&p, 1, text);
	protobuf_close(&p, inner);
	protobuf_close(&p, outer);
	assert_int_equal(p.len, 3 + 3 + 2 + 127);
	assert_memory_equal(p.data, "\x1a\x84\x01\x1a\x81\x01\x0a\x7fxx", 10);
	assert_false(p.failed);
	protobuf_free(&p);
}

static void protobuf_text_is_utf8(void **state)
{
	struct protobuf p = { 0 };

	(void)state;
	protobuf_text(&p, 1, "a\xff\xc3\xa4\xed\xa0\x80");
	assert_int_equal(p.len, 2 + 1 + 3 + 2 + 9);
	assert_memory_equal(p.data + 2, "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 15);
	protobuf_free(&p);
}

static void names_get_numbers_until_there_are_too_many(void **state)
{
	struct intern *t = calloc(1, sizeof(*t));
	uint64_t first, other;
	bool fresh;

	(void)state;
	first = intern_text(t, 1, "port", &fresh);
	assert_true(first > 0 && fresh);
	other = intern_text(t, 2, "port", &fresh);
	assert_true(other != first && fresh);
	assert_int_equal(intern_text(t, 1, "port", &fresh), first);
	assert_false(fresh);
	for (int i = 0; i < 2 * INTERN_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "out 0xb2 0x%x", i);
		intern_text(t, 2, text, &fresh);
	}
	assert_int_equal(intern_text(t, 2, "one more", &fresh), 0);
	assert_false(fresh);
	assert_int_equal(intern_text(t, 2, "port", &fresh), other);
	intern_clear(t);
	free(t);
}

/* More SMIs than are read ahead at once, and each is a slice. */
static char *export_through(struct fixture *f, const struct export_format *format, const char *expression)
{
	struct filter filter;
	struct error err;

	if (filter_option(&filter, expression, &FILTER_ALL, &err) < 0)
		fail_msg("%s", err.text);
	return filtered(f, format, &filter, NULL);
}

/* Events by the filter; what was concluded by its times. */
static void a_filter_chooses_events(void **state)
{
	struct fixture *f = *state;
	char *text;

	record_lines(f, story);
	tell_findings(f, "it did not");
	finish(f);
	look(f);
	text = export_through(f, &export_csv, "smi cpu=1 before=800ns");
	assert_string_equal(strchr(text, '\n') + 1, strstr(text, "\r\n6,") + 2);
	assert_holds(text, "\r\n8,1000000500,1,smi-leave");
	assert_holds(text, "\r\n10,1000000700,1,smi-enter");
	assert_null(strstr(text, "smbase-write"));
	assert_null(strstr(text, "\r\n12,"));
	free(text);
	text = export_through(f, &export_chrome, "port");
	assert_holds(text, "out 0xb2 0x4");
	assert_holds(text, "\"cat\":\"violation\"");
	assert_holds(text, "\"cat\":\"episode\"");
	assert_null(strstr(text, "\"cat\":\"smi\""));
	free(text);
	text = export_through(f, &export_chrome, "after=900ns");
	assert_null(strstr(text, "\"cat\":\"violation\""));
	assert_null(strstr(text, "out 0xb2"));
	assert_holds(text, "\"cat\":\"config\"");
	free(text);
}

static void every_smi_is_found(void **state)
{
	struct fixture *f = *state;
	char *text;

	for (int i = 0; i < 1500; i++) {
		char line[100];

		snprintf(line, sizeof(line), "t=%d cpu=%d smi-enter smbase=0x30000", 1000 + 10 * i, i % 3);
		record_lines(f, line);
		if (i % 7 == 0)
			record_lines(f, "t=1 cpu=? port port=0xb3 dir=read");
		snprintf(line, sizeof(line), "t=%d cpu=%d smi-leave smbase=0x30000", 1005 + 10 * i, i % 3);
		record_lines(f, line);
	}
	finish(f);
	look(f);
	text = export_of(f, &export_chrome, NULL);
	assert_int_equal(count_of(text, "\"cat\":\"smi\""), 1500);
	assert_int_equal(count_of(text, "\"cat\":\"smi-"), 0);
	free(text);
}

static void a_recording_without_events_is_whole(void **state)
{
	struct fixture *f = *state;
	char *text;
	size_t len;

	finish(f);
	look(f);
	text = export_of(f, &export_chrome, NULL);
	assert_holds(text, "\"traceEvents\":[");
	assert_int_equal(strcmp(text + strlen(text) - 3, "]}\n"), 0);
	free(text);
	free(export_of(f, &export_perfetto, &len));
	assert_true(len > 0);
	text = export_of(f, &export_jsonl, &len);
	assert_int_equal(len, 0);
	free(text);
}

static void unknown_kinds_are_counted(void **state)
{
	struct fixture *f = *state;
	struct export_count count;
	struct error err = { 0 };
	FILE *out = fopen("/dev/null", "w");
	sqlite3 *db;

	record_lines(f, story);
	finish(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE event SET kind = 200 WHERE id IN (3, 9)", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	look(f);
	assert_int_equal(export_recording(f->reader, &export_csv, NULL, out, &count, &err), 0);
	assert_int_equal(count.events, 16);
	assert_int_equal(count.unknown, 2);
	fclose(out);
}

static void a_full_disk_is_told(void **state)
{
	static const struct export_format *const formats[] = {
		&export_perfetto, &export_chrome, &export_jsonl, &export_csv,
	};
	struct fixture *f = *state;

	record_story(f);
	for (int i = 0; i < 4; i++) {
		struct export_count count;
		struct error err = { 0 };
		FILE *out = fopen("/dev/full", "w");

		assert_non_null(out);
		assert_int_equal(export_recording(f->reader, formats[i], NULL, out, &count, &err), -ERR_OUTPUT);
		assert_non_null(strstr(err.text, "No space left"));
		fclose(out);
	}
}

static void damage_is_told(void **state)
{
	static const char *const damage[] = {
		"UPDATE smi SET cpu = 99999", "UPDATE smi SET enter_ns = -5", "UPDATE event SET cpu = 99999",
		"UPDATE episode_step SET ts_ns = -9223372036854775807", "UPDATE episode SET cpu = 5000",
	};
	struct fixture *f = *state;

	record_lines(f, story);
	tell_findings(f, "x");
	finish(f);
	for (unsigned i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
		struct export_count count;
		struct error err = { 0 };
		FILE *out = fopen("/dev/null", "w");
		char copy[PATH_MAX + 8], command[2 * PATH_MAX + 32];
		struct reader *r;
		sqlite3 *db;

		snprintf(copy, sizeof(copy), "%s.%u", f->path, i);
		snprintf(command, sizeof(command), "cp '%s' '%s'", f->path, copy);
		assert_int_equal(system(command), 0);
		assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, damage[i], NULL, NULL, NULL), 0);
		sqlite3_close(db);
		r = reader_open(copy, &err);
		assert_non_null(r);
		assert_int_equal(export_recording(r, &export_perfetto, NULL, out, &count, &err), -ERR_CORRUPT);
		reader_close(r);
		fclose(out);
		unlink(copy);
	}
}

/* --- the file */

static void assert_content(const char *path, const char *want)
{
	char text[100] = "";
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, in), strlen(want));
	fclose(in);
	assert_string_equal(text, want);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void a_file_is_there_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct new_file file;
	struct error err = { 0 };
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s.out", f->path);
	write_file(path, "old");
	assert_int_equal(new_file_open(&file, path, &err), 0);
	fputs("half", file.f);
	fflush(file.f);
	assert_content(path, "old");
	new_file_drop(&file);
	assert_content(path, "old");
	assert_int_equal(new_file_open(&file, path, &err), 0);
	fputs("new", file.f);
	assert_int_equal(new_file_keep(&file, &err), 0);
	assert_content(path, "new");
	unlink(path);
}

static void a_link_stays_a_link(void **state)
{
	struct fixture *f = *state;
	struct new_file file;
	struct error err = { 0 };
	char path[PATH_MAX + 8], to[PATH_MAX + 16], seen[PATH_MAX + 16] = "";

	snprintf(path, sizeof(path), "%s.lnk", f->path);
	snprintf(to, sizeof(to), "%s.out", f->path);
	write_file(to, "old");
	assert_int_equal(symlink(to, path), 0);
	assert_int_equal(new_file_open(&file, path, &err), 0);
	fputs("new", file.f);
	assert_int_equal(new_file_keep(&file, &err), 0);
	assert_true(readlink(path, seen, sizeof(seen) - 1) > 0);
	assert_content(to, "new");
	unlink(path);
	unlink(to);
}

static void no_folder_no_file(void **state)
{
	struct fixture *f = *state;
	struct new_file file;
	struct error err = { 0 };
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/none/x", f->dir);
	assert_int_equal(new_file_open(&file, path, &err), -ERR_OUTPUT);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(new_file_open(&file, "/dev/full", &err), 0);
	fputs("x", file.f);
	assert_int_equal(new_file_keep(&file, &err), -ERR_OUTPUT);
	assert_int_equal(access("/dev/full", F_OK), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_objects), TEST(rows_are_a_table), TEST(a_timeline_has_slices_and_arrows),
		TEST(findings_are_on_it), TEST(a_filter_chooses_events), TEST(every_smi_is_found), TEST(a_recording_without_events_is_whole),
		TEST(unknown_kinds_are_counted), TEST(a_full_disk_is_told), TEST(damage_is_told),
		TEST(a_file_is_there_whole_or_not_at_all), TEST(a_link_stays_a_link), TEST(no_folder_no_file),
		cmocka_unit_test(protobuf_is_as_documented), cmocka_unit_test(protobuf_text_is_utf8),
		cmocka_unit_test(names_get_numbers_until_there_are_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
