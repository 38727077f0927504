/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "target-xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "safe-text.h"
#include "target-desc.h"

#define INCLUDE_DEPTH 4
#define INCLUDE_COUNT 64
#define ANNEX_MAX 64
#define BITS_MAX 65536

static const char annex_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/";

/* One reading: shared by all included files. */
struct reading {
	struct target_desc *desc;
	target_fetch fetch;
	void *arg;
	struct error why;       /* the first thing wrong, if failed */
	bool failed;
	unsigned depth, files;
	uint32_t next_number;
};

/* One file of it. */
struct file {
	struct reading *reading;
	XML_Parser parser;
	bool in_arch;
};

static int read_file(struct reading *rd, const char *annex);

static void give_up(struct file *f, const char *why, const char *what)
{
	char text[64];

	if (!f->reading->failed)
		fail(&f->reading->why, ERR_TARGET, "the target description is unusable: %s%s%s", why,
		     *what ? " " : "", safe_text(text, sizeof(text), what, strlen(what)));
	f->reading->failed = true;
	XML_StopParser(f->parser, XML_FALSE);
}

static const char *attribute(const char **atts, const char *name)
{
	for (; *atts; atts += 2) {
		if (!strcmp(*atts, name))
			return atts[1];
	}
	return NULL;
}

/* A decimal number up to @max: 0, or -1. */
static int number(const char *text, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;

	if (!*text || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
		return -1;
	for (; *text; text++)
		v = 10 * v + (uint64_t)(*text - '0');
	*out = (uint32_t)v;
	return v <= max ? 0 : -1;
}

static void take_reg(struct file *f, const char **atts)
{
	const char *name = attribute(atts, "name"), *bits = attribute(atts, "bitsize");
	const char *num = attribute(atts, "regnum");
	struct reading *rd = f->reading;
	uint32_t size, regnum = rd->next_number;

	if (!name || !bits || number(bits, BITS_MAX, &size) < 0 || !size || size % 8) {
		give_up(f, "bad size of register", name ? name : "without a name");
		return;
	}
	if (num && number(num, UINT32_MAX, &regnum) < 0) {
		give_up(f, "bad number of register", name);
		return;
	}
	rd->next_number = regnum + 1;
	if (target_desc_add(rd->desc, name, regnum, size / 8) < 0)
		give_up(f, "too many registers at", name);
}

static void take_include(struct file *f, const char **atts)
{
	const char *href = attribute(atts, "href");

	if (!href || !*href || strlen(href) >= ANNEX_MAX || strspn(href, annex_letters) != strlen(href))
		give_up(f, "bad include", href ? href : "");
	else if (read_file(f->reading, href) < 0)
		give_up(f, "include", href);
}

static void XMLCALL start(void *arg, const char *name, const char **atts)
{
	struct file *f = arg;

	if (f->reading->failed)
		return;
	if (!strcmp(name, "reg"))
		take_reg(f, atts);
	else if (!strcmp(name, "xi:include"))
		take_include(f, atts);
	f->in_arch = !strcmp(name, "architecture");
}

static void XMLCALL end(void *arg, const char *name)
{
	struct file *f = arg;

	(void)name;
	f->in_arch = false;
}

static void XMLCALL text(void *arg, const char *s, int len)
{
	struct file *f = arg;

	if (f->in_arch)
		target_desc_add_arch(f->reading->desc, s, (size_t)len);
}

static void XMLCALL entity(void *arg, const char *name, int is_parameter, const char *value, int len,
			   const char *base, const char *system_id, const char *public_id,
			   const char *notation)
{
	(void)is_parameter, (void)value, (void)len, (void)base, (void)system_id, (void)public_id,
	(void)notation;
	give_up(arg, "it declares the entity", name);
}

static int parse(struct reading *rd, const char *xml, size_t len)
{
	struct file f = { .reading = rd, .parser = XML_ParserCreate("UTF-8") };

	if (!f.parser)
		return fail(&rd->why, ERR_TARGET, "out of memory for the target description");
	XML_SetUserData(f.parser, &f);
	XML_SetElementHandler(f.parser, start, end);
	XML_SetCharacterDataHandler(f.parser, text);
	XML_SetEntityDeclHandler(f.parser, entity);
	if (XML_Parse(f.parser, xml, (int)len, 1) != XML_STATUS_OK)
		give_up(&f, "line is not XML:", XML_ErrorString(XML_GetErrorCode(f.parser)));
	XML_ParserFree(f.parser);
	return rd->failed ? -ERR_TARGET : 0;
}

/* Fetch and parse one file; the reason of a failure is in rd->why. */
static int read_file(struct reading *rd, const char *annex)
{
	char *xml;
	long len;
	int rc;

	if (rd->depth == INCLUDE_DEPTH || rd->files == INCLUDE_COUNT)
		rc = fail(&rd->why, ERR_TARGET, "the target description includes too much");
	else {
		len = rd->fetch(rd->arg, annex, &xml, &rd->why);
		if (len < 0) {
			rc = -ERR_TARGET;
		} else {
			rd->depth++;
			rd->files++;
			rc = parse(rd, xml, (size_t)len);
			rd->depth--;
			free(xml);
		}
	}
	rd->failed |= rc < 0;
	return rc;
}

struct target_desc *target_desc_read(target_fetch fetch, void *arg, struct error *err)
{
	struct reading rd = { .desc = target_desc_new(), .fetch = fetch, .arg = arg };

	if (!rd.desc) {
		fail(err, ERR_TARGET, "out of memory for the target description");
		return NULL;
	}
	if (read_file(&rd, "target.xml") < 0) {
		if (err)
			*err = rd.why;
	} else if (target_desc_finish(rd.desc) < 0) {
		fail(err, ERR_TARGET, "the target description names no registers, or one number twice");
	} else {
		return rd.desc;
	}
	target_desc_free(rd.desc);
	return NULL;
}
