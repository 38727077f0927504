/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Good run against bad run: what is luck makes no difference, what went wrong is named first. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../db/diff-report.h"
#include "../../db/diff-spot.h"
#include "../../views/commands.h"
#include "../lib/scenario.h"

#include <cmocka.h>

static char dir[200], good[256], bad[256], out[256];
static char text[100000];

static int begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/smmtrace-test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(good, sizeof(good), "%s/good.smm", dir);
	snprintf(bad, sizeof(bad), "%s/bad.smm", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(good);
	unlink(bad);
	unlink(out);
	rmdir(dir);
	return 0;
}

/* ---- stories, and what luck makes of them ---- */

#define LINES 400

struct story {
	char line[LINES][300];
	int n;
};

static struct story *story_of(const char *name)
{
	struct story *s = calloc(1, sizeof(*s));
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "tests/fixtures/%s.story", name);
	f = fopen(path, "re");
	assert_non_null(f);
	while (s->n < LINES && fgets(s->line[s->n], sizeof(s->line[0]), f))
		s->n += s->line[s->n][0] == 't';
	fclose(f);
	return s;
}

static void record_lines(const char *path, struct story *s)
{
	struct error err = { 0 };
	FILE *in = tmpfile();

	fputs("judge\n", in);
	for (int i = 0; i < s->n; i++)
		fputs(s->line[i], in);
	rewind(in);
	if (scenario_record(path, in, 0, &err) < 0)
		fail_msg("%s", err.text);
	fclose(in);
	free(s);
}

static int64_t time_of(const char *line)
{
	return strtoll(line + 2, NULL, 10);
}

/* Everything takes one and a half times as long, and began at another time. */
static void stretch(char *line)
{
	static const char *const names[] = { "t=", " since=", " until=" };
	char copy[300];

	for (unsigned i = 0; i < 3; i++) {
		char *at = i ? strstr(line, names[i]) : line, *rest;
		int64_t ns;

		if (!at)
			continue;
		ns = strtoll(at + strlen(names[i]), &rest, 10);
		snprintf(copy, sizeof(copy), "%s", rest);
		sprintf(at, "%s%" PRId64 "%.250s", names[i], ns * 3 / 2 + 5000, copy);
	}
}

/* Other CPUs come first and leave first: the lines keep their times and change their places. */
static int permute(struct story *s)
{
	int swapped = 0;

	for (int i = 0; i + 1 < s->n; i++) {
		char *a = s->line[i], *b = s->line[i + 1], x[300], y[300];
		const char *kind = strstr(a, " smi-enter ") ? " smi-enter " : " smi-leave ";

		if (!strstr(a, kind) || !strstr(b, kind))
			continue;
		snprintf(x, sizeof(x), "t=%" PRId64 "%.250s", time_of(a), strchr(b, ' '));
		snprintf(y, sizeof(y), "t=%" PRId64 "%.250s", time_of(b), strchr(a, ' '));
		strcpy(a, x);
		strcpy(b, y);
		swapped++;
		i++;
	}
	return swapped;
}

static void replace(struct story *s, const char *old, const char *new)
{
	for (int i = 0; i < s->n; i++)
		for (char *at = s->line[i]; (at = strstr(at, old)) != NULL; at += strlen(new))
			memcpy(at, new, strlen(new));
}

static void insert(struct story *s, int at, const char *fmt, int64_t ts)
{
	assert_true(s->n < LINES);
	memmove(s->line[at + 1], s->line[at], (size_t)(s->n - at) * sizeof(s->line[0]));
	snprintf(s->line[at], sizeof(s->line[0]), "t=%" PRId64 " %s\n", ts, fmt);
	s->n++;
}

/* The first line that holds all of @words. */
static int line_with(const struct story *s, const char *words)
{
	for (int i = 0; i < s->n; i++)
		if (strstr(s->line[i], words))
			return i;
	fail_msg("no line with %s", words);
	return -1;
}

/* `smmtrace diff` with these words; its exit status. */
static int command(const char *const words[])
{
	static char copy[10][300];
	char *argv[10] = { NULL };
	struct error err;
	int argc, rc;

	for (argc = 0; words[argc]; argc++) {
		snprintf(copy[argc], sizeof(copy[argc]), "%s", words[argc]);
		argv[argc] = copy[argc];
	}
	rc = cmd_parse(&cmd_diff, argc, argv, &err);
	return rc < 0 ? (int)err.code : cmd_diff.run(&cmd_diff, rc, argv + 1);
}

#define DIFF(...) command((const char *const[]){ "diff", __VA_ARGS__, "-o", out, NULL })

/* Compare the two recordings; what was said goes to text[]. The exit status. */
static int compared(void)
{
	int status = DIFF(good, bad);
	FILE *f = fopen(out, "re");

	text[0] = '\0';
	if (f) {
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
	}
	return status;
}

static void assert_says(const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
}

static void assert_same(void)
{
	if (compared() != 0)
		fail_msg("differs:\n%s", text);
	assert_says("\nno difference\n");
}

/* ---- tests ---- */

static const char *const all_stories[] = {
	"completed-hotplug", "stock-hang", "boot-4-cpus", "two-plugs", "unplug", "system-reset",
	"waiting-at-gate", "seabios",
};

static void the_same_run_twice_is_the_same(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(all_stories) / sizeof(*all_stories); i++) {
		record_lines(good, story_of(all_stories[i]));
		record_lines(bad, story_of(all_stories[i]));
		assert_same();
	}
}

static void times_do_not_matter(void **state)
{
	struct story *s = story_of("completed-hotplug");

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	for (int i = 0; i < s->n; i++)
		stretch(s->line[i]);
	record_lines(bad, s);
	assert_same();
}

static void the_order_between_cpus_does_not_matter(void **state)
{
	static const char *const names[] = { "completed-hotplug", "boot-4-cpus", "two-plugs" };
	int swapped = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct story *s = story_of(names[i]);

		record_lines(good, story_of(names[i]));
		swapped += permute(s);
		record_lines(bad, s);
		assert_same();
	}
	assert_true(swapped >= 3);
}

static void where_smram_is_does_not_matter(void **state)
{
	struct story *s = story_of("completed-hotplug");

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	replace(s, "0xffbf000", "0xefbf000");
	replace(s, "0xffc1000", "0xefc1000");
	replace(s, "tseg-base value=0xf000000", "tseg-base value=0xe000000");
	record_lines(bad, s);
	assert_same();
}

/* Two more of the SMIs that the variable driver raises at boot, and one SIPI less. */
static void how_often_an_everyday_smi_comes_does_not_matter(void **state)
{
	struct story *s = story_of("completed-hotplug");
	int at = line_with(s, "cpu=0 port port=0xb3"), sipi;

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	for (int i = 0; i < 2; i++) {
		int64_t ts = time_of(s->line[at]) - 5000 * (i + 1);

		insert(s, at, "cpu=0 port port=0xb3 dir=write value=0x0", ts);
		insert(s, at + 1, "cpu=0 port port=0xb2 dir=write value=0x0", ts + 1);
		insert(s, at + 2, "cpu=0 smi-enter smbase=0xffbf000", ts + 2);
		insert(s, at + 3, "cpu=0 port port=0xb2 dir=read value=0x0", ts + 3);
		insert(s, at + 4, "cpu=0 smi-leave smbase=0xffbf000 rip=0xffc728f", ts + 4);
	}
	sipi = line_with(s, "vector=0x9a");
	memmove(s->line[sipi], s->line[sipi + 1], (size_t)(s->n - sipi - 1) * sizeof(s->line[0]));
	s->n--;
	record_lines(bad, s);
	assert_same();
}

static void a_lost_smi_is_named_first(void **state)
{
	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	record_lines(bad, story_of("stock-hang"));
	assert_int_equal(compared(), 1);
	assert_says("\nfirst difference: CPU 0, in the plug of CPU 1, behind c,"
		    " after \"sends SIPI to the new CPU\"\n-   sends SMI to the new CPU\n+ nothing more\n");
	assert_says("\nepisode: plug of CPU 1\n- done\n+ stuck behind step c, waits for d-entry\n- step d-entry: ");
	assert_says("\n+ reloc-deadline (error, step d): CPU 1 has not come through the gate");
	assert_says("\n- Nothing is stuck: ");
	assert_says("\n+ STUCK: plug of CPU 1 ");
	assert_says("\n@@ CPU 1 -6 (event ");
	assert_says("\n  takes an INIT or reset inside SMM\n- SMI (an IPI) at the default SMBASE\n"
		    "-   SMBASE: from the default to its own\n- RSM\n");
	assert_says("\n\\ BAD: CPU 1 does nothing more\n");
	assert_null(strstr(text, "episode: boot"));  /* that was the same */
	assert_null(strstr(text, "+ no-init-in-smm")); /* broken in both */
	assert_null(strstr(text, "no difference"));
}

/* What BAD has more is the first difference even where another CPU misses something later. */
static void one_event_more_misaligns_nothing(void **state)
{
	struct story *s = story_of("completed-hotplug");
	int at = line_with(s, "mode=init");

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	insert(s, at, "cpu=0 ipi target=1 mode=nmi dest=one icr=0x100000000004400", time_of(s->line[at]) - 1);
	record_lines(bad, s);
	assert_int_equal(compared(), 1);
	assert_says("\n    sends SMI to the new CPU\n+   sends NMI to the new CPU\n    sends INIT to the new CPU\n");
	assert_null(strstr(text, "\n- "));
	assert_null(strstr(text, "episode"));
}

/* ---- where they differ ---- */

static struct event event_at(const struct diff *d, int side, const struct diff_moment *m)
{
	struct event ev;

	assert_int_equal(reader_event(d->side[side]->reader, m->id, &ev, NULL), 1);
	assert_int_equal(ev.ts, m->ts_ns);
	return ev;
}

static struct diff *spots_of(struct diff_spots *s)
{
	struct error err = { 0 };
	struct diff *d = diff_open(good, bad, &err);

	if (!d || diff_spots_find(s, d, &err) < 0)
		fail_msg("%s", err.text);
	return d;
}

static void a_lost_smi_has_its_moment_in_both(void **state)
{
	struct diff_spots s;
	struct diff *d;
	const struct diff_episode *ep;
	struct event ev;

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	record_lines(bad, story_of("stock-hang"));
	d = spots_of(&s);
	assert_true(s.n > 1 && s.n == s.all);
	assert_int_equal(s.spot[0].lane, d->first);
	assert_int_equal(s.spot[0].change, 0);
	ev = event_at(d, DIFF_GOOD, &s.spot[0].at[DIFF_GOOD]);
	assert_true(ev.kind == EV_IPI && ev.arg[IPI_MODE] == IPI_SMI && ev.arg[IPI_TARGET] == 1);
	assert_int_equal(s.spot[0].at[DIFF_BAD].id, 0);
	for (int i = 0; i < DIFF_SIDES; i++) {
		ev = event_at(d, i, &s.spot[0].common[i]);
		assert_true(ev.kind == EV_IPI && ev.arg[IPI_MODE] == IPI_SIPI);
		assert_true(ev.ts <= s.spot[0].at[i].ts_ns);
	}
	ep = diff_spot_episode(d, &s.spot[0]);
	assert_true(ep && ep->kind == EPISODE_PLUG && ep->cpu == 1 && ep->ep[0] && ep->ep[1]);
	diff_spots_free(&s);
	diff_free(d);
}

/* By the order in BAD; those of a lane in its order. */
static void differences_have_one_order(void **state)
{
	struct diff_spots s;
	struct diff *d;

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	record_lines(bad, story_of("boot-4-cpus"));
	d = spots_of(&s);
	assert_true(s.n > 4);
	assert_int_equal(s.spot[0].lane, d->first);
	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(s.spot[k].lane == s.spot[i].lane && s.spot[k].change >= s.spot[i].change);
	diff_spots_free(&s);
	diff_free(d);
}

static void the_same_has_no_spots(void **state)
{
	struct diff_spots s;
	struct diff *d;

	(void)state;
	record_lines(good, story_of("unplug"));
	record_lines(bad, story_of("unplug"));
	d = spots_of(&s);
	assert_true(!s.n && !s.all && d->first == -1);
	diff_spots_free(&s);
	diff_free(d);
}

/* Other than a setting, an event can be left out of what is compared. */
static void what_a_filter_hides_makes_no_difference(void **state)
{
	struct story *s = story_of("completed-hotplug");
	int at = line_with(s, "mode=init");

	(void)state;
	record_lines(good, story_of("completed-hotplug"));
	insert(s, at, "cpu=0 ipi target=1 mode=nmi dest=one icr=0x100000000004400", time_of(s->line[at]) - 1);
	record_lines(bad, s);
	assert_int_equal(DIFF(good, bad, "--filter", "-mode=nmi"), 0);
	assert_int_equal(DIFF(good, bad, "--filter", "cpu=1"), 0);
	assert_int_equal(DIFF(good, bad, "--filter", "ipi"), 1);
	assert_int_equal(DIFF(good, bad, "--filter", "nmmi"), ERR_USAGE);
}

static void a_setting_makes_a_difference(void **state)
{
	struct story *s = story_of("boot-4-cpus");

	(void)state;
	record_lines(good, story_of("boot-4-cpus"));
	replace(s, "smi-negotiated value=0x7", "smi-negotiated value=0x1");
	record_lines(bad, s);
	assert_int_equal(compared(), 1);
	assert_says("\nsettings of the machine\n- smi-negotiated = 0x7\n+ smi-negotiated = 0x1\n");
}

static void another_cpu_makes_a_difference(void **state)
{
	(void)state;
	record_lines(good, story_of("two-plugs"));
	record_lines(bad, story_of("completed-hotplug"));
	assert_int_equal(compared(), 1);
	assert_says("\nepisode: plug of CPU 2\n- done\n+ there is none\n");
	assert_says("@@ CPU 2 ");
}

static void bad_files_and_bad_words_end_in_their_status(void **state)
{
	(void)state;
	record_lines(good, story_of("seabios"));
	assert_int_equal(DIFF(good, "/etc/passwd"), ERR_CORRUPT);
	assert_int_equal(DIFF("/etc/passwd", good), ERR_CORRUPT);
	assert_int_equal(DIFF(good, "/no/such"), ERR_USAGE);
	assert_int_equal(DIFF(good), ERR_USAGE);
	assert_int_equal(DIFF(good, good, "--context", "-1"), ERR_USAGE);
	assert_int_equal(DIFF(good, good, "--context", "3"), 0);
	assert_int_equal(command((const char *const[]){ "diff", good, good, "-o", good, NULL }), ERR_USAGE);
	assert_int_equal(command((const char *const[]){ "diff", good, good, "-o", "/no/such/x", NULL }), ERR_OUTPUT);
	assert_int_equal(DIFF(good, good), 0); /* and it is still a recording */
}

/* ---- the parts ---- */

static void add(struct lane *l, const char *letters)
{
	for (; *letters; letters++) {
		struct lane_line line = { .word = (uint32_t)*letters, .count = 1, .id = 1,
					  .repeats = *letters >= 'a' };

		assert_int_equal(lane_add(l, &line), 0);
	}
}

/* "a3 B1": the letters of a lane with their counts; small ones repeat, capital ones count. */
static const char *lane_text(struct lane *l)
{
	static char buf[500];
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < l->n && at < sizeof(buf) - 10; i++)
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s%c%u", i ? " " : "", (char)l->line[i].word,
				       l->line[i].count);
	lane_free(l);
	return buf;
}

static void what_repeats_is_kept_once(void **state)
{
	static const struct {
		const char *in, *kept;
	} cases[] = {
		{ "aaa", "a3" }, { "ababab", "a3 b3" }, { "aabaab", "a4 b2" }, { "AA", "A1 A1" },
		{ "aAaA", "a1 A1 a1 A1" }, { "xababy", "x1 a2 b2 y1" }, { "abcabcd", "a2 b2 c2 d1" },
		{ "aaAaa", "a2 A1 a2" }, { "abab" "cd" "abab" "cd", "a4 b4 c2 d2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lane l = { 0 };

		add(&l, cases[i].in);
		assert_string_equal(lane_text(&l), cases[i].kept);
	}
}

static void a_long_poll_takes_no_memory(void **state)
{
	struct lane l = { 0 };

	(void)state;
	for (int i = 0; i < 1000000; i++)
		add(&l, "abcde");
	assert_true(l.room < 1000);
	assert_string_equal(lane_text(&l), "a1000000 b1000000 c1000000 d1000000 e1000000");
}

static void a_lane_has_its_limit(void **state)
{
	struct lane l = { 0 };
	struct lane_line line = { .word = 1, .count = 1, .id = 1 };

	(void)state;
	for (unsigned i = 0; i < LANE_LINES + 1; i++)
		assert_int_equal(lane_add(&l, &line), 0);
	assert_int_equal(l.n, LANE_LINES);
	assert_true(l.cut);
	lane_free(&l);
}

static void words_have_one_number_each(void **state)
{
	struct words *w = words_new();
	char name[20];
	uint32_t a = words_of(w, "a"), last = 0;

	(void)state;
	assert_int_equal(words_of(w, "a"), a);
	assert_true(words_of(w, "b") != a);
	assert_string_equal(words_text(w, a), "a");
	for (int i = 0; i < WORDS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "%d", i);
		last = words_of(w, name);
	}
	assert_int_equal(words_of(w, "one too many"), last);
	assert_int_equal(words_of(w, "a"), a);
	words_free(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(the_same_run_twice_is_the_same),
		T(times_do_not_matter),
		T(the_order_between_cpus_does_not_matter),
		T(where_smram_is_does_not_matter),
		T(how_often_an_everyday_smi_comes_does_not_matter),
		T(a_lost_smi_is_named_first),
		T(one_event_more_misaligns_nothing),
		T(a_setting_makes_a_difference),
		T(another_cpu_makes_a_difference),
		T(a_lost_smi_has_its_moment_in_both),
		T(differences_have_one_order),
		T(the_same_has_no_spots),
		T(bad_files_and_bad_words_end_in_their_status),
		T(what_a_filter_hides_makes_no_difference), /* last: an option stays in a process */
		cmocka_unit_test(what_repeats_is_kept_once),
		cmocka_unit_test(a_long_poll_takes_no_memory),
		cmocka_unit_test(a_lane_has_its_limit),
		cmocka_unit_test(words_have_one_number_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
