/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the import-*.c files only: what a reader of a format is given, and what it hands on. */
#ifndef TRACER_SOURCES_IMPORT_INTERNAL_H
#define TRACER_SOURCES_IMPORT_INTERNAL_H

#include "import-file.h"
#include "import-order.h"
#include "import.h"
#include "kvm-events.h"

#define IMPORT_HEAD 65536 /* bytes that a format is told by */
#define IMPORT_STEP_NS 1000 /* what has no time is so much later than what stands before it */

struct import {
	const struct import_args *args;
	struct import_stats *stats;
	struct import_file file;
	bool learning;              /* the first pass: nothing goes out */
	const struct raw *raw;      /* the line of the point being translated; NULL = there is none */
	struct event_out tap;       /* where kvm puts its events */
	struct kvm_events *kvm;
	struct import_order *order;

	/* learnt in the first pass, by CPU */
	struct seen_cpu {
		bool seen;
		int32_t tid, first_tid;
		uint64_t smbase;        /* at its last entry */
		int64_t left;           /* by its last leave; 0 = not since that entry, or events were lost */
	} cpu[EVENT_MAX_CPUS];
	struct rebase {             /* an SMBASE that changed in the SMI that ended then */
		int cpu;
		int64_t left;
		uint64_t from, to;
	} *rebase;
	size_t rebases, rebase_room, rebase_next;

	int32_t pid[64];
	unsigned pids;
	struct thread_cpu {
		int32_t tid;
		int cpu;
	} thread[EVENT_MAX_CPUS];
	unsigned threads;
};

/* One point of KVM. */
void import_point(struct import *im, const struct kvm_point *p);

/* @count events (0 = nobody knows how many) were lost between the two. */
void import_lost(struct import *im, int64_t from, int64_t until, uint64_t count);

/* One event that needs no translation. */
void import_event(struct import *im, const struct event *ev, const struct raw *raw);

/* Something of that name is in the file, and not understood. */
void import_foreign(struct import *im, const char *name, size_t len);

void import_clock(struct import *im, const char *name);

/* Wall clock = recorded time + @ns. */
void import_wall(struct import *im, int64_t ns);

/* What is understood stands at @ts. */
void import_note_time(struct import *im, int64_t ts);

/* Out it goes, in the second pass. */
void import_emit(struct import *im, const struct event *ev, const struct raw *raw);

/* import-learn.c */
void import_learn(struct import *im, const struct kvm_point *p);
void import_learn_loss(struct import *im);
void import_learnt(struct import *im); /* the first pass is over */
void import_translate(struct import *im, const struct kvm_point *p);

/* Give up now, without an error. */
bool import_stopped(const struct import *im);

/* The readers, one file each. */
bool import_is_trace_dat(const char *head, size_t len);
int import_read_trace_dat(struct import *im, struct error *err);
bool import_is_perf(const char *head, size_t len);
int import_read_perf(struct import *im, struct error *err);
bool import_is_ftrace_text(const char *head, size_t len);
int import_read_ftrace_text(struct import *im, struct error *err);
bool import_is_qemulog(const char *head, size_t len);
int import_read_qemulog(struct import *im, struct error *err);
bool import_is_int_text(const char *head, size_t len);

#endif
