/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line's words for config.h. */
#ifndef OPTIONS_H
#define OPTIONS_H

/* Reads opt/org.smmtrace/bug and opt/org.smmtrace/order into config, and says what it found. */
void options_read(void);

#endif
