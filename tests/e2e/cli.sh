#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The command line without a guest: wrong usage gets one line on stderr, nothing on stdout and its documented
# status; help, version, doctor and list say what they promise.
set -u
cd "$(dirname "$0")/../.." || exit 2
smmtrace=$(realpath "${SMMTRACE:-./smmtrace}") root=$PWD
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 2

# result NAME STATUS WHY
result() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		printf '# %s\n' "$3"
	fi
}

# refused NAME STATUS PATTERN ARG...: exactly one line on stderr that matches, nothing on stdout.
refused() {
	local name=$1 want=$2 pattern=$3 status why=''
	shift 3
	timeout 60 "$smmtrace" "$@" >out 2>err </dev/null
	status=$?
	[ "$status" -eq "$want" ] || why="status $status, not $want"
	[ ! -s out ] || why="$why; wrote to stdout: $(head -c 200 out)"
	[ "$(wc -l <err)" -eq 1 ] || why="$why; $(wc -l <err) lines on stderr"
	grep -qE "^smmtrace: .*$pattern" err || why="$why; stderr: $(head -c 400 err)"
	result "$name" "${#why}" "$why"
}

# fine NAME PATTERN ARG...: status 0, stdout matches, stderr empty.
fine() {
	local name=$1 pattern=$2 status why=''
	shift 2
	timeout 60 "$smmtrace" "$@" >out 2>err </dev/null
	status=$?
	[ "$status" -eq 0 ] || why="status $status"
	[ ! -s err ] || why="$why; stderr: $(head -c 400 err)"
	grep -qE -- "$pattern" out || why="$why; stdout: $(head -c 400 out)"
	result "$name" "${#why}" "$why"
}

commands() {
	"$smmtrace" help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\)  *.*/\1/p' | grep -v '^help$'
}

# --- the program itself
refused no-command 2 'no command given'
refused unknown-command 2 'did you mean "smmtrace doctor"\?' dcotor
refused far-command 2 'lists them' frobnicate
refused hostile-command 2 '\\x1b' $'\e[31mred'
refused unknown-global-option 2 'unknown option --frobnicate' --frobnicate
refused help-of-nothing 2 'no command "nothing"' help nothing
refused help-of-two 2 'takes one command' help list doctor
fine help '^Commands:' help
fine help-option '^Commands:' --help
fine help-letter '^Commands:' -h
fine version "^smmtrace $(cat "$root/VERSION")\$" --version

# --- every command
for command in $(commands); do
	fine "help-of-$command" "^Usage: smmtrace $command" "$command" --help
	cp out first
	fine "help-for-$command" "^Usage: smmtrace $command" help "$command"
	cmp -s first out
	result "same-help-of-$command" $? "$command --help differs from help $command"
	awk 'length > 79' out | grep -q . && wide=1 || wide=0
	result "help-of-$command-fits-80-columns" $wide "$(awk 'length > 79' out | head -3)"
	refused "unknown-option-of-$command" 2 "$command: unknown option --frobnicate" "$command" --frobnicate
	refused "misspelt-option-of-$command" 2 'did you mean --help\?' "$command" --hlep
	refused "unknown-letter-of-$command" 2 "$command: unknown option -Z" "$command" -Z
done

# --- doctor
fine doctor '^(ok  |warn|no  ) qemu  ' doctor
grep -vE '^(ok  |warn|no  ) [a-z-]+ |^ {18}' out >odd
[ ! -s odd ]
result doctor-lines $? "$(head -3 odd)"
cp out plain
NO_COLOR=1 TERM=dumb "$smmtrace" doctor >dumb
cmp -s plain dumb
result doctor-knows-no-colour $? "TERM=dumb NO_COLOR=1 changed the output"
refused doctor-argument 2 'unexpected argument "now"' doctor now
fine doctor-json '"checks"' doctor --json
/usr/bin/python3 - out <<'CHECK' >why 2>&1
import json, sys
doc = json.load(open(sys.argv[1]))
assert doc["schema"] == 1 and doc["smmtrace"]
assert len(doc["checks"]) >= 10
for check in doc["checks"]:
    assert set(check) == {"name", "for", "verdict", "finding", "remedy"}, check
    assert check["verdict"] in ("ok", "warn", "no") and check["finding"]
    assert check["verdict"] == "ok" or check["for"]
CHECK
result doctor-json-is-json $? "$(cat why)"
mkdir empty
PATH=$tmp/empty "$smmtrace" doctor >out 2>err
grep -qE '^no   qemu .*not in PATH' out && grep -q 'apt install qemu-system-x86' out
result doctor-misses-qemu $? "$(head -5 out)"
printf '#!/bin/sh\nexec sleep 60\n' >empty/qemu-system-x86_64
printf '#!/bin/sh\necho "QEMU emulator version 99.1.0"\n' >newer
chmod +x empty/qemu-system-x86_64 newer
PATH=$tmp/empty:/bin timeout 30 "$smmtrace" doctor >out 2>err && grep -qE '^warn qemu .*' out
result doctor-outlives-a-silent-qemu $? "$(head -5 out)"
mv newer empty/qemu-system-x86_64
PATH=$tmp/empty "$smmtrace" doctor >out 2>err && tr -s ' \n' ' ' <out | grep -q 'warn qemu version 99.1.0, .*not tried'
result doctor-doubts-a-newer-qemu $? "$(head -5 out)"

# --- list
fine list-events '^smi-enter +\[ +CPU entered SMM' list events
fine list-sources '^gdb +yes ' list sources
fine list-keys '^key' list keys
for table in events sources keys; do
	fine "list-$table-json" "\"$table\"" list $table --json
	/usr/bin/python3 -c 'import json, sys; d = json.load(open("out")); assert d[sys.argv[1]][0]["meaning"]' $table 2>why
	result "list-$table-json-is-json" $? "$(cat why)"
	"$smmtrace" list $table >plain
	NO_COLOR=1 TERM=dumb "$smmtrace" list $table | cmp -s - plain
	result "list-$table-knows-no-colour" $? "TERM=dumb NO_COLOR=1 changed the output"
done
refused list-nothing 2 'argument is missing' list
refused list-unknown 2 'did you mean "events"\?' list evnets
refused list-far 2 'there are: events, sources' list frobnicate

# --- output that cannot be written
timeout 60 "$smmtrace" list events >/dev/full 2>err
[ $? -eq 6 ] && grep -q '^smmtrace: standard output cannot be written: No space left' err
result full-disk $? "$(cat err)"
timeout 60 "$smmtrace" doctor >&- 2>err
[ $? -eq 6 ] && [ "$(wc -l <err)" -eq 1 ]
result closed-stdout $? "$(cat err)"
exec 3> >(exec true)
wait $! 2>/dev/null
timeout 60 "$smmtrace" list events >&3 2>err
[ $? -eq 6 ] && [ ! -s err ]
result reader-has-left $? "$(cat err)"
exec 3>&-
