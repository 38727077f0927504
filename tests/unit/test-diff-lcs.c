/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The alignment of two sequences: right for every pair, shortest while it can be afforded, bounded beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../db/diff-lcs.h"
#include "../../tracer/clock.h"

#include <cmocka.h>

#define SMALL 14

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* The length of a longest common subsequence, by the table everybody knows. */
static size_t lcs_length(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	size_t t[SMALL + 1][SMALL + 1] = { 0 };

	for (size_t i = 1; i <= n; i++)
		for (size_t k = 1; k <= m; k++)
			t[i][k] = a[i - 1] == b[k - 1] ? t[i - 1][k - 1] + 1 :
				  t[i - 1][k] > t[i][k - 1] ? t[i - 1][k] : t[i][k - 1];
	return t[n][m];
}

/* What is not marked is the same on both sides; its number. */
static size_t kept(const uint32_t *a, size_t n, const uint8_t *only_a, const uint32_t *b, size_t m,
		   const uint8_t *only_b)
{
	size_t i = 0, k = 0, count = 0;

	for (;; i++, k++, count++) {
		while (i < n && only_a[i])
			i++;
		while (k < m && only_b[k])
			k++;
		if (i == n || k == m)
			break;
		assert_int_equal(a[i], b[k]);
	}
	assert_true(i == n && k == m);
	return count;
}

static size_t compared(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	uint8_t *only_a = calloc(n + 1, 1), *only_b = calloc(m + 1, 1);
	size_t count;

	assert_int_equal(lcs_mark(a, n, only_a, b, m, only_b), 0);
	count = kept(a, n, only_a, b, m, only_b);
	free(only_a);
	free(only_b);
	return count;
}

static void every_small_pair_is_shortest(void **state)
{
	(void)state;
	for (int round = 0; round < 30000; round++) {
		uint32_t a[SMALL], b[SMALL], words = 1 + random_below(5);
		size_t n = random_below(SMALL + 1), m = random_below(SMALL + 1);

		for (size_t i = 0; i < SMALL; i++) {
			a[i] = random_below(words);
			b[i] = random_below(words);
		}
		assert_int_equal(compared(a, n, b, m), lcs_length(a, n, b, m));
	}
}

static void one_insertion_moves_nothing_else(void **state)
{
	enum { N = 100000 };
	uint32_t *a = calloc(N, sizeof(*a)), *b = calloc(N + 1, sizeof(*b));
	uint8_t *only_a = calloc(N, 1), *only_b = calloc(N + 1, 1);

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		a[i] = b[i < 777 ? i : i + 1] = random_below(1000);
	b[777] = 5000;
	assert_int_equal(lcs_mark(a, N, only_a, b, N + 1, only_b), 0);
	assert_null(memchr(only_a, 1, N));
	assert_ptr_equal(memchr(only_b, 1, N + 1), only_b + 777);
	assert_null(memchr(only_b + 778, 1, N - 777));
	free(a);
	free(b);
	free(only_a);
	free(only_b);
}

static void nothing_in_common_ends_in_time(void **state)
{
	enum { N = 500000 };
	uint32_t *a = calloc(N, sizeof(*a)), *b = calloc(N, sizeof(*b));
	int64_t began = clock_now();

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		a[i] = random_below(1000);
		b[i] = 1000 + random_below(1000);
	}
	assert_int_equal(compared(a, N, b, N), 0);
	for (uint32_t i = 0; i < N; i += 1 + random_below(4))
		b[i] = a[i];
	assert_true(compared(a, N, b, N) > N / 4);
	assert_true(clock_now() - began < 120 * NS_PER_SEC);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_small_pair_is_shortest),
		cmocka_unit_test(one_insertion_moves_nothing_else),
		cmocka_unit_test(nothing_in_common_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
