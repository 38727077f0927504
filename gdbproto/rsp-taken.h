/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Does a server on this machine serve somebody already? To be asked before
 * connect(): QEMU accepts who has waited when the first debugger leaves, even
 * when he has given up in the meantime, and stops the guest for him, for good.
 * The kernel tells: a connection that was accepted has an inode in /proc/net.
 */
#ifndef GDBPROTO_RSP_TAKEN_H
#define GDBPROTO_RSP_TAKEN_H

#include <stdbool.h>
#include <sys/socket.h>

/* False where nothing is known: other hosts, no /proc. */
bool rsp_taken(const struct sockaddr *sa);

#endif
