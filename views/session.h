/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What attach, run and record share: a recording into a file, with the timeline on a
 * terminal or lines on stdout.
 *
 * On a terminal two processes work: a child records, the parent shows the
 * file it writes. A slow or dead terminal cannot hold the recorder up, and live
 * viewing is the same code as post mortem.
 */
#ifndef VIEWS_SESSION_H
#define VIEWS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracer/cmd.h"
#include "../tracer/filter.h"
#include "../tracer/judge.h"

struct session {
	/* options, as parsed */
	const char *file;     /* -o; NULL = a name made of the time */
	const char *until;    /* event kind, stuck, done; NULL = none */
	const char *profile, *checks, *deadlines; /* NULL = the usual */
	const char *expression; /* of --filter, NULL = none */
	int64_t for_ns;
	int64_t timeout_ns;
	bool force, headless, ascii, all, strict;
	bool kick;            /* send lost SMIs again */
	const char *qmp;      /* path of a QMP socket, NULL = none */
	bool breakpoints;     /* never use watchpoints */
	bool no_log;          /* leave QEMU's log alone */
	bool guest_ram;       /* save states from QEMU's memory too */
	bool kvm;             /* tracepoints instead of stops */
	bool stops;           /* and stops nevertheless */
	int64_t pid;          /* whose guest; 0 = find it */
	int64_t buffer_kb;    /* for tracepoints, each host CPU; 0 = the usual */

	/* what session_prepare() made of them */
	enum event_kind until_kind;         /* EVENT_KIND_COUNT = none */
	enum episode_status until_episode;  /* EPISODE_RUNNING = none */
	struct judge_options judge;
	struct filter filter;               /* what is shown of the events */

	/* set by the command */
	const char *target;   /* the gdbstub, NULL = none */
	const char *title;
	bool own_guest;
};

/* The option tables of the commands, and where they put what they read (one command runs in a process). */
extern struct session session;
extern const struct opt attach_opts[], run_opts[], record_opts[];
#define SESSION_USAGE \
	"[-o FILE] [--force] [--headless] [--for TIME] [--until EVENT] [--profile NAME] [--check LIST] " \
	"[--deadline LIST] [--qmp PATH] [--strict] [--ascii] [--all] [--filter EXPR] [--buffer KIB]"
#define SESSION_STUB_USAGE "[--kick] [--breakpoints] [--no-log] [--guest-ram] [--timeout TIME] [--stops]"
#define SESSION_GUEST_USAGE "[-p PID]"

/* Understand the words among the options: 0 or ERR_USAGE. Before anything is started. */
int session_prepare(struct session *s, struct error *err);

/* Is the timeline to be shown (a terminal, not --headless)? */
bool session_shows_timeline(const struct session *s);

/*
 * Record until it ends. Errors and notes go to stderr, one line each. Returns
 * the exit status: 0, an enum error_code, or 128 + the signal that ended it. Broken
 * rules do not change it: they are findings, and the recording was made.
 */
int session_run(const struct session *s);

#endif
