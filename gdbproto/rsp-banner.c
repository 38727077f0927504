/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rsp-banner.h"

#include <stdio.h>
#include <string.h>

#include "safe-text.h"

#define STUB_HINT "the gdbstub is another port, opened by -s or -gdb"

/* The first needle found names the peer. */
static const struct {
	const char *needle, *text;
} peers[] = {
	{ "\"QMP\"", "this is a QMP socket of QEMU; " STUB_HINT },
	{ "(qemu)", "this is the human monitor of QEMU; " STUB_HINT },
	{ " monitor - type 'help'", "this is the human monitor of QEMU; " STUB_HINT },
	{ "HTTP/", "an HTTP server answers there, not a gdbstub; check the port" },
	{ "<html", "an HTTP server answers there, not a gdbstub; check the port" },
	{ "<!DOCTYPE", "an HTTP server answers there, not a gdbstub; check the port" },
	{ "400 Bad Request", "an HTTP server answers there, not a gdbstub; check the port" },
	{ "SSH-", "an SSH server answers there, not a gdbstub; check the port" },
	{ "RFB 0", "a VNC server answers there, not a gdbstub; check the port" },
};

bool rsp_banner_is_rsp(const char *seen, size_t len)
{
	size_t i = 0;

	while (i < len && (seen[i] == '+' || seen[i] == '-'))
		i++;
	return i == len || seen[i] == '$' || seen[i] == '%';
}

const char *rsp_banner_text(char *out, size_t size, const char *seen, size_t len)
{
	char quote[64];

	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		if (memmem(seen, len, peers[i].needle, strlen(peers[i].needle))) {
			snprintf(out, size, "%s", peers[i].text);
			return out;
		}
	}
	snprintf(out, size, "what answers there is no gdbstub: \"%s\"",
		 safe_text(quote, sizeof(quote), seen, len));
	return out;
}
