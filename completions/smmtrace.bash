# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Completion of smmtrace for bash, with or without the bash-completion package. The program itself knows what
# can come next (smmtrace --complete WORD...), so this does not age.

# The words up to the cursor as the program gets them: bash has cut them at "=" and ":".
_smmtrace_words() {
	local rest=$COMP_LINE word i
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i == 0)) || [[ $rest == [[:blank:]]* ]]; then
			words+=("$word")
		else
			words[-1]+=$word
		fi
		rest=${rest#"${rest%%[![:blank:]]*}"}
		rest=${rest#"$word"}
	done
}

# Names of files; only those that end in SUFFIX, and folders, where there are some.
_smmtrace_files() {
	local cur=$1 suffix=$2
	compopt -o filenames 2>/dev/null
	[ -z "$suffix" ] || mapfile -t COMPREPLY < <(compgen -f -X "!*$suffix" -- "$cur"; compgen -d -- "$cur")
	[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_smmtrace() {
	local words cur behind line
	_smmtrace_words
	cur=${words[-1]}
	behind=${cur##*[=:]}
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		'<files>') _smmtrace_files "$behind" '' ;;
		'<recordings>') _smmtrace_files "$behind" .smm ;;
		'<programs>') mapfile -t COMPREPLY < <(compgen -c -- "$behind") ;;
		*) COMPREPLY+=("${line#"${cur%"$behind"}"}") ;;
		esac
	done < <("${words[0]}" --complete "${words[@]:1}" 2>/dev/null)
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _smmtrace smmtrace
