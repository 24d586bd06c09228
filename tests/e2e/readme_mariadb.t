#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's steps for a database on MariaDB, word for word: the files of the
# three accounts, the statements of its administrator, what init prints for
# him, the grants; then a name is enrolled with the account for that, and the
# fetcher's can read it. As root, with an /etc of our own.
# shellcheck disable=SC2154 # rc, out and err are run's
if [ -z "${README_APART-}" ] && [ "$(id -u)" = 0 ] &&
	unshare --mount --net true 2>/dev/null; then
	README_APART=1 exec unshare --mount --net sh "$0" "$@"
fi
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"

[ -n "${README_APART-}" ] || skip_all "no root for namespaces of our own"
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
mkdir "$T/at" /etc/ssl/private 2>/dev/null
cd "$T/at" || exit 1
PATH=/usr/local/sbin:$PATH
for p in populate fetcher; do
	install -D "$BUILD/certrepo-$p" "/usr/local/sbin/certrepo-$p"
done
install -D "$ROOT/schema/grants.sql" /usr/local/share/certrepo/grants.sql
install -d /usr/local/share/certrepo/cas
install -m 644 "$ROOT"/ca-presets/*.conf /usr/local/share/certrepo/cas/
mariadb_start "$T/db" || bail "MariaDB does not start"
mariadb_sql -e 'DROP DATABASE certrepo; DROP USER certrepo@"%"'

block() { # TEXT: the first indented block after a line with it
	awk -v f="$1" '!on && index($0, f) { on = 1; next }
		on == 1 && /^        / { on = 2 }
		on == 2 && NF && !/^        / { exit }
		on == 2 { sub(/^        /, ""); print }' "$ROOT/README.md"
}
follow() { # TEXT: its commands, as they stand
	block "$1" >"$T/block"
	[ -s "$T/block" ] || bail "nothing in the README after: $1"
	run sh -e "$T/block"
	is "$rc" 0 "README: $1"
}

follow 'A user for the fetcher'
block '`/etc/certrepo/certrepo.conf`' |
	sed "s#\"db.example.org\";#\"127.0.0.1\"; port = $MARIADB_PORT;#" \
		>/etc/certrepo/certrepo.conf
follow 'must not be readable by everyone, but by the'
cp "$MARIADB_CA" /etc/certrepo/db-ca.pem
follow 'With MariaDB there are three accounts'
cat /etc/certrepo/*.conf /etc/certrepo/common.inc /etc/certrepo/*.password >once
follow 'With MariaDB there are three accounts'
ok "... once more: nothing is changed" sh -c 'cat /etc/certrepo/*.conf \
	/etc/certrepo/common.inc /etc/certrepo/*.password | cmp once -'
like "$(cat /etc/certrepo/common.inc)" '^ca = ' "... and nothing is lost"
is "$(sed -n 's/.*user = "\([a-z-]*\)".*/\1/p' /etc/certrepo/certrepo.conf \
	/etc/certrepo/admin.conf /etc/certrepo/init.conf | tr '\n' ' ')" \
	'certrepo-fetcher certrepo-populate certrepo-admin ' \
	"... three files, an account each"
is "$(stat -c %U:%a /etc/certrepo/admin.password \
	/etc/certrepo/init.password | sort -u)" root:600 \
	"... whose passwords are root's"

block 'the server, in `mariadb`:' >"$T/sql"
ok "the statements of the administrator" mariadb_sql -e "SOURCE $T/sql"
run sh -e -c "$(block 'Then the tables, on the central host')"
is "$rc" 0 "README: init, with the account for it"
like "$out" '^created ' "... makes the tables"
printf '%s\n' "$out" | grep ';$' >"$T/owner.sql"
ok "what it prints of the views, pasted" mariadb_sql -e "SOURCE $T/owner.sql"
run certrepo-populate -c /etc/certrepo/init.conf init
is "$rc $(printf '%s\n' "$out" | wc -l)" "0 1" "... and then it is done"
sed -e '/certrepo-fetcher/,/;/s/@PASSWORD@/PASSWORD/' \
	-e '/certrepo-populate/,/;/s/@PASSWORD@/PASSWORD2/' \
	/usr/local/share/certrepo/grants.sql >grants.sql
run sh -c "$(block 'fill the passwords into a' | sed 's/^mariadb/cat/')"
is "$rc" 0 "README: the grants"
ok "... are statements" mariadb_sql -e "SOURCE $T/at/grants.sql"

follow 'make a key and a request'
{
	block 'On the central host, as root'
	block 'it works, the same for good'
} | sed -n '/^certrepo-populate/p' |
	sed 's#^certrepo-populate#& -c /etc/certrepo/admin.conf#' >"$T/block"
is "$(wc -l <"$T/block")" 2 "the first name"
run sh -e "$T/block"
is "$rc" 0 "... is enrolled and enabled with the account of admin.conf"
like "$out" 'www\.example\.org enabled' "... and says so"
run runuser -u certrepo -- certrepo-populate list
like "$rc $(printf '%s' "$out" | tail -1)" '^0 www\.example\.org +enabled' \
	"the fetcher's account reads it"
run certrepo-populate add other.example.org --csr www.example.org.csr
is "$rc" 1 "and adds nothing"
openssl req -new -newkey rsa:2048 -nodes -keyout k -subj / -addext \
	subjectAltName=DNS:other.example.org -out other.example.org.csr 2>/dev/null
run certrepo-populate add other.example.org --csr other.example.org.csr
like "$rc $err" '^78 .*rights of this user.*/usr/local/share/certrepo/grants\.sql; by hand, use a file with the account certrepo-populate: certrepo-populate -c FILE' \
	"... and says which account does"
run certrepo-populate init
like "$rc $err" '^78 .*may not see the views.*certrepo-populate -c FILE init' \
	"nor is init its, and it says so"
mariadb_stop
done_testing
