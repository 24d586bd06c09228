#!/bin/sh
# SPDX-License-Identifier: MIT
# A resolver that the CA asks, too, remembers nothing of ours that is not
# there: a first order for a name without a record succeeds at its first
# attempt, though what is absent is remembered for an hour. BIND and unbound,
# on unsigned and signed zones, the same resolver as the CA's and another one.
# One zone's servers have IPv4 addresses that no way leads to.
# Addresses on port 53, so it runs in a network of its own.
if [ -z "${IN_NETNS-}" ]; then
	_more='--map-current-user --keep-caps'
	[ "$(id -u)" != 0 ] || _more=
	# shellcheck disable=SC2086 # two words or none
	if unshare -n $_more true 2>/dev/null; then
		IN_NETNS=1 exec unshare -n $_more "$0" "$@"
	fi
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/pebble.sh"
. "$(dirname "$0")/../lib/stage.sh"
[ -n "${IN_NETNS-}" ] || skip_all "no network namespace of one's own"
command -v unbound >/dev/null || skip_all "no unbound"
AUTH=127.0.0.53 BIND=127.0.0.54 UNBOUND=127.0.0.55
for _a in $AUTH $BIND $UNBOUND; do
	ip addr add "$_a/32" dev lo || skip_all "no loopback interface"
done
ip link set lo up
SIX=fd00::53 SIX_UNBOUND=fd00::55
for _a in $SIX $SIX_UNBOUND; do
	ip addr add "$_a/128" dev lo || skip_all "no IPv6"
done

answers() { # ADDRESS
	wait_for 10 sh -c "dig +time=1 +tries=1 @$1 plain.test SOA |
		grep -q 'status: NOERROR'"
}
start_named() { # NAME ADDRESS CONFIGURATION...
	_who=$1 _at=$2
	shift 2
	mkdir -p "$T/$_who"
	{
		cat <<-END
		options {
			directory "$T/$_who";
			pid-file "$T/$_who/named.pid";
			session-keyfile "$T/$_who/session.key";
			listen-on port 53 { $_at; };
			listen-on-v6 port 53 { ${_six:-none}; };
			query-source address $_at;
			empty-zones-enable no; notify no; querylog yes;
		END
		printf '%s\n' "$@" 'controls { };'
	} >"$T/$_who/named.conf"
	start "$_who" "$(unconfined named)" -g -n 1 -c "$T/$_who/named.conf"
	answers "$_at" && return 0
	diag "$_who does not start: $(tail -5 "$T/log/$_who")"
	return 1
}

zone() { # NAME RECORD...: what is not there is so for an hour
	_z=$1
	shift
	mkdir -p "$T/auth"
	printf '%s\n' "\$TTL 3600" \
		'@ IN SOA ns root 1 3600 600 864000 3600' '@ IN NS ns' \
		"ns IN A $AUTH" "$@" >"$T/auth/$_z.db"
}
# The root, a top-level domain, and three zones below it, two of them dynamic.
start_auth() {
	mkdir -p "$T/auth" "$T/dns"
	(umask 077 && tsig-keygen -a hmac-sha256 key >"$T/dns/key") || return 1
	zone root "test. IN NS ns.test." "ns.test. IN A $AUTH"
	zone test "plain IN NS ns.plain" "ns.plain IN A $AUTH" \
		"signed IN NS ns.signed" "ns.signed IN A $AUTH" \
		"six IN NS six.plain"
	zone plain.test '_acme-challenge.alias1 IN CNAME alias1.signed.test.' \
		'_acme-challenge.alias2 IN CNAME alias2.signed.test.' \
		'_acme-challenge.alias3 IN CNAME alias3.signed.test.' \
		'six IN A 192.0.2.53' "six IN AAAA $SIX"
	zone signed.test
	# no way leads to its first address, as from a host without IPv4
	zone six.test
	sed -i "s/^ns IN A .*/ns IN A 192.0.2.53\nns IN AAAA $SIX/;
		s/NS ns/NS six.plain.test./" "$T/auth/six.test.db"
	_up='update-policy { grant key zonesub TXT; };'
	_six=$SIX
	start_named auth $AUTH 'recursion no; dnssec-validation no; };' "include \"$T/dns/key\";" \
		'zone "." { type primary; file "root.db"; };' \
		'zone "test" { type primary; file "test.db"; };' \
		"zone six.test { type primary; file \"six.test.db\"; $_up };" \
		"zone plain.test { type primary; file \"plain.test.db\"; $_up };" \
		'zone signed.test { type primary; file "signed.test.db";' \
		"dnssec-policy default; $_up };" || return 1
	wait_for 10 sh -c "dig @$AUTH signed.test DNSKEY +dnssec +short |
		grep -q 'DNSKEY 13'"
}
start_resolvers() {
	_six=
	printf '. 3600 IN NS ns.\nns. 3600 IN A %s\n' $AUTH >"$T/hints"
	dig @$AUTH signed.test DNSKEY +short | grep '^257 ' |
		sed 's/^\([0-9]* [0-9]* [0-9]*\) \(.*\)/\1 "\2"/' >"$T/ksk"
	[ -s "$T/ksk" ] || return 1
	start_named bind $BIND 'recursion yes; dnssec-validation yes; trust-anchor-telemetry no; };' \
		"zone \".\" { type hint; file \"$T/hints\"; };" \
		"trust-anchors { \"signed.test.\" static-key $(cat "$T/ksk"); };" ||
		return 1
	cat >"$T/unbound.conf" <<-END
	server:
		directory: "$T"
		chroot: ""
		username: ""
		pidfile: "$T/unbound.pid"
		use-syslog: no
		logfile: ""
		log-queries: yes
		interface: $UNBOUND
		outgoing-interface: $UNBOUND
		outgoing-interface: $SIX_UNBOUND
		do-not-query-localhost: no
		access-control: 127.0.0.0/8 allow
		root-hints: "$T/hints"
		local-zone: "test." transparent
		aggressive-nsec: yes
		# a query of its own for what is not there
		trust-anchor-signaling: no
		trust-anchor: "signed.test. DNSKEY $(tr -d '"' <"$T/ksk")"
	remote-control:
		control-enable: no
	END
	start unbound unbound -d -c "$T/unbound.conf"
	answers $UNBOUND && return 0
	diag "unbound does not start: $(tail -5 "$T/log/unbound")"
	return 1
}

stage_conf() {
	cat >"$CONF" <<-END
	store : { $_store };
	csr_dir = "$T/csr";
	state_dir = "$T/state";
	max_orders = 1;
	ca = ( { name = "pebble"; directory = "$PEBBLE_DIR";
	    account_key = "$T/state/account.pem"; agree_tos = true;
	    ca_file = "$PEBBLE_CA"; } );
	dns : {
	    resolvers = ["$OURS"]; key_file = "$T/dns/key";
	    zones = ( { zone = "plain.test"; }, { zone = "signed.test"; },
	        { zone = "six.test"; } );
	    ready_timeout = "10s"; unreachable_grace = "2s";
	};
	END
	chmod 600 "$CONF"
}
order() { # NAME...: each at the first attempt
	for _x; do
		enrol "$_x" ec "$_x"
	done
	RUN_TIMEOUT=100 run fetcher --once
	for _x; do
		is "$(sql "SELECT outcome FROM attempts WHERE name = '$_x'")" \
			ok "$HOW: $_x is proven at the first attempt" ||
			diag "$(sql "SELECT fail_detail FROM certs
				WHERE name = '$_x'")"
	done
}
round() { # N HOW OURS THE_CA'S
	HOW=$2 OURS=$3 DNS_ADDR=$4:53
	stop pebble
	rm -rf "$T/state"
	stage_start PEBBLE_AUTHZREUSE=0 || bail "no CA"
	stage_store sqlite || bail "no store"
	order "a$1.plain.test" "a$1.signed.test" "alias$1.plain.test" \
		"mail$1.signed.test" "a$1.six.test"
	unlike "$err" 'not waited for' "$HOW: nobody is found to be missing"
}

plan 23
start_auth || bail "no name server"
start_resolvers || bail "no resolver"
is "$(dig @$BIND +short plain.test NS)" ns.plain.test. "BIND resolves"
like "$(dig @$BIND +dnssec signed.test SOA)" 'flags:[^;]* ad' "... and validates"
like "$(dig @$UNBOUND +dnssec signed.test SOA)" 'flags:[^;]* ad' \
	"so does unbound"
round 1 "BIND for both" $BIND $BIND
round 2 "unbound for both" $UNBOUND $UNBOUND
: >"$T/log/bind"
round 3 "a resolver apart" $BIND $UNBOUND
is "$(grep -v 'six' "$T/log/bind" |
	grep -c '_acme-challenge\|alias\|AAAA')" 0 \
	"it was asked for none of these names"
like "$(cat "$T/log/bind")" 'plain.test IN NS' "but for name servers"
