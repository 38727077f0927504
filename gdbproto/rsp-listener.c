/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who listens at a target, without connecting: QEMU stops the guest for every client of its gdbstub. The kernel's
 * tables name the inode of the listening socket, and a process of this host holds it.
 */
#include "rsp-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_LISTENS 0x10000ul /* __SO_ACCEPTCON in the flags of /proc/net/unix */
#define TCP_LISTENS 0xau       /* TCP_LISTEN in the state of /proc/net/tcp */

static unsigned long unix_inode(const char *path)
{
	char line[512], name[256];
	unsigned long inode = 0, found, flags;
	FILE *f = fopen("/proc/net/unix", "re");

	while (f && !inode && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %*s %lx %*s %*s %lu %255[^\n]", &flags, &found, name) == 3 &&
		    flags & UNIX_LISTENS && !strcmp(name, path))
			inode = found;
	if (f)
		fclose(f);
	return inode;
}

static unsigned long tcp_inode(const char *table, unsigned port)
{
	char line[512];
	unsigned long inode = 0, found;
	unsigned at, state;
	FILE *f = fopen(table, "re");

	while (f && !inode && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &at, &state, &found) == 3 &&
		    at == port && state == TCP_LISTENS)
			inode = found;
	if (f)
		fclose(f);
	return inode;
}

/* Only names that mean this host whatever a resolver says. */
static bool is_here(const char *host, size_t len)
{
	static const char *const here[] = { "", "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		if (strlen(here[i]) == len && !memcmp(here[i], host, len))
			return true;
	return false;
}

int rsp_target_pid(const char *target)
{
	const char *colon;
	unsigned long inode = 0;
	unsigned port;

	if (!strncmp(target, "unix:", 5)) {
		inode = unix_inode(target + 5);
	} else {
		target += !strncmp(target, "tcp:", 4) ? 4 : 0;
		colon = strrchr(target, ':');
		if (!colon || !is_here(target, (size_t)(colon - target)))
			return 0;
		port = (unsigned)strtoul(colon + 1, NULL, 10);
		inode = tcp_inode("/proc/net/tcp", port);
		inode = inode ? inode : tcp_inode("/proc/net/tcp6", port);
	}
	return inode ? rsp_holder(inode) : 0;
}
