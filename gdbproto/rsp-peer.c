/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which process is the server: the kernel tells for a unix socket (who called
 * listen), and for loopback TCP /proc does: the peer's end of our connection
 * has an inode, and the process that holds it has it among its descriptors.
 */
#include "rsp-internal.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An address as /proc/net/tcp prints it: 32-bit words in host order, then the port. */
#define PROC_ADDRESS 40

static int unix_peer(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 ? 0 : who.pid;
}

static void print_v4(char out[PROC_ADDRESS], const struct sockaddr_in *sa, const char *prefix)
{
	snprintf(out, PROC_ADDRESS, "%s%08X:%04X", prefix, sa->sin_addr.s_addr, ntohs(sa->sin_port));
}

static void print_v6(char out[PROC_ADDRESS], const struct sockaddr_in6 *sa)
{
	uint32_t w[4];

	memcpy(w, &sa->sin6_addr, sizeof(w));
	snprintf(out, PROC_ADDRESS, "%08X%08X%08X%08X:%04X", w[0], w[1], w[2], w[3], ntohs(sa->sin6_port));
}

/* Inode of the socket whose own end is @own and whose other end is @other; 0 = none. */
static unsigned long find_inode(const char *table, const char *own, const char *other)
{
	char line[512], local[64], remote[64];
	unsigned long inode = 0, found;
	FILE *f = fopen(table, "re");

	while (f && !inode && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d: %63s %63s %*s %*s %*s %*s %*s %*s %lu", local, remote, &found) == 3 &&
		    !strcmp(local, own) && !strcmp(remote, other))
			inode = found;
	}
	if (f)
		fclose(f);
	return inode;
}

static unsigned long peer_inode(int fd)
{
	static const char mapped[] = "0000000000000000FFFF0000";
	struct sockaddr_storage us = { 0 }, them = { 0 };
	socklen_t us_len = sizeof(us), them_len = sizeof(them);
	char own[PROC_ADDRESS], other[PROC_ADDRESS];
	unsigned long inode;

	if (getsockname(fd, (struct sockaddr *)&us, &us_len) < 0 ||
	    getpeername(fd, (struct sockaddr *)&them, &them_len) < 0)
		return 0;
	if (us.ss_family == AF_INET6) {
		print_v6(own, (struct sockaddr_in6 *)&them);
		print_v6(other, (struct sockaddr_in6 *)&us);
		return find_inode("/proc/net/tcp6", own, other);
	}
	print_v4(own, (struct sockaddr_in *)&them, "");
	print_v4(other, (struct sockaddr_in *)&us, "");
	inode = find_inode("/proc/net/tcp", own, other);
	if (inode)
		return inode;
	print_v4(own, (struct sockaddr_in *)&them, mapped);
	print_v4(other, (struct sockaddr_in *)&us, mapped);
	return find_inode("/proc/net/tcp6", own, other);
}

/* Does process @pid hold the socket that /proc calls @link? */
static bool holds(const char *pid, const char *link)
{
	char path[300], target[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		if (n > 0) {
			target[n] = '\0';
			found = !strcmp(target, link);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

int rsp_holder(unsigned long inode)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	char link[40];
	int pid = 0;

	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	while (proc && !pid && (e = readdir(proc))) {
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && holds(e->d_name, link))
			pid = atoi(e->d_name);
	}
	if (proc)
		closedir(proc);
	return pid;
}

int rsp_server_pid(const struct rsp *r)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	unsigned long inode;

	if (getsockname(r->conn.fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	if (sa.ss_family == AF_UNIX)
		return unix_peer(r->conn.fd);
	inode = peer_inode(r->conn.fd);
	return inode ? rsp_holder(inode) : 0;
}
