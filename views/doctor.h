/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `smmtrace doctor` looks at. A check states a fact about this host, never
 * a guess: what it could not find out it says so. To add one: write the
 * function, add its line to checks[] in cmd-doctor.c.
 */
#ifndef VIEWS_DOCTOR_H
#define VIEWS_DOCTOR_H

#include <stdbool.h>

#define VERDICTS(_) _(OK, "ok") _(WARN, "warn") _(NO, "no")

enum verdict {
#define X(V, name) VERDICT_##V,
	VERDICTS(X)
#undef X
	VERDICT_COUNT
};

/* Texts are ASCII, safe to print, without line ends. */
struct finding {
	enum verdict verdict;
	char text[400];    /* the fact, and the reason when it is not ok */
	char remedy[400];  /* what to do about it; "" when there is nothing to do */
};

/* Fill @f. The remedy may be NULL. */
void finding_set(struct finding *f, enum verdict verdict, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* doctor-guest.c: what runs and boots guests. */
void check_qemu(struct finding *f);
void check_ovmf(struct finding *f);
void check_seabios(struct finding *f);
void check_source_gdb(struct finding *f);
void check_source_qemulog(struct finding *f);
void check_source_kvm(struct finding *f);

/* doctor-kernel.c: what the kernel offers. */
void check_guest_memory(struct finding *f);
void check_intel_pt(struct finding *f);

/* doctor-kvm.c: KVM and its tracepoints. */
void check_kvm(struct finding *f);
void check_kvm_smm(struct finding *f);
void check_tracefs(struct finding *f);
void check_kvm_events(struct finding *f);
void check_kvm_left(struct finding *f);

/* doctor-self.c: what smmtrace itself needs. */
void check_terminal(struct finding *f);
void check_sqlite(struct finding *f);

#endif
