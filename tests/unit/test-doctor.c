/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What doctor says of kernels that this host has not: folders that look like theirs. */
#include "../../views/doctor-kvm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/smmtrace-doctor.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void make(const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static struct finding events(void)
{
	struct finding f;

	doctor_kvm_events(&f, dir);
	return f;
}

static void expect(struct finding f, enum verdict verdict, const char *text, const char *remedy)
{
	if (f.verdict != verdict || !strstr(f.text, text) || (remedy && !strstr(f.remedy, remedy)))
		fail_msg("%d: %s | %s", f.verdict, f.text, f.remedy);
}

static void only_confidentiality_closes_tracefs(void **state)
{
	(void)state;
	assert_true(doctor_is_locked("none integrity [confidentiality]\n"));
	assert_false(doctor_is_locked("none [integrity] confidentiality\n"));
	assert_false(doctor_is_locked("[none] integrity confidentiality\n"));
	assert_false(doctor_is_locked(""));
}

static void the_events_of_a_kernel_are_named_with_what_they_mean(void **state)
{
	(void)state;
	expect(events(), VERDICT_NO, "no kvm tracepoints", "modprobe");
	make("kvm");
	make("kvm/kvm_pio");
	expect(events(), VERDICT_WARN, "kvm_apic_ipi", NULL);
	make("kvm/kvm_apic_ipi");
	make("kvm/kvm_apic_accept_irq");
	expect(events(), VERDICT_NO, "neither kvm_smm_transition nor kvm_enter_smm", "CONFIG_KVM_SMM");
	make("kvm/kvm_enter_smm");
	expect(events(), VERDICT_OK, "SMBASE of the next SMI", NULL);
	make("kvm/kvm_smm_transition");
	expect(events(), VERDICT_OK, "SMBASE of that SMI", NULL);
}

/* An id that nobody has: that of a child which has ended. */
static pid_t ended(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void what_killed_runs_have_left_is_named(void **state)
{
	char name[64];
	struct finding f;

	(void)state;
	make("instances");
	make("instances/somebody");
	make("instances/smmtrace.x");
	doctor_stale(&f, dir);
	expect(f, VERDICT_OK, "no run that was killed", NULL);
	snprintf(name, sizeof(name), "instances/smmtrace.%d", (int)ended());
	make(name);
	doctor_stale(&f, dir);
	expect(f, VERDICT_WARN, "1 tracing instance was left", "rmdir");
	assert_non_null(strstr(f.remedy, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_confidentiality_closes_tracefs),
		cmocka_unit_test_setup_teardown(the_events_of_a_kernel_are_named_with_what_they_mean, setup, teardown),
		cmocka_unit_test_setup_teardown(what_killed_runs_have_left_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
