/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"

#include <stdlib.h>

const char *const check_status_name[CHECK_STATUS_COUNT] = {
	[CHECK_NEVER] = "never", [CHECK_HOLDS] = "holds", [CHECK_UNKNOWN] = "unknown",
	[CHECK_VIOLATED] = "violated",
};
const char *const check_severity_name[SEVERITY_COUNT] = {
	[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note",
};

struct checker {
	struct check_options options;
};

struct checker *checker_new(const struct check_options *o)
{
	struct checker *k = calloc(1, sizeof(*k));

	if (k)
		k->options = *o;
	return k;
}

void checker_free(struct checker *k)
{
	free(k);
}

void checker_event(struct checker *k, const struct check_input *in)
{
	(void)k;
	(void)in;
}

void checker_advance(struct checker *k, const struct model *m, const struct scene *s, int64_t now)
{
	(void)k;
	(void)m;
	(void)s;
	(void)now;
}

const struct violation *checker_next(struct checker *k)
{
	(void)k;
	return NULL;
}

const struct violation *checker_violation(const struct checker *k, int64_t id)
{
	(void)k;
	(void)id;
	return NULL;
}

struct check_result checker_result(const struct checker *k, unsigned number)
{
	(void)k;
	(void)number;
	return (struct check_result){ 0 };
}
