/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Negotiation of SMI features with QEMU (hw/isa/lpc_ich9.c, smi_features_ok_callback()). */
#ifndef FEATURES_H
#define FEATURES_H

/* Ask for broadcast, CPU hot-plug and hot-unplug; says what came of it. */
void features_negotiate(void);

#endif
