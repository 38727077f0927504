/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter language: which events an expression takes, what it can be narrowed to, what it refuses and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../tracer/event-label.h"
#include "../../tracer/event-text.h"
#include "../../tracer/filter.h"
#include "../../tracer/filter-words.h"

#include <cmocka.h>

#define BEGIN 1000000000

/* Some of everything, one second apart. */
static const char *const story[] = {
	/* 0 */ "cpu=0 cpu-add apic_id=0",
	/* 1 */ "cpu=0 port port=0xb2 dir=write value=0x4 source=qemulog",
	/* 2 */ "cpu=0 smi-enter smbase=0x7ffb3000 rip=0x7e11234 source=gdb",
	/* 3 */ "cpu=1 smi-enter smbase=0x30000 source=gdb origin=inferred",
	/* 4 */ "cpu=1 smbase-write old=0x30000 new=0x7ffb5000 source=gdb",
	/* 5 */ "cpu=1 smi-leave smbase=0x30000 via=breakpoint source=gdb",
	/* 6 */ "cpu=0 ipi mode=init dest=one target=1 source=qemulog",
	/* 7 */ "cpu=0 ipi mode=sipi dest=one target=1 vector=0x9f source=qemulog",
	/* 8 */ "cpu=0 cpuhp reg=0x4 dir=read value=0x1",
	/* 9 */ "cpu=0 cpuhp reg=0x4 dir=write value=0x2",
	/* 10 */ "cpu=? pause why=stop until=17000000000",
	/* 11 */ "cpu=1 handoff word=gate old=0xffffffff value=0x1",
	/* 12 */ "cpu=0 port port=0xb3 dir=read value=0x4",
	/* 13 */ "cpu=11 smi-enter source=gdb",
	/* 14 */ "cpu=? lost count=7",
	/* 15 */ "cpu=0 handoff word=gate old=0x1 value=0xffffffff",
	/* 16 */ "cpu=? config reg=smi-en value=0x33",
	/* 17 */ "cpu=1 cpu-reset in_smm=1",
	/* 18 */ "cpu=1 apic-accept mode=smi source=kvm",
};
#define EVENTS (sizeof(story) / sizeof(story[0]))

static struct event event_at(size_t i)
{
	struct event ev;
	struct error err;

	if (event_parse(&ev, story[i], &err) < 0)
		fail_msg("%s: %s", story[i], err.text);
	ev.ts = BEGIN + (int64_t)i * 1000000000;
	return ev;
}

/* The indexes of events that @f takes, "1 12". */
static const char *taken(const struct filter *f, char out[200])
{
	int used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < EVENTS; i++) {
		struct event ev = event_at(i);

		if (filter_takes(f, &ev))
			used += snprintf(out + used, 200 - (size_t)used, "%s%zu", used ? " " : "", i);
	}
	return out;
}

static struct filter parsed_from(const char *text, const struct filter *from)
{
	struct filter f = { .begin_ns = BEGIN };
	struct error err;

	if (filter_parse(&f, text, from, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(f.text, text);
	assert_int_equal(f.begin_ns, BEGIN);
	return f;
}

struct expected {
	const char *text, *events;
};

static void assert_taken(const struct expected *e, size_t n, const struct filter *from)
{
	for (size_t i = 0; i < n; i++) {
		struct filter f = parsed_from(e[i].text, from);
		char have[200];

		if (strcmp(taken(&f, have), e[i].events))
			fail_msg("\"%s\" takes %s, not %s", e[i].text, have, e[i].events);
	}
}

#define ASSERT_TAKEN(list, from) assert_taken(list, sizeof(list) / sizeof(list[0]), from)
#define HIDDEN_ASKED "0 1 2 3 4 5 6 7 9 11 12 13 14 15 16 17 18" /* without the pause and the poll */

static void kinds_are_alternatives(void **state)
{
	static const struct expected list[] = {
		{ "", HIDDEN_ASKED }, { " , ", HIDDEN_ASKED }, { "default", HIDDEN_ASKED },
		{ "all", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18" },
		{ "smi", "2 3 5 13" }, { "smi,ipi cpu=1", "3 5" }, { "smi ipi", "2 3 5 6 7 13" },
		{ "smi-enter", "2 3 13" }, { "all -smi -ipi -cpuhp", "0 1 4 10 11 12 14 15 16 17 18" },
		{ "-smi", "0 1 4 6 7 9 11 12 14 15 16 17 18" }, { "smi -smi-leave", "2 3 13" },
		{ "smbase", "4" }, { "reset", "17" }, { "cpu", "0 17" }, { "loss", "14" }, { "pause", "10" },
		{ "interest", "0 4 6 7 14 17" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_DEFAULT);
}

static void polling_is_hidden_until_asked_for(void **state)
{
	static const struct expected list[] = {
		{ "cpuhp", "8 9" }, { "reg=0x4", "8 9" }, { "why=stop", "10" }, { "reg=0x4 dir=write", "9" },
		{ "default", HIDDEN_ASKED }, { "0x4", "1 9 12" }, { "cpu=0 0x4", "1 9 12" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_DEFAULT);
}

static void fields_are_compared(void **state)
{
	static const struct expected list[] = {
		{ "port=0xb2", "1" }, { "port=178", "1" }, { "PORT=0XB2", "1" }, { "value=4", "1 12" },
		{ "value=4 dir=write", "1" }, { "mode=init", "6" }, { "mode=INIT", "6" },
		{ "smbase=0x30000", "3 5" }, { "smbase!=0x30000", "2" }, { "smbase=?", "13" }, { "smbase!=?", "2 3 5" },
		{ "smbase>0x30000", "2" }, { "smbase>=0x30000", "2 3 5" }, { "smbase<0x7ffb3000", "3 5" },
		{ "value<=0x33 value>4", "16" }, { "reg=smi-en", "16" }, { "in_smm=1", "17" },
		{ "source=gdb smi-enter", "2 3 13" }, { "origin=inferred", "3" }, { "origin!=inferred smi", "2 5 13" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_ALL);
}

static void values_of_one_name_are_alternatives(void **state)
{
	static const struct expected list[] = {
		{ "port=0xb2 port=0xb3", "1 12" }, { "port=0xb2,0xb3", "1 12" }, { "port=0xb2,0xb3 dir=read", "12" },
		{ "mode=init,sipi", "6 7" }, { "smbase!=0x30000,0x7ffb3000", "" },
		{ "cpu=1,11 smi", "3 5 13" }, { "cpu=1 cpu11 smi", "3 5 13" },
		{ "-port=0xb2,0xb3 port", "" }, { "-port=0xb2 port", "12" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_ALL);
}

static void cpus_have_numbers(void **state)
{
	static const struct expected list[] = {
		{ "cpu=1", "3 4 5 11 17 18" }, { "cpu1", "3 4 5 11 17 18" }, { "cpu=11", "13" }, { "cpu=?", "14 16" },
		{ "cpu!=0", "3 4 5 11 13 17 18" }, { "-cpu=0", "3 4 5 11 13 14 16 17 18" }, { "-cpu0 -cpu1", "13 14 16" },
		{ "cpu>=1", "3 4 5 11 13 17 18" }, { "cpu=1 smi-enter", "3" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_DEFAULT);
}

static void times_count_from_the_beginning(void **state)
{
	static const struct expected list[] = {
		{ "after=15s", "15 16 17 18" }, { "before=2s", "0 1" }, { "after=3s before=5s", "3 4" },
		{ "after=3000ms before=5.000000001s", "3 4 5" }, { "after=1s after=15s", "15 16 17 18" },
		{ "smi after=3", "3 5 13" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_DEFAULT);
}

static void the_rest_is_text(void **state)
{
	static const struct expected list[] = {
		{ "b2=04", "1" }, { "B2=04 cpu0", "1" }, { "b2=05", "" }, { "b3:04", "12" }, { "9f>1", "7" }, { ">1", "6 7" },
		{ "write 0xb2", "1" }, { "SIPI", "7" }, { "0x30000", "3 4 5" }, { "inferred", "3" },
		{ "fixture cpuhp", "8 9" }, { "gate=1", "11" }, { "gate=closed", "15" }, { "GATE=CLOSED", "15" },
		{ "gate", "11 15" }, { "-sipi ipi", "6" }, { "-0x30000 smi", "2 13" }, { "7e11234", "2" },
		{ "smi-ent", "2 3 13" }, { "feed", "" }, { "smm", "17" },
	};

	(void)state;
	ASSERT_TAKEN(list, &FILTER_ALL);
}

static void it_is_narrowed_to_what_can_be(void **state)
{
	static const struct {
		const char *text;
		uint32_t kinds;
		int cpu;
	} list[] = {
		{ "", KIND_ALL, FILTER_ANY_CPU },
		{ "cpu12", KIND_ALL, 12 }, { "cpu=?", KIND_ALL, CPU_UNKNOWN }, { "cpu=1,2", KIND_ALL, FILTER_ANY_CPU },
		{ "-cpu=1", KIND_ALL, FILTER_ANY_CPU }, { "mode=sipi", KIND_BIT(EV_IPI) | KIND_BIT(EV_ACCEPT), FILTER_ANY_CPU },
		{ "b2=04", KIND_BIT(EV_PORT) | KIND_BIT(EV_CPUHP), FILTER_ANY_CPU },
		{ "sipi cpu=0", KIND_BIT(EV_IPI) | KIND_BIT(EV_ACCEPT), 0 }, { "smi-enter 0x30000", KIND_BIT(EV_SMI_ENTER), FILTER_ANY_CPU },
		{ "-sipi", KIND_ALL, FILTER_ANY_CPU }, { "reg=smi-en", KIND_BIT(EV_CONFIG), FILTER_ANY_CPU },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct filter f = parsed_from(list[i].text, &FILTER_ALL);

		if (f.kinds != list[i].kinds || f.cpu != list[i].cpu)
			fail_msg("\"%s\" is narrowed to kinds %#x, CPU %d", list[i].text, f.kinds, f.cpu);
	}
}

/* Whatever text there is in a line or a label, a search for it finds the event. */
static void no_text_is_lost_by_narrowing(void **state)
{
	char line[512], label[64], part[FILTER_TEXT];

	(void)state;
	for (size_t i = 0; i < EVENTS; i++) {
		struct event ev = event_at(i);
		const char *both[2] = { event_line(line, sizeof(line), &ev), event_label(label, sizeof(label), &ev) };

		for (int b = 0; b < 2; b++)
			for (const char *from = both[b]; *from; from++)
				for (size_t len = 1; from[len - 1] && from[len - 1] != ' '; len++) {
					snprintf(part, sizeof(part), "%.*s", (int)len, from);
					if (!strpbrk(part, FILTER_OPERATORS) && !(filter_kinds_saying(part) & KIND_BIT(ev.kind)))
						fail_msg("\"%s\" is thought not to be in: %s", part, both[b]);
				}
	}
}

static void what_can_be_nothing_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} list[] = {
		{ "smi nonsense", "no event has \"nonsense\"" },
		{ "smi-entr", "no event has \"smi-entr\"; did you mean \"smi-enter\"?" },
		{ "-smbase-wrte", "no event has \"smbase-wrte\"; did you mean \"smbase-write\"?" },
		{ "smbsae=0x30000", "no event has a field \"smbsae\"; did you mean \"smbase\"?" },
		{ "aftr=4s", "no event has a field \"aftr\"; did you mean \"after\"?" },
		{ "mode=inti", "mode cannot be \"inti\"; did you mean \"init\"?" },
		{ "mode=init,spi", "mode cannot be \"spi\"" },
		{ "port=x", "port cannot be \"x\"; it takes a value as the events show it, decimal, 0x..., or \"?\"" },
		{ "port=", "port cannot be \"\"" }, { "port!", "no event has a field \"port\"" },
		{ "port=0xb2,pots", "port cannot be \"pots\"" },
		{ "cpu=256", "cpu cannot be \"256\"; it takes 0 .. 255, or \"?\"" }, { "cpu999", "cpu cannot be \"999\"" },
		{ "source=gbd", "source cannot be \"gbd\"; did you mean \"gdb\"?" },
		{ "after=soon", "\"soon\" is not a time such as" }, { "after>4s", "no event has a field \"after\"" },
		{ "-after=1s", "a time takes no \"-\" in front" }, { "-before=1s", "a time takes no \"-\" in front" },
		{ "after=5s before=4s", "no event can be all of \"after=5s before=4s\"" },
		{ "-all", "no event can be all of \"-all\"" }, { "smi mode=init", "no event can be all of" },
		{ "mode=init smbase=0x30000", "no event can be all of" },
		{ "\033[31m5", "no event has \"" }, { "caf\303\251 1", "no event has \"" },
	};
	struct filter f = FILTER_DEFAULT;
	struct error err;
	char long_text[FILTER_TEXT + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		assert_int_equal(filter_parse(&f, list[i].text, &FILTER_DEFAULT, &err), -ERR_USAGE);
		if (!strstr(err.text, list[i].why))
			fail_msg("\"%s\": %s, not %s", list[i].text, err.text, list[i].why);
		assert_null(strchr(err.text, '\n'));
		assert_int_equal(f.kinds, KIND_DEFAULT);
		assert_string_equal(f.text, "");
	}
	memset(long_text, '1', sizeof(long_text));
	long_text[FILTER_TEXT] = '\0';
	assert_int_equal(filter_parse(&f, long_text, &FILTER_DEFAULT, &err), -ERR_USAGE);
	for (int i = 0; i < 200; i += 2)
		memcpy(long_text + i, "1 ", 3);
	assert_int_equal(filter_parse(&f, long_text, &FILTER_DEFAULT, &err), -ERR_USAGE);
	assert_non_null(strstr(err.text, "too many words"));
	assert_int_equal(filter_option(&f, "nonsense", &FILTER_DEFAULT, &err), -ERR_USAGE);
	assert_ptr_equal(strstr(err.text, "option --filter: no event has \"nonsense\""), err.text);
}

/* What completion offers is understood, once a value stands behind what wants one. */
static void every_word_offered_is_one(void **state)
{
	const char *word;

	(void)state;
	for (size_t i = 0; (word = filter_word(i)); i++) {
		struct filter f = FILTER_DEFAULT;
		char text[80];

		snprintf(text, sizeof(text), "%s%s", word, !strchr(word, '=') ? "" : !strcmp(word, "source=") ? "gdb" :
			 !strcmp(word, "origin=") ? "observed" : "1");
		assert_int_equal(filter_parse(&f, text, &FILTER_DEFAULT, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_alternatives),
		cmocka_unit_test(polling_is_hidden_until_asked_for),
		cmocka_unit_test(fields_are_compared),
		cmocka_unit_test(values_of_one_name_are_alternatives),
		cmocka_unit_test(cpus_have_numbers),
		cmocka_unit_test(times_count_from_the_beginning),
		cmocka_unit_test(the_rest_is_text),
		cmocka_unit_test(it_is_narrowed_to_what_can_be),
		cmocka_unit_test(no_text_is_lost_by_narrowing),
		cmocka_unit_test(what_can_be_nothing_is_refused),
		cmocka_unit_test(every_word_offered_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
