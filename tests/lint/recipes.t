#!/bin/sh
# SPDX-License-Identifier: MIT
# What HACKING's recipes ("To add ...") say must be touched, is: for each
# solver, protocol, daemon, preset, setting's table, migration, failure class,
# fuzzer, room and target there is what belongs to it. (Profiles are in
# profiles.t, options and pages in man.t, completions in e2e/completion.t, each
# setting in tests/unit/test_settings.c.)
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

in_file() { # WORD WHAT FILE...: it stands there as it is
	_word=$1 _what=$2
	shift 2
	cat "$@" 2>/dev/null | grep -qwF -e "$_word" || echo "$_word: $_what"
}

solvers() { # FOLDER
	for _f in "$1"/fetcher/challenge/solver_*.c; do
		_s=$(basename "$_f" .c)
		in_file "&$_s" "not in chall.c" "$1/fetcher/challenge/chall.c"
		[ -f "$1/tests/unit/test_$_s.c" ] || echo "$_s: no test"
	done
	# challenge types
	grep -ohE '"[a-z]+(-[a-z]+)*-[0-9]+"' "$1"/common/policy/proof_kind.[ch] |
		tr -d '"' | sort -u | while read -r _t; do
		in_file "$_t" "not in certrepo.conf(5)" "$1/man/certrepo.conf.5"
		in_file "$_t" "not in certrepo-fetcher(8)" \
			"$1/man/certrepo-fetcher.8"
		in_file "$_t" "no completion" \
			"$1/packaging/bash-completion/certrepo-populate"
		in_file "$_t" "no test on pebble" "$1"/tests/e2e/issue_*.t
	done
}

protocols() { # FOLDER
	_fuzz=$1/tests/fuzz/fuzz_starttls.c
	sed -n '/protocols\[\]/,/^};/p' "$_fuzz" | grep -o '"[a-z0-9-]*"' |
		tr -d '"' >"$T/fuzzed"
	for _c in "$1"/tests/fuzz/corpus/starttls/*; do
		# as the fuzzer chooses
		od -An -tu1 -N1 "$_c"
	done | awk -v n="$(grep -c . "$T/fuzzed")" 'n { print $1 % n + 1 }' |
		sort -un | while read -r _n; do sed -n "${_n}p" "$T/fuzzed"; done \
		>"$T/corpus"
	sed -n '/PROTOCOL_TABLE(P)/,/^$/p' "$1/installer/conf/protocol.h" |
		sed -n 's/.*P([A-Z0-9_]*, "\([a-z0-9-]*\)", \([A-Z]*\),.*/\1 \2/p' \
			>"$T/protocols"
	[ -s "$T/protocols" ] || echo "no protocol is known"
	while read -r _p _way; do
		grep -qE "^\.It Dq $_p( |\$)" "$1/man/installer.conf.5" ||
			echo "$_p: not in the table of installer.conf(5)"
		[ "$_way" = STARTTLS ] || continue
		grep -qxF "$_p" "$T/fuzzed" || echo "$_p: not in fuzz_starttls.c"
		grep -qxF "$_p" "$T/corpus" ||
			echo "$_p: no file in the corpus chooses it"
		grep -qF "\"$_p\"" "$1/tests/unit/test_starttls.c" ||
			echo "$_p: not in test_starttls.c"
		cat "$1"/tests/lib/services/*.sh |
			grep -qE "ENDPOINTS=.*\\b${_p%-client}:" ||
			echo "$_p: no daemon in tests/lib/services speaks it"
	done <"$T/protocols"
}

# Debian's packages of the daemons are installed by packaging/deps.sh: by name,
# or as what one of those depends on; or are unpacked by one beside it.
wanted_packages() { # FOLDER
	printf '#!/bin/sh\nexit 1\n' >"$T/bin/dpkg-query"
	printf '#!/bin/sh\necho 1000\n' >"$T/bin/id"
	chmod 755 "$T/bin/dpkg-query" "$T/bin/id"
	PATH=$T/bin:$PATH sh "$1/packaging/deps.sh" all 2>/dev/null |
		sed -n 's/^deps: missing .*: //p' | tr ' ' '\n'
}
daemons() { # FOLDER
	mkdir -p "$T/bin"
	wanted_packages "$1" >"$T/wanted"
	{
		cat "$T/wanted"
		# shellcheck disable=SC2046 # names
		dpkg-query -W -f '${Depends}\n' $(cat "$T/wanted") 2>/dev/null |
			tr '|,' '\n' | awk '{ print $1 }'
		sed -n 's/.*download \([a-z0-9].*\)/\1/p' "$1"/packaging/*.sh |
			tr ' ' '\n' | sed 'p; s/$/-unpacked/'
	} | sort -u >"$T/there"
	for _f in "$1"/tests/lib/services/*.sh; do
		_p=$(sed -n 's/^[A-Z0-9]*_PACKAGE=\([a-z0-9.-]*\).*/\1/p' "$_f")
		[ -n "$_p" ] || [ "${_f##*/}" = svc.sh ] ||
			echo "${_f##*/}: no package"
		[ -z "$_p" ] || grep -qxE "$_p([0-9]+)?" "$T/there" ||
			echo "$_p: not in packaging/deps.sh"
	done
}

presets() { # FOLDER
	for _f in "$1"/ca-presets/*.conf; do
		_p=$(basename "$_f" .conf)
		grep -qxF ".It Li $_p" "$1/man/certrepo.conf.5" ||
			echo "$_p: not in certrepo.conf(5)"
		grep -qF "{ \"$_p\"," "$1/tests/unit/test_ca_preset.c" ||
			echo "$_p: no row in test_ca_preset.c"
	done
}

# Tables of settings: test_settings.c begins with the one of a file and goes
# down by their groups.
settings_tables() { # FOLDER
	sources "$1" -name '*.h' | xargs sed -n \
		's/^extern const struct conf_schema \([a-z_]*\);.*/\1/p' |
		while read -r _t; do
			grep -qF "&$_t" "$1/tests/unit/test_settings.c" ||
				sources "$1" -name '*.c' ! -path '*/tests/*' |
				xargs grep -qE "\.sub = &$_t\b|, &$_t\b" ||
				echo "$_t: not in test_settings.c"
		done
}

migrations() { # FOLDER
	for _d in sqlite mariadb; do
		(cd "$1/schema/$_d" && ls [0-9]*) >"$T/$_d"
		sed 's/-.*//' "$T/$_d" | uniq -d | sed "s|^|$_d: twice: |"
	done
	diff "$T/sqlite" "$T/mariadb" | sed -n 's/^[<>] /only one store has /p'
}

failures() { # FOLDER
	grep -oE '\bFAIL_[A-Z_]+[ ,]' "$1/common/policy/fail.h" | tr -d ' ,' |
		sort -u | while read -r _c; do
		[ "$_c" != FAIL_NONE ] || continue
		_n=$(grep -A1 "case $_c:" "$1/common/policy/fail.c" |
			sed -n 's/.*return "\(.*\)";/\1/p')
		in_file "$_c" "not in test_backoff.c" \
			"$1/tests/unit/test_backoff.c"
		grep -qxF ".It Sy $_n" "$1/man/certrepo-fetcher.8" ||
			echo "$_c: \"$_n\" is not in certrepo-fetcher(8)"
	done
}

fuzzers() { # FOLDER
	for _f in "$1"/tests/fuzz/fuzz_*.c; do
		_x=$(basename "$_f" .c)
		ls "$1/tests/fuzz/corpus/${_x#fuzz_}"/* >/dev/null 2>&1 ||
			echo "$_x: no corpus"
	done
	for _d in "$1"/tests/fuzz/corpus/*/; do
		_x=$(basename "$_d")
		[ -f "$1/tests/fuzz/fuzz_$_x.c" ] || echo "$_x: no fuzzer"
	done
}

# Rooms and targets that HACKING does not name; .ci/run says what it runs.
untold() { # FOLDER
	sed -n '/^## Rooms/,/^## Manners/p' "$1/HACKING.md" >"$T/rooms"
	for _d in "$1"/*/ "$1"/common/*/ "$1"/fetcher/*/ "$1"/installer/*/ \
		"$1"/tests/*/ "$1"/packaging/*/; do
		_r=$(basename "$_d")
		case $_r in build | demo-run) continue ;; esac
		in_file "$_r" "a room that HACKING does not name" "$T/rooms"
	done
	sed -n '/^[^ ].* is outside of `.ci\/run`/,/^$/p' "$1/HACKING.md" \
		>"$T/outside"
	sed -n '/^\.PHONY/,/[^\\]$/p' "$1/Makefile" | tr -cs 'a-z-' '\n' |
		grep -E '^(check|fuzz|bench|deb|html|lint)' |
		while read -r _t; do
			in_file "make $_t" "a target that HACKING does not name" \
				"$1/HACKING.md"
			case $_t in check-*) ;; *) continue ;; esac
			grep -qx "make $_t" "$1/.ci/run" ||
				grep -qE "\`${_t}[\`,]" "$T/outside" ||
				echo "$_t: neither in .ci/run nor told"
		done
}

tree=$T/tree
mkdir "$tree"
tar cf - --exclude=./build --exclude=./.git --exclude=./demo-run . |
	tar xf - -C "$tree"
for what in solvers protocols daemons presets settings_tables migrations \
	failures fuzzers untold; do
	clean "the tree: $what" $what .
done

# --- what is forgotten is seen, one after the other ---
: >"$tree/fetcher/challenge/solver_new.c"
finds 'solver_new: not in chall.c' "a solver" solvers "$tree"
finds 'solver_new: no test' "... without a test" solvers "$tree"
echo '#define X "new-01"' >>"$tree/common/policy/proof_kind.h"
for what in 'certrepo.conf' 'certrepo-fetcher' completion pebble; do
	finds "new-01: no.*$what" "a challenge type: $what" solvers "$tree"
done
sed -i 's/^#define PROTOCOL_TABLE(P).*/&\n	P(NEW, "new", STARTTLS, 0, 0) \\/' \
	"$tree/installer/conf/protocol.h"
for what in installer.conf fuzz_starttls corpus test_starttls daemon; do
	finds "new: no.*$what" "a protocol: $what" protocols "$tree"
done
echo NEW_PACKAGE=newd >"$tree/tests/lib/services/new.sh"
finds 'newd: not in packaging' "a daemon" daemons "$tree"
: >"$tree/ca-presets/newca.conf"
finds 'newca: not in certrepo.conf' "a preset" presets "$tree"
finds 'newca: no row' "... without a row" presets "$tree"
echo 'extern const struct conf_schema new_schema;' \
	>>"$tree/common/policy/certrepo_conf.h"
finds 'new_schema' "a table of settings" settings_tables "$tree"
: >"$tree/schema/sqlite/9999-new.sql"
finds 'one store has 9999-new' "a migration" migrations "$tree"
: >"$tree/schema/mariadb/9999-other.sql"
finds 'only one store has 9999-other' "... by another name" migrations "$tree"
sed -i 's/^	FAIL_CAA,/&\n	FAIL_NEW,/' "$tree/common/policy/fail.h"
finds 'FAIL_NEW: not in test_backoff' "a failure class" failures "$tree"
finds 'FAIL_NEW: .* certrepo-fetcher' "... not told" failures "$tree"
: >"$tree/tests/fuzz/fuzz_new.c"
mkdir "$tree/tests/fuzz/corpus/old" "$tree/fetcher/newroom"
finds 'fuzz_new: no corpus' "a fuzzer" fuzzers "$tree"
finds 'old: no fuzzer' "a corpus" fuzzers "$tree"
printf '.PHONY: check-new\n' >>"$tree/Makefile"
finds 'newroom' "a room" untold "$tree"
finds 'make check-new: a target' "a target" untold "$tree"
done_testing
