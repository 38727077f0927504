/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the guest errs on purpose: words in the image's load options, which are QEMU's -append. README.md says
 * what comes of each.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "efi.h"

enum {
	NO_PAUSE = 1 << 0,
	NO_SMI = 1 << 1,
	SMI_WITHOUT_EVENT = 1 << 2,
	CLEAR_EARLY = 1 << 3,
	NO_CLEAR = 1 << 4,
	SIPI_EARLY = 1 << 5,
};

static const struct {
	const char *word;
	unsigned flag;
} option_table[] = {
	{ "no-pause", NO_PAUSE },                   /* run on behind OUT 0xb2, and read the CPU's status there */
	{ "no-smi", NO_SMI },                       /* start a plugged CPU without command 4 */
	{ "smi-without-event", SMI_WITHOUT_EVENT }, /* command 4 once a second while nothing is plugged */
	{ "clear-early", CLEAR_EARLY },             /* clear the insert events before command 4 */
	{ "no-clear", NO_CLEAR },                   /* never clear an insert event */
	{ "sipi-early", SIPI_EARLY },               /* start a plugged CPU before command 4 */
};

/* A word of load options: @length characters at @text, none of them a space or NUL. */
struct word {
	const uint16_t *text;
	uint32_t length;
};

/* The next word at or behind *@at, which moves behind it; its length is 0 at the end. */
static inline struct word next_word(const struct efi_loaded_image *image, uint32_t *at)
{
	uint32_t end = image->options ? image->options_size / 2 : 0;
	const uint16_t *text = image->options;

	while (*at < end && text[*at] <= ' ')
		++*at;
	struct word word = { text + *at, 0 };
	while (*at < end && text[*at] > ' ')
		++*at, ++word.length;
	return word;
}

static inline int word_is(struct word word, const char *name)
{
	uint32_t i = 0;

	while (i < word.length && name[i] && word.text[i] == (uint8_t)name[i])
		i++;
	return i == word.length && !name[i];
}

/* The flag of a word; 0 when it is none of ours. */
static inline unsigned option_flag(struct word word)
{
	for (unsigned i = 0; i < sizeof(option_table) / sizeof(option_table[0]); i++) {
		if (word_is(word, option_table[i].word))
			return option_table[i].flag;
	}
	return 0;
}

#endif
