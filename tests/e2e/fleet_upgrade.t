#!/bin/sh
# SPDX-License-Identifier: MIT
# UPGRADE and BACKUP of certrepo-fleet(7), as they stand there, on stores that
# the programs before left: looked at, upgraded, run, and put back as they were.
# As root, where /etc, /var/lib, /var/backups and /usr/local are folders of our
# own.
# shellcheck disable=SC2154 # rc, out and err are run's
if [ -z "${FLEET_APART-}" ] && [ "$(id -u)" = 0 ] &&
	unshare --mount --net true 2>/dev/null; then
	FLEET_APART=1 exec unshare --mount --net sh "$0" "$@"
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
. "$ROOT/tests/lib/fleet.sh"

[ -n "${FLEET_APART-}" ] || skip_all "no root for namespaces of our own"
umask 022
apart() {
	mkdir "$T/own" && cd "$T/own" && cp -a /etc etc &&
		mkdir local lib backups || return 1
	for d in etc:/etc local:/usr/local lib:/var/lib backups:/var/backups; do
		mount --bind "$T/own/${d%%:*}" "${d#*:}" || return 1
	done
	ip link set lo up
}
apart 2>"$T/log/apart" || {
	diag "$(tail -5 "$T/log/apart")"
	skip_all "no folders of our own"
}
PATH=/usr/local/sbin:$PATH
for p in populate fetcher; do
	install -D "$BUILD/certrepo-$p" "/usr/local/sbin/certrepo-$p"
done
install -D "$ROOT/schema/grants.sql" /usr/local/share/certrepo/grants.sql
install -d /usr/local/share/certrepo/cas
install -m 644 "$ROOT"/ca-presets/*.conf /usr/local/share/certrepo/cas/
adduser --quiet --system --group --home /var/lib/certrepo certrepo \
	2>"$T/log/adduser" || bail "no user: $(cat "$T/log/adduser")"
install -d -m 755 /etc/certrepo
# the packages are installed by tests/packages
printf '#!/bin/sh\nexit 0\n' >/usr/local/sbin/apt-get
chmod 755 /usr/local/sbin/apt-get

follow() { # TITLE K
	fleet_block "$(fleet_in "$1" "$2")" >"$T/block"
	[ -s "$T/block" ] || bail "nothing in the page below: $1 $2"
	run sh -e "$T/block"
	is "$rc" 0 "$1, $2"
}
common() {
	cat <<-'END'
	ca = ( { preset = "letsencrypt"; agree_tos = true; } );
	webroot_prefixes = ["/var/www"];
	END
}
# What a person does, up to what differs and from there.
before() {
	follow UPGRADE 1
	follow UPGRADE 1
	not_ok "... timer and cron have nothing to begin" test -e \
		/etc/certrepo/certrepo.conf
}
kept() {
	follow BACKUP 1
	is "$(tar -tzf "$B/centre-$TODAY.tgz" | grep -c '/certrepo\.conf$')" 1 \
		"... with the configuration, under its name"
	is "$(stat -c %a:%A $B $B/centre-*)" '700:drwx------
600:-rw-------' "... for root alone"
	touch -d '15 days ago' $B/centre-2026-01-01.tgz
	touch -d '13 days ago' $B/centre-2026-01-02.tgz
	run run-parts --regex '^certrepo-centre$' /etc/cron.daily
	is "$rc $out$err" '0 ' "... and cron does it again, in silence"
	is "$(echo $B/centre-*.tgz)" \
		"$B/centre-2026-01-02.tgz $B/centre-$TODAY.tgz" \
		"... keeping two weeks"
}
upgraded() { # TITLE K
	follow "$1" "$2"
	like "$out" 'would upgrade .* from schema version 2 to [0-9]+' \
		"... says what it would do"
	like "$out" 'upgraded .* from schema version 2 to [0-9]+' "... and does it"
	like "$err" 'CA that is not in the configuration' \
		"... and says what would fail"
	follow UPGRADE 4
	ok "... runs begin again" test -s /etc/certrepo/certrepo.conf
}

# --- SQLite ---
DB=/var/lib/certrepo/certrepo.db B=/var/backups/certrepo TODAY=$(date +%F)
{
	echo "store : { path = \"$DB\"; };"
	common
} >/etc/certrepo/certrepo.conf
runuser -u certrepo -- sqlite3 $DB <"$ROOT/tests/data/schema2/sqlite.sql"
dump=$(sqlite3 -readonly $DB .dump)
kept
before
follow 'With SQLite' 1
upgraded 'With SQLite' 2
is "$(find /var/lib/certrepo ! -user certrepo)" '' "... nothing is root's"
not_ok "... the database is another one" test \
	"$(sqlite3 -readonly $DB .dump)" = "$dump"
follow UPGRADE 1
follow 'With SQLite' 3
is "$(sqlite3 -readonly $DB .dump)" "$dump" "put back, it is as it was"
mv /etc/certrepo/certrepo.conf.off /etc/certrepo/certrepo.conf
run certrepo-populate list
is "$rc" 78 "... and too old for the new programs"
rm -f /var/lib/certrepo/* $B/*

# --- MariaDB ---
command -v mariadb-install-db >/dev/null || bail "no mariadb-server"
mariadb_start "$T/db" || bail "MariaDB does not start"
for p in mariadb mariadb-dump; do
	printf '#!/bin/sh\nexec /usr/bin/%s --no-defaults --skip-ssl %s "$@"\n' \
		$p "--socket=$MARIADB_SOCKET --user=root" >/usr/local/sbin/$p
	chmod 755 /usr/local/sbin/$p
done
hash -r
cp "$MARIADB_CA" /etc/certrepo/db-ca.pem
mkdir -p /etc/mysql/certrepo /etc/mysql/mariadb.conf.d
touch /etc/mysql/certrepo/key.pem \
	/etc/mysql/mariadb.conf.d/70-certrepo.cnf
(umask 077 && echo pw >/etc/certrepo/db.password &&
	chgrp certrepo /etc/certrepo/db.password &&
	chmod 640 /etc/certrepo/db.password)
for f in certrepo:fetcher admin:populate init:admin; do
	{
		echo "store : { driver = \"mariadb\"; host = \"127.0.0.1\";"
		echo "port = $MARIADB_PORT; user = \"certrepo-${f#*:}\";"
		echo 'password_file = "/etc/certrepo/db.password";'
		echo 'ca_file = "/etc/certrepo/db-ca.pem"; };'
		common
	} >"/etc/certrepo/${f%:*}.conf"
done
# One of before, which gave the fetcher less, and knew fewer tables.
older() {
	mariadb -e 'DROP DATABASE certrepo; CREATE DATABASE certrepo
		CHARACTER SET ascii COLLATE ascii_bin' &&
	mariadb certrepo <"$ROOT/tests/data/schema2/mariadb.sql" &&
	sed -e '/^-- certrepo-installer/,$d' -e "s/@PASSWORD@/'pw'/" \
		-e '/ certrepo.attempts/s/, DELETE//' \
		"$ROOT/schema/grants.sql" >"$T/old.sql" || return
	mariadb --force <"$T/old.sql" 2>"$T/log/old" || true
	! grep ^ERROR "$T/log/old" | grep -v '^ERROR 1146'
}
older || bail "no store of before"
mariadb -e "CREATE USER 'certrepo-admin'@'%' IDENTIFIED BY 'pw' REQUIRE SSL;
	GRANT ALL ON *.* TO 'certrepo-admin'@'%' WITH GRANT OPTION"
rights() {
	mariadb -Ne "SHOW GRANTS FOR 'certrepo-fetcher'@'%'" |
		grep -F attempts
}
unlike "$(rights)" DELETE "an older installation's rights"
accounts=$(mariadb -Ne 'SELECT user, host, authentication_string FROM mysql.user
	WHERE user <> "certrepo-owner" ORDER BY user')
kept
follow BACKUP 2
ok "... is a dump" grep -q '^INSERT INTO .certs' $B/database-"$TODAY".sql
is "$(tar -tzf $B/server.tgz | grep -c 'key\.pem$')" 1 "... the key of TLS, too"
touch -d '40 days ago' $B/database-2026-01-01.sql
md5sum $B/database-* $B/server.tgz >"$T/md5"
mv /usr/local/sbin/mariadb-dump "$T/"
printf '#!/bin/sh\necho "half a dump"\necho "no server" >&2\nexit 2\n' \
	>/usr/local/sbin/mariadb-dump
chmod 755 /usr/local/sbin/mariadb-dump
run run-parts --regex '^certrepo-database$' /etc/cron.daily
like "$rc $err" '^1 no server
.*certrepo-database exited' "a server that is down: cron tells"
ok "... and no dump is another one, or gone" md5sum --quiet -c "$T/md5"
fleet_block "$(fleet_in UPGRADE 2)" >"$T/block"
run sh -e "$T/block"
isnt "$rc" 0 "... nor is an upgrade begun"
not_ok "... with half a dump" test -e $B/before-upgrade.sql
mv "$T/mariadb-dump" /usr/local/sbin/
before
follow UPGRADE 2
ok "... the dump is there" grep -q '^INSERT INTO .certs' $B/before-upgrade.sql
upgraded UPGRADE 3
like "$(rights)" DELETE "... the fetcher has the rights of this version"
is "$(mariadb -Ne 'SELECT user, host, authentication_string FROM mysql.user
	WHERE user <> "certrepo-owner" ORDER BY user')" "$accounts" \
	"... and no account is another one, or new"
follow 'The way back' 1
follow 'The way back' 2
run certrepo-populate -c /etc/certrepo/init.conf init -n
like "$out" 'would upgrade .* from schema version 2' "... it is as it was"
run certrepo-populate -c /etc/certrepo/init.conf init
is "$rc" 0 "... and can be upgraded again"
mariadb_stop
done_testing
