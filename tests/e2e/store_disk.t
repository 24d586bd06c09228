#!/bin/sh
# SPDX-License-Identifier: MIT
# A SQLite file that belongs to another, or whose disk is full or read-only:
# populate and the fetcher say which file, whose it is and what to do.
# (The installer, which asks through a process: tests/contract/store_apart.t.)
# shellcheck disable=SC2154,SC2086 # rc, out and err are run's; words
. "$(dirname "$0")/../lib/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, to be another user"
command -v setpriv >/dev/null || skip_all "no setpriv"
ME=61234 OTHER=61235
STORE=$T/store DB=$T/store/certrepo.db
AS="setpriv --reuid $ME --regid $ME --clear-groups"
chmod 711 "$T"
mkdir "$STORE" "$T/state"
chown $ME "$T/state"
chmod 700 "$T/state"
cat >"$T/certrepo.conf" <<END
store : { path = "$DB"; };
csr_dir = "$T"; state_dir = "$T/state";
ca = ( { name = "x"; directory = "https://127.0.0.1:1/dir"; agree_tos = true;
	account_key = "$T/state/account.pem"; } );
dns : { zones = ( { zone = "example.org"; } ); };
END
fresh() { # FOLDER-OWNER FILE-OWNER: as it was
	rm -rf "$STORE"
	mkdir -m 755 "$STORE"
	cp "$T/first.db" "$DB"
	chmod 640 "$DB"
	chown "$1" "$STORE"
	chown "$2" "$DB"
}
says() { # ERE NAME [ERE]: of populate, and of the fetcher, to ME
	populate list
	is "$rc" 78 "$2: populate"
	like "$err" "$1" '... says so'
	run $AS "$BUILD/certrepo-fetcher" -c "$T/certrepo.conf" --once
	is "$rc" 78 '... the fetcher'
	like "$err" "${3-$1}" '... says so' # see runas.h
}
populate() { # as ME
	run $AS "$BUILD/certrepo-populate" -c "$T/certrepo.conf" "$@"
}

populate init
is "$rc" 78 'init where only root may write'
like "$err" "$STORE belongs to user root .* as user $ME: run it as root" \
	'... says whose it is'
chown $ME "$STORE"
populate init
is "$rc" 0 'init'
sqlite3 "$DB" 'PRAGMA journal_mode = delete' >"$T/out"
cp "$DB" "$T/first.db"

fresh $OTHER $OTHER
says "$DB belongs to user $OTHER \(mode 0640\).* user $ME: run it as root" \
	'a store of another user' "run, as root: chown -h $ME $DB"
chmod 666 "$DB"
says "$STORE belongs to user $OTHER .*: run it as root" \
	'a folder of another user'
chmod 700 "$STORE"
says "$STORE belongs to user $OTHER \(mode 0700\).*: run it as root" \
	'... that is closed'
fresh $ME 0
says "$DB belongs to user root .*; run as root: chown $ME $DB" \
	"a file of root's" "run, as root: chown -h $ME $DB"
fresh $ME $ME
sqlite3 "$DB" 'PRAGMA journal_mode = wal' >"$T/out"
: >"$DB-wal" && chmod 600 "$DB-wal"
rm -f "$DB-shm"
says "$DB-wal belongs to user root .*; run as root: chown $ME $DB-wal" \
	"a journal of root's" "run, as root: chown -h $ME $DB-wal"
fresh $ME $ME
chmod 400 "$DB"
says "mode of $DB, 0400, forbids.*; run: chmod u\+rw $DB" \
	'a file that its owner may not write' "run: chmod u\+rwX $DB"
fresh 0 $ME
says "$STORE belongs to user root .*: run it as root" "a folder of root's"

rm -rf "$STORE"
mkdir "$STORE"
if mount -t tmpfs -o size=1m,mode=755 none "$STORE" 2>/dev/null; then
	cp "$T/first.db" "$DB"
	chmod 640 "$DB"
	chown $ME "$STORE" "$DB"
	dd if=/dev/zero of="$STORE/filler" bs=4k 2>/dev/null
	make_key "$T/key.pem" ec
	make_csr "$T/key.pem" "$T/www.example.org.csr" www.example.org
	chmod 644 "$T/www.example.org.csr"
	populate add www.example.org
	is "$rc" 69 'a full disk'
	like "$err" "$DB: the disk is full, nothing was changed: .*df $STORE" \
		'... says so'
	rm "$STORE/filler"
	populate add www.example.org
	is "$rc" 0 '... with room'
	ok 'its disk is made read-only' mount -o remount,ro "$STORE"
	says "$STORE is mounted read-only.*findmnt -T $STORE" \
		'a disk that is read-only'
	umount "$STORE"
fi
done_testing
