/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an event was made of: from the source that puts it, through the pipeline, into the file and out of it. */
#include "recording-fixture.h"

#include "../../tracer/arrange.h"
#include "../../tracer/clock.h"
#include "../../tracer/pipeline.h"
#include "../../tracer/sources/smm-state.h"

static struct error err;

static struct event event_at(int64_t ts)
{
	return event_new(EV_CPUHP, SRC_QEMULOG, 0, ts);
}

/* As the pipeline hands it to the writer. */
static void record_raw(struct fixture *f, const struct raw *raw)
{
	struct event ev = event_at(++f->n);
	struct sink_event se = { .id = f->n, .ev = &ev, .model = &f->model, .raw = raw };
	struct sink *s = writer_sink(f->writer);

	assert_int_equal(s->ops->event(s, &se, &err), 0);
}

static struct reader_raw raw_of(struct fixture *f, int64_t id)
{
	struct reader_raw out;

	assert_int_equal(reader_raw(f->reader, id, &out, &err), 0);
	return out;
}

static void open_reader(struct fixture *f)
{
	finish(f);
	f->reader = reader_open(f->path, &err);
	assert_non_null(f->reader);
}

static void texts_come_back_byte_for_byte(void **state)
{
	static const char bytes[] = "a\0b\x1b[31m\xff\xc3(\n";
	struct fixture *f = *state;
	struct raw raw = raw_text(bytes, sizeof(bytes) - 1);
	struct reader_raw got;

	record_raw(f, &raw);
	record_raw(f, NULL);
	open_reader(f);
	got = raw_of(f, 1);
	assert_true(got.kept && got.has_text && !got.dropped && !got.whole && !got.state_len);
	assert_int_equal(got.len, sizeof(bytes) - 1);
	assert_memory_equal(got.text, bytes, got.len);
	got = raw_of(f, 2);
	assert_true(got.kept && !got.has_text && !got.dropped && !got.len);
}

static void a_megabyte_is_cut_and_says_so(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(1 << 20);
	struct raw raw = raw_text(big, 1 << 20);
	struct reader_raw got;

	memset(big, 'x', 1 << 20);
	record_raw(f, &raw);
	free(big);
	open_reader(f);
	got = raw_of(f, 1);
	assert_int_equal(got.len, RAW_TEXT_MAX);
	assert_int_equal(got.whole, 1 << 20);
}

static void what_was_dropped_says_so(void **state)
{
	struct fixture *f = *state;
	struct reader_raw got;

	record_raw(f, &(struct raw){ .dropped = true });
	open_reader(f);
	got = raw_of(f, 1);
	assert_true(got.dropped && !got.has_text);
}

static void a_save_state_comes_back(void **state)
{
	struct fixture *f = *state;
	uint8_t tail[SMM_STATE_TAIL] = { [0] = 0xab, [0xfc] = 0x64, [0xfe] = 0x02, [0x178] = 0x34 };
	struct smm_state saved;
	struct reader_raw got;

	record_raw(f, &(struct raw){ .state = tail, .state_len = sizeof(tail) });
	open_reader(f);
	got = raw_of(f, 1);
	assert_int_equal(got.state_len, sizeof(tail));
	assert_memory_equal(got.state, tail, sizeof(tail));
	assert_int_equal(smm_state_decode(got.state, got.state_len, &saved), 0);
	assert_int_equal(saved.value[SMM_RIP], 0x34);
}

/* --- the pipeline */

struct counter {
	struct sink sink; /* first */
	unsigned with, dropped, without, wrong;
	uint64_t lost;
};

static int count(struct sink *s, const struct sink_event *se, struct error *e)
{
	struct counter *c = (struct counter *)s;
	char expected[32];

	(void)e;
	if (se->ev->kind == EV_LOST) {
		c->lost += se->ev->arg[LOST_COUNT];
		return 0;
	}
	snprintf(expected, sizeof(expected), "%llu", (unsigned long long)event_get(se->ev, CPUHP_VALUE, 0));
	if (!se->raw)
		c->without++;
	else if (se->raw->dropped)
		c->dropped++;
	else
		c->with++;
	if (se->raw && !se->raw->dropped && strncmp(se->raw->text, expected, se->raw->len))
		c->wrong++;
	return 0;
}

static const struct sink_ops counting = { .name = "counter", .event = count };

/* @n events out of order, each with its own number padded to @len bytes; every tenth has none. */
static struct counter put_many(unsigned n, size_t len)
{
	struct counter c = { .sink.ops = &counting };
	struct sink *sinks[] = { &c.sink };
	struct pipeline *p = pipeline_start(NULL, &err);
	int64_t later = clock_now() + 3600 * NS_PER_SEC; /* all are held until the end */
	char text[RAW_TEXT_MAX] = "";

	assert_non_null(p);
	pipeline_deliver(p, sinks, 1);
	for (unsigned i = 0; i < n; i++) {
		struct event ev = event_at(later + (int64_t)(i ^ 5));
		struct raw raw = raw_text(text, len);

		event_set(&ev, CPUHP_VALUE, i);
		snprintf(text, sizeof(text), "%u", i);
		event_put(pipeline_input(p), &ev, i % 10 ? &raw : NULL);
	}
	assert_int_equal(pipeline_finish(p, &err), 0);
	return c;
}

static void each_event_keeps_its_own(void **state)
{
	struct counter c = put_many(1000, 8);

	(void)state;
	assert_int_equal(c.with, 900);
	assert_int_equal(c.without, 100);
	assert_int_equal(c.dropped + c.wrong, 0);
}

/* Texts are given up before events are. */
static void without_room_the_text_is_dropped_not_the_event(void **state)
{
	struct counter c = put_many(40000, RAW_TEXT_MAX);

	(void)state;
	assert_int_equal(c.with + c.dropped + c.without, 40000);
	assert_int_equal(c.lost, 0);
	assert_int_equal(c.wrong, 0);
	assert_in_range(c.with, ARRANGE_MAX_RAW / (RAW_TEXT_MAX + 200), ARRANGE_MAX_RAW / RAW_TEXT_MAX);
	assert_true(c.dropped > 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(texts_come_back_byte_for_byte),
		T(a_megabyte_is_cut_and_says_so),
		T(what_was_dropped_says_so),
		T(a_save_state_comes_back),
		cmocka_unit_test(each_event_keeps_its_own),
		cmocka_unit_test(without_room_the_text_is_dropped_not_the_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
