/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The register layout of a live connection: the only part of target-xml.h that asks a server. */
#include "target-xml.h"

#include "rsp-client.h"

static long fetch_rsp(void *arg, const char *annex, char **out, struct error *err)
{
	return rsp_features_xml(arg, annex, out, err);
}

struct target_desc *target_desc_of(struct rsp *r, struct error *err)
{
	bool described = rsp_features(r)->xfer_features;
	uint8_t regs[RSP_REGS_MAX];
	int len = rsp_read_registers(r, regs, sizeof(regs), err);
	struct target_desc *d;

	if (len < 0)
		return NULL;
	d = described ? target_desc_read(fetch_rsp, r, err) : target_desc_qemu_x86_64(err);
	if (d && !described && target_desc_size(d) != (size_t)len) {
		fail(err, ERR_TARGET, "the server does not describe its registers (%d bytes of them)", len);
		target_desc_free(d);
		return NULL;
	}
	if (d)
		target_desc_limit(d, (size_t)len);
	return d;
}
