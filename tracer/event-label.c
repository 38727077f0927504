/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event-label.h"

#include <inttypes.h>
#include <stdio.h>

const char *const handoff_label_name[WORD_COUNT] = {
	[WORD_GATE] = "gate", [WORD_NEW_SMBASE] = "base", [WORD_ABOUT] = "about", [WORD_PEN] = "pen",
};

static const char *ipi_target(char *out, size_t size, const struct event *ev)
{
	uint64_t dest = event_get(ev, IPI_DEST, 4);

	if (dest == IPI_ONE && event_has(ev, IPI_TARGET))
		snprintf(out, size, "%" PRIu64, ev->arg[IPI_TARGET]);
	else if (dest > IPI_ONE && dest <= IPI_OTHERS)
		snprintf(out, size, "%s", ipi_dest_name[dest]);
	else
		snprintf(out, size, "?");
	return out;
}

static void ipi_label(char *out, size_t size, const struct event *ev)
{
	uint64_t mode = event_get(ev, IPI_MODE, 8);
	char target[24];

	ipi_target(target, sizeof(target), ev);
	if (mode == IPI_SIPI && event_has(ev, IPI_VECTOR))
		snprintf(out, size, "%02" PRIx64 ">%s", ev->arg[IPI_VECTOR], target);
	else
		snprintf(out, size, ">%s", target);
}

/* "B2=04" for a write, "B2:04" for a read. */
static void io_label(char *out, size_t size, const struct event *ev, unsigned port, unsigned dir,
		     unsigned value)
{
	char text[24] = "?";

	if (event_has(ev, value))
		snprintf(text, sizeof(text), "%02" PRIx64, ev->arg[value]);
	snprintf(out, size, "%" PRIX64 "%c%s", event_get(ev, port, 0),
		 event_get(ev, dir, DIR_READ) == DIR_WRITE ? '=' : ':', text);
}

static void word_label(char *out, size_t size, const struct event *ev, unsigned field)
{
	event_has(ev, field) ? (void)snprintf(out, size, "%" PRIx64, ev->arg[field]) : (void)(out[0] = '\0');
}

/* "gate=1", "gate=closed": the word and what it holds now. */
static void handoff_label(char *out, size_t size, const struct event *ev)
{
	uint64_t word = event_get(ev, HANDOFF_WORD, WORD_COUNT), value = event_get(ev, HANDOFF_VALUE, 0);

	if (word >= WORD_COUNT)
		return;
	if (!event_has(ev, HANDOFF_VALUE))
		snprintf(out, size, " %s=?", handoff_label_name[word]);
	else if (word == WORD_GATE && (value == UINT32_MAX || value == UINT64_MAX))
		snprintf(out, size, " %s=closed", handoff_label_name[word]);
	else
		snprintf(out, size, " %s=%" PRIx64, handoff_label_name[word], value);
}

static void named_label(char *out, size_t size, const struct event *ev, unsigned field, const char *const *name,
			unsigned names)
{
	if (event_get(ev, field, names) < names)
		snprintf(out, size, " %s", name[ev->arg[field]]);
}

const char *event_label(char *out, size_t size, const struct event *ev)
{
	out[0] = '\0';
	switch (ev->kind) {
	case EV_SMBASE_WRITE:
		word_label(out, size, ev, SMBASE_WRITE_NEW);
		break;
	case EV_SMBASE_FOUND:
		word_label(out, size, ev, SMBASE_FOUND_SMBASE);
		break;
	case EV_PORT:
		io_label(out, size, ev, PORT_PORT, PORT_DIR, PORT_VALUE);
		break;
	case EV_CPUHP:
		io_label(out, size, ev, CPUHP_REG, CPUHP_DIR, CPUHP_VALUE);
		break;
	case EV_IPI:
		ipi_label(out, size, ev);
		break;
	case EV_CPU_RESET:
		snprintf(out, size, "%s", event_get(ev, CPU_RESET_IN_SMM, 0) ? " in SMM" : "");
		break;
	case EV_SESSION:
		named_label(out, size, ev, SESSION_WHAT, session_what_name, SESSION_COUNT);
		break;
	case EV_HANDOFF:
		handoff_label(out, size, ev);
		break;
	case EV_HANDLER:
		named_label(out, size, ev, HANDLER_CODE, handler_code_name, CODE_COUNT);
		break;
	case EV_ACCEPT:
		named_label(out, size, ev, ACCEPT_MODE, ipi_mode_name, IPI_RSVD7 + 1);
		break;
	case EV_CONFIG:
		named_label(out, size, ev, CONFIG_REG, config_reg_name, CONFIG_REG_COUNT);
		break;
	case EV_LOST:
		snprintf(out, size, " %" PRIu64 " lost", event_get(ev, LOST_COUNT, 0));
		break;
	}
	return out;
}
