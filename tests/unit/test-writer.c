/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer, and what a reader finds in what it wrote. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording-fixture.h"

static void every_kind_and_field_comes_back(void **state)
{
	struct fixture *f = *state;

	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		for (unsigned known = 0; known < 2; known++) {
			struct event ev = event_new((enum event_kind)k, SRC_GDB, k % 3 - 1, 1000 + k);

			ev.origin = (uint8_t)known;
			for (unsigned i = 0; i < event_info[k].fields && known; i++)
				event_set(&ev, i, UINT64_MAX - i);
			record(f, &ev);
		}
	finish(f);
	look(f);
	assert_int_equal(reader_summary(f->reader)->events, 2 * EVENT_KIND_COUNT);
	for (int64_t id = 1; id <= f->n; id++) {
		struct event ev;

		assert_int_equal(reader_event(f->reader, id, &ev, NULL), 1);
		assert_same_event(&ev, &f->sent[id]);
	}
	assert_int_equal(reader_event(f->reader, f->n + 1, &(struct event){ 0 }, NULL), 0);
}

static void a_closed_recording_is_one_plain_file(void **state)
{
	struct fixture *f = *state;

	record_lines(f, "t=10 cpu=0 smi-enter smbase=0x30000");
	finish(f);
	assert_false(exists_beside(f, "-wal"));
	assert_false(exists_beside(f, "-shm"));
	look(f);
	assert_string_equal(text_of(f, "PRAGMA journal_mode"), "delete");
	assert_string_equal(text_of(f, "PRAGMA integrity_check"), "ok");
	assert_string_equal(text_of(f, "SELECT value FROM meta_v WHERE key = 'closed'"), "1");
	assert_string_equal(text_of(f, "SELECT value FROM meta_v WHERE key = 'smmtrace_version'"),
			    SMMTRACE_VERSION);
	assert_true(reader_summary(f->reader)->closed);
	assert_false(reader_summary(f->reader)->live);
}

static void one_relocation_is_derived(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=5 cpu=1 port port=0xb2 dir=write value=4\n"
		"t=10 cpu=1 smi-enter smbase=0x30000 rip=0xfffffffffffffff0\n"
		"t=20 cpu=1 smbase-write old=0x30000 new=0x7ffb7000 rip=0x38084\n"
		"t=30 cpu=1 smi-leave smbase=0x30000 rip=0x38096 via=breakpoint\n"
		"t=40 cpu=1 smi-enter smbase=0x7ffb7000");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT group_concat(id || ' ' || cpu || ' ' || enter_ns || ' ' ||"
		" coalesce(leave_ns, '-') || ' ' || coalesce(dur_ns, '-') || ' ' || smbase || ' ' ||"
		" coalesce(cause, '-') || ' ' || coalesce(apm_cmd, '-') || ' ' || coalesce(saved_rip, '-') ||"
		" ' ' || coalesce(ended_by, '-'), ', ') FROM smi_v"),
		"2 1 10 30 20 0x30000 apm 4 0xfffffffffffffff0 breakpoint, 5 1 40 - - 0x7ffb7000 - - - -");
	assert_string_equal(text_of(f, "SELECT ts_ns || ' ' || cpu || ' ' || old_smbase || ' ' ||"
		" new_smbase || ' ' || rip || ' ' || effective_ns FROM smbase_v"),
		"20 1 0x30000 0x7ffb7000 0x38084 30");
	assert_string_equal(text_of(f, "SELECT cpu || ' ' || state || ' ' || smbase FROM cpu_v"),
			    "1 smm 0x7ffb7000");
	assert_string_equal(text_of(f, "SELECT smi_id FROM port_v"), "2");
}

static void a_write_outside_smm_is_no_relocation(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=20 cpu=0 smbase-write old=0x30000 new=0 rip=0x1ffdcdb5\n"
		"t=21 cpu=0 smbase-found smbase=0x7ffb5000 via=scan");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT count(*) FROM smbase_v"), "0");
	assert_string_equal(text_of(f, "SELECT count(*) FROM event_v"), "2");
	assert_string_equal(text_of(f, "SELECT smbase FROM cpu_v"), "0x7ffb5000");
}

static void only_the_last_write_of_an_smi_becomes_effective(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=10 cpu=0 smi-enter smbase=0x30000\n"
		"t=11 cpu=0 smbase-write old=0x30000 new=0x1000\n"
		"t=12 cpu=0 smbase-write old=0x1000 new=0x2000\n"
		"t=13 cpu=0 smi-leave via=watchpoint");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT group_concat(new_smbase || '@' || coalesce(effective_ns, '-'))"
		" FROM smbase_v"), "0x1000@-,0x2000@13");
}

static void an_init_in_smm_ends_the_smi_without_effect(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=10 cpu=1 smi-enter smbase=0x30000\n"
		"t=11 cpu=1 smbase-write old=0x30000 new=0x1000\n"
		"t=12 cpu=1 smi-leave via=reset\n"
		"t=12 cpu=1 cpu-reset in_smm=1");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT leave_ns || ' ' || ended_by FROM smi_v"), "12 reset");
	assert_string_equal(text_of(f, "SELECT coalesce(effective_ns, 'never') FROM smbase_v"), "never");
}

static void a_reset_alone_also_ends_the_smi(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=10 cpu=1 smi-enter smbase=0x30000\n"
		"t=15 cpu=1 cpu-reset in_smm=1");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT leave_ns || ' ' || ended_by FROM smi_v"), "15 reset");
}

static void an_open_smi_is_visible_and_then_completed(void **state)
{
	struct fixture *f = *state;

	record_lines(f, "t=10 cpu=0 smi-enter smbase=0x30000");
	flush(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT coalesce(leave_ns, 'inside') FROM smi_v"), "inside");
	record_lines(f, "t=12 cpu=0 smi-leave via=step");
	flush(f);
	assert_int_equal(reader_refresh(f->reader, NULL), 1);
	assert_string_equal(text_of(f, "SELECT count(*) || ' ' || dur_ns || ' ' || ended_by FROM smi_v"),
			    "1 2 step");
}

static void totals_are_kept(void **state)
{
	struct fixture *f = *state;
	const struct reader_summary *s;

	record_lines(f,
		"t=100 cpu=0 smi-enter smbase=0x30000\n"
		"t=200 cpu=0 pause until=250 why=stop\n"
		"t=300 cpu=? lost until=310 count=7\n"
		"t=290 cpu=2 smi-enter smbase=0x30000\n"
		"t=400 cpu=0 pause until=401 why=attach");
	finish(f);
	look(f);
	s = reader_summary(f->reader);
	assert_int_equal(s->events, 5);
	assert_int_equal(s->first_ns, 100);
	assert_int_equal(s->last_ns, 400);
	assert_int_equal(s->smis, 2);
	assert_int_equal(s->lost, 7);
	assert_int_equal(s->stops, 2);
	assert_int_equal(s->paused_ns, 51);
	assert_int_equal(s->cpus, 3);
	assert_string_equal(text_of(f, "SELECT value FROM total WHERE name = 'disorder_ns'"), "10");
}

static void views_name_things(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=1 cpu=0 cpu-add apic_id=0\n"
		"t=2 cpu=1 cpu-add apic_id=4\n"
		"t=3 cpu=0 ipi target=4 mode=init vector=0 dest=one icr=0xc500\n"
		"t=4 cpu=0 ipi mode=sipi vector=0x9f dest=others\n"
		"t=5 cpu=0 ipi target=7 mode=smi vector=0 dest=one\n"
		"t=6 cpu=0 cpuhp reg=5 dir=write value=3\n"
		"t=7 cpu=0 cpuhp reg=4 dir=read value=3\n"
		"t=8 cpu=? blind until=9 why=no-smbase\n"
		"t=9 cpu=? lost until=10 count=3\n"
		"t=10 cpu=1 pause until=12 why=new-cpu\n"
		"t=11 cpu=? cpuhp reg=0 dir=write value=1");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT group_concat(sender || '>' || coalesce(target, dest) || ' ' ||"
		" mode || vector) FROM ipi_v"), "0>1 init0,0>others sipi159,0>7 smi0");
	assert_string_equal(text_of(f, "SELECT group_concat(meaning, '; ') FROM cpuhp_v"),
			    "command: get APIC ID; status: enabled insert; select CPU 1");
	assert_string_equal(text_of(f, "SELECT start_ns || ' ' || end_ns || ' ' || reason FROM blind_v"),
			    "8 9 no-smbase");
	assert_string_equal(text_of(f, "SELECT source || ' ' || start_ns || ' ' || end_ns || ' ' || count"
		" FROM loss_v"), "fixture 9 10 3");
	assert_string_equal(text_of(f, "SELECT dur_ns || ' ' || why FROM pause_v"), "2 new-cpu");
	assert_string_equal(text_of(f, "SELECT kind || ' ' || source || ' ' || detail FROM event_v"
		" WHERE id = 3"),
			    "ipi fixture target=4 mode=init vector=0x0 dest=one icr=0xc500");
	assert_string_equal(text_of(f, "SELECT count(*) FROM episode_v, violation_v"), "0");
}

/* The detail column and the text form of an event must not drift apart. */
static void detail_is_the_text_form(void **state)
{
	struct fixture *f = *state;

	for (int k = 0; k < EVENT_KIND_COUNT; k++) {
		struct event ev = event_new((enum event_kind)k, SRC_GDB, 0, 1000 + k);

		for (unsigned i = 0; i < event_info[k].fields; i++)
			event_set(&ev, i, i % 2 ? UINT64_MAX : 1);
		record(f, &ev);
	}
	finish(f);
	look(f);
	for (int64_t id = 1; id <= f->n; id++) {
		char sql[100], expected[400];

		snprintf(sql, sizeof(sql), "SELECT detail FROM event_v WHERE id = %" PRId64, id);
		assert_string_equal(text_of(f, sql), event_detail(expected, sizeof(expected), &f->sent[id]));
	}
}

static void a_port_access_finds_its_smi(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=1 cpu=0 port port=0xb2 dir=write value=2\n"   /* swallowed: raises nothing */
		"t=2 cpu=0 port port=0xb3 dir=write value=1\n"
		"t=3 cpu=0 port port=0xb2 dir=write value=4\n"
		"t=10 cpu=0 smi-enter smbase=0x30000\n"
		"t=10 cpu=1 smi-enter smbase=0x30000\n"
		"t=11 cpu=0 port port=0xb2 dir=read value=4\n"
		"t=12 cpu=0 smi-leave via=step\n"
		"t=13 cpu=1 port port=0xb3 dir=read value=1\n"
		"t=14 cpu=0 port port=0xb3 dir=read value=1\n"
		"t=15 cpu=? port port=0xb3 dir=read value=1");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT group_concat(ts_ns || ':' || coalesce(smi_id, '-'), ' ')"
		" FROM port_v"), "1:- 2:- 3:4 11:4 13:5 14:- 15:-");
	assert_string_equal(text_of(f, "SELECT group_concat(apm_cmd || '/' || apm_data) FROM smi_v"),
			    "4/1,4/1");
}

static void an_ipi_shows_in_the_state_of_its_target(void **state)
{
	struct fixture *f = *state;

	record_lines(f,
		"t=1 cpu=0 cpu-add apic_id=0\n"
		"t=1 cpu=1 cpu-add apic_id=1\n"
		"t=2 cpu=1 cpu-reset in_smm=0\n"
		"t=3 cpu=0 ipi target=1 mode=sipi vector=0x9f dest=one");
	finish(f);
	look(f);
	assert_string_equal(text_of(f, "SELECT state || ' since ' || since_ns FROM cpu_v WHERE cpu = 1"),
			    "running since 3");
}

static void an_existing_file_is_not_overwritten(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct writer *w;

	finish(f);
	assert_null(writer_open(f->path, false, &err));
	assert_int_equal(err.code, ERR_OUTPUT);
	assert_non_null(strstr(err.text, "exists"));
	w = writer_open(f->path, true, &err);
	assert_non_null(w);
	assert_int_equal(writer_close(w, &err), 0);
}

static void two_recorders_on_one_file_are_refused(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };

	assert_null(writer_open(f->path, true, &err));
	assert_int_equal(err.code, ERR_OUTPUT);
	assert_non_null(strstr(err.text, "being recorded"));
	record_lines(f, "t=1 cpu=0 smi-enter smbase=0x30000");
	finish(f);
	look(f);
	assert_int_equal(reader_summary(f->reader)->events, 1);
}

static void places_that_cannot_be_written_say_so(void **state)
{
	static const char *const bad[] = { "/proc/none/x.db", "/no-such-dir/x.db", "/dev/null", "/tmp" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memset(&err, 0, sizeof(err));
		assert_null(writer_open(bad[i], false, &err));
		assert_int_equal(err.code, ERR_OUTPUT);
		assert_non_null(strstr(err.text, bad[i]));
		assert_null(strchr(err.text, '\n'));
	}
}

/* Record in a child until the parent kills it; it tells each flushed event over @fd. */
static void child_records(const char *path, int fd)
{
	struct writer *w = writer_open(path, true, NULL);
	struct model m;

	model_init(&m);
	if (!w)
		_exit(1);
	for (int64_t id = 1;; id++) {
		struct event ev = event_new(EV_SMI_ENTER, SRC_GDB, 0, id);
		struct sink_event se = { .id = id, .ev = &ev, .before = NULL, .model = &m };

		se.after = model_apply(&m, id, &ev);
		if (writer_sink(w)->ops->event(writer_sink(w), &se, NULL) < 0)
			_exit(1);
		if (id % 7 == 0 && (writer_sink(w)->ops->flush(writer_sink(w), NULL) < 0 ||
				    write(fd, &id, sizeof(id)) != sizeof(id)))
			_exit(1);
	}
	_exit(1);
}

static void kill_9_loses_nothing_that_was_flushed(void **state)
{
	struct fixture *f = *state;
	int64_t flushed = 0, id;
	int fd[2];
	pid_t pid;

	finish(f);
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid)
		child_records(f->path, fd[1]);
	close(fd[1]);
	while (flushed < 7000 && read(fd[0], &id, sizeof(id)) == sizeof(id))
		flushed = id;
	kill(pid, SIGKILL);
	while (read(fd[0], &id, sizeof(id)) == sizeof(id))
		flushed = id;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd[0]);
	look(f);
	assert_false(reader_summary(f->reader)->closed);
	assert_false(reader_summary(f->reader)->live);
	assert_true(reader_summary(f->reader)->events >= flushed && flushed >= 7000);
	assert_true(reader_summary(f->reader)->events <= flushed + 7);
	assert_string_equal(text_of(f, "PRAGMA integrity_check"), "ok");
}

/* Feed events until the writer gives up; how many it took. */
static int64_t fill_up(struct fixture *f, struct error *err)
{
	for (int i = 1; i < 2000000; i++) {
		struct event ev = event_new(EV_SMI_ENTER, SRC_GDB, i % 4, i);

		for (unsigned k = 0; k < SMI_ENTER_FIELDS; k++)
			event_set(&ev, k, UINT64_MAX / (k + 1));
		if (record_try(f, &ev, err) < 0)
			return i;
		if (i % 500 == 0 && writer_sink(f->writer)->ops->flush(writer_sink(f->writer), err) < 0)
			return i;
	}
	return -1;
}

static void assert_full_disk_is_survived(struct fixture *f)
{
	struct error err = { 0 }, again = { 0 };
	int64_t taken = fill_up(f, &err);

	assert_true(taken > 500);
	assert_int_equal(err.code, ERR_OUTPUT);
	assert_non_null(strstr(err.text, "cannot write"));
	assert_true(record_try(f, &(struct event){ .ts = 1 }, &again) < 0);
	assert_string_equal(err.text, again.text);
	assert_true(writer_close(f->writer, &again) < 0);
	f->writer = NULL;
	look(f);
	assert_false(reader_summary(f->reader)->closed);
	assert_true(reader_summary(f->reader)->events >= 500);
	assert_true(reader_summary(f->reader)->events <= taken);
	assert_string_equal(text_of(f, "PRAGMA integrity_check"), "ok");
	reader_close(f->reader);
	f->reader = NULL;
}

static void a_file_size_limit_keeps_what_was_committed(void **state)
{
	struct rlimit old, small;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 700 * 1024;
	setrlimit(RLIMIT_FSIZE, &small);
	assert_full_disk_is_survived(*state);
	setrlimit(RLIMIT_FSIZE, &old);
}

static void a_full_file_system_keeps_what_was_committed(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	if (!can_mount()) {
		print_message("a 1 MB tmpfs cannot be mounted here\n");
		skip();
	}
	pid = fork();
	if (!pid) {
		struct fixture own = { .path = "" };

		mount_small(f->dir);
		snprintf(own.path, sizeof(own.path), "%s/full.db", f->dir);
		own.dir[0] = '\0';
		begin_recording(&own);
		assert_full_disk_is_survived(&own);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(every_kind_and_field_comes_back),
		T(a_closed_recording_is_one_plain_file),
		T(one_relocation_is_derived),
		T(a_write_outside_smm_is_no_relocation),
		T(only_the_last_write_of_an_smi_becomes_effective),
		T(an_init_in_smm_ends_the_smi_without_effect),
		T(a_reset_alone_also_ends_the_smi),
		T(an_open_smi_is_visible_and_then_completed),
		T(totals_are_kept),
		T(views_name_things),
		T(detail_is_the_text_form),
		T(a_port_access_finds_its_smi),
		T(an_ipi_shows_in_the_state_of_its_target),
		T(an_existing_file_is_not_overwritten),
		T(two_recorders_on_one_file_are_refused),
		T(places_that_cannot_be_written_say_so),
		T(kill_9_loses_nothing_that_was_flushed),
		T(a_file_size_limit_keeps_what_was_committed),
		T(a_full_file_system_keeps_what_was_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
