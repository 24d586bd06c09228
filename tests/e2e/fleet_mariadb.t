#!/bin/sh
# SPDX-License-Identifier: MIT
# The steps of certrepo-fleet(7) to a database on MariaDB, as they stand there
# and pasted twice: the files of the accounts, the tables, the grants; then a
# name is enrolled with the account for that, and the fetcher's can read it. As
# root, with an /etc of our own. (The whole of it, with its daemons, is
# tests/packages/fleet.sh.)
# shellcheck disable=SC2154 # rc, out and err are run's
if [ -z "${FLEET_APART-}" ] && [ "$(id -u)" = 0 ] &&
	unshare --mount --net true 2>/dev/null; then
	FLEET_APART=1 exec unshare --mount --net sh "$0" "$@"
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/fleet.sh"

[ -n "${FLEET_APART-}" ] || skip_all "no root for namespaces of our own"
command -v mariadb-install-db >/dev/null || skip_all "no mariadb-server"
umask 022
apart() {
	mkdir "$T/own" && cd "$T/own" && cp -a /etc etc && mkdir local lib &&
		for d in etc:/etc local:/usr/local lib:/var/lib; do
			mount --bind "$T/own/${d%%:*}" "${d#*:}" || return 1
		done
	ip link set lo up
}
apart 2>"$T/log/apart" || {
	diag "$(tail -5 "$T/log/apart")"
	skip_all "no folders of our own"
}
mkdir -p /etc/ssl/private /etc/certrepo/csr
PATH=/usr/local/sbin:$PATH
for p in populate fetcher installer status; do
	install -D "$BUILD/certrepo-$p" "/usr/local/sbin/certrepo-$p"
done
install -D "$ROOT/schema/grants.sql" /usr/local/share/certrepo/grants.sql
install -d /usr/local/share/certrepo/cas
install -m 644 "$ROOT"/ca-presets/*.conf /usr/local/share/certrepo/cas/
install -d /usr/local/share/certrepo/installer-profiles
install -m 644 "$ROOT"/installer-profiles/*.conf \
	/usr/local/share/certrepo/installer-profiles/
adduser --quiet --system --group --home /var/lib/certrepo certrepo \
	2>"$T/log/adduser" || bail "no user: $(cat "$T/log/adduser")"
mariadb_start "$T/db" || bail "MariaDB does not start"
mariadb_sql -e 'DROP DATABASE certrepo; DROP USER certrepo@"%"
	; CREATE DATABASE certrepo CHARACTER SET ascii COLLATE ascii_bin'
cp "$MARIADB_CA" /etc/certrepo/db-ca.pem
# What the machines have: their server, and copies that need no other machine.
cat >/usr/local/sbin/mariadb <<END
#!/bin/sh
exec /usr/bin/mariadb --no-defaults --skip-ssl \\
	--socket=$MARIADB_SOCKET --user=root "\$@"
END
printf '#!/bin/sh\nexit 0\n' >/usr/local/sbin/apt-get
# shellcheck disable=SC2016 # its own
printf '#!/bin/sh\nexec cp "${1#*:}" "$2"\n' >/usr/local/sbin/scp
# shellcheck disable=SC2016 # its own
printf '#!/bin/sh\nshift; exec "$@"\n' >/usr/local/sbin/ssh
chmod 755 /usr/local/sbin/*
hash -r

# A block, as it stands there but for where the server is, into FILE.
block() { # TITLE K
	fleet_block "$(fleet_in "$1" "$2")" |
		sed -e "s#/run/mysqld/mysqld.sock#$MARIADB_SOCKET#" \
			-e "s#\"db.example.org\";#\"127.0.0.1\"; port = $MARIADB_PORT;#" \
			>"$T/block"
	[ -s "$T/block" ] || bail "nothing in the page below: $1 $2"
}
follow() { # TITLE K
	block "$1" "$2"
	run sh -e "$T/block"
	is "$rc" 0 "$1, $2"
	[ "$rc" = 0 ] || bail "the rest builds on it"
}
files() { # all of them, with owner and mode
	(cd /etc/certrepo && find . -printf '%P %U %G %m %l\n' | sort &&
		cat -- *.conf *.password certrepo.conf.d/*)
}

is "$(fleet_blocks | cut -f2 | sort -u | tr '\n' ' ')" \
	'CA centre database server host name server zone example.net zone example.org ' \
	"each block says on which machine it is"
follow '3. Configuration' 1
run sh -c 'mariadb < /usr/local/share/certrepo/grants.sql'
like "$rc $(printf '%s' "$err" | grep '^ERROR')" '^1 .* error .*@PASSWORD@' \
	"grants.sql without a password is refused"
is "$(mariadb -BNe "SELECT COUNT(*) FROM mysql.user
	WHERE user LIKE 'certrepo-%'")" 0 "... and makes no account"
follow '4. Tables and accounts' 1
like "$out" 'would create .*
created ' "... the tables are made"
is "$(printf '%s' "$err" | grep -vc 'nothing is enrolled')" 0 \
	"... and both accounts are let in"
files >"$T/once"
follow '3. Configuration' 1
follow '4. Tables and accounts' 1
is "$(files)" "$(cat "$T/once")" "... pasted again: no file is another one"
is "$(sed -n 's/.*user = "\([a-z-]*\)".*/\1/p' /etc/certrepo/init.conf \
	/etc/certrepo/admin.conf /etc/certrepo/certrepo.conf | tr '\n' ' ')" \
	'root certrepo-populate certrepo-fetcher ' \
	"... three files, an account each"

# The page's table of files, and what there is.
(cd /etc/certrepo && stat -c '%n %G 0%a' init.conf admin.conf certrepo.conf \
	certrepo.conf.d populate.password fetcher.password status.password |
	sort) >"$T/there"
mandoc -Tascii -O width=78 "$FLEET" | sed "s/.$(printf '\b')//g" |
	sed -n '/^   Files/,/^[A-Z]/p' | awk '$3 ~ /^0[0-7]+$/ &&
		/\.password|\.conf/ && !/acme|installer|host/ { print $1, $2, $3 }' |
	sort -u >"$T/table"
is "$(cat "$T/there")" "$(cat "$T/table")" "owners and modes are the page's"

follow '6. The first name' 1
block '6. The first name' 2
sed -n '/^ *certrepo-populate/p; /^ *scp/,/csr\/$/p' "$T/block" >"$T/add"
block '6. The first name' 3
sed -n '/^ *certrepo-populate/p' "$T/block" >>"$T/add"
cat >/etc/certrepo/certrepo.conf.d/web.conf <<'END'
webroot_prefixes = ["/var/www"];
END
sed -i 's#add www.example.org#& --webroot /var/www#' "$T/add"
is "$(grep -c certrepo-populate "$T/add")" 3 "the first name"
run sh -e "$T/add"
is "$rc" 0 "... is enrolled and enabled with the account of admin.conf"
like "$out" 'www\.example\.org enabled' "... and says so"
run runuser -u certrepo -- certrepo-populate list
like "$rc $(printf '%s' "$out" | tail -1)" '^0 www\.example\.org +enabled' \
	"the fetcher's account reads it"
openssl req -new -newkey rsa:2048 -nodes -keyout "$T/k" -subj / -addext \
	subjectAltName=DNS:other.example.org -out "$T/other.csr" 2>/dev/null
chmod 755 "$T" && chmod 644 "$T/other.csr"
run runuser -u certrepo -- certrepo-populate add other.example.org \
	--csr "$T/other.csr" --webroot /var/www
like "$rc $err" '^78 .*rights of this user.*/usr/local/share/certrepo/grants\.sql; by hand, use the account certrepo-populate: as root, by /etc/certrepo/admin\.conf, or by certrepo-populate -c FILE' \
	"... adds nothing, and says which account does"
run runuser -u certrepo -- certrepo-populate init
like "$rc $err" '^78 .*may not see the views.*as root, by /etc/certrepo/init\.conf, or certrepo-populate -c FILE init' \
	"nor is init its, and it says so"

# What root takes when no file is named.
takes() { # WHAT COMMAND...
	_what=$1
	shift
	run certrepo-populate -v "$@"
	like "$err" "configuration: $_what\$" "root, $1: $_what"
}
takes /etc/certrepo/admin.conf list
takes /etc/certrepo/init.conf init
is "$rc" 0 "... which may"
run certrepo-populate -c /etc/certrepo/certrepo.conf set www.example.org \
	comment=x
like "$rc $err" '^0 ' "what is named is taken"
run certrepo-populate -c /etc/certrepo/certrepo.conf remove -y www.example.org
like "$rc $err" '^78 .*command denied to user .certrepo-fetcher' \
	"... which is the fetcher's"
mv /etc/certrepo/admin.conf /etc/certrepo/admin.kept
mv /etc/certrepo/init.conf /etc/certrepo/init.kept
takes /etc/certrepo/certrepo.conf list
takes /etc/certrepo/certrepo.conf init
ln -s gone /etc/certrepo/admin.conf
takes /etc/certrepo/admin.conf list
is "$rc" 78 "... that leads nowhere is an error"
mv /etc/certrepo/admin.kept /etc/certrepo/admin.conf
mv /etc/certrepo/init.kept /etc/certrepo/init.conf

# A host has an account of its own, by which it reads its name.
follow '8. The first host' 1
like "$out" 'account +certrepo-host-web1, made, by /etc/certrepo/init.conf' \
	"... made by the account that may"
cp -a /etc/certrepo/host-web1.password "$T/first"
follow '8. The first host' 1
ok "... once, with one password" cmp "$T/first" /etc/certrepo/host-web1.password
like "$out" 'host = "127.0.0.1"' "... and says where the server is"
printf '%s\n' "$out" | sed -n '/^host = /,/^ *};$/p' >"$T/pasted"
rights() { # ACCOUNT
	mariadb -BNe "SHOW GRANTS FOR '$1'@'%'" | sed "s/$1/X/; s/ IDENT.*//" |
		sort
}
is "$(rights certrepo-host-web1 | grep -v '^GRANT EXECUTE ON PROCEDURE')" \
	'GRANT USAGE ON *.* TO `X`@`%`' "... it may call, and nothing else"
block '8. The first host' 3
sed -i '/^ *apt-get\|^ *\.\/certrepo/d' "$T/block"
run sh -e "$T/block"
is "$rc" 0 "8. The first host, 3"
block '8. The first host' 4
sed '/^ *certrepo-installer/,$d' "$T/block" >"$T/host"
run sh -e "$T/host"
is "$rc" 0 "the first host"
run certrepo-installer --verbose
like "$rc $err" '^0 .*www\.example\.org: enrolled, not issued yet' \
	"... its account sees the name"

# What was printed, pasted literally, is the same.
cp /etc/certrepo/installer.conf "$T/installer.conf"
{ cat "$T/pasted" && grep trust_file "$T/installer.conf"; } \
	>/etc/certrepo/installer.conf
run certrepo-installer --verbose
like "$rc $err" '^0 .*www\.example\.org: enrolled, not issued yet' \
	"... as by what was printed"

# Who looks has an account as well.
adduser --quiet --system --group --no-create-home certrepo-status \
	2>"$T/log/adduser" || bail "no user: $(cat "$T/log/adduser")"
for again in '' ', again'; do
	block MONITORING 1
	run sh -e "$T/block"
	is "$rc" 0 "the status$again"
	like "$out" 'www\.example\.org' "... shows the name"
	is "$err" "" "... all of it"
done
run runuser -u certrepo-status -- certrepo-status
like "$rc $out" 'www\.example\.org' "... to its user"

# An account that hosts share.
follow '9. Each further host' 3
follow '9. Each further host' 3
is "$(cd /etc/certrepo && echo ./*.sql)" './*.sql' "... leaves no file behind"
sed 's/certrepo-host-web1/certrepo-host/' "$T/installer.conf" \
	>/etc/certrepo/installer.conf
cp -p /etc/certrepo/host.password "$T/kept"
run certrepo-installer --verbose
like "$rc $err" '^0 .*www\.example\.org: enrolled, not issued yet' \
	"... is let in"
cp "$T/installer.conf" /etc/certrepo/installer.conf
cp -p /etc/certrepo/host-web1.password /etc/certrepo/host.password
run certrepo-installer --verbose
is "$rc" 0 "... and the host's own as before"

# A wildcard, whose request is quoted as it has to be.
echo 'dns : { zones = ( { zone = "acme.example.net"; server = "192.0.2.53";
	key_file = "/etc/certrepo/acme.key"; } ); };' \
	>/etc/certrepo/certrepo.conf.d/dns.conf
(umask 027 && echo 'key "acme" { algorithm hmac-sha256; secret "AAAA"; };' \
	>/etc/certrepo/acme.key && chgrp certrepo /etc/certrepo/acme.key)
follow '9. Each further host' 1
follow '9. Each further host' 2
like "$out" '_acme-challenge\.example\.org\. CNAME' "... has one record"
follow '9. Each further host' 2
certrepo-populate remove -y '*.example.org' >/dev/null
rm /etc/certrepo/certrepo.conf.d/dns.conf

# A chat is told, of which curl alone is not its own.
cat >"$T/curl" <<'END'
#!/bin/sh
printf '%s\n' "$*" >/var/lib/certrepo/curl.args
cat <&3 >/var/lib/certrepo/curl.conf
cat >/var/lib/certrepo/curl.body
END
chmod 755 "$T" "$T/curl"
mount --bind "$T/curl" /usr/bin/curl || bail "no curl of our own"
install -d /usr/local/share/doc/certrepo/examples
install -m 644 "$ROOT/packaging/examples/notify-chat" \
	/usr/local/share/doc/certrepo/examples/
follow '7. Who is told' 2
sed -i 's/mail = [^;]*;//' /etc/certrepo/certrepo.conf.d/notify.conf
install -d -o certrepo /var/lib/certrepo
run certrepo-fetcher --test-notify
is "$rc" 0 "... and told"
like "$(jq -r .text /var/lib/certrepo/curl.body)" \
	"^$(hostname).*:
test .*certrepo" "... in words"
is "$(cat /var/lib/certrepo/curl.conf)" \
	'url = "https://chat.example.org/hooks/SECRET"' "... at its address"
unlike "$(cat /var/lib/certrepo/curl.args)" SECRET "... which ps does not see"
echo '{"host":"h","events":[{"event":"new","name":"a","text":"<!all> & \"q\"",
	"todo":["run x"]}]}' |
	/usr/local/sbin/certrepo-notify-chat /etc/certrepo/chat.url
is "$(jq -r .text /var/lib/certrepo/curl.body)" 'h:
new a: &lt;!all&gt; &amp; "q"
    run x' "... and what peers say is no markup"
rm /etc/certrepo/certrepo.conf.d/notify.conf

# What the fetcher tells people to run, they can paste.
certrepo-populate disable www.example.org >/dev/null
run certrepo-fetcher www.example.org
said=$(printf '%s' "$err" |
	sed -n 's/.*disabled in .*: \(certrepo-populate enable .*\)/\1/p')
is "$said" 'certrepo-populate enable www.example.org' \
	"the fetcher names a command"
run sh -c "$said"
like "$rc $out" '^0 www\.example\.org enabled' "... which root can paste"

# A host that leaves is forgotten.
reports() {
	mariadb -BNe "SELECT COUNT(*) FROM certrepo.installs
		WHERE host = '$1'"
}
is "$(reports web1)" 1 "its reports are there"
mariadb certrepo -e "INSERT INTO installs (name, host, service, endpoint,
	state, ts) SELECT name, 'web10', service, endpoint, state, ts
	FROM installs WHERE host = 'web1'"
follow 'A host that leaves' 2
follow 'A host that leaves' 3
is "$(reports web1) $(reports web10)" '0 1' \
	"... and nothing of it is left, and all of others"
is "$(mariadb -BNe "SELECT COUNT(*) FROM mysql.user
	WHERE user = 'certrepo-host-web1'")" 0 "... nor its account"
is "$(certrepo-populate list 2>/dev/null)" '' "... nor the name"

# A server that is another machine: init by an account, all else by ssh.
mariadb -e "DROP DATABASE certrepo; CREATE DATABASE certrepo
	CHARACTER SET ascii COLLATE ascii_bin"
mariadb -BNe "SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';')
	FROM mysql.user WHERE user LIKE 'certrepo-%'" | mariadb
rm /etc/certrepo/certrepo.conf
for again in '' ', again'; do
	follow '4. Tables and accounts' 2
	is "$(cd /etc/certrepo && echo ./*.sql ./*.sed)" './*.sql ./*.sed' \
		"... which leaves no file behind$again"
done
is "$(sed -n 's/.*user = "\([a-z-]*\)".*/\1/p' /etc/certrepo/init.conf)" \
	certrepo-admin "... init has its account"
run certrepo-populate init
is "$rc $(printf '%s\n' "$out" | wc -l)" "0 1" "... and nothing is left to do"
run certrepo-populate add www.example.org --webroot /var/www --enable \
	--csr /etc/ssl/www.example.org.csr
is "$rc" 0 "a name there"
for again in '' ', again'; do
	follow '8. The first host' 2
	is "$(mariadb -BNe "SELECT user FROM mysql.user
		WHERE user LIKE 'certrepo-host%'")" certrepo-host-web1 \
		"... which makes one account$again"
	cp -p /etc/certrepo/host-web1.password /etc/certrepo/host.password
	run certrepo-installer --verbose
	like "$rc $err" '^0 .*www\.example\.org: enrolled, ' \
		"... by which the host is let in$again"
done
mariadb_stop
done_testing
