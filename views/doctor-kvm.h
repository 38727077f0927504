/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What doctor-kvm.c finds out about files that a test can make. */
#ifndef VIEWS_DOCTOR_KVM_H
#define VIEWS_DOCTOR_KVM_H

#include "doctor.h"

/* Is tracefs closed, by the @text of /sys/kernel/security/lockdown ("none [integrity] confidentiality")? */
bool doctor_is_locked(const char *text);

/* Which KVM events there are in the folder @events of tracefs. */
void doctor_kvm_events(struct finding *f, const char *events);

/* Instances in the tracefs at @tracing that killed runs have left. */
void doctor_stale(struct finding *f, const char *tracing);

#endif
