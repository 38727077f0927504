/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rsp-taken.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define TCP_OPEN 0x01 /* of /proc/net/tcp; a peer that has left shows as CLOSE_WAIT */
#define UNIX_CONNECTED 0x03   /* of /proc/net/unix */

static bool unix_taken(const char *path)
{
	char line[512], name[256];
	unsigned state;
	unsigned long inode;
	bool taken = false;
	FILE *f = fopen("/proc/net/unix", "re");

	while (f && !taken && fgets(line, sizeof(line), f))
		taken = sscanf(line, "%*s %*s %*s %*s %*s %x %lu %255[^\n]", &state, &inode, name) == 3 &&
			state == UNIX_CONNECTED && inode && !strcmp(name, path);
	if (f)
		fclose(f);
	return taken;
}

/* @port in host order; the server's end is the one whose own port it is. */
static bool tcp_taken(const char *table, unsigned port)
{
	char line[512];
	unsigned own, state;
	unsigned long inode;
	bool taken = false;
	FILE *f = fopen(table, "re");

	while (f && !taken && fgets(line, sizeof(line), f))
		taken = sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &own, &state, &inode) == 3 &&
			own == port && state == TCP_OPEN && inode;
	if (f)
		fclose(f);
	return taken;
}

bool rsp_taken(const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	unsigned port;

	if (sa->sa_family == AF_UNIX)
		return unix_taken(((const struct sockaddr_un *)sa)->sun_path);
	if (sa->sa_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == 127)
		port = ntohs(v4->sin_port);
	else if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
		port = ntohs(v6->sin6_port);
	else
		return false;
	return tcp_taken("/proc/net/tcp", port) || tcp_taken("/proc/net/tcp6", port);
}
