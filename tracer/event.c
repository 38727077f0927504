/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event.h"

#define X_FIELD(K, NAME, name, fmt) { #name, fmt },
#define X(K, name, glyph, help) \
	[EV_##K] = { name, glyph, help, K##_FIELDS, { FIELDS_##K(X_FIELD, K) } },
const struct event_info event_info[EVENT_KIND_COUNT] = { EVENT_KINDS(X) };
#undef X
#undef X_FIELD

#define X(S, name, help) [SRC_##S] = { name, help },
const struct event_source_info event_source_info[EVENT_SOURCE_COUNT] = { EVENT_SOURCES(X) };
#undef X

const char *const event_origin_name[2] = { "observed", "inferred" };
const char *const ipi_mode_name[8] = { "fixed", "lowest", "smi", "3", "nmi", "init", "sipi", "7" };
const char *const ipi_dest_name[4] = { "one", "self", "all", "others" };
const char *const event_via_name[VIA_COUNT] = {
	[VIA_BREAKPOINT] = "breakpoint", [VIA_WATCHPOINT] = "watchpoint", [VIA_STEP] = "step",
	[VIA_RESET] = "reset", [VIA_SCAN] = "scan", [VIA_NEXT] = "next-entry",
	[VIA_TRACEPOINT] = "tracepoint",
};
const char *const session_what_name[SESSION_COUNT] = {
	[SESSION_ATTACH] = "attach", [SESSION_DETACH] = "detach", [SESSION_SUSPEND] = "suspend",
	[SESSION_RESUME] = "resume", [SESSION_TARGET_EXIT] = "target-exit",
	[SESSION_KICK] = "kick", [SESSION_TARGET_LOST] = "target-lost",
};
const char *const pause_why_name[WHY_COUNT] = {
	[WHY_ATTACH] = "attach", [WHY_STOP] = "stop", [WHY_INTERRUPT] = "interrupt",
	[WHY_DETACH] = "detach", [WHY_SUSPEND] = "suspend", [WHY_NEW_CPU] = "new-cpu",
	[WHY_FOREIGN] = "foreign", [WHY_NO_SMBASE] = "no-smbase",
	[WHY_NO_LOG] = "no-log",
};

#define X(R, name, help) [CONFIG_##R] = { name, help },
const struct config_reg_info config_reg_info[CONFIG_REG_COUNT] = { CONFIG_REGS(X) };
#undef X
#define X(R, name, help) [CONFIG_##R] = name,
const char *const config_reg_name[CONFIG_REG_COUNT] = { CONFIG_REGS(X) };
#undef X
const char *const handoff_word_name[WORD_COUNT] = {
	[WORD_GATE] = "gate", [WORD_NEW_SMBASE] = "new-smbase", [WORD_ABOUT] = "about-to-leave",
	[WORD_PEN] = "pen-flag",
};
const char *const handler_code_name[CODE_COUNT] = {
	[CODE_UNKNOWN] = "unknown", [CODE_ZERO] = "zero", [CODE_TEMPLATE] = "template",
	[CODE_NOP] = "nop", [CODE_RELOCATE] = "relocate", [CODE_GATE] = "gate",
};

struct event event_new(enum event_kind kind, enum event_source source, int cpu, int64_t ts)
{
	return (struct event){
		.ts = ts, .cpu = cpu, .kind = (uint8_t)kind, .source = (uint8_t)source,
		.origin = ORIGIN_OBSERVED,
	};
}
