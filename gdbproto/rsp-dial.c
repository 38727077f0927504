/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Target spellings and connect(), the half of rsp-conn.h that runs once. */
#include "rsp-conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rsp-taken.h"
#include "safe-text.h"

#define RETRY_MS 10

struct endpoint {
	char host[256], port[6]; /* empty for a unix socket */
	char name[160]; /* the target as the user wrote it, safe to print */
};

static int misspelt(const struct endpoint *ep, struct error *err)
{
	return fail(err, ERR_USAGE, "%s: no target; write :1234, HOST:1234 or unix:/path/to/socket",
		    ep->name);
}

/* Split "host:port" or "[host]:port" at the last colon; an empty host is this machine. */
static int split_tcp(struct endpoint *ep, const char *text, struct error *err)
{
	const char *colon = strrchr(text, ':');
	size_t host = colon ? (size_t)(colon - text) : 0;
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	if (!colon || !digits || digits > 5 || colon[1 + digits] || host >= sizeof(ep->host))
		return misspelt(ep, err);
	if (atoi(colon + 1) < 1 || atoi(colon + 1) > 65535)
		return fail(err, ERR_USAGE, "%s: port %s is not in 1..65535", ep->name, colon + 1);
	if (host >= 2 && text[0] == '[' && text[host - 1] == ']') {
		text++;
		host -= 2;
	}
	snprintf(ep->host, sizeof(ep->host), "%.*s", (int)host, text);
	if (!host)
		strcpy(ep->host, "localhost");
	snprintf(ep->port, sizeof(ep->port), "%s", colon + 1);
	return 0;
}

static int refused(const struct endpoint *ep, int why, struct error *err)
{
	errno = why;
	if (why == EBUSY)
		return fail(err, ERR_TARGET, "%s: another debugger is connected, and the stub serves one at a time",
			    ep->name);
	if (why == ECONNREFUSED && !ep->host[0])
		return fail(err, ERR_TARGET, "%s: nobody listens on that socket; is QEMU still running?",
			    ep->name);
	if (why == ECONNREFUSED)
		return fail(err, ERR_TARGET, "%s: connection refused; is QEMU running with -s or -gdb?",
			    ep->name);
	if (why == ENOENT)
		return fail(err, ERR_TARGET,
			    "%s: no such socket; start QEMU with -gdb unix:PATH,server=on,wait=off",
			    ep->name);
	return fail_errno(err, ERR_TARGET, "%s: cannot connect", ep->name);
}

/* 0 connected, else an errno. A full backlog of a unix socket is waited for. */
static int connect_by(int fd, const struct sockaddr *sa, socklen_t len, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int why = 0;

	for (; rsp_taken(sa); poll(NULL, 0, RETRY_MS))
		if (rsp_now() > deadline)
			return EBUSY;
	while (connect(fd, sa, len) < 0) {
		if (errno == EINPROGRESS || errno == EINTR)
			break;
		if (errno != EAGAIN)
			return errno;
		if (rsp_now() > deadline)
			return ETIMEDOUT;
		poll(NULL, 0, RETRY_MS);
	}
	while (poll(&p, 1, RETRY_MS) <= 0) {
		if (rsp_now() > deadline)
			return ETIMEDOUT;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
		return errno;
	return why;
}

static int dial_unix(struct rsp_conn *c, const struct endpoint *ep, const char *path, int64_t deadline,
		     struct error *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int why;

	if (!*path || strlen(path) >= sizeof(sa.sun_path))
		return fail(err, ERR_USAGE, "%s: a socket path has 1 to %zu bytes", ep->name,
			    sizeof(sa.sun_path) - 1);
	strcpy(sa.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return fail_errno(err, ERR_TARGET, "%s: cannot make a socket", ep->name);
	why = connect_by(c->fd, (struct sockaddr *)&sa, sizeof(sa), deadline);
	return why ? refused(ep, why, err) : 0;
}

/* 0 or an errno; leaves an open socket only on success. */
static int dial_address(struct rsp_conn *c, const struct addrinfo *ai, int64_t deadline)
{
	int on = 1, why;

	c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return errno;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	why = connect_by(c->fd, ai->ai_addr, ai->ai_addrlen, deadline);
	if (why) {
		close(c->fd);
		c->fd = -1;
	}
	return why;
}

static int dial_tcp(struct rsp_conn *c, struct endpoint *ep, const char *text, int64_t deadline,
		    struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int rc = split_tcp(ep, text, err), why = ECONNREFUSED;

	if (rc)
		return rc;
	rc = getaddrinfo(ep->host, ep->port, &hints, &list);
	if (rc)
		return fail(err, ERR_TARGET, "%s: no such host: %s", ep->name, gai_strerror(rc));
	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		why = dial_address(c, ai, deadline);
		if (!why)
			break;
	}
	freeaddrinfo(list);
	return why ? refused(ep, why, err) : 0;
}

int rsp_conn_open(struct rsp_conn *c, const char *target, int64_t deadline, struct error *err)
{
	struct endpoint ep = { .host = "" };

	*c = (struct rsp_conn){ .fd = -1 };
	safe_text(ep.name, sizeof(ep.name), target, strlen(target));
	c->in = malloc(RSP_CONN_IN);
	if (!c->in)
		return fail(err, ERR_TARGET, "%s: out of memory", ep.name);
	if (!strncmp(target, "unix:", 5))
		return dial_unix(c, &ep, target + 5, deadline, err);
	if (!strncmp(target, "tcp:", 4))
		target += 4;
	return dial_tcp(c, &ep, target, deadline, err);
}
