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
	result "help-of-$command-fits-80-columns" "$wide" "$(awk 'length > 79' out | head -3)"
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
fine list-source-kvm '^kvm +(yes|no) .*' list sources
fine list-source-guestram '^guestram +(yes|no) .*' list sources
fine list-invariants '^21 +no-init-in-smm +error +c +' list invariants
fine list-profiles '^profile +meaning' list profiles
fine list-keys '^key' list keys
refused list-page-of-others 2 'page of the invariants' list events --man
for table in events sources invariants profiles keys; do
	fine "list-$table-json" "\"$table\"" list $table --json
	/usr/bin/python3 -c 'import json, sys; d = json.load(open("out"))[sys.argv[1]]; assert d and all("meaning" in row for row in d)' $table 2>why
	result "list-$table-json-is-json" $? "$(cat why)"
	"$smmtrace" list $table >plain
	NO_COLOR=1 TERM=dumb "$smmtrace" list $table | cmp -s - plain
	result "list-$table-knows-no-colour" $? "TERM=dumb NO_COLOR=1 changed the output"
done
refused list-nothing 2 'argument is missing' list
refused list-unknown 2 'did you mean "events"\?' list evnets
refused list-far 2 'there are: events, sources, formats, invariants' list frobnicate

# --- files that are no recordings
/usr/bin/python3 - "$root/db/schema.sql" <<'MAKE'
import random, sqlite3, sys
schema = open(sys.argv[1]).read()
def make(path, *more):
    db = sqlite3.connect(path)
    for sql in more:
        db.executescript(sql)
    db.close()
make("good.smm", schema)
make("foreign.smm", "CREATE TABLE t(a)")
make("newer.smm", schema, "PRAGMA user_version = 99")
make("hollow.smm", schema, "DROP VIEW smi_v")
data = open("good.smm", "rb").read()
open("short.smm", "wb").write(data[:6000])
open("empty.smm", "wb").close()
open("noise.smm", "wb").write(random.Random(2).randbytes(20000))
open("pages.smm", "wb").write(data[:4096] + random.Random(3).randbytes(len(data) - 4096))
MAKE
mkdir folder.smm
for command in view report query check; do
	refused "$command-nothing" 2 "$command: an argument is missing; usage: smmtrace $command " "$command"
	refused "$command-missing-file" 2 'absent.smm: No such file' "$command" absent.smm
	for file in foreign newer hollow short empty noise pages folder; do
		refused "$command-$file-file" 4 "$file.smm" "$command" $file.smm
	done
done
for file in foreign newer hollow short empty noise pages folder; do
	refused "export-$file-file" 4 "$file.smm" export $file.smm --perfetto
done
refused export-missing-file 2 'absent.smm: No such file' export absent.smm --chrome
fine export-of-nothing '^id,ts_ns,cpu,kind,source,origin,' export good.smm --csv
refused view-without-terminal 2 'terminal' view good.smm
refused view-two-files 2 'unexpected argument "b"' view a b
fine report-of-nothing . report good.smm
fine report-of-nothing-as-a-page "^</html>$" report good.smm --html
fine report-of-nothing-as-json ".schema.: 1" report good.smm --json
refused report-both 2 "exclude each other" report good.smm --html --json
fine query-list-without-a-file "^hang" query --list
refused query-around-nothing 2 "no event 1;" query good.smm around 1
refused query-around 2 "query FILE around ID" query good.smm around
refused query-unknown-name 2 'did you mean "?relocations"?\?' query good.smm relocatoins
refused query-syntax 2 'syntax error' query good.smm 'SELECT FROM WHERE'
refused query-that-writes 2 . query good.smm 'DELETE FROM event'
fine check-of-nothing '^0 violations; of ' check good.smm
refused check-unknown-invariant 2 'did you mean .no-init-in-smm.' check good.smm --explain no-init-in-sm
refused check-unknown-list 2 'no-init-in-sm' check good.smm --check no-init-in-sm
refused check-unknown-profile 2 'did you mean .ovmf.' check good.smm --profile ovfm
refused check-unknown-step 2 'gpee' check good.smm --deadline gpee=1s
fine query-hang 'none is stored' query good.smm hang
fine query-sql '^42' query good.smm 'SELECT 42'

# --- two recordings
refused diff-one-file 2 'diff: an argument is missing; usage: smmtrace diff ' diff good.smm
refused diff-missing-file 2 'absent.smm: No such file' diff good.smm absent.smm
for file in foreign newer hollow short empty noise pages folder; do
	refused "diff-$file-file" 4 "$file.smm" diff good.smm $file.smm
	refused "diff-with-$file-file" 4 "$file.smm" diff $file.smm good.smm
done
fine diff-of-the-same '^no difference' diff good.smm good.smm
refused diff-over-itself 2 'would overwrite the recording' diff good.smm good.smm -o good.smm

# --- targets that are none
refused attach-nothing 2 'attach: an argument is missing; usage: smmtrace attach TARGET ' attach
refused attach-two 2 'unexpected argument "b"' attach a b
refused attach-misspelt 2 'write :1234, HOST:1234 or unix:/path' attach nonsense
refused attach-port 2 'not in 1..65535' attach :99999 -o a.smm
refused attach-no-socket 3 'no such socket' attach "unix:$tmp/absent" -o b.smm
coproc held { # a port that is taken, and on which nobody listens
	exec /usr/bin/python3 -c 'import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()'
}
read -r port <&"${held[0]}"
refused attach-no-server 3 'connection refused' attach "127.0.0.1:$port" -o c.smm
eval "exec ${held[1]}>&-"
wait $!
refused attach-a-file 3 'nobody listens|not a socket' attach "unix:$tmp/good.smm" -o d.smm
refused attach-time 2 'option --for: "soon" is not a time' attach :1 --for soon
refused attach-negative-time 2 'option --for: "-1s" is not a time' attach :1 --for=-1s
refused attach-until 2 'smi-entre' attach :1 --until smi-entre
refused attach-until-far 2 'option --until: there is no "frob"; .*stuck' attach :1 --until frob
refused attach-profile 2 'option --profile: there is no "ovfm"' attach :1 --profile ovfm
refused attach-check 2 'no-init-in-smm' attach :1 --check no-init-in-smn
refused attach-deadline 2 'soon' attach :1 --deadline soon
refused run-profile 2 'option --profile: there is no "ovfm"' run --profile ovfm -- no-such-qemu
refused attach-existing-file 6 'good.smm exists' attach "unix:$tmp/absent" -o good.smm
refused attach-no-folder 6 'absent/a.smm' attach "unix:$tmp/absent" -o absent/a.smm
ls [abcd].smm ./*.smm-* smmtrace-* >left 2>/dev/null
[ ! -s left ]
result attach-leaves-no-file $? "$(tr '\n' ' ' <left)"

# --- command lines of QEMU that run does not take
refused run-nothing 2 'usage: smmtrace run ' run
refused run-only-dashes 2 'usage: smmtrace run ' run --
refused run-without-dashes 2 'usage: smmtrace run ' run qemu-system-x86_64
for option in -s -S --S -daemonize; do
	refused "run-with$option" 2 "${option#-}" run -- qemu-system-x86_64 $option
done
refused run-with-gdb 2 'gdb' run -- qemu-system-x86_64 -gdb tcp::1
refused run-no-program 127 'no-such-qemu' run -- no-such-qemu

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
