/* fuzzes: gdbproto/target-xml.c gdbproto/target-desc.c gdbproto/error.c gdbproto/safe-text.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as target.xml and, behind each NUL, as the next included file. Bytes
 * from 0x80 on stand for words of the format: expat is not instrumented, so
 * chance alone would never get past its first element.
 */
#include "../../gdbproto/target-xml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = {
	"<target>", "</target>", "<feature>", "</feature>", "<reg name='", "' bitsize='", "' regnum='", "'/>",
	"<reg name='rip' bitsize='64'/>", "<xi:include href='a.xml'/>", "<architecture>", "</architecture>",
	"<!DOCTYPE t [", "<!ENTITY a '", "'>", "]>", "&a;", "<target><reg name='a' bitsize='8' regnum='",
	"64", "-1", "<target><xi:include href='", "<?xml version='1.0'?>", "4294967295", "999999999", "<reg",
	"<feature/>",
};

struct input {
	const char *text;
	size_t left;
};

static long fetch(void *arg, const char *annex, char **out, struct error *err)
{
	struct input *in = arg;
	const char *end = in->left ? memchr(in->text, '\0', in->left) : NULL;
	size_t len = end ? (size_t)(end - in->text) : in->left;

	(void)annex;
	*out = malloc(len + 1);
	if (!*out)
		return fail(err, ERR_TARGET, "out of memory");
	memcpy(*out, in->text, len);
	(*out)[len] = '\0';
	if (end)
		len++;
	in->text += len;
	in->left -= len;
	return (long)(end ? len - 1 : len);
}

/* The text that @data stands for; the caller frees it. */
static char *spell(const uint8_t *data, size_t size, size_t *len)
{
	char *text = malloc(64 * size + 1);

	*len = 0;
	for (size_t i = 0; i < size; i++) {
		const char *word = words[data[i] % (sizeof(words) / sizeof(words[0]))];
		size_t n = data[i] < 0x80 ? 1 : strlen(word);

		memcpy(text + *len, data[i] < 0x80 ? (const char *)&data[i] : word, n);
		*len += n;
	}
	return text;
}

static void read_one(const char *text, size_t size)
{
	struct input in = { text, size };
	struct error err = { .text = "" };
	struct target_desc *d = target_desc_read(fetch, &in, &err);
	const struct target_reg *rip;

	if (!d && !err.text[0])
		abort();
	if (!d)
		return;
	rip = target_reg_find(d, "rip");
	if (rip && rip->offset + rip->size > target_desc_size(d))
		abort();
	target_desc_limit(d, size);
	target_desc_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;
	char *text = spell(data, size, &len);

	read_one(text, len);
	free(text);
	return 0;
}
