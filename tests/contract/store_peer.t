#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that was captured or broke: whatever a server says, and however
# slowly, the programs end in time with a message, and keep the password.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"

mkdir "$T/fake"
start fake "$PYTHON" "$ROOT/tests/lib/fake_mariadb.py" "$T/fake" "$T/said"
wait_for 15 grep -q ^ready "$T/log/fake" || bail "no fake server"

RUN_TIMEOUT=300
CERTREPO_TEST_FAKE=$T/fake
export CERTREPO_TEST_FAKE
run "$BUILD/tests/unit/test_db_peer"
is "$rc" 0 "each way of being captured or broken"
hex() {
	od -An -v -tx1 | tr -d ' \n'
}
ok "the server that asks for the password was there" \
	grep -q '^clear ' "$T/said"
not_ok "... and was not told" grep -Eq "$(printf sesame | hex)" "$T/said"
not_ok "... nor a file of ours" grep -q "$(hex </etc/hostname)" "$T/said"

# --- and by the programs ---

RUN_TIMEOUT=30
umask 077
echo sesame >"$T/password"
conf() { # SCENARIO
	cat >"$T/certrepo.conf" <<END
store : { driver = "mariadb"; socket = "$T/fake/$1.sock"; user = "u";
	password_file = "$T/password"; connect_timeout = 2; timeout = 3; };
csr_dir = "$T"; state_dir = "$T";
ca = ( { name = "x"; account_key = "$T/account.pem"; agree_tos = true;
	directory = "https://127.0.0.1:1/dir"; } );
END
}
for what in endless drip-rows dialog; do
	conf $what
	# At a terminal: nobody may be asked.
	run script -qec "timeout 20 $BUILD/certrepo-populate \
		-c $T/certrepo.conf list" /dev/null </dev/null
	isnt "$rc" 124 "populate at $what ends in time"
	like "$out" "certrepo-populate: .*$T/fake/$what.sock" "... with a word"
	unlike "$out" 'Password:|Sanitizer|Assertion' "... and nothing else"
done
done_testing
