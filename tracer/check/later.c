/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariants that nothing exercises yet. */
#include "check.h"

#define LATER(ID, NAME, SEVERITY, STEP, RULE) \
	const struct invariant invariant_##ID = { \
		.name = NAME, .severity = SEVERITY_##SEVERITY, .step = STEP, .rule = RULE, .meaning = "", \
	}

LATER(feat_negotiated, "feat-negotiated", ERROR, "N",
      "before the first plug the firmware has negotiated SMI broadcast and CPU hot-plug");
