#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests of hosts on MariaDB, with the accounts of grants.sql and of
# `host add`: what is sent by whom, what a person and a rule make of it, two who
# decide at once, and answers that get lost.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"

command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"

RUN_TIMEOUT=300
export CERTREPO_TEST_STORE=mariadb CERTREPO_TEST_HOST="$MARIADB_HOST"
export CERTREPO_TEST_PORT="$MARIADB_PORT" CERTREPO_TEST_USER="$MARIADB_USER"
export CERTREPO_TEST_PASSWORD_FILE="$MARIADB_PASSWORD_FILE"
export CERTREPO_TEST_CA_FILE="$MARIADB_CA"
export CERTREPO_TEST_DATABASE="$MARIADB_DATABASE"
run "$BUILD/tests/unit/test_fleet_pending"
is "$rc" 0 "the suite of SQLite"
RUN_TIMEOUT=60

# --- accounts ---
umask 077
conf() { # FILE STORE [SETTING...]
	_f=$1 _s=$2
	shift 2
	cat <<END >"$T/$_f"
store : { driver = "mariadb"; database = "$MARIADB_DATABASE"; $_s };
csr_dir = "$T"; state_dir = "$T";
dns : { zones = ( { zone = "acme.example.net"; } ); };
ca = ( { name = "x"; directory = "https://127.0.0.1:1/dir"; agree_tos = true; } );
END
	printf '%s\n' "$@" >>"$T/$_f"
}
over() { # USER [PORT]: the store, as who
	echo "host = \"$MARIADB_HOST\"; port = ${2:-$MARIADB_PORT};
		user = \"$1\"; password_file = \"$T/$1.password\";
		ca_file = \"$MARIADB_CA\";"
}
rules='rules = ( { host = "web*.example.org"; names = ["{host}", "*.example.org"]; } );'
for a in certrepo-populate certrepo-host certrepo-fetcher certrepo-status; do
	echo "secret-of-$a" >"$T/$a.password"
done
conf init.conf "user = \"root\"; socket = \"$MARIADB_SOCKET\";"
conf admin.conf "$(over certrepo-populate)" "$rules"
populate() { # by the account of grants.sql
	run "$BUILD/certrepo-populate" -c "$T/admin.conf" "$@"
}
run "$BUILD/certrepo-populate" -c "$T/init.conf" init
is "$rc" 0 "init" || diag "$err"
sed "s/@PASSWORD@/'none'/; $(for a in populate host fetcher status; do
	echo "/'certrepo-$a'@'%'/,/;/s/'none'/'secret-of-certrepo-$a'/;"
	done)" "$ROOT/schema/grants.sql" >"$T/grants.sql"
ok "grants.sql" mariadb_sql -e "source $T/grants.sql"
for h in web1 web2 mail; do
	run "$BUILD/certrepo-populate" -c "$T/init.conf" host add \
		$h.example.org --password-file "$T/$h.password"
	[ "$rc" = 0 ] || bail "host add: $err"
	mariadb_sql -NB certrepo -e "SELECT account FROM hosts WHERE
		host = '$h.example.org'" >"$T/$h.account"
done
echo certrepo-host >"$T/shared.account"
cp "$T/certrepo-host.password" "$T/shared.password"

# --- a host ---
as() { # HOST STATEMENT: by its account
	printf '[client]\nuser=%s\npassword=%s\nhost=%s\nport=%s\nssl-ca=%s\n' \
		"$(cat "$T/$1.account")" "$(cat "$T/$1.password")" \
		"$MARIADB_HOST" "$MARIADB_PORT" "$MARIADB_CA" >"$T/client.cnf"
	mariadb --defaults-file="$T/client.cnf" -NB certrepo -e "$2" \
		2>"$T/log/as"
}
request() { # NAME [EXTENSION]: a key and its CSR
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$T/$1.key" -subj / -addext "subjectAltName=$2" \
		-out "$T/$1.csr" 2>"$T/log/openssl"
}
key_of() { # CSR
	openssl req -in "$T/$1.csr" -noout -pubkey |
		openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
}
ask() { # ACCOUNT HOST NAME CSR [NEW_KEY]: the id, or the state
	as "$1" "${SESSION-}
		CALL host_requests_put('$2.example.org', '$3',
		'$(cat "$T/$4.csr")', '$(key_of "$4")', ${5:-0}, 1700000000)" |
		awk -F '\t' '{ print ($4 == "pending" ? $1 : $4) }'
}
state() { # ID
	mariadb_sql -NB certrepo -e "SELECT state, COALESCE(as_name, '-')
		FROM host_requests WHERE id = $1" | tr '\t' ' '
}
N=www.example.org
request a DNS:$N
request b DNS:$N
request own DNS:web2.example.org
request net DNS:$N,DNS:www.example.net

one=$(ask web1 web1 $N a)
like "$one" '^[0-9]+$' "web1 sends a request"
populate pending
is "$rc" 0 "pending" || diag "$err"
like "$out" "^$one  web1\\.example\\.org/$N\$" "... has it"
like "$(echo "$out" | tr -s '\n ' ' ')" "by the account $(cat "$T/web1.account") " \
	"... by whom"
like "$out" "$(key_of a)" "... and its key"
like "$out" "rule .*admin.conf:.* approves it" "... a rule takes it"
populate approve "$one"
is "$rc" 0 "approve, by the account of grants.sql" || diag "$err"
is "$(state "$one")" "approved $N" "... it is"
is "$(mariadb_sql -NB certrepo -e 'SELECT name, enable FROM certs')" "$N	Y" \
	"... and there is a row"
is "$(as web1 "CALL host_certs_get('[\"$N\"]')" | cut -f1)" $N \
	"... which web1 may read"
is "$(as web2 "CALL host_certs_get('[\"$N\"]')")" "" "... and web2 may not"
like "$(as web1 "CALL host_requests_mine('web1.example.org')")" \
	"approved	.*	$N" "... and web1 is told"
populate approve "$one"
like "$rc $out" "^0 $one is approved already, as $N" "once more"

# --- a newer CSR has another number ---
two=$(ask web2 web2 web2.example.org own)
request own DNS:web2.example.org,DNS:$N
openssl req -new -key "$T/own.key" -subj / -addext \
	"subjectAltName=DNS:web2.example.org,DNS:bank.example.org" \
	-out "$T/own.csr" 2>"$T/log/openssl"
request own2 DNS:web2.example.org
three=$(ask web2 web2 web2.example.org own2)
openssl req -new -key "$T/own2.key" -subj / -addext \
	"subjectAltName=DNS:web2.example.org,DNS:bank.example.net" \
	-out "$T/own2.csr" 2>"$T/log/openssl"
four=$(ask web2 web2 web2.example.org own2)
isnt "$three" "$four" "another CSR of that key is another request"
populate approve "$three"
is "$rc" 1 "what was seen is not there any more"
like "$err" "the host has sent another in its place" "... and is not approved"

# --- a session chooses no number ---
request own3 DNS:web2.example.org
seen=$(ask web2 web2 web2.example.org own3)
cp "$T/own3.csr" "$T/seen.csr"
openssl req -new -key "$T/own3.key" -subj / -addext \
	"subjectAltName=DNS:web2.example.org,DNS:bank.example.com" \
	-out "$T/own3.csr" 2>"$T/log/openssl"
SESSION="SET insert_id = $seen, unique_checks = 0, foreign_key_checks = 0,
	sql_select_limit = 0;"
isnt "$(ask web2 web2 web2.example.org own3)" "$seen" \
	"insert_id does not say which number a request has"
populate approve "$seen"
is "$rc" 1 "... so another CSR than was seen is not approved"
SESSION="SET insert_id = 9223372036854775806,
	auto_increment_increment = 65535, auto_increment_offset = 65535;"
request own4 DNS:web2.example.org
ask web2 web2 web2.example.org own4 >"$T/far"
SESSION=
request own5 DNS:web2.example.org
last=$(ask web2 web2 web2.example.org own5)
ok "... nor uses up the numbers: $(cat "$T/far"), $last" \
	[ "${last:-none}" -lt $((seen + 20)) ]
mariadb_sql certrepo -e "DELETE FROM host_requests WHERE id >= $seen"

# --- nor what a name may be ---
for flags in MULTILINE EXTENDED_MORE ''; do
	for odd in "CHAR(10)" "CHAR(10), '<script>'" "' '" "CHAR(27)"; do
		as web2 "SET default_regex_flags = '$flags';
			CALL host_requests_put('web2.example.org',
			CONCAT('odd.example.org', $odd), 'x',
			'$(key_of own)', 0, 1)" >>"$T/odd"
	done
	as web2 "SET default_regex_flags = '$flags';
		CALL host_requests_put('web2.example.org', 'odd.example.org',
		'x', CONCAT(REPEAT('a', 63), CHAR(10)), 0, 1)" >>"$T/odd"
	as web2 "SET default_regex_flags = '$flags';
		CALL host_receipts_put('web2.example.org', JSON_ARRAY(
		JSON_OBJECT('name', '', 'service', CONCAT('a', CHAR(27)),
		'endpoint', 'e', 'state', 'served')), NULL)" >>"$T/odd"
done
is "$(cat "$T/odd")$(mariadb_sql -NB certrepo -e "SELECT name
	FROM host_requests WHERE name LIKE 'odd%' UNION
	SELECT service FROM installs")" "" "odd characters, whatever the flags"

# --- rejected ---
populate reject "$four" --reason "bank.example.net is not yours"
is "$rc" 0 "reject" || diag "$err"
like "$(as web2 "CALL host_requests_mine('web2.example.org')")" \
	"rejected	bank.example.net is not yours" "... web2 is told why"

# --- by rule ---
forged=$(ask shared web1 $N b)
other=$(ask mail mail mail.example.org b)
far=$(ask web1 web1 $N net)
is "$(ask web2 web1 $N b)" refused "an account speaks for no other host"
populate approve --by-rule
is "$rc$out$err" 0 "by rule: silent"
is "$(state "$two")" "approved web2.example.org" "what a rule takes is approved"
for id in $forged $other $far; do
	is "$(state "$id")" "pending -" "... request $id waits"
done
populate pending --json
is "$(printf '%s' "$out" | "$PYTHON" -c 'import json, sys
for r in json.load(sys.stdin):
    print(r["id"], r["account_is_its"], r["verdict"], r["no_rule"])')" \
	"$forged False beside this account does not speak for this host alone
$other True new no rule takes this host with all of these names
$far True key no rule takes this host with all of these names" \
	"... and why"
populate approve "$forged"
is "$(state "$forged")" "approved $N+web1" "a person may"
is "$(as web1 "CALL host_certs_get('[\"$N+web1\"]')")" "" \
	"... and web1, who may not have sent it, gets nothing by it"

# --- another key, of a host and of two ---
mariadb_sql certrepo -e "DELETE FROM host_requests WHERE state = 'pending'"
mariadb_sql certrepo -e 'UPDATE host_requests SET ts_decided = 1'
request next DNS:$N
next=$(ask web1 web1 $N next 1)
mariadb_sql certrepo -e "INSERT INTO host_names SELECT account, '$N', host FROM
	hosts WHERE host = 'web2.example.org'"
populate approve --by-rule
is "$(state "$next")" "pending -" "the key of a row that web2 has, too: no rule"
populate approve "$next"
is "$rc" 1 "... nor a person without a word"
like "$err" "is the row of other hosts, too" "... says why"
mariadb_sql certrepo -e "UPDATE certs SET crt = 'x', renew = 0
	WHERE name = '$N'; DELETE FROM host_names WHERE name = '$N' AND
	host = 'web2.example.org'"
populate approve --by-rule
is "$(state "$next")" "approved $N" "the key of its own row: a rule"
is "$(mariadb_sql -NB certrepo -e "SELECT renew, old_csr IS NOT NULL FROM
	certs WHERE name = '$N'")" "1	1" "... ordered anew, the old CSR kept"

# --- what was approved is no more: it is asked for anew ---
gone() { # CSR: sent again, it is
	_id=$(ask web1 web1 again.example.org "$1")
	like "$_id" '^[0-9]+$' "... what it sends again is a request" &&
		like "$(state "$_id")" '^pending ' "... which waits"
	again=$_id
}
init() { # as who may make accounts
	run "$BUILD/certrepo-populate" -c "$T/init.conf" "$@"
	is "$rc" 0 "$*" || diag "$err"
}
request again DNS:again.example.org
again=$(ask web1 web1 again.example.org again)
init approve "$again"
is "$(ask web1 web1 again.example.org again)" approved "sent once more: approved"
openssl req -new -key "$T/again.key" -subj / -addext \
	"subjectAltName=DNS:again.example.org,DNS:more.example.org" \
	-out "$T/more.csr" 2>"$T/log/openssl"
more=$(ask web1 web1 again.example.org more)
like "$more" '^[0-9]+$' "with another name: to be approved"
populate pending --json
like "$out" "\"id\": $more,.*\"verdict\": \"names\"" "... as that"
populate approve --by-rule
like "$(state "$more")" "^pending" "... by no rule so soon after the other"
init approve "$more"
is "$(mariadb_sql -NBr certrepo -e "SELECT csr FROM certs
	WHERE name = 'again.example.org'")" "$(cat "$T/more.csr")" \
	"... by a person"
init remove again.example.org -y
is "$(state "$more")" "" "... its request has ended"
populate approve "$more"
is "$rc" 1 "... and is approved no more"
gone again
init approve "$again"
was=$again
init host revoke web1.example.org again.example.org
gone again
label=$(ask web1 web1 again.example.org+more again)
populate approve --by-rule
like "$(state "$again") $(state "$label")" '^pending .*pending' \
	"... no rule gives it back, by whichever name"
populate approve "$was"
is "$rc" 1 "... nor is what was revoked approved"
mariadb_sql certrepo -e "DELETE FROM host_requests WHERE id = $label"
# Granted by hand, and taken by the account of grants.sql.
mariadb_sql certrepo -e "DELETE FROM host_requests WHERE state = 'revoked'"
populate host grant web1.example.org again.example.org
populate host revoke web1.example.org again.example.org
is "$rc $err" "0 " "what was granted by hand is revoked"
gone again
populate approve --by-rule
like "$(state "$again")" '^pending' "... and no rule gives it back either"
init approve "$again"
# Another CSR of the same key waits while it is taken.
openssl req -new -key "$T/again.key" -sha384 -subj / -addext \
	"subjectAltName=DNS:again.example.org" -out "$T/twice.csr" 2>"$T/log/openssl"
twice=$(ask web1 web1 again.example.org twice)
like "$(state "$twice")" '^pending again' "another CSR of what was approved"
init host revoke web1.example.org again.example.org
like "$(state "$twice")" '^rejected' "... is rejected when that is taken"
gone again
populate approve --by-rule
like "$(state "$again")" '^pending' "... and no rule gives it back"
init approve "$again"
init host remove web1.example.org -y
is "$(mariadb_sql -NB certrepo -e "SELECT COUNT(*) FROM host_requests
	WHERE host = 'web1.example.org'")" 0 "... its requests have ended"
init host add web1.example.org --password-file "$T/web1.password"
gone again
# a row that went without its request, as before this was so
init approve "$again"
mariadb_sql certrepo -e "DELETE FROM certs WHERE name = 'again.example.org'"
populate approve "$again"
is "$rc" 1 "an approved one without its row"
like "$err" "was approved as again.example.org, which is not enrolled any more: the host has to ask once more, by certrepo-installer --request" \
	"... is told what to do"
gone again
mariadb_sql certrepo -e "DELETE FROM host_requests WHERE id = $again"

# --- two who decide at once ---
request x DNS:x.example.org
x=$(ask web1 web1 x.example.org x)
for i in 1 2 3 4; do
	"$BUILD/certrepo-populate" -c "$T/admin.conf" approve "$x" \
		>"$T/out.$i" 2>&1 &
	eval "pid$i=$!"
done
rcs=
for i in 1 2 3 4; do
	eval "wait \$pid$i"
	rcs="$rcs$?"
done
like "$rcs" '^[01]*0[01]*$' "four approve at once"
is "$(state "$x") $(mariadb_sql -NB certrepo -e "SELECT COUNT(*) FROM certs
	WHERE name LIKE 'x.%'")" "approved x.example.org 1" "... it is done once"
unlike "$(cat "$T"/out.*)" 'SQL|[(][0-9]{4}[)]|internal' "... and no riddles"

# --- one that somebody keeps locked ---
request l1 DNS:l1.example.org
request l2 DNS:l2.example.org
l1=$(ask web1 web1 l1.example.org l1)
l1b=$(ask web1 web1 l1.example.org+b l1)
l2=$(ask web2 web2 l2.example.org l2)
mariadb_sql -NB --unbuffered certrepo -e "START TRANSACTION; SELECT state FROM
	host_requests WHERE id = $l1 FOR UPDATE; SELECT state FROM host_requests
	WHERE id = $l1b FOR UPDATE; DO SLEEP(8)" \
	>"$T/locked" &
locker=$!
wait_for 10 grep -q pending "$T/locked"
started=$(date +%s)
populate approve --by-rule
took=$(($(date +%s) - started))
is "$rc" 2 "a request that is locked: the status says so"
ok "... after $took s" [ "$took" -lt 7 ]
is "$(state "$l2")" "approved l2.example.org" "... the others go on"
like "$err" "request $l1, web1.example.org/l1.example.org, waits, the others go on: .*keeps the row locked" \
	"... and it is told"
is "$(printf '%s\n' "$err" | grep -c .)" 1 "... once for its host"
wait "$locker"
populate approve --by-rule
is "$rc $err$(state "$l1")" "0 approved l1.example.org" "... later it is its turn"

# --- answers that get lost ---
echo pass >"$T/cut"
port=$(free_port)
start cutproxy "$PYTHON" "$ROOT/tests/lib/cutproxy.py" "$port" \
	"$MARIADB_PORT" "$T/cut"
wait_port "$port" || bail "no proxy"
conf cut.conf "$(over certrepo-populate "$port")"
wrong='' done=0 n=0
while n=$((n + 1)) && [ $n -lt 100 ]; do
	request y "DNS:y$n.example.com"
	id=$(ask web1 web1 "y$n.example.com" y)
	echo "s$n" >"$T/cut"
	run "$BUILD/certrepo-populate" -c "$T/cut.conf" approve "$id" -y
	rows=$(mariadb_sql -NB certrepo -e "SELECT COUNT(*) FROM certs c JOIN
		host_names h ON h.name = c.name WHERE c.name = 'y$n.example.com'")
	case $rc/$(state "$id")/$rows in
	"0/approved y$n.example.com/1") done=$((done + 1)) ;;
	"69/pending -/0") ;; # it could not connect
	*) wrong="$wrong s$n: $rc/$(state "$id")/$rows $err;" ;;
	esac
	[ "$(cat "$T/cut")" = cut ] || break
done
echo pass >"$T/cut"
is "$wrong" "" "a lost answer, each in its turn: all of it or nothing, once"
ok "... $done of $n times it was done" [ "$done" -gt 10 ]
done_testing
