#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's own steps, word for word, from the first line to a certificate
# that nginx serves: as root, where /etc, /var, /run and /usr/local are folders
# of our own, and so are ports 80 and 443. Only the CA is another one: pebble.
# shellcheck disable=SC2034,SC2154 # variables are for pebble.sh; run's
if [ -z "${README_APART-}" ] && [ "$(id -u)" = 0 ] &&
	unshare --mount --net true 2>/dev/null; then
	README_APART=1 exec unshare --mount --net sh "$0" "$@"
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/pebble.sh"

[ -n "${README_APART-}" ] || skip_all "no root for namespaces of our own"
umask 022

# --- folders of our own ---

apart() {
	mkdir "$T/own" && cd "$T/own" && cp -a /etc etc &&
		mkdir local run lib log www && mkdir -p /var/www || return 1
	for d in etc:/etc local:/usr/local run:/run lib:/var/lib \
		log:/var/log www:/var/www; do
		mount --bind "$T/own/${d%%:*}" "${d#*:}" || return 1
	done
	mkdir /var/log/nginx /var/lib/nginx || return 1
	ip link set lo up
}
apart 2>"$T/log/apart" || {
	diag "$(tail -5 "$T/log/apart")"
	skip_all "no folders of our own"
}
mkdir "$T/at" && cd "$T/at" || exit 1
PATH=/usr/local/sbin:$PATH
for p in populate fetcher installer; do
	install -D "$BUILD/certrepo-$p" "/usr/local/sbin/certrepo-$p"
done
mkdir -p /usr/local/share/certrepo
cp -r "$ROOT/installer-profiles" /usr/local/share/certrepo/
install -d /usr/local/share/certrepo/cas
install -m 644 "$ROOT"/ca-presets/*.conf /usr/local/share/certrepo/cas/
rm -rf /etc/nginx/sites-enabled /etc/nginx/conf.d /etc/nginx/tls

# --- the text ---

# The first indented block after a line with TEXT, without its indentation.
block() { # TEXT
	awk -v f="$1" '!on && index($0, f) { on = 1; next }
		on == 1 && /^        / { on = 2 }
		on == 2 && NF && !/^        / { exit }
		on == 2 { sub(/^        /, ""); print }' "$ROOT/README.md"
}
# Its commands, as they stand, by a shell.
follow() { # TEXT [SED EXPRESSION]
	block "$1" >"$T/block"
	[ -s "$T/block" ] || bail "nothing in the README after: $1"
	[ -z "${2-}" ] || sed -i -e "$2" "$T/block"
	run sh -e "$T/block"
	is "$rc" 0 "README: $1"
}

# --- the central host ---

echo '127.0.0.1 www.example.org example.org' >>/etc/hosts
PEBBLE_HTTP_PORT=80
pebble_start PEBBLE_AUTHZREUSE=0 || bail "no pebble"
# cron.d comes with cron, which a chroot or a container has not
mkdir -p /etc/ssl/private /etc/nginx/conf.d /etc/cron.d
sed -i 's#include /etc/nginx/sites-enabled.*##' /etc/nginx/nginx.conf
{
	echo 'server { listen 80; server_name www.example.org example.org;'
	echo 'root /var/www/www.example.org; }'
} >/etc/nginx/conf.d/http.conf
start nginx nginx -g 'daemon off;'
wait_port 80 || bail "nginx does not start: $(cat "$T/log/nginx")"

follow 'A user for the fetcher'
is "$(stat -c %U:%a /var/lib/certrepo)" certrepo:755 "... and its folder"
# One pebble is both the CA and its staging.
urls="directory = \"$PEBBLE_DIR\"; staging = \"$PEBBLE_DIR\";"
block '`/etc/certrepo/certrepo.conf`' |
	sed -e '/^store/,/};$/d' -e '/^dns/,/};$/d' \
		-e "s#agree_tos#ca_file = \"$PEBBLE_CA\"; $urls agree_tos#" \
		>/etc/certrepo/certrepo.conf
sed -n 's/^    `\(store : .*sqlite.*};\)`\.$/\1/p' "$ROOT/README.md" \
	>>/etc/certrepo/certrepo.conf
like "$(cat /etc/certrepo/certrepo.conf)" '^store : .*sqlite' \
	"... the store in one file"
follow 'The database. With SQLite'
is "$(stat -c %U /var/lib/certrepo/certrepo.db)" certrepo \
	"... the file is the fetcher's, root or not"
follow 'Or a **web root**'

# DNS: the key, the zone, what BIND needs to change it.
if command -v named >/dev/null && id bind >/dev/null 2>&1; then
	install -d -m 775 -g bind /var/lib/bind # as the package makes it
	follow 'hosts nobody can reach): a dynamic zone'
	is "$(stat -c %G:%a /etc/certrepo/acme.key /etc/bind/acme.key)" \
		"certrepo:640
bind:640" "... the key is the fetcher's and BIND's to read"
	{
		echo 'options { directory "/var/lib/bind"; recursion no;'
		echo 'pid-file none; session-keyfile "/var/lib/bind/session";'
		echo 'listen-on { 127.0.0.1; }; listen-on-v6 { none; }; };'
		echo 'controls { };'
		block '/etc/bind/named.conf.local'
	} >/etc/bind/named.conf
	start named "$(unconfined named)" -g -u bind -c /etc/bind/named.conf
	wait_port 53 || bail "named: $(cat "$T/log/named")"
	nsupdate -k /etc/certrepo/acme.key <<-'END'
		server 127.0.0.1
		zone acme.example.net
		update add www-example-org.acme.example.net. 60 TXT proof
		send
	END
	is $? 0 "README: the zone takes an update by the key"
	cp -a /etc/certrepo/acme.key acme.key.before
	follow 'hosts nobody can reach): a dynamic zone'
	ok "... once more: the key and the zone stay" cmp \
		/etc/certrepo/acme.key acme.key.before
	is "$(dig +short @127.0.0.1 www-example-org.acme.example.net TXT)" \
		'"proof"' "... and answers with it"
	ok "... which its journal has" test -s \
		/var/lib/bind/acme.example.net.db.jnl
	is "$(block 'the delegation, with an NS')" \
		'acme.example.net.  NS  ns1.example.net.' \
		"... the delegation is to the server of the zone file"
fi
follow 'make a key and a request'
key=$(cat /etc/ssl/private/www.example.org.key)
is "$(stat -c %a /etc/ssl/private/www.example.org.key)" 600 \
	"... which root alone can read"
follow 'make a key and a request'
is "$(cat /etc/ssl/private/www.example.org.key)" "$key" \
	"... once more: the key stays"
webroot='--webroot /var/www/www.example.org'
like "$(block 'On the central host, as root')" "with a web root: $webroot" \
	"the README says how a web root is given"

# As its last line says, but as root: nothing is done.
as_root() {
	run certrepo-fetcher --once --verbose
	is "$rc" 78 "the fetcher as root: $1"
	like "$err" 'belongs to certrepo, .* as root: nothing was done; run: runuser -u certrepo -- certrepo-fetcher --once --verbose$' \
		"... says as whom to run it"
	is "$(printf '%s\n' "$err" | wc -l)" 1 "... in one line"
	is "$(find /var/lib/certrepo ! -user certrepo)" '' \
		"... and leaves nothing behind"
}
as_root "before the first run"
follow 'On the central host, as root' "/ add /s#\$# $webroot#"
like "$out" 'runuser -u certrepo -- certrepo-fetcher --staging www\.example\.org$' \
	"... says how to try it"
follow 'First try it where it costs nothing'
like "$out" '^www\.example\.org: it works' "... it works"
like "$out" '^  certrepo-populate enable www\.example\.org$' \
	"... and says what to do then, for good"
is "$(certrepo-populate list | awk 'END { print $2 }')" disabled \
	"... which it has not done"
follow 'it works, the same for good'
like "$err" 'renewed name=www\.example\.org' "... there is a certificate"
as_root "after it"

# What a run as root once left is named, all of it, with the command.
chown root /var/lib/certrepo/fetcher.id /var/lib/certrepo/fetcher.lock
run runuser -u certrepo -- certrepo-fetcher --once
is "$rc" 78 "files that root left in the folder"
said=${err#*run, as root: }
like "$said" '^chown -h certrepo .*fetcher\.id' "... a command for them"
run sh -c "$said"
run runuser -u certrepo -- certrepo-fetcher --once
is "$rc $out$err" "0 " "... which mends it"
run runuser -u nobody -- certrepo-fetcher --once
is "$rc" 78 "the fetcher as nobody"
like "$err" 'belongs to certrepo, and this runs as nobody: .* as root: runuser -u certrepo -- certrepo-fetcher --once$' \
	"... says as whom to run it"

run runuser -u nobody -- certrepo-populate list
like "$rc $err" "^78 .*; its folder is certrepo's, .*: run it as root\$" \
	"populate as nobody: the same"

# From cron, with the environment that cron gives.
cd "$ROOT" || exit 1
follow 'Hourly from then on, by cron'
cd "$T/at" || exit 1
line=$(sed -n 's/^17 \* \* \* \*  *//p' /etc/cron.d/certrepo-fetcher)
path=$(sed -n 's/^PATH=//p' /etc/cron.d/certrepo-fetcher)
run runuser -u "${line%% *}" -- env -i PATH="$path" sh -c "${line#* }"
is "$rc $out$err" "0 " "... which runs it as its user, silent"

# The same in certrepo(7).
sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$ROOT/man/certrepo.7" |
	sed -n '/^\.Bd/,/^\.Ed/{/^\./d;p;}' >"$T/block"
like "$(cat "$T/block")" 'runuser' "certrepo(7) has the steps"
rm -rf /var/lib/certrepo/certrepo.db*
sed -i "/ add /s#\$# $webroot#" "$T/block"
run sh -e "$T/block"
is "$rc" 0 "... and they work"
like "$err" 'renewed name=www\.example\.org' "... there is a certificate"

# --- a host, this one ---

cp "$PEBBLE_ROOT" /etc/ssl/certs/ca-certificates.crt
block '`/etc/certrepo/installer.conf`' | sed -e '/^store/,/};$/d' \
	>/etc/certrepo/installer.conf
sed -n 's/^    `\(store : .*sqlite.*};\)`\.$/\1/p' "$ROOT/README.md" \
	>>/etc/certrepo/installer.conf
block "in nginx's own configuration" >"$T/nginx.part"
follow 'with a self-signed one'
{
	echo 'server { listen 443 ssl; server_name www.example.org;'
	cat "$T/nginx.part"
	echo '}'
} >/etc/nginx/conf.d/www.conf
nginx -s reload 2>"$T/log/reload"
wait_port 443 || bail "nginx: $(cat "$T/log/nginx")"
follow 'See what it would do'
is "$(tls_fp 443 www.example.org)" \
	"$(cert_fp /etc/nginx/tls/www.example.org/current/fullchain.pem)" \
	"nginx serves what the installer put there"
like "$(tls_chain 443 www.example.org | openssl x509 -noout -issuer)" \
	'Pebble' "... and it is the CA's"
done_testing
