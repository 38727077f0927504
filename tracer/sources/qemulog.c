/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemulog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemulog-parse.h"

#define PIPE_SIZE (1 << 20)
#define READ_SIZE (64 * 1024)
#define DRAIN_MAX (16u << 20) /* a drain ends here even when the guest still writes */
#define TAIL_POLL_MS 20       /* where inotify is not to be had */

struct qemulog {
	const struct qemulog_plan *plan;
	struct event_out *out;
	pthread_t reader;
	int wake;          /* eventfd: the reader shall stop */
	int fd;            /* the input */
	int keep;          /* FIFO: a write end of our own, so that it never hangs up */
	int notify;        /* TAIL: inotify, or -1 */
	bool made;         /* the FIFO is there and ours to remove */

	pthread_mutex_t lock; /* all below */
	bool stop;
	int64_t last;      /* latest time handed out */
	off_t offset;      /* TAIL */
	struct qemulog_parse parse;
	char buffer[READ_SIZE];
};

static void put_event(void *arg, const struct event *ev, const struct raw *raw)
{
	struct qemulog *q = arg;

	if (ev->ts > q->last)
		q->last = ev->ts;
	event_put(q->out, ev, raw);
}

/* --- the input --- */

static int open_fifo(struct qemulog *q, struct error *err)
{
	const char *path = q->plan->fifo;

	q->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (q->fd < 0)
		return fail_errno(err, ERR_TARGET, "cannot open the log pipe %s", path);
	q->keep = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (q->keep < 0) {
		close(q->fd);
		q->fd = -1;
		return fail_errno(err, ERR_TARGET, "cannot open the log pipe %s", path);
	}
	(void)fcntl(q->fd, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

/* A private directory with the FIFO in it, for us and the user QEMU runs as. */
static int make_fifo(const struct qemulog_plan *plan, struct error *err)
{
	char dir[sizeof(plan->fifo)];
	char *slash;

	memcpy(dir, plan->fifo, sizeof(dir));
	slash = strrchr(dir, '/');
	if (!slash)
		return fail(err, ERR_TARGET, "no place for a log pipe");
	*slash = '\0';
	if (mkdir(dir, 0700))
		return fail_errno(err, ERR_TARGET, "cannot create %s for the log pipe", dir);
	if (mkfifo(plan->fifo, 0600)) {
		fail_errno(err, ERR_TARGET, "cannot create the log pipe %s", plan->fifo);
		rmdir(dir);
		return -ERR_TARGET;
	}
	if (plan->uid != geteuid() &&
	    (chown(dir, plan->uid, plan->gid) || chown(plan->fifo, plan->uid, plan->gid))) {
		fail_errno(err, ERR_TARGET, "cannot give the log pipe to QEMU's user %u", (unsigned)plan->uid);
		unlink(plan->fifo);
		rmdir(dir);
		return -ERR_TARGET;
	}
	return 0;
}

static void remove_fifo(const struct qemulog_plan *plan)
{
	char dir[sizeof(plan->fifo)];
	char *slash;

	memcpy(dir, plan->fifo, sizeof(dir));
	unlink(dir);
	slash = strrchr(dir, '/');
	if (slash) {
		*slash = '\0';
		rmdir(dir);
	}
}

static int open_tail(struct qemulog *q, struct error *err)
{
	const char *path = q->plan->file;

	q->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (q->fd < 0)
		return fail_errno(err, ERR_TARGET, "cannot read QEMU's log file %s", path);
	q->offset = lseek(q->fd, 0, SEEK_END);
	q->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (q->notify >= 0 && inotify_add_watch(q->notify, path, IN_MODIFY) < 0) {
		close(q->notify);
		q->notify = -1;
	}
	return 0;
}

/* A file that became shorter was truncated: go on with what is in it now. */
static void follow_truncation(struct qemulog *q)
{
	struct stat st;
	off_t data;

	if (fstat(q->fd, &st) || st.st_size >= q->offset)
		return;
	qemulog_parse_flush(&q->parse);
	data = lseek(q->fd, 0, SEEK_DATA);
	q->offset = data > 0 ? data : 0;
	lseek(q->fd, q->offset, SEEK_SET);
}

/* Parse what is there, times at most @limit. Called with the lock held. */
static void read_all(struct qemulog *q, int64_t limit)
{
	size_t done = 0;

	if (q->plan->input == QEMULOG_TAIL)
		follow_truncation(q);
	while (done < DRAIN_MAX) {
		int64_t before = clock_now();
		ssize_t n = read(q->fd, q->buffer, sizeof(q->buffer));
		int64_t after = clock_now();

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		qemulog_parse_push(&q->parse, q->buffer, (size_t)n, before < limit ? before : limit,
				   after < limit ? after : limit);
		q->offset += n;
		done += (size_t)n;
	}
}

/* --- the reader --- */

static void wait_for_input(struct qemulog *q)
{
	bool tail = q->plan->input == QEMULOG_TAIL;
	struct pollfd pfd[] = {
		{ .fd = q->wake, .events = POLLIN },
		{ .fd = tail ? q->notify : q->fd, .events = POLLIN },
	};
	char drop[4096];

	(void)!poll(pfd, 2, tail && q->notify < 0 ? TAIL_POLL_MS : -1);
	if (tail && q->notify >= 0 && pfd[1].revents)
		(void)!read(q->notify, drop, sizeof(drop));
}

static void *reader_main(void *arg)
{
	struct qemulog *q = arg;

	pthread_mutex_lock(&q->lock);
	while (!q->stop) {
		read_all(q, INT64_MAX);
		pthread_mutex_unlock(&q->lock);
		wait_for_input(q);
		pthread_mutex_lock(&q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* Signals are for the thread that owns the terminal. */
static int start_reader(struct qemulog *q)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&q->reader, NULL, reader_main, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* --- life --- */

static void destroy(struct qemulog *q)
{
	const int fds[] = { q->fd, q->keep, q->notify, q->wake };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (q->made)
		remove_fifo(q->plan);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static int open_input(struct qemulog *q, struct error *err)
{
	int rc;

	if (q->plan->input == QEMULOG_TAIL)
		return open_tail(q, err);
	rc = make_fifo(q->plan, err);
	q->made = rc >= 0;
	return q->made ? open_fifo(q, err) : rc;
}

struct qemulog *qemulog_open(const struct qemulog_plan *plan, struct event_out *out, struct error *err)
{
	struct qemulog *q = calloc(1, sizeof(*q));

	if (!q) {
		fail(err, ERR_TARGET, "out of memory");
		return NULL;
	}
	q->plan = plan;
	q->out = out;
	q->fd = q->keep = q->notify = q->wake = -1;
	pthread_mutex_init(&q->lock, NULL);
	qemulog_parse_init(&q->parse, put_event, q);
	q->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (q->wake < 0)
		fail_errno(err, ERR_TARGET, "cannot start the log reader");
	else if (open_input(q, err) >= 0 && start_reader(q) == 0)
		return q;
	else if (q->fd >= 0)
		fail(err, ERR_TARGET, "cannot start the log reader: no thread to be had");
	destroy(q);
	return NULL;
}

void qemulog_set_cpu_tid(struct qemulog *q, int cpu, int tid)
{
	pthread_mutex_lock(&q->lock);
	qemulog_parse_set_tid(&q->parse, tid, cpu);
	pthread_mutex_unlock(&q->lock);
}

int64_t qemulog_drain(struct qemulog *q, int64_t limit_ts)
{
	int64_t last;

	pthread_mutex_lock(&q->lock);
	read_all(q, limit_ts - 1);
	last = q->last;
	pthread_mutex_unlock(&q->lock);
	return last;
}

void qemulog_close(struct qemulog *q)
{
	uint64_t one = 1;

	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_mutex_unlock(&q->lock);
	(void)!write(q->wake, &one, sizeof(one));
	pthread_join(q->reader, NULL);
	read_all(q, INT64_MAX);
	qemulog_parse_flush(&q->parse);
	destroy(q);
}
