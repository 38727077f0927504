#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The manual pages say what the program does: usage = SYNOPSIS, the same options on both sides, references
# that resolve, clean roff.
set -u
cd "$(dirname "$0")/../.." || exit 2
smmtrace=${SMMTRACE:-./smmtrace}
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# tell NAME STATUS [REASON-FILE]
tell() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		[ -z "${3:-}" ] || cat "$3"
	fi
}

commands() {
	"$smmtrace" help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\)  *.*/\1/p' | grep -v '^help$'
}

# plain SECTION FILE: the text of a section without its roff; "|" stands in front of each .TP tag.
plain() {
	awk -v want="$1" '
		function alternating(text,   out, quoted) {
			for (out = ""; text != ""; ) {
				sub(/^ +/, "", text)
				quoted = text ~ /^"/
				if (match(text, quoted ? "^\"[^\"]*\"" : "^[^ ]+") == 0)
					break
				out = out substr(text, RSTART + quoted, RLENGTH - 2 * quoted)
				text = substr(text, RSTART + RLENGTH)
			}
			return out
		}
		/^\.SH / { inside = (substr($0, 5) == want); next }
		!inside || /^\.\\"/ || /^\.br/ { next }
		/^\.TP/ { tag = "|"; next }
		/^\.(RB|BR|RI|IR|BI|IB) / { $0 = alternating(substr($0, 5)) }
		/^\.[BI] / { $0 = substr($0, 4); gsub(/"/, "") }
		{ gsub(/\\-/, "-"); gsub(/\\f[BIRP]/, ""); gsub(/\\e/, "\\"); print tag $0; tag = "" }' "$2"
}

one_line() {
	tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

same_usage() {
	sed -n '/^Usage:/,/^$/p' "$tmp/help" | sed 's/^Usage: //' | one_line >"$tmp/want"
	plain SYNOPSIS "$page" | one_line >"$tmp/have"
	diff "$tmp/want" "$tmp/have" >"$tmp/why"
	tell "synopsis-of-$command" $? "$tmp/why"
}

# "-o --output" per option, from the help's table and from the page's tags.
same_options() {
	sed -n '/^Options:/,$p' "$tmp/help" | sed -n 's/^  \(-.,\)* *\(--[a-z-]*\).*/\1 \2/p' |
		tr -d ',' | sed 's/^ //' | sort >"$tmp/want"
	plain OPTIONS "$page" | sed -n 's/^|\(-.*\)/\1/p' | grep -o -- '-\(-[a-z][a-z-]*\|[a-zA-Z]\),\{0,1\} *' |
		tr -d ', ' | awk '/^--/ { print held $0; held = ""; next } { held = $0 " " }' | sort >"$tmp/have"
	diff "$tmp/want" "$tmp/have" >"$tmp/why"
	tell "options-of-$command" $? "$tmp/why"
}

for command in $(commands); do
	page=man/smmtrace-$command.1
	if [ ! -f "$page" ]; then
		echo "not ok page-of-$command"
		continue
	fi
	"$smmtrace" "$command" --help >"$tmp/help"
	same_usage
	same_options
	grep -q "smmtrace.*-$command .*(1)" man/smmtrace.1
	tell "overview-names-$command" $?
done

# Every "smmtrace-NAME (N)" that a page mentions is there.
for page in man/*.[0-9]; do
	sed 's/\\-/-/g' "$page" | grep -o 'smmtrace-[a-z]* ([0-9])' | tr -d '()' | sort -u |
		while read -r name section; do
			[ -f "man/$name.$section" ] || echo "$page mentions $name($section)"
		done
done >"$tmp/why"
[ ! -s "$tmp/why" ]
tell references $? "$tmp/why"

# What is made from a table of the program is up to date.
"$smmtrace" list invariants --man | diff - man/smmtrace-invariants.7 >"$tmp/why"
tell invariants-page $? "$tmp/why"

version=$(cat VERSION)
grep -L "^\\.TH .*\"smmtrace $version\"" man/*.[0-9] >"$tmp/why"
[ ! -s "$tmp/why" ]
tell version $? "$tmp/why"

if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning man/*.[0-9] >"$tmp/why" 2>&1
	tell lint $? "$tmp/why"
elif command -v groff >/dev/null; then
	for page in man/*.[0-9]; do
		groff -man -Tutf8 -ww -z "$page" 2>&1
	done >"$tmp/why"
	[ ! -s "$tmp/why" ]
	tell lint $? "$tmp/why"
else
	echo "skip lint: neither mandoc nor groff is here"
fi
