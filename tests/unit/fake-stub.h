/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A scripted gdb server for tests: one connection, served by a thread.
 *
 * The script is a list of (request, reply). A request is answered by the first
 * unused line that begins like it, or by the last such line again; without
 * one, by the empty packet. A reply is one packet or several, one a line:
 *   text    framed        !text   sent as it is
 *   ~       nothing       ^       close the connection
 * Request "-" answers a NAK, "\003" an interrupt.
 *
 * What was received is kept in .log, requests parted by '|' and 0x03 written
 * ^C; fake_end() joins the thread, after which the record may be read.
 */
#ifndef TESTS_FAKE_STUB_H
#define TESTS_FAKE_STUB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../gdbproto/rsp-packet.h"

#define FAKE_LINES 64
#define FAKE_PATIENCE_MS 20000

struct fake_line {
	const char *request, *reply;
};

struct fake {
	/* Set by the test. */
	const struct fake_line *lines;  /* ends with a NULL request; NULL: speak no protocol */
	const char *greeting;           /* raw, sent at once */
	const char *nudged;             /* raw, sent at the first newline received */
	bool strict_acks;               /* whatever follows a reply must be its ack */
	bool bytewise;                  /* every byte in a segment of its own */
	bool tcp;
	const char *host;               /* with tcp: what the target calls us if not 127.0.0.1 */
	void (*takes_over)(int fd);     /* instead of all this */
	/* Read by the test. */
	char target[160];
	char log[65536];
	unsigned late_acks;             /* '+' received behind the request vCont? */
	unsigned violations;            /* strict_acks: what was no ack */
	/* Its own. */
	char dir[100], path[108];
	size_t log_len;
	bool used[FAKE_LINES], probed, owed;
	int listener, fd;
	pthread_t thread;
};

static inline void fake_send(struct fake *f, const char *bytes, size_t len)
{
	size_t step = f->bytewise ? 1 : len;

	for (size_t at = 0; at < len; at += step) {
		if (send(f->fd, bytes + at, step, MSG_NOSIGNAL) < 0)
			return;
		if (f->bytewise)
			sched_yield();
	}
}

static inline void fake_log(struct fake *f, const char *text, size_t len)
{
	if (f->log_len + len + 2 > sizeof(f->log))
		return;
	if (f->log_len)
		f->log[f->log_len++] = '|';
	memcpy(f->log + f->log_len, text, len);
	f->log_len += len;
	f->log[f->log_len] = '\0';
}

/* One line of a reply; false ends the connection. */
static inline bool fake_reply_part(struct fake *f, const char *part, size_t len)
{
	char *frame;

	if (len == 1 && *part == '^')
		return false;
	if (len == 1 && *part == '~')
		return true;
	if (len && *part == '!') {
		fake_send(f, part + 1, len - 1);
		return true;
	}
	frame = malloc(RSP_FRAME_MAX(len));
	fake_send(f, frame, rsp_encode(frame, part, len));
	free(frame);
	f->owed = true;
	return true;
}

static inline const char *fake_lookup(struct fake *f, const char *request)
{
	const char *last = "";

	for (int i = 0; i < FAKE_LINES && f->lines[i].request; i++) {
		if (strncmp(request, f->lines[i].request, strlen(f->lines[i].request)))
			continue;
		last = f->lines[i].reply;
		if (!f->used[i]) {
			f->used[i] = true;
			break;
		}
	}
	return last;
}

static inline bool fake_answer(struct fake *f, const char *request)
{
	const char *reply = fake_lookup(f, request);

	for (;;) {
		size_t len = strcspn(reply, "\n");

		if (!fake_reply_part(f, reply, len))
			return false;
		if (!reply[len])
			return true;
		reply += len + 1;
	}
}

/* One byte received; false ends the connection. */
static inline bool fake_byte(struct fake *f, struct rsp_rx *rx, unsigned char byte)
{
	enum rsp_rx_event e;

	if (!f->lines) {
		if (byte == '\n' && f->nudged) {
			fake_send(f, f->nudged, strlen(f->nudged));
			f->nudged = NULL;
		}
		return true;
	}
	if (byte == '\003' && rx->state == RSP_RX_IDLE) {
		fake_log(f, "^C", 2);
		return fake_answer(f, "\003");
	}
	e = rsp_rx_push(rx, byte);
	if (f->owed && f->strict_acks)
		f->violations += e != RSP_RX_ACK && e != RSP_RX_NAK;
	f->owed = false;
	f->late_acks += e == RSP_RX_ACK && f->probed;
	if (e == RSP_RX_NAK)
		return fake_answer(f, "-");
	if (e != RSP_RX_PACKET)
		return true;
	fake_log(f, rx->data, rx->len);
	f->probed |= !strcmp(rx->data, "vCont?");
	fake_send(f, "+", 1);
	return fake_answer(f, rx->data);
}

static inline void fake_serve(struct fake *f)
{
	static __thread char buf[65536];
	unsigned char in[4096];
	struct rsp_rx rx;
	ssize_t n;

	rsp_rx_init(&rx, buf, sizeof(buf));
	if (f->greeting)
		fake_send(f, f->greeting, strlen(f->greeting));
	while ((n = recv(f->fd, in, sizeof(in), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (!fake_byte(f, &rx, in[i]))
				return;
		}
	}
}

static inline void *fake_main(void *arg)
{
	struct fake *f = arg;
	struct pollfd p = { .fd = f->listener, .events = POLLIN };

	if (poll(&p, 1, FAKE_PATIENCE_MS) <= 0)
		return NULL;
	f->fd = accept(f->listener, NULL, NULL);
	if (f->fd < 0)
		return NULL;
	if (f->takes_over)
		f->takes_over(f->fd);
	else
		fake_serve(f);
	close(f->fd);
	return NULL;
}

static inline void fake_listen_unix(struct fake *f)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%s/stub-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		abort();
	snprintf(f->path, sizeof(f->path), "%s/s", f->dir);
	strcpy(sa.sun_path, f->path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		abort();
	snprintf(f->target, sizeof(f->target), "unix:%s", f->path);
}

static inline void fake_listen_tcp(struct fake *f)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    getsockname(f->listener, (struct sockaddr *)&sa, &len) < 0)
		abort();
	snprintf(f->target, sizeof(f->target), "127.0.0.1:%u", ntohs(sa.sin_port));
}

/* Both kinds of addresses, as QEMU's -s listens; false where there is no IPv6. */
static inline bool fake_listen_both(struct fake *f)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	socklen_t len = sizeof(sa);
	int off = 0;

	f->listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->listener < 0)
		return false;
	setsockopt(f->listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    getsockname(f->listener, (struct sockaddr *)&sa, &len) < 0) {
		close(f->listener);
		return false;
	}
	snprintf(f->target, sizeof(f->target), "%s:%u", f->host, ntohs(sa.sin6_port));
	return true;
}

/* False only for a .host on a machine without IPv6. */
static inline bool fake_start(struct fake *f)
{
	f->fd = -1;
	if (f->host && !fake_listen_both(f))
		return false;
	if (!f->host && f->tcp)
		fake_listen_tcp(f);
	if (!f->tcp)
		fake_listen_unix(f);
	if (listen(f->listener, 4) < 0 || pthread_create(&f->thread, NULL, fake_main, f))
		abort();
	return true;
}

/* Close the client's end first. */
static inline void fake_end(struct fake *f)
{
	pthread_join(f->thread, NULL);
	close(f->listener);
	if (!f->tcp) {
		unlink(f->path);
		rmdir(f->dir);
	}
}

#endif
