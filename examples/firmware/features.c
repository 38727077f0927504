/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "features.h"

#include <stdint.h>

#include "config.h"
#include "console.h"
#include "fwcfg.h"

enum { BROADCAST = 1, HOTPLUG = 2, HOT_UNPLUG = 4 };

void features_negotiate(void)
{
	uint64_t features = 0;
	uint8_t good = 0;

	if (seeded(BUG_NO_FEATURES))
		return;
	fwcfg_read("etc/smi/supported-features", &features, sizeof(features));
	features &= BROADCAST | HOTPLUG | HOT_UNPLUG;
	fwcfg_write("etc/smi/requested-features", &features, sizeof(features));
	fwcfg_read("etc/smi/features-ok", &good, sizeof(good));
	say("boot: SMI features %x: %s", (unsigned)features, good == 1 ? "agreed" : "refused");
}
