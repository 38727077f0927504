/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "html.h"

#include <stdarg.h>
#include <string.h>

#include "html-text.h"

void html_section(const struct html *h, const char *id, const char *title)
{
	fprintf(h->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">", id, id, id);
	html_text(h->out, title);
	fputs("</h2>\n", h->out);
}

void html_section_end(const struct html *h)
{
	fputs("</section>\n", h->out);
}

void html_table(const struct html *h, const char *caption, const char *columns)
{
	fputs("<div class=\"scroll\"><table>\n<caption>", h->out);
	html_text(h->out, caption);
	fputs("</caption>\n<thead><tr>", h->out);
	while (*columns) {
		int len = (int)strcspn(columns, "|"), number = *columns == '#';

		fprintf(h->out, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
		html_print(h->out, "%.*s", len - number, columns + number);
		fputs("</th>", h->out);
		columns += len + (columns[len] == '|');
	}
	fputs("</tr></thead>\n<tbody>", h->out);
}

void html_table_end(const struct html *h)
{
	fputs("\n</tbody></table></div>\n", h->out);
}

void html_row(const struct html *h, const char *class)
{
	fprintf(h->out, "\n<tr%s%s%s>", class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
}

static void put_cell(FILE *out, const char *text, const char *tag)
{
	html_text(out, text);
	fprintf(out, "</%s>", tag);
}

void html_cell(const struct html *h, const char *class, const char *fmt, ...)
{
	char text[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(h->out, "<td%s%s%s>", class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
	put_cell(h->out, text, "td");
}

void html_head_cell(const struct html *h, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs("<th scope=\"row\">", h->out);
	put_cell(h->out, text, "th");
}
