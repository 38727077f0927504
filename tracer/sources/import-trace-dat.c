/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.dat, by libtracecmd. The library trusts its input, so it reads in a child process: a file that
 * makes it crash costs an import and not the program. The child sends messages over a pipe; both share the
 * file's position, which tells where the library was.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <trace-cmd/trace-cmd.h>
#include <unistd.h>

#include "import-internal.h"
#include "../../gdbproto/safe-text.h"

#define HOST_CPUS 4096
#define INSTANCES 64

/* Exported by libtracecmd, and not in its header. */
extern const char *tracecmd_get_trace_clock(struct tracecmd_input *handle) __attribute__((weak));

enum saying { SAY_POINT, SAY_LOST, SAY_FOREIGN, SAY_CLOCK, SAY_FAILED, SAY_END };

struct message {
	enum saying what;
	int64_t from, until; /* SAY_LOST */
	uint64_t count;
	struct kvm_point p; /* SAY_POINT */
	char text[64]; /* the others */
};

struct child {
	FILE *to;
	struct tracecmd_input *input;
	struct tep_handle *tep; /* whose formats these are */
	struct kvm_formats *formats;
	int64_t last[HOST_CPUS]; /* the last record of each CPU */
};

bool import_is_trace_dat(const char *head, size_t len)
{
	static const char magic[] = "\x17\x08\x44tracing";

	return len >= sizeof(magic) - 1 && !memcmp(head, magic, sizeof(magic) - 1);
}

/* --- the child --- */

static void say(struct child *c, const struct message *m)
{
	if (fwrite(m, sizeof(*m), 1, c->to) != 1)
		_exit(0); /* nobody listens any more */
}

static void say_text(struct child *c, enum saying what, const char *text)
{
	struct message m = { .what = what };

	snprintf(m.text, sizeof(m.text), "%s", text ? text : "");
	say(c, &m);
}

static void say_missed(struct child *c, const struct tep_record *r, int cpu)
{
	struct message m = { .what = SAY_LOST, .until = (int64_t)r->ts };

	m.from = cpu >= 0 && cpu < HOST_CPUS && c->last[cpu] ? c->last[cpu] : m.until;
	m.count = r->missed_events > 0 ? (uint64_t)r->missed_events : 0;
	say(c, &m);
}

static int take(struct tracecmd_input *input, struct tep_record *r, int cpu, void *arg)
{
	struct child *c = arg;
	struct tep_handle *tep = tracecmd_get_tep(input);
	struct message m = { .what = SAY_POINT };

	if (tep != c->tep) {
		kvm_formats_free(c->formats);
		c->formats = kvm_formats_new(tep);
		c->tep = tep;
	}
	if (r->missed_events)
		say_missed(c, r, cpu);
	if (cpu >= 0 && cpu < HOST_CPUS)
		c->last[cpu] = (int64_t)r->ts;
	m.p = kvm_point_new(KVM_POINT_COUNT, (int64_t)r->ts, 0, cpu);
	if (c->formats && r->size > 0 && kvm_point_of_record(c->formats, r->data, (size_t)r->size, &m.p)) {
		say(c, &m);
	} else {
		struct tep_event *event = tep_find_event_by_record(tep, r);

		say_text(c, SAY_FOREIGN, event ? event->name : "event without format");
	}
	return 0;
}

/* All buffers of the file, by time: that of the top, and those of instances (trace-cmd record -B). */
static int read_all(struct child *c)
{
	struct tracecmd_input *handle[INSTANCES + 1] = { c->input };
	int n = tracecmd_buffer_instances(c->input), all = 1;

	for (int i = 0; i < n && all <= INSTANCES; i++)
		if ((handle[all] = tracecmd_buffer_instance_handle(c->input, i)) != NULL)
			all++;
	return tracecmd_iterate_events_multi(handle, all, take, c);
}

static void be_child(int fd, int pipe_fd)
{
	struct child *c = calloc(1, sizeof(*c));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	tracecmd_set_loglevel(TEP_LOG_NONE);
	if (!c || !(c->to = fdopen(pipe_fd, "w")))
		_exit(1);
	lseek(fd, 0, SEEK_SET);
	c->input = tracecmd_open_fd(fd, TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!c->input) {
		say_text(c, SAY_FAILED, "libtracecmd cannot read its headers");
	} else {
		if (tracecmd_get_trace_clock)
			say_text(c, SAY_CLOCK, tracecmd_get_trace_clock(c->input));
		say_text(c, read_all(c) < 0 ? SAY_FAILED : SAY_END, "libtracecmd cannot read its events");
	}
	fflush(c->to);
	_exit(0);
}

/* --- the parent --- */

/* Returns whether more will come. */
static bool hear(struct import *im, const struct message *m)
{
	switch (m->what) {
	case SAY_POINT:
		import_point(im, &m->p);
		return true;
	case SAY_LOST:
		import_lost(im, m->from, m->until, m->count);
		return true;
	case SAY_FOREIGN:
		import_foreign(im, m->text, strnlen(m->text, sizeof(m->text)));
		return true;
	case SAY_CLOCK:
		import_clock(im, *m->text ? m->text : "unknown");
		return true;
	default:
		return false;
	}
}

static int listen_to(struct import *im, int fd, pid_t child, struct error *err)
{
	struct message m = { .what = SAY_CLOCK };
	FILE *from = fdopen(fd, "r");
	bool more = from != NULL;
	uint64_t n = 0;
	int status;

	while (more && !(++n % 1024 == 0 && import_stopped(im)) &&
	       (more = fread(&m, sizeof(m), 1, from) == 1))
		more = hear(im, &m);
	if (more)
		kill(child, SIGKILL);
	if (from)
		fclose(from);
	while (waitpid(child, &status, 0) < 0)
		;
	if (more || m.what == SAY_END)
		return 0;
	return import_corrupt(&im->file, (uint64_t)lseek(im->file.fd, 0, SEEK_CUR), err, "%s",
			      m.what == SAY_FAILED ? m.text : "libtracecmd does not survive reading this");
}

int import_read_trace_dat(struct import *im, struct error *err)
{
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		return fail_errno(err, ERR_OUTPUT, "cannot make a pipe");
	fflush(NULL);
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return fail_errno(err, ERR_OUTPUT, "cannot start a process");
	}
	if (!child) {
		close(ends[0]);
		be_child(im->file.fd, ends[1]);
	}
	close(ends[1]);
	return listen_to(im, ends[0], child, err);
}
