/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a recording is opened with, and can do without afterwards. Rights are a thread's own on Linux: to be called
 * while there is but one, which hands what is left to those that it starts.
 */
#ifndef TRACER_RIGHTS_H
#define TRACER_RIGHTS_H

#include "../gdbproto/error.h"

/*
 * Under sudo: become the user who called it, for good. Of the capabilities there are keep CAP_SYS_PTRACE (guest RAM) and,
 * still being root, CAP_DAC_OVERRIDE (recordings in folders of others). 0, or negative: nothing was dropped then, or
 * only a part.
 */
int rights_drop(struct error *err);

#endif
