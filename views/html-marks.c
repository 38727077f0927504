/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "html-marks.h"

#include "html.h"
#include "html-text.h"

/* ID, what it means, its path around (0, 0) in a square of ten units. */
#define SHAPES(_) \
	_("broken", "a rule was broken", "M0-6L6 5H-6Z") \
	_("cut", "reset or INIT in SMM", "M-5-3L-3-5L0-2L3-5L5-3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z") \
	_("base", "SMBASE written", "M0-5.5L5.5 0L0 5.5L-5.5 0Z") \
	_("init", "INIT", "M-4-4H4V4H-4Z") \
	_("sipi", "SIPI", "M0-5L5 4H-5Z") \
	_("smi-ipi", "SMI IPI", "M1-6L-4 1H-.5L-1 6L4-1H.5Z") \
	_("port", "write to port 0xb2, 0xb3", "M0 5L-5-4H5Z") \
	_("reset", "reset, or INIT taken", "M0-4.5A4.5 4.5 0 1 1-.01-4.5M0-2A2 2 0 1 0 .01-2Z") \
	_("come", "CPU comes or goes", "M-1.5-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5V-1.5H-1.5Z") \
	_("word", "handshake, handler", "M0-3.5A3.5 3.5 0 1 1-.01-3.5Z") \
	_("small", "hot-plug register and others", "M0-2A2 2 0 1 1-.01-2Z")

static const struct shape {
	const char *id, *help, *path;
} shapes[] = {
#define X(id, help, path) { id, help, path },
	SHAPES(X)
#undef X
};

const char *html_shape(enum lane_mark mark)
{
	static const char *const shape[LANE_MARK_COUNT] = {
		[MARK_VIOLATION] = "broken", [MARK_RESET_IN_SMM] = "cut", [MARK_LOST] = "cut",
		[MARK_SMBASE_WRITE] = "base", [MARK_SMBASE_FOUND] = "base", [MARK_HANDLER] = "word",
		[MARK_INIT] = "init", [MARK_SIPI] = "sipi", [MARK_RESET] = "reset", [MARK_CPU_ADD] = "come",
		[MARK_CPU_REMOVE] = "come", [MARK_SMI_IPI] = "smi-ipi", [MARK_HANDOFF] = "word",
		[MARK_APM_WRITE] = "port", [MARK_PORT_WRITE] = "port",
	};

	return mark < LANE_MARK_COUNT && shape[mark] ? shape[mark] : "small";
}

/* Defined once; the pictures only point at them. */
void html_shapes(FILE *out)
{
	fputs("<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n", out);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		fprintf(out, "<path id=\"m-%s\" d=\"%s\"/>\n", shapes[i].id, shapes[i].path);
	fputs("<pattern id=\"gap\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	      "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V6\"/></pattern>\n"
	      "<pattern id=\"stuck\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" "
	      "patternTransform=\"rotate(-45)\"><path class=\"hatch-bad\" d=\"M0 0V8\"/></pattern>\n", out);
	for (int i = 0; i < 3; i++) {
		static const char *const mode[] = { "init", "sipi", "smi-ipi" };

		fprintf(out, "<marker id=\"head-%s\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
			"markerHeight=\"7\" orient=\"auto\"><path class=\"%s\" d=\"M0 0L8 4L0 8Z\"/></marker>\n",
			mode[i], mode[i]);
	}
	fputs("</defs></svg>\n", out);
}

static void put_key(FILE *out, const char *inside, const char *what)
{
	fprintf(out, "<li><svg width=\"22\" height=\"14\" viewBox=\"-11 -7 22 14\" aria-hidden=\"true\">%s</svg>",
		inside);
	html_text(out, what);
	fputs("</li>\n", out);
}

void html_legend(FILE *out)
{
	char use[96];

	fputs("<ul class=\"legend\" aria-label=\"Legend\">\n", out);
	put_key(out, "<rect class=\"smm\" x=\"-10\" y=\"-5\" width=\"20\" height=\"10\"/>", "in SMM");
	put_key(out, "<rect class=\"smm default\" x=\"-10\" y=\"-5\" width=\"20\" height=\"10\"/>",
		"in SMM at the default SMBASE");
	put_key(out, "<rect class=\"smm open\" x=\"-10\" y=\"-5\" width=\"20\" height=\"10\"/>", "has not left SMM");
	put_key(out, "<rect class=\"share\" x=\"-10\" y=\"2\" width=\"20\" height=\"3\"/>"
		"<rect class=\"smm many\" x=\"-10\" y=\"-5\" width=\"20\" height=\"10\"/>",
		"several SMIs, filled by their share of the time");
	put_key(out, "<rect class=\"gap\" x=\"-10\" y=\"-6\" width=\"20\" height=\"12\"/>",
		"lost, or nobody could see");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		snprintf(use, sizeof(use), "<use href=\"#m-%s\" class=\"%s\"/>", shapes[i].id, shapes[i].id);
		put_key(out, use, shapes[i].help);
	}
	fputs("</ul>\n", out);
}
