#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job, end to end, with the real programs against real parts on
# loopback: tests/demo.sh BUILD [FOLDER]. Needs no root, no systemd, no fixed
# port; everything is in FOLDER (demo-run), which stays to be read.
# shellcheck disable=SC2086 # $C and $I are options and their values
# shellcheck disable=SC2016 # $TTL is BIND's
set -u
cd "$(dirname "$0")/.." || exit 1
ROOT=$PWD
BUILD=$(cd "${1:-build}" && pwd) || exit 1
D=${2:-$ROOT/demo-run}
case $D in
/*) ;;
*) D=$ROOT/$D ;;
esac
for p in populate fetcher installer status; do
	[ -x "$BUILD/certrepo-$p" ] || {
		echo "demo: $BUILD/certrepo-$p is not there, run make first" >&2
		exit 1
	}
done
# A folder of an earlier demo is ours to replace, nothing else is.
if [ -e "$D" ] && [ ! -e "$D/.certrepo-demo" ]; then
	echo "demo: $D is there already and is not a demo's" >&2
	exit 1
fi
# What one that was killed left running: ours only if it names the folder.
for p in "$D"/pid/*; do
	[ -s "$p" ] && p=$(cat "$p") &&
		grep -qsF "$D/" "/proc/$p/cmdline" && kill "$p"
done
rm -rf "$D" && mkdir -p "$D" && : >"$D/.certrepo-demo" || exit 1

SCRATCH=$D
. "$ROOT/tests/lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"
cd "$D" || exit 1
PATH=$BUILD:$PATH
umask 022

# --- how it is shown ---

bold='' plain=''
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
title() { # NUMBER TEXT
	printf '\n%s%s  %s%s\n' "$bold" "$1" "$2" "$plain"
}
# Lines that end in column 80 at the latest, indented; what continues a line
# is indented further.
wrap() { # INDENT CONTINUATION [WHERE_A_LINE_IS_CUT]
	awk -v in1="$1" -v in2="$2" -v mark="${3-}" '
	# the rest of a line, indented, less so before a very long word
	function go_on(rest) {
		match(rest, /^[^ ]*/)
		room = 80 - RLENGTH
		if (room < 0)
			room = 0
		return substr(more, 1, room) rest
	}
	{
		match($0, /^ */)
		more = sprintf("%*s", in1 + RLENGTH + in2, "")
		line = sprintf("%*s", in1, "") $0
		while (length(line) > 80) {
			match(line, /^ */)
			cut = 80 - length(mark)
			while (cut > RLENGTH && substr(line, cut + 1, 1) != " ")
				cut--
			if (cut <= RLENGTH) {
				print substr(line, 1, 80)
				line = go_on(substr(line, 81))
				continue
			}
			head = substr(line, 1, cut)
			sub(/ +$/, "", head)
			print head mark
			line = go_on(substr(line, cut + 2))
		}
		print line
	}'
}
say() {
	printf '%s\n' "$*" | wrap 3 0
}
proves() {
	printf '%s\n' "-> $*" | wrap 3 3
}
die() { # TEXT: what went wrong, and what the parts said
	printf '\n%sdemo failed:%s %s\n' "$bold" "$plain" "$*"
	for l in pebble named nginx; do
		[ -s "log/$l" ] || continue
		printf '\nthe end of %s/log/%s:\n' "$D" "$l"
		tail -8 "log/$l" | cut -c 1-200 | sed 's/^/   /'
	done
	printf '\nEverything is left in %s.\n' "$D"
	exit 1
}
# Show a command, run it, show what it prints.
try() { # COMMAND...
	printf '%s' "$bold"
	# shellcheck disable=SC1003 # a line goes on after a backslash
	printf '$ %s\n' "$*" | wrap 3 4 ' \\'
	printf '%s' "$plain"
	timeout -k 5 60 "$@" >last.out 2>&1 </dev/null
	_st=$?
	wrap 5 4 <last.out
	return $_st
}
must() {
	try "$@" || die "exit status $? of: $*"
	[ -s last.out ] || say '  (silent, exit status 0: nothing for cron to mail)'
}

# --- the stage ---

name=www.example.test
also=shop.example.test
other=acme.example.net

write_bind() {
	mkdir -p etc/bind var/bind
	for key in www shop; do
		(umask 077 && tsig-keygen -a hmac-sha512 acme-$key \
			>etc/bind/acme-$key.key) || return 1
	done
	cat >etc/bind/named.conf <<-END
	// Two keys, each good for one TXT record of one zone.
	include "$D/etc/bind/acme-www.key";
	include "$D/etc/bind/acme-shop.key";
	options {
	        directory "$D/var/bind";
	        pid-file "$D/var/bind/named.pid";
	        session-keyfile "$D/var/bind/session.key";
	        listen-on port $DNS_PORT { 127.0.0.1; };
	        listen-on-v6 { none; };
	        // so that it follows a CNAME into another of its zones
	        recursion yes;
	        dnssec-validation no;
	        allow-transfer { none; };
	        notify no;
	        empty-zones-enable no;
	};
	controls { };
	// No query ever leaves this machine.
	zone "." { type primary; file "root.db"; };
	// The organisation's zone: written by hand, never changed by a program.
	zone "example.test" { type primary; file "example.test.db"; };
	// A dynamic sub-zone for one host's name, with its own key.
	zone "$name" {
	        type primary;
	        file "$name.db";
	        update-policy {
	                grant acme-www name _acme-challenge.$name. TXT;
	        };
	};
	// Another dynamic zone, which a CNAME in example.test leads to.
	zone "$other" {
	        type primary;
	        file "$other.db";
	        update-policy { grant acme-shop subdomain $other. TXT; };
	};
	END
	soa='@ IN SOA ns1.example.test. hostmaster.example.test. 1 3600 600 86400 60'
	{
		printf '$TTL 60\n%s\n@ IN NS ns1\n' "$soa"
		echo "ns1 IN A 127.0.0.1"
		echo "${name%%.*} IN NS ns1"
		echo "${also%%.*} IN A 127.0.0.1"
		echo "_acme-challenge.${also%%.*} IN CNAME ${also%%.*}.$other."
	} >var/bind/example.test.db
	printf '$TTL 60\n%s\n@ IN NS ns1.example.test.\n' "$soa" \
		>var/bind/root.db
	for zone in "$name" "$other"; do
		printf '$TTL 60\n%s\n@ IN NS ns1.example.test.\n@ IN A 127.0.0.1\n' \
			"$soa" >"var/bind/$zone.db"
	done
}

write_nginx() {
	mkdir -p etc/nginx var/nginx
	user=
	[ "$(id -u)" != 0 ] || user='user root;'
	cat >etc/nginx/nginx.conf <<-END
	$user
	daemon off;
	pid $D/var/nginx/nginx.pid;
	error_log stderr notice;
	worker_processes 1;
	events { worker_connections 64; }
	http {
	        access_log off;
	        client_body_temp_path $D/var/nginx; proxy_temp_path $D/var/nginx;
	        fastcgi_temp_path $D/var/nginx; uwsgi_temp_path $D/var/nginx;
	        scgi_temp_path $D/var/nginx;
	        server {
	                listen 127.0.0.1:$HTTPS_PORT ssl;
	                server_name $name $also;
	                ssl_certificate $D/host/tls/$name/current/fullchain.pem;
	                ssl_certificate_key $D/host/private/$name.key;
	                location / { return 200 "hello\n"; }
	        }
	}
	END
}

write_certrepo() {
	mkdir -p etc/csr etc/profiles var/certrepo var/installer
	# Copies, since a profile must be one's own or root's.
	cp "$ROOT"/installer-profiles/*.conf etc/profiles/ ||
		die "no profiles in $ROOT/installer-profiles"
	cat >etc/certrepo.conf <<-END
	# The central host: certrepo-populate and certrepo-fetcher.
	store : { driver = "sqlite"; path = "$D/var/certrepo/certrepo.db"; };
	csr_dir = "$D/etc/csr";
	state_dir = "$D/var/certrepo";
	default_ca = "pebble";
	ca = ( {
	    name = "pebble";
	    directory = "$PEBBLE_DIR";
	    staging = "$PEBBLE_DIR";    # a public CA has another one
	    contact = ["mailto:hostmaster@example.test"];
	    agree_tos = true;
	    ca_file = "$PEBBLE_CA";
	} );
	dns : {
	    resolvers = ["127.0.0.1:$DNS_PORT"];
	    zones = ( {
	        zone = "$name";
	        server = "127.0.0.1:$DNS_PORT";
	        key_file = "$D/etc/bind/acme-www.key";
	        check = ["127.0.0.1:$DNS_PORT"];
	    }, {
	        zone = "$other";
	        server = "127.0.0.1:$DNS_PORT";
	        key_file = "$D/etc/bind/acme-shop.key";
	        check = ["127.0.0.1:$DNS_PORT"];
	    } );
	};
	END
	cat >etc/installer.conf <<-END
	# A host: certrepo-installer.
	store : { driver = "sqlite"; path = "$D/var/certrepo/certrepo.db"; };
	trust_file = "$PEBBLE_ROOT";
	profile_dir = "$D/etc/profiles";
	state_dir = "$D/var/installer";
	services = ( {
	    name = "web";
	    profile = "nginx";
	    certificates = ( {
	        name = "$name";
	        names = ["$name", "$also"];
	        key = "$D/host/private/$name.key";
	        dir = "$D/host/tls/$name";
	    } );
	    vars = ( {
	        name = "nginx";
	        value = ["nginx", "-e", "stderr", "-c", "$D/etc/nginx/nginx.conf"];
	    } );
	    verify = ( {
	        address = "127.0.0.1:$HTTPS_PORT";
	        protocol = "tls";
	        server_name = "$name";
	    } );
	} );
	END
	C="-c etc/certrepo.conf"
	I="-c etc/installer.conf"
}

start_all() {
	# shellcheck disable=SC2046 # one port a word
	set -- $(free_ports 2)
	DNS_PORT=$1 HTTPS_PORT=$2
	write_bind || die "cannot make the configuration of BIND"
	start named "$(unconfined named)" -g -c "$D/etc/bind/named.conf"
	wait_port "$DNS_PORT" || die "BIND does not start"
	pebble_start PEBBLE_AUTHZREUSE=0 || die "pebble does not start"
	write_nginx
	write_host || die "openssl cannot make a key and a certificate"
	start nginx nginx -c "$D/etc/nginx/nginx.conf" -e stderr
	wait_port "$HTTPS_PORT" || die "nginx does not start"
	write_certrepo
}

# The host as it is before certrepo: a key, and a certificate that the
# administrator signed with it, so that nginx can start.
write_host() {
	mkdir -p host/private host/tls/$name/self-signed &&
		chmod 700 host/private &&
		make_key host/private/$name.key rsa &&
		make_self_signed host/private/$name.key \
			host/tls/$name/self-signed/fullchain.pem $name &&
		ln -s self-signed host/tls/$name/current
}

# What nginx serves now.
served() { # SHORT FILE
	printf '   %s$ %s\n     %s%s\n' "$bold" \
		"openssl s_client -connect 127.0.0.1:$HTTPS_PORT -servername $name |" \
		"openssl x509 -noout -subject -issuer -serial -enddate" "$plain"
	tls_chain "$HTTPS_PORT" "$name" >"$1.pem"
	[ -s "$1.pem" ] || die "nginx answers with no certificate"
	openssl x509 -in "$1.pem" -noout -subject -issuer -serial -enddate |
		wrap 5 4
}
trusted() { # PEM: as a browser that trusts this CA would see it
	openssl verify -CAfile "$PEBBLE_ROOT" -untrusted "$1" \
		-verify_hostname $name "$1" >/dev/null 2>&1 &&
		openssl verify -CAfile "$PEBBLE_ROOT" -untrusted "$1" \
			-verify_hostname $also "$1" >/dev/null 2>&1
}

# --- the play ---

printf '%scertrepo: enrol, renew, install, prove%s\n' "$bold" "$plain"
say "All on 127.0.0.1, all files in $D."

title 0 "The stage: a CA, a name server, a web server"
start_all
say "pebble  an ACME CA, as Let's Encrypt is     $PEBBLE_DIR"
say "BIND    zone $name, key of its own     port $DNS_PORT"
say "        zone $other, reached by a CNAME from"
say "        _acme-challenge.$also"
say "nginx   serves a self-signed certificate     port $HTTPS_PORT"
served before
trusted before.pem && die "the self-signed certificate is trusted?"
proves "before: a certificate that no browser trusts."

title 1 "Enrol: the host keeps its key, the centre gets a request"
try openssl req -new -key host/private/$name.key \
	-out etc/csr/$name.csr -subj /CN=$name \
	-addext subjectAltName=DNS:$name,DNS:$also || die "no request"
must certrepo-populate $C init
must certrepo-populate $C add $name
must certrepo-fetcher $C --staging $name
proves "tried where nothing counts (here pebble plays that part, too): both" \
	"names can be proven, and nothing of it was stored."
must certrepo-populate $C enable $name
grep -q 'PRIVATE KEY' var/certrepo/certrepo.db* && die "a key in the store?"
proves "the store knows $name; no private key is in it."

title 2 "Renew: the fetcher proves control by DNS and gets a certificate"
must certrepo-fetcher $C --once --verbose
for q in "_acme-challenge.$name" "${also%%.*}.$other"; do
	try dig +short +norecurse @127.0.0.1 -p "$DNS_PORT" TXT "$q" || die "dig"
	[ ! -s last.out ] || die "a proof was left behind at $q"
	say '  (no such record)'
done
proves "both names were proven, each in its own zone with that zone's key," \
	"and nothing is left behind in DNS."

title 3 "Install: the host pulls, checks, installs, reloads, verifies"
must certrepo-installer $I --dry-run
must certrepo-installer $I --verbose
proves "the certificate fits the host's own key, the names and the trust" \
	"anchors, was put in place in one step, and nginx serves it."

title 4 "Prove it: from outside, and in the store"
served after
trusted after.pem || die "what nginx serves is not trusted"
[ "$(cert_fp before.pem)" != "$(cert_fp after.pem)" ] ||
	die "nginx still serves the old certificate"
must certrepo-populate $C show $name
must certrepo-installer $I
proves "the served certificate leads to the CA's root for both names; a" \
	"second run has nothing to do, and says nothing."

title 5 "Once more, ahead of time: replacement"
must certrepo-fetcher $C --once --force --verbose $name
must certrepo-installer $I --verbose
served renewed
trusted renewed.pem || die "what nginx serves is not trusted"
[ "$(cert_fp after.pem)" != "$(cert_fp renewed.pem)" ] ||
	die "nginx still serves the certificate of step 4"
proves "another serial number, the same key: renewed without a person."

title 6 "Before, after, renewed: what nginx served"
for f in before after renewed; do
	printf '   %-8s %s  %s\n' $f "$(cert_fp $f.pem | cut -c 1-16)" \
		"$(openssl x509 -in $f.pem -noout -issuer -nameopt multiline |
			sed -n 's/.*commonName *= //p')"
done
title 7 "The fleet at a glance"
must certrepo-status $C
must certrepo-status $C --html --output status.html
proves "nothing needs anybody: that is its exit status, too. The same as a page" \
	"for a browser is status.html."
for p in nginx pebble named; do
	stop $p || die "cannot stop $p"
done
printf '\n'
say "nginx, BIND and pebble are stopped. To read:"
say "  etc/certrepo.conf     the central host"
say "  etc/installer.conf    a host, its profiles beside it"
say "  etc/bind, etc/nginx   the two servers"
say "  status.html           the fleet as a page, for a browser"
say "in $D."
exit 0
