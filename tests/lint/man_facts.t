#!/bin/sh
# SPDX-License-Identifier: MIT
# What the manual says of the source is so: the columns of certrepo-store(5) are
# those of the schema; the events of each LOGGING are those that the programs
# log, with their keys; the variables, the files of state, the states of
# receipts, the classes of failure and the topics of notify that the source has
# are named, and none besides; examples behind the comment
# "of man_facts.t: KIND" can be loaded.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

section() { # FILE MACRO HEADING: up to the next one of its kind
	awk -v h=".$2 $3" -v m=".$2 " '
		$0 == h { on = 1; next }
		on && (index($0, m) == 1 || index($0, ".Sh ") == 1) { exit }
		on' "$1"
}
differing() { # HAS IS WHAT: files of sorted lines
	comm -23 "$1" "$2" | sed "s|^|there is no $3: |"
	comm -13 "$1" "$2" | sed "s|^|not told, $3: |"
}

# --- tables ---
store_columns() { # PAGE: TABLE.COLUMN
	sed -n 's/^\.Ss //p' "$1" | while read -r _t; do
		_n=${_t#The view }
		if [ "$_n" = "$_t" ]; then
			section "$1" Ss "$_t" | sed -n 's/^\.It Li //p'
		else
			section "$1" Ss "$_t" | sed -n 's/^\.Li //p' |
				grep -vx certs | grep -vx 'installs ,'
		fi | sed 's/ *[,.] */\n/g' | grep . | sed "s/^/$_n./"
	done | sort -u
}
schema_columns() { # FOLDER
	rm -f "$T/schema.db"
	cat "$1"/*.sql | sqlite3 "$T/schema.db"
	sqlite3 "$T/schema.db" "SELECT m.name || '.' || c.name
		FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%'" |
		sort -u
}
bad_columns() { # FOLDER
	store_columns "$1/man/certrepo-store.5" >"$T/told"
	schema_columns "$1/schema/sqlite" >"$T/real"
	differing "$T/told" "$T/real" column
}

# --- events ---
# Each call in one line.
calls() { # FUNCTION FOLDER
	sources "$2" -name '*.c' | xargs cat | tr -s '\n\t' '  ' |
		grep -oE "$1\([^;]*;"
}
logged_events() { # FOLDER
	calls log_event "$1" | sed -nE \
		's/^[^,]*, *([^"]*\? *)?"([a-z-]+)"( *: *"([a-z-]+)")?.*/\2\n\4/p'
	# the same, chosen or said elsewhere
	calls populate_log "$1" | sed -nE \
		's/^[^"(]*\(([a-z =-]*-1 *\? *)?"([a-z-]+)"( *: *"([a-z-]+)")?.*/\2\n\4/p'
}
bad_events() { # FOLDER
	for _p in fetcher installer; do
		_page=$1/man/certrepo-$_p.8
		section "$_page" Sh LOGGING | sed -n 's/^\.It Li //p' >"$T/lines"
		# what is in the place of another receipt has no line
		sed 's/ .*//' "$T/lines" | grep -vx served | sort -u >"$T/told"
		logged_events "$1/$_p" | grep . | sort -u >"$T/real"
		differing "$T/told" "$T/real" "event of $_p"
		while read -r _e _keys; do
			for _k in $_keys; do
				calls log_event "$1/$_p" | grep -e "\"$_e\"" \
					-e "word_of" | grep -q "\"${_k%=}\"" ||
					echo "$_p: $_e has no $_k"
			done
		done <"$T/lines"
	done
	section "$1/man/certrepo-populate.8" Sh LOGGING | tr '\n' ' ' |
		sed 's/.*\.Po//; s/\.Pc.*//' | grep -oE '[a-z-]{3,}' |
		grep -vxE 'enabled|disabled' | sort -u >"$T/told"
	logged_events "$1/populate" | grep . | sort -u >"$T/real"
	differing "$T/told" "$T/real" "event of populate"
}

# --- the environment, and files of state ---
bad_variables() { # FOLDER
	for _d in common fetcher installer populate status; do
		calls getenv "$1/$_d"
	done | grep -oE 'getenv\("[A-Z_]+"' | sed 's/.*("//; s/"//' | sort -u |
		while read -r _v; do
			cat "$1"/man/*.[78] |
				grep -qE "^\.(It )?Ev .*\b$_v\b" ||
				echo "not told, variable: $_v"
		done
	_v=$(sed -n 's/^#define CHILD_PATH "\(.*\)"/\1/p' \
		"$1/common/sys/child_impl.h")
	section "$1/man/installer-profiles.5" Sh ENVIRONMENT |
		grep -qxF ".Pa $_v ," || echo "not told: PATH is $_v"
}
bad_state_files() { # FOLDER
	_page=$1/man/certrepo-fetcher.8
	section "$_page" Sh FILES |
		grep -oE '/var/lib/certrepo/fetcher\.[a-z]+' | sed 's|.*/||' |
		sort -u >"$T/told"
	sources "$1/fetcher" -name '*.[ch]' | xargs grep -hoE '"fetcher\.[a-z]+"' |
		tr -d '"' | sort -u >"$T/real"
	differing "$T/told" "$T/real" "file of the fetcher"
	section "$1/man/certrepo-installer.8" Sh FILES |
		sed -n 's|^\.It Pa \([a-z-]*\)/*$|\1|p' | while read -r _f; do
		sources "$1/installer" -name '*.[ch]' |
			xargs grep -qE "[\"/]$_f\"" "$1/common/notice/notice_memory.c" ||
			echo "there is no file of the installer: $_f"
	done
}

# --- words: states of a receipt, classes of failure, topics of notify ---
bad_words() { # FOLDER
	sed -nE 's/.*= \{ "([a-z-]+)", RECEIPT.*/\1/p' \
		"$1/common/policy/receipt_state.c" | grep -vx alive |
		sort -u >"$T/real"
	# these two are said beside the receipts, and are none
	section "$1/man/certrepo-installer.8" Sh DESCRIPTION |
		sed -n '/^The states are/,/^\.El/s/^\.It Li //p' |
		grep -vxE 'unknown|dropped' | sort -u >"$T/told"
	differing "$T/told" "$T/real" state
	sed -n 's/^		return "\([a-z-]*\)";/\1/p' \
		"$1/common/policy/fail.c" | grep -vx none | sort -u >"$T/real"
	section "$1/man/certrepo-fetcher.8" Sh DIAGNOSTICS |
		sed -n 's/^\.It Sy //p' | tr ',' '\n' | tr -d ' ' |
		sort -u >"$T/told"
	differing "$T/told" "$T/real" class
	sed -nE 's/.*\[NOTICE_[A-Z_]+\] = "([a-z-]+)".*/\1/p' \
		"$1/common/notice/notice_text.c" | sort -u >"$T/real"
	for _f in "$1"/man/*.conf.5; do
		sed -n '/^\.Li event$/,/^\.Li state/p' "$_f"
	done | grep -oE 'D[oq] [a-z-]+' | sed 's/.* //' | sort -u >"$T/told"
	differing "$T/told" "$T/real" topic
}

# --- examples ---
# FILE KIND: each as $T/example.N
examples() {
	rm -f "$T"/example.*
	awk -v kind="$2" -v to="$T/example." '
		$0 == ".\\\" of man_facts.t: " kind { n++; want = 1; next }
		want && /^\.Bd/ { want = 0; on = 1; next }
		on && /^\.Ed/ { on = 0; close(to n); next }
		on { gsub(/\\e/, "\\"); print > (to n) }' "$1"
}
load_host() { # SERVICES
	cat "$1" >"$T/host.conf"
	cat >>"$T/host.conf" <<END
store : { path = "$T/none.db"; };
state_dir = "$T/state";
profile_dir = "$T/profiles";
shipped_profile_dir = "$ROOT/installer-profiles";
END
	chmod 600 "$T/host.conf"
	"$BUILD/certrepo-installer" -c "$T/host.conf" --status \
		>"$T/host.log" 2>&1
	[ $? -ne 78 ] || cat "$T/host.log"
}
bad_examples() { # FOLDER
	mkdir -p "$T/profiles"
	for _f in "$1"/man/*.[1-9]; do
		examples "$_f" installer.conf
		for _e in "$T"/example.*; do
			[ ! -f "$_e" ] || load_host "$_e"
		done
		examples "$_f" profile
		for _e in "$T"/example.*; do
			[ -f "$_e" ] || continue
			sed -E "s/(group|user) = \"[a-z]+\"/\1 = \"daemon\"/" \
				"$_e" >"$T/profiles/mine.conf"
			cat >"$T/services" <<'END'
services = ( { name = "x"; profile = "mine";
	certificates = ( { name = "www.example.org"; key = "/x.key";
		dir = "/x"; } ); } );
END
			load_host "$T/services"
		done
		examples "$_f" sql
		for _e in "$T"/example.*; do
			[ -f "$_e" ] || continue
			sed 's/UNIX_TIMESTAMP()/unixepoch()/g' "$_e" |
				sqlite3 "$T/schema.db"
		done
	done 2>&1
}

umask 022
clean "the store's columns" bad_columns .
clean "events" bad_events .
clean "variables" bad_variables .
clean "files of state" bad_state_files .
clean "states and classes" bad_words .
clean "examples" bad_examples .
ok "... there are some" test "$(grep -c '^\.\\" of man_facts' \
	man/*.[578] | awk -F: '{ n += $2 } END { print n }')" -ge 10

# --- what is wrong is seen ---
mkdir -p "$T/man" "$T/schema/sqlite" "$T/fetcher" "$T/installer" \
	"$T/populate" "$T/common/sys" "$T/common/notice"
echo 'CREATE TABLE a (b, c); CREATE VIEW v AS SELECT b FROM a;' \
	>"$T/schema/sqlite/0.sql"
printf '.Ss a\n.It Li b , d\n.Ss The view v\n.Li e\n' \
	>"$T/man/certrepo-store.5"
for what in 'there is no column: a\.d' 'not told, column: a\.c' \
	'there is no column: v\.e' 'not told, column: v\.b'; do
	finds "$what" "seen: $what" bad_columns "$T"
done
cat >"$T/fetcher/x.c" <<'END'
log_event(LOG_L_INFO,
	  a ? "gone" : "left", "name", n, NULL);
log_event(LOG_L_NOTE, "due", "name", n, NULL);
x = "fetcher.two";
END
echo 'populate_log(from == -1 ? "made" : "kept", n, NULL); getenv("XY");' \
	>"$T/populate/x.c"
: >"$T/installer/x.c"
printf '.Sh LOGGING\n.It Li gone name=\n.It Li due nam=\n.It Li no\n' \
	>"$T/man/certrepo-fetcher.8"
printf '.Sh FILES\n.It Pa /var/lib/certrepo/fetcher.one\n' \
	>>"$T/man/certrepo-fetcher.8"
printf '.Sh LOGGING\n.Po\n.Li made , lost\n.Pc\n' \
	>"$T/man/certrepo-populate.8"
printf '.Sh FILES\n.It Pa lock/\n.Sh LOGGING\n' >"$T/man/certrepo-installer.8"
for what in 'not told, event of fetcher: left' 'no event of fetcher: no' \
	'fetcher: due has no nam=' 'no event of populate: lost' \
	'not told, event of populate: kept'; do
	finds "$what" "seen: $what" bad_events "$T"
done
is "$(grep -c . "$T/lint.log")" 5 "... and nothing else is"
echo '#define CHILD_PATH "/bin"' >"$T/common/sys/child_impl.h"
printf '.Sh ENVIRONMENT\n.Pa /sbin ,\n' >"$T/man/installer-profiles.5"
finds 'not told, variable: XY' "a variable that is not told is seen" \
	bad_variables "$T"
finds 'not told: PATH is /bin' "another PATH is seen" bad_variables "$T"
: >"$T/common/notice/notice_memory.c"
for what in 'no file of the fetcher: fetcher.one' \
	'not told, file of the fetcher: fetcher.two' \
	'no file of the installer: lock'; do
	finds "$what" "seen: $what" bad_state_files "$T"
done
mkdir "$T/common/policy"
echo '	[RECEIPT_HELD] = { "held", RECEIPT_BAD,' \
	>"$T/common/policy/receipt_state.c"
printf '\t\treturn "caa";\n' >"$T/common/policy/fail.c"
printf '.Sh DESCRIPTION\nThe states are\n.It Li help\n.El\n' \
	>"$T/man/certrepo-installer.8"
printf '.Sh DIAGNOSTICS\n.It Sy aac\n' >"$T/man/certrepo-fetcher.8"
printf '.Li event\n.Dq on ,\n.Li state\n' >"$T/man/a.conf.5"
echo '[NOTICE_A] = "off",' >"$T/common/notice/notice_text.c"
for what in 'no state: help' 'not told, state: held' 'no class: aac' \
	'not told, class: caa' 'no topic: on' 'not told, topic: off'; do
	finds "$what" "seen: $what" bad_words "$T"
done
cat >"$T/man/x.5" <<'END'
.\" of man_facts.t: installer.conf
.Bd -literal
services = ( { name = "x"; profil = "nginx"; } );
.Ed
.\" of man_facts.t: sql
.Bd -literal
SELECT zzz FROM a;
.Ed
.\" of man_facts.t: profile
.Bd -literal
activat = 1;
.Ed
END
for what in "profil'" 'no such column: zzz' "activat'"; do
	finds "$what" "an example is seen: $what" bad_examples "$T"
done
done_testing
