/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "commands.h"
#include "doctor.h"
#include "json-text.h"
#include "../tracer/cmd.h"
#include "../tracer/wrap.h"

#define TEXT_COLUMN 18 /* where the finding begins */

static const struct check {
	const char *name;
	const char *purpose; /* what is lost without it */
	void (*run)(struct finding *f);
} checks[] = {
	{ "qemu", "starting guests with run", check_qemu },
	{ "ovmf", "guests with UEFI firmware that uses SMM", check_ovmf },
	{ "seabios", "guests with BIOS firmware", check_seabios },
	{ "gdb", "SMI entries, RSMs and SMBASE writes", check_source_gdb },
	{ "qemulog", "port 0xb2 and 0xb3, INIT, SIPI, hot-plug registers", check_source_qemulog },
	{ "guest-memory", "save states and new SMBASEs under KVM, the hand-off's words; SMBASEs from before attach",
	  check_guest_memory },
	{ "terminal", "the timeline of attach, run and view", check_terminal },
	{ "sqlite", "recordings", check_sqlite },
	{ "kvm", "guests at the speed of the host", check_kvm },
	{ "kvm-smm", "SMM in guests that run under KVM", check_kvm_smm },
	{ "tracefs", "KVM's tracepoints", check_tracefs },
	{ "kvm-events", "SMIs of KVM guests, with no stop", check_kvm_events },
	{ "kvm-trace", "record --kvm, attach --kvm, run with -accel kvm", check_source_kvm },
	{ "kvm-left", "nothing; it takes memory", check_kvm_left },
	{ "intel-pt", "instruction traces; this release does not read them", check_intel_pt },
};
#define CHECKS (sizeof(checks) / sizeof(checks[0]))

#define X(V, name) name,
static const char *const verdict_name[VERDICT_COUNT] = { VERDICTS(X) };
#undef X

static bool as_json;

void finding_set(struct finding *f, enum verdict verdict, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	f->verdict = verdict;
	snprintf(f->remedy, sizeof(f->remedy), "%s", remedy ? remedy : "");
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

static void put_part(const char *label, const char *text)
{
	wrap_text(stdout, text, printf("%*s%s", TEXT_COLUMN, "", label), TEXT_COLUMN + 5);
}

static void print_text(const struct check *check, const struct finding *f)
{
	int at = printf("%-4s %-12s ", verdict_name[f->verdict], check->name);

	wrap_text(stdout, f->text, at, TEXT_COLUMN);
	if (f->verdict == VERDICT_OK)
		return;
	put_part("for: ", check->purpose);
	if (*f->remedy)
		put_part("do:  ", f->remedy);
}

static void print_json(const struct check *check, const struct finding *f)
{
	static const char *const keys[] = { "name", "for", "verdict", "finding", "remedy" };
	const char *const values[] = {
		check->name, check->purpose, verdict_name[f->verdict], f->text, *f->remedy ? f->remedy : NULL,
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		printf("%s\"%s\": ", i ? ", " : "    {", keys[i]);
		json_text(stdout, values[i]);
	}
	putchar('}');
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	(void)cmd;
	(void)argc;
	(void)argv;
	if (as_json)
		printf("{\"schema\": 1, \"smmtrace\": \"%s\", \"checks\": [\n", SMMTRACE_VERSION);
	for (size_t i = 0; i < CHECKS; i++) {
		struct finding f;

		finding_set(&f, VERDICT_WARN, NULL, "not looked at");
		checks[i].run(&f);
		if (as_json) {
			print_json(&checks[i], &f);
			puts(i + 1 < CHECKS ? "," : "\n]}");
		} else {
			print_text(&checks[i], &f);
		}
	}
	return 0;
}

static const struct opt opts[] = {
	{ 0, "json", OPT_FLAG, &as_json, NULL, "write one JSON document instead of lines" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "Say what this host can trace, what not, why, and what to do about it.",
	.usage = "[--json]",
	.opts = opts,
	.run = run,
};
