#!/bin/sh
# SPDX-License-Identifier: MIT
# A service without a profile: what installer-profiles(5) finds out of quotad
# is so, and the profile and the configuration it ends in are taken from its
# text and work.
# shellcheck disable=SC2034,SC2154 # variables are for host.sh; run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

NAME=quota.example.org
umask 022
newcomer_setup() {
	mkdir -p "$T/profiles" "$T/etc" "$T/private" "$T/run" "$T/bin" \
		"$T/conf/installer.conf.d" &&
		cp "$ROOT/tests/lib/quotad.py" "$T/bin/quotad" &&
		host_pki && host_store && store_row $NAME
}
newcomer_setup || bail "cannot set up a host"
port=$(free_port)
pem=$T/etc/quotad.pem

# --- the text of the manual, with our paths ---
# The block behind the comment "of newcomer.t: NAME".
block() { # NAME
	sed -n "/^\.\\\\\" of newcomer.t: $1\$/,/^\.Ed/p" \
		"$ROOT/man/installer-profiles.5" | grep -v '^\.' |
		sed "s|/etc/quotad|$T/etc|g; s|/etc/ssl/private|$T/private|g
			s|/run/|$T/run/|g; s|:4711|:$port|g
			s|group = \"quotad\"|group = \"$(id -gn)\"|g"
}
block quotad.conf >"$T/profiles/quotad.conf"
block quota.conf >"$T/conf/installer.conf.d/quota.conf"
cat >"$T/conf/installer.conf" <<END
store : { path = "$DB"; };
host = "host1";
trust_file = "$T/pki/ca.pem";
profile_dir = "$T/profiles";
state_dir = "$T/state";
END
chmod 600 "$T/conf/installer.conf"
mv "$T/host.key" "$T/private/$NAME.key"
KEY=$T/private/$NAME.key
ok "the profile is a few lines" \
	test "$(grep -c . "$T/profiles/quotad.conf")" -le 12
host() {
	run "$BUILD/certrepo-installer" -c "$T/conf/installer.conf" "$@"
}

# --- quotad, with what it had before ---
make_self_signed "$KEY" "$T/self.crt" $NAME
(umask 027 && cat "$T/self.crt" "$KEY" >"$pem")
quotad() {
	# a script has the name it is started by
	start quotad "$T/bin/quotad" "$port" "$pem" "$T/run/quotad.pid" \
		"$T/deaf"
	wait_port "$port" && wait_for 5 test -s "$T/run/quotad.pid"
}
served() {
	tls_fp "$port" $NAME 2>/dev/null
}
hup() {
	pkill -HUP -F "$T/run/quotad.pid" quotad && sleep 0.2
}
quotad || bail "quotad does not start"
self=$(cert_fp "$T/self.crt")
is "$(served)" "$self" "quotad serves what it had"

# --- the questions ---
cp -p "$pem" "$T/good.pem"
make_self_signed "$KEY" "$T/test.crt" $NAME
cat "$T/test.crt" "$KEY" >"$pem"
hup
is "$(served)" "$(cert_fp "$T/test.crt")" "a reload is enough"
cat "$T/test.crt" "$T/other.key" >"$pem"
ok "it takes a bad one without a word" hup
is "$(tls_chain "$port" $NAME)" '' "... and there is no TLS"
cp -p "$T/good.pem" "$pem"
hup
is "$(served)" "$self" "... until a good one is back"

# --- the installer ---
issue_nth "$T/one" 1 && store_put $NAME "$T/one"
host --dry-run
is "$rc" 0 "--dry-run takes the text of the manual"
like "$out" "quota:   write $pem \(fullchain-key, mode 0640\)" \
	"... and says what it would do"
host
is "$rc" 0 "the first certificate"
is "$(served)" "$(cert_fp "$T/one.crt")" "... is served"
ok "... the file is as quotad wants it" sh -c \
	"cat '$T/one.crt' '$T/one.ca' '$KEY' | cmp -s - '$pem'"
is "$(stat -c %a:%G "$pem")" "640:$(id -gn)" "... for its group"
host
is "$rc $out$err" "0 " "nothing to do: silent"

issue_nth "$T/two" 2 && store_put $NAME "$T/two"
: >"$T/deaf"
host
rm "$T/deaf"
is "$rc" 1 "a renewal that quotad does not take"
like "$err" 'activated, but not served: .* rolled back, the old set is served' \
	"... is found out"
is "$(served)" "$(cert_fp "$T/one.crt")" "... the old one is served"
ok "... and in its file" grep -qF "$(sed -n 2p "$T/one.crt")" "$pem"
host --force
is "$rc $(served)" "0 $(cert_fp "$T/two.crt")" "... once it listens, it does"

issue_nth "$T/three" 3 && store_put $NAME "$T/three"
stop quotad
host
is "$rc" 0 "a renewal while it is stopped"
is "$(sqlite3 "$DB" "SELECT state FROM installs WHERE name = '$NAME' AND
	endpoint = ''")" installed "... the receipt: installed"
not_ok "... it stays stopped" pgrep -F "$T/run/quotad.pid" quotad
quotad
is "$(served)" "$(cert_fp "$T/three.crt")" "... it starts with the new one"
host --verify
is "$rc" 0 "--verify"
done_testing
