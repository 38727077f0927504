/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text on a page and in a document, whatever it holds; numbers that readers round; ranks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../../views/html-text.h"
#include "../../views/json-text.h"
#include "../../views/samples.h"
#include "../../views/unseen.h"

#include <cmocka.h>

/* What @put writes for @text; to be freed. */
static char *written(void (*put)(FILE *out, const char *text), const char *text)
{
	char *out = NULL;
	size_t len;
	FILE *mem = open_memstream(&out, &len);

	put(mem, text);
	fclose(mem);
	assert_int_equal(strlen(out), len);
	return out;
}

static void assert_written(void (*put)(FILE *out, const char *text), const char *text, const char *want)
{
	char *out = written(put, text);

	assert_string_equal(out, want);
	free(out);
}

static void markup_is_text_on_a_page(void **state)
{
	(void)state;
	assert_written(html_text, "<script>alert('x\"&amp;')</script>",
		       "&lt;script&gt;alert(&#39;x&quot;&amp;amp;&#39;)&lt;/script&gt;");
	assert_written(html_text, "\" onload=\"x", "&quot; onload=&quot;x");
	assert_written(html_text, NULL, "");
}

static void what_shows_nothing_is_shown_on_a_page(void **state)
{
	(void)state;
	assert_written(html_text, "a\033[31m\n\x7f", "a\\u{1b}[31m\\u{a}\\u{7f}");
	assert_written(html_text, "\xc2\x9b" "31m", "\\u{9b}31m");
	assert_written(html_text, "x\xe2\x80\xae" "fdp.exe", "x\\u{202e}fdp.exe");      /* right-to-left override */
	assert_written(html_text, "\xe2\x80\x8b\xef\xbb\xbf\xe2\x81\xa6", "\\u{200b}\\u{feff}\\u{2066}");
	assert_written(html_text, "\xf3\xa0\x81\x81", "\\u{e0041}");                    /* a tag character */
}

static void what_is_no_utf8_is_bytes_on_a_page(void **state)
{
	(void)state;
	assert_written(html_text, "\xff<\xc3", "\\xff&lt;\\xc3");
	assert_written(html_text, "\xc0\xbcscript>", "\\xc0\\xbcscript&gt;");           /* an overlong < */
	assert_written(html_text, "\xed\xa0\x80", "\\xed\\xa0\\x80");                   /* a surrogate */
	assert_written(html_text, "Gr\xc3\xbc\xc3\x9f" "e \xe2\x86\x92 \xf0\x9f\x90\xa7",
		       "Gr\xc3\xbc\xc3\x9f" "e \xe2\x86\x92 \xf0\x9f\x90\xa7");
}

static void a_megabyte_becomes_little(void **state)
{
	size_t size = 1 << 20;
	char *text = malloc(size + 1), *out;

	(void)state;
	memset(text, '<', size);
	text[size] = '\0';
	out = written(html_text, text);
	assert_int_equal(strlen(out), HTML_TEXT_MAX * strlen("&lt;") + strlen("…"));
	assert_string_equal(out + HTML_TEXT_MAX * strlen("&lt;"), "…");
	free(out);
	free(text);
}

/* Cut between two characters, not inside one: nothing comes out as bytes. */
static void the_cut_is_between_characters(void **state)
{
	char text[HTML_TEXT_MAX + 8] = "";
	char *out;

	(void)state;
	for (size_t i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[0] = 'x';
	out = written(html_text, text);
	assert_null(strstr(out, "\\x"));
	free(out);
}

static void json_holds_any_text(void **state)
{
	(void)state;
	assert_written(json_text, "a\"\\\n\033</script>", "\"a\\\"\\\\\\u000a\\u001b</script>\"");
	assert_written(json_text, "\xc2\x9b\xe2\x80\xae\xff", "\"\\u009b\\u202e\\ufffd\"");
	assert_written(json_text, "\xf3\xa0\x81\x81\xf0\x9f\x90\xa7", "\"\\udb40\\udc41\xf0\x9f\x90\xa7\"");
	assert_written(json_text, NULL, "null");
}

static void whole_numbers_stay_whole(void **state)
{
	char *out = NULL;
	size_t len;
	FILE *mem = open_memstream(&out, &len);
	struct json_out j = { .out = mem, .tall = 1 };
	json_t *doc;

	(void)state;
	json_put_open(&j, NULL, '{');
	json_put_int(&j, "exact", INT64_C(1) << 53);
	json_put_int(&j, "more", (INT64_C(1) << 53) + 1);
	json_put_int(&j, "least", INT64_MIN);
	json_put_hex(&j, "base", UINT64_MAX);
	json_put_int_unless(&j, "unknown", -1, -1);
	json_put_open(&j, "list", '[');
	json_put_int(&j, NULL, 1);
	json_put_open(&j, NULL, '{');
	json_put_close(&j, '}');
	json_put_word(&j, NULL, "");
	json_put_close(&j, ']');
	json_put_bool(&j, "last", true);
	json_put_close(&j, '}');
	fclose(mem);
	doc = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(doc);
	assert_true(json_integer_value(json_object_get(doc, "exact")) == INT64_C(1) << 53);
	assert_string_equal(json_string_value(json_object_get(doc, "more")), "0x20000000000001");
	assert_string_equal(json_string_value(json_object_get(doc, "least")), "-0x8000000000000000");
	assert_string_equal(json_string_value(json_object_get(doc, "base")), "0xffffffffffffffff");
	assert_true(json_is_null(json_object_get(doc, "unknown")));
	assert_int_equal(json_array_size(json_object_get(doc, "list")), 3);
	assert_true(json_is_true(json_object_get(doc, "last")));
	json_decref(doc);
	free(out);
}

static void a_rank_is_one_that_was_measured(void **state)
{
	struct samples s = { 0 };

	(void)state;
	for (int64_t i = 1000; i > 0; i--)
		assert_true(samples_add(&s, i));
	samples_sort(&s);
	assert_int_equal(samples_rank(&s, 0), 1);
	assert_int_equal(samples_rank(&s, 50), 500);
	assert_int_equal(samples_rank(&s, 90), 900);
	assert_int_equal(samples_rank(&s, 99), 990);
	assert_int_equal(samples_rank(&s, 100), 1000);
	samples_free(&s);
	assert_true(samples_add(&s, 7));
	assert_int_equal(samples_rank(&s, 0), 7);
	assert_int_equal(samples_rank(&s, 50), 7);
	assert_int_equal(samples_rank(&s, 100), 7);
	samples_free(&s);
}

static void letters_are_seen(void **state)
{
	(void)state;
	assert_false(unseen('a') || unseen(0xe4) || unseen(0x2026) || unseen(0x1f427));
	assert_true(unseen(0) && unseen(0x9f) && unseen(0xad) && unseen(0x2028) && unseen(0x1fffe));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_is_text_on_a_page),
		cmocka_unit_test(what_shows_nothing_is_shown_on_a_page),
		cmocka_unit_test(what_is_no_utf8_is_bytes_on_a_page),
		cmocka_unit_test(a_megabyte_becomes_little),
		cmocka_unit_test(the_cut_is_between_characters),
		cmocka_unit_test(json_holds_any_text),
		cmocka_unit_test(whole_numbers_stay_whole),
		cmocka_unit_test(a_rank_is_one_that_was_measured),
		cmocka_unit_test(letters_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
