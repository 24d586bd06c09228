#!/bin/sh
# SPDX-License-Identifier: MIT
# One certificate for Postfix, Dovecot and Apache: written, tested, told and
# verified for all three, or for none.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, for daemons' users"
ALL='postfix dovecot apache'
svc_use $ALL || bail "no daemons"
DIR=$T/tls
host_begin || bail "cannot set up a host"

# --- three daemons ---

service() { # DAEMON ENDPOINT [SETTINGS]
	_p=${2%%:*} _sep=
	_vars=
	for _v in test activate start; do
		grep -q "name = \"$_v\"" "$T/shipped/$1.conf" || continue
		_vars="$_vars$_sep { name = \"$_v\"; value = \"$T/bin/$1-$_v\"; }"
		_sep=,
	done
	cat <<-END
	{ name = "$1"; profile = "$1"; verify_time = 2; vars = ( $_vars );
	  certificates = ( { name = "$NAME"; key = "$T/$1.key";
		dir = "$DIR/$1"; } );
	  verify = ( { address = "127.0.0.1:${2##*:}"; protocol = "$_p";
		server_name = "$NAME"; } ); ${3-} }
	END
}
conf() { # [SETTINGS of dovecot]
	cat >"$T/installer.conf" <<-END
	store : { path = "$DB"; };
	host = "host1";
	trust_file = "$T/pki/ca.pem";
	profile_dir = "$T/profiles";
	shipped_profile_dir = "$T/shipped";
	state_dir = "$T/state";
	services = (
	$(service postfix smtp:$POSTFIX_PORT),
	$(service dovecot imap:$DOVECOT_PORT "${1-}"),
	$(service apache tls:$APACHE_PORT) );
	END
	chmod 600 "$T/installer.conf"
}
first_file() {
	case $1 in
	postfix) echo "$DIR/$1/current/key-fullchain.pem" ;;
	*) echo "$DIR/$1/current/fullchain.pem" ;;
	esac
}
for d in $ALL; do
	mkdir -p "$DIR/$d/before"
	cp "$T/host.key" "$T/$d.key"
	svc_keep $d "$T/$d.key"
	make_self_signed "$T/host.key" "$DIR/$d/before/fullchain.pem" $NAME
	cat "$T/host.key" "$DIR/$d/before/fullchain.pem" \
		>"$DIR/$d/before/key-fullchain.pem"
	ln -s before "$DIR/$d/current"
	svc_set $d CERT "$(first_file $d)"
	svc_set $d KEY "$T/$d.key"
	svc_${d}_start || bail "$d does not start"
	for c in test activate start; do
		case $c in
		test) run_=$(svc_get $d TEST) ;;
		activate) run_=$(svc_get $d RELOAD) ;;
		start) run_=$(svc_get $d RESTART) ;;
		esac
		cat >"$T/bin/$d-$c" <<-END
		#!/bin/sh
		echo $d-$c >>"$T/told"
		case \$(cat "$T/how.$d-$c" 2>/dev/null) in
		lies) exit 0 ;;
		no) exit 1 ;;
		kill) rm "$T/how.$d-$c"; kill -9 \$PPID; exit 1 ;;
		esac
		exec ${run_:-true}
		END
		chmod 755 "$T/bin/$d-$c"
	done
done
DOVECOT_PORT=$(svc_get dovecot ENDPOINTS | tr ' ' '\n' | sed -n 's/^imap://p')
APACHE_PORT=$(svc_get apache ENDPOINTS | tr ' ' '\n' | sed -n 's/^tls://p;q')

# The fingerprints that the three show, those of $T/cN as N.
serve() {
	_s=
	for _e in smtp:$POSTFIX_PORT imap:$DOVECOT_PORT tls:$APACHE_PORT; do
		_fp=$(svc_fp $_e $NAME) _n=other
		for _f in "$T"/c*.crt; do
			[ "$(cert_fp "$_f")" != "$_fp" ] ||
				_n=$(basename "$_f" .crt)
		done
		_s="$_s${_s:+ }$_n"
	done
	echo "$_s"
}
states() { # of the certificate, by service
	sqlite3 "$DB" "SELECT group_concat(state, ' ') FROM (SELECT state FROM
		installs WHERE name = '$NAME' AND endpoint = ''
		ORDER BY service DESC)"
}
N=0 HOST_CONF=$T/installer.conf
next() {
	N=$((N + 1))
	issue_nth "$T/c$N" $N || bail "cannot issue"
	store_put $NAME "$T/c$N"
	: >"$T/told"
}
how() { # COMMAND WORD
	echo "$2" >"$T/how.$1"
}

# --- all of them ---
conf
next
run host --dry-run
is "$rc" 0 "dry run"
like "$out" 'postfix: together with service apache' "... says who goes together"
run host
is "$rc $(serve)" "0 c1 c1 c1" "all three serve it"
is "$(states)" "served served served" "... and say so"
is "$(grep -c activate "$T/told")" 3 "... each was told once"
: >"$T/told"
run host
is "$rc $out$err $(cat "$T/told")" "0  " "nothing to do: silent"

# --- one fails ---
next
how dovecot-activate lies
run host
is "$rc $(serve)" "1 c1 c1 c1" "Dovecot's reload lies: all three serve the old one"
is "$(states)" "rolled-back rolled-back rolled-back" "... which is reported"
like "$err" 'service dovecot: activated, but not served: .*rolled back, the old set is served' \
	"... says why"
like "$err" 'service postfix: service dovecot, which uses www.example.test too: activated, but not served: .*rolled back' \
	"... and for whose sake the others went back"
not_ok "... Apache, whose turn had not come, was never told" \
	grep -q apache-activate "$T/told"
ok "... nothing is left" tidy
rm "$T/how.dovecot-activate"
: >"$T/told"
run host
is "$rc $(serve)" "1 c1 c1 c1" "the next run holds all three"
is "$(states) $(cat "$T/told")" "held held held " "... and says so"
run host --force
is "$rc $(serve)" "0 c2 c2 c2" "with --force all go on"

next
how apache-test no
run host
is "$rc $(serve)" "1 c2 c2 c2" "Apache's configuration is broken: nobody changes"
is "$(grep -c activate "$T/told")" 0 "... nobody was even told"
rm "$T/how.apache-test"
run host
is "$rc $(serve)" "0 c3 c3 c3" "once it is mended, all go on: it was not held"

# --- one cannot take it ---
next
chmod 644 "$T/apache.key"
run host
is "$rc $(serve)" "1 c3 c3 c3" "a key open to everyone: nobody changes"
like "$err" 'service postfix: not installed, because of service apache, which uses .* too: .*apache.key' \
	"... and the others say why"
is "$(states)" "held held refused" "... and report it"
svc_keep apache "$T/apache.key"
run host
is "$rc $(serve)" "0 c4 c4 c4" "once it is closed, all go on"

# --- one goes alone ---
conf 'alone = true;'
next
how dovecot-activate lies
run host
is "$rc $(serve)" "2 c5 c4 c5" "Dovecot alone: the others keep the new one"
is "$(states)" "served rolled-back served" "... which is reported"
rm "$T/how.dovecot-activate"
conf
run host
is "$rc $(serve)" "2 c5 c4 c5" "together again: what failed is held still"
run host --force dovecot
is "$rc $(serve)" "0 c5 c5 c5" "... until it is asked for by name"

# --- by hand ---
: >"$T/told"
run host --rollback $NAME
is "$rc $(serve)" "0 c4 c4 c4" "--rollback of the certificate: all three" ||
	diag "$err"
next
run host
is "$rc $(serve)" "0 c6 c6 c6" "and the next one"
run host --rollback postfix
is "$rc $(serve)" "0 c4 c6 c6" "--rollback of a service: that one"
run host --force
is "$rc $(serve)" "0 c6 c6 c6" "and back again"

# --- killed ---
for c in dovecot-test postfix-activate dovecot-activate apache-activate; do
	next
	how $c kill
	run host
	is "$rc" 137 "killed at $c"
	host_without_store
	is "$rc $(serve)" "69 c$N c$N c$N" "... finished for all by the next run"
	run host
	is "$rc$err" 0 "... and then there is nothing to do"
	ok "... nothing is left" tidy
done
next
how dovecot-activate kill
run host
how dovecot-activate no
host_without_store
is "$rc $(serve)" "69 c$((N - 1)) c$((N - 1)) c$((N - 1))" \
	"killed, and it cannot be finished: undone for all"
rm "$T/how.dovecot-activate"
run host --force
is "$rc $(serve)" "0 c$N c$N c$N" "... and done with --force"

# --- one is stopped ---
svc_dovecot_stop
next
run host
is "$rc" 2 "Dovecot is stopped"
like "$err" 'service dovecot: installed, but' "... which is said"
is "$(serve)" "c$N other c$N" "... the others serve the new one"
done_testing
