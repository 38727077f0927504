/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A story played to its end, for cmocka tests that look at the judge behind it. Include it behind story.h
 * and cmocka.h, in this order: cmocka has a macro `fail`.
 */
#ifndef TESTS_LIB_PLAYED_H
#define TESTS_LIB_PLAYED_H

static struct judge *judge;

static int teardown(void **state)
{
	(void)state;
	judge_free(judge);
	judge = NULL;
	return 0;
}

static void play(const char *text)
{
	struct error err;

	judge_free(judge);
	judge = judge_new(NULL);
	assert_non_null(judge);
	if (story_play(judge, text, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(judge_finish(judge, NULL), 0);
}

#endif
