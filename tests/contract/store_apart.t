#!/bin/sh
# SPDX-License-Identifier: MIT
# Root and a SQLite file of another user's: the same suites as on a file of
# root's own, through a process of that user; and what he does to it. Root does
# nothing for him, does not wait, and does not die.
# shellcheck disable=SC2034,SC2154 # variables are host.sh's and run's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root, to be another user"
command -v setpriv >/dev/null || skip_all "no setpriv"
UID_OF=61234
as_user() {
	setpriv --reuid $UID_OF --regid $UID_OF --clear-groups "$@"
}

# --- the suites ---
RUN_TIMEOUT=300
for t in test_db test_store test_store_fetch test_store_ca test_store_host \
	test_store_schema test_store_trouble test_why_idle test_prune; do
	CERTREPO_TEST_OWNER=$UID_OF run "$BUILD/tests/unit/$t"
	is "$rc" 0 "$t through a process of the owner"
done
RUN_TIMEOUT=60

# --- a host beside the fetcher's file ---
PROFILE=plain HOST_VERIFY='' VERIFY_TIME=0
host_begin || bail "cannot set up a host"
cat >"$T/profiles/plain.conf" <<'END'
layout = "generation";
files = ( { file = "full.pem"; format = "fullchain"; } );
END
issue_nth "$T/c1" 1 || bail "cannot issue"
store_put $NAME "$T/c1"
TIMEOUT=3
conf() { # [DATABASE]
	host_conf
	sed -i "s|^store : .*|store : { path = \"${1:-$DB}\"; timeout = $TIMEOUT; };|" \
		"$HOST_CONF"
}
conf
chmod 711 "$T"
# As it was, in a folder of the user's; no journal, no WAL.
sqlite3 "$DB" "PRAGMA journal_mode = delete" >"$T/null"
cp "$DB" "$T/first.db"
chmod 644 "$T/first.db"
fresh() { # [OWNER [MODE]]
	rm -rf "$T/store" "$T/state"
	mkdir "$T/store"
	cp "$T/first.db" "$DB"
	chmod 640 "$DB"
	chown -R "${1:-$UID_OF:$UID_OF}" "$T/store"
	chmod "${2:-755}" "$T/store"
}
# A hot rollback journal of DATABASE that has FILE deleted.
journal() { # DATABASE FILE OUT
	as_user "$PYTHON" -c '
import os, struct, sys
db, victim, out = sys.argv[1:]
magic = bytes.fromhex("d9d505f920a163d7")
n = os.stat(db).st_size // 4096
head = magic + struct.pack(">IIIII", 0, 0, n, 512, 4096)
v = victim.encode()
open(out, "wb").write(head.ljust(512, b"\0") +
	struct.pack(">I", 0x40000000 // 4096 + 1) + v +
	struct.pack(">II", len(v), sum(v)) + magic)' "$@"
}
mkdir -m 700 "$T/rootonly"
victim() {
	echo precious >"$T/rootonly/victim"
}
there() { # NAME
	ok "$1" grep -q precious "$T/rootonly/victim"
}

fresh
run host
is "$rc" 0 "in a folder of the user's"
ok "... the files are there" test -s "$DIR/current/full.pem"
is "$(receipt "")" installed "... and the receipt"
is "$(stat -c %u "$DB" "$T/store"/* | sort -u)" $UID_OF "... nothing is root's"
run host
is "$rc $err" "0 " "... again: nothing to do, nothing to say"
# Another host beside the same file.
sed -e "s|host1|host2|; s|$T/state|$T/state2|; s|dir = \"$DIR\"|dir = \"$T/tls2\"|" \
	"$HOST_CONF" >"$T/host2.conf"
chmod 600 "$T/host2.conf"
mkdir "$T/tls2"
host --force >"$T/a.out" 2>&1 &
a=$!
"$BUILD/certrepo-installer" -c "$T/host2.conf" >"$T/b.out" 2>&1
b=$?
wait $a
is "$? $b" "0 0" "two at once"
is "$(sqlite3 "$DB" "SELECT count(*) FROM installs WHERE state = 'installed'")" \
	2 "... and both receipts"
is "$(pgrep -u $UID_OF -c -f "$HOST_CONF")" 0 "... no process is left"
rm -rf "$T/store"
mkdir "$T/store" && chown $UID_OF "$T/store"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" init
is "$rc $(stat -c '%u %a' "$DB")" "0 $UID_OF 640" "populate init makes it his"
run "$BUILD/certrepo-populate" -c "$T/certrepo.conf" list
is "$rc" 0 "... and reads it"

# A journal of root's among what is his.
fresh
sqlite3 "$DB" "PRAGMA journal_mode = wal" >"$T/null"
chown $UID_OF "$DB"
: >"$DB-wal" && chmod 600 "$DB-wal" && rm -f "$DB-shm"
run host
is "$rc" 78 "a file of root's beside his, which he may not read"
like "$err" "$DB-wal belongs to user root .*; run as root: chown $UID_OF $DB-wal \
.*asked as user $UID_OF" "... says which, and what to do"

# --- whose it is not ---
fresh root:$UID_OF 770
chmod 660 "$DB"
victim
journal "$DB" "$T/rootonly/victim" "$DB-journal"
run host
is "$rc" 78 "a folder of root's that a group can write"
like "$err" "run: chmod go-w $T/store;" "... says how to mend it"
there "... nothing was deleted by its journal"
fresh
victim
journal "$DB" "$T/rootonly/victim" "$DB-journal"
run host
there "a journal of the owner's: nothing of root's is deleted"
mkdir -p "$T/g"
chown $UID_OF "$T/g"
chmod 755 "$T/g"
rm -rf "$T/g/store"
mkdir "$T/g/store" && cp "$T/first.db" "$T/g/store/certrepo.db"
conf "$T/g/store/certrepo.db"
journal "$T/first.db" "$T/rootonly/victim" "$T/g/j"
cp "$T/g/j" "$T/g/store/certrepo.db-journal"
victim
run host
is "$rc" 78 "a folder of root's beneath one of the user's"
like "$err" "folder $T/g belongs to user $UID_OF.*run: chown root $T/g;" \
	"... says how to mend it"
there "... nothing was deleted"
# Swapped while root looks and opens.
cc -O -D_GNU_SOURCE -x c -o "$T/swap" - <<'END' || bail "no compiler"
#include <fcntl.h>
#include <stdio.h>
int main(int n, char **v)
{
	for (;;)
		renameat2(AT_FDCWD, v[1], AT_FDCWD, v[2], RENAME_EXCHANGE);
}
END
swap() { # A B
	setpriv --reuid $UID_OF --regid $UID_OF --clear-groups \
		"$T/swap" "$@" >"$T/null" 2>&1 &
	SWAP=$!
}
unswap() {
	kill -9 $SWAP
	wait $SWAP 2>"$T/null"
}
as_user mkdir "$T/g/other"
chmod 644 "$T/g/j"
victim
swap "$T/g/store" "$T/g/other"
for n in $(seq 25); do
	for try in 1 2 3 4 5 6; do
		# The one of the two that is his, wherever it is now.
		# shellcheck disable=SC2016 # expanded by that shell
		as_user sh -c 'cd "$1/g/other" && [ -O . ] && rm -f certrepo.* &&
			cp "$1/first.db" certrepo.db &&
			cp "$1/g/j" certrepo.db-journal' sh "$T" \
			2>"$T/null" && break
	done
	run host
	[ -e "$T/rootonly/victim" ] || break
done
unswap
there "... swapped in a loop: nothing was deleted"

# A link to a file of a third user's: his rights are not taken.
fresh $UID_OF:$UID_OF 777
chmod 666 "$DB"
mkdir -m 711 "$T/third"
echo precious >"$T/third/victim"
echo x >"$T/third/any"
chown -R 61235:61235 "$T/third"
conf
as_user ln -s "$T/third/any" "$T/store/link"
swap "$DB" "$T/store/link"
for n in $(seq 25); do
	journal "$T/first.db" "$T/third/victim" "$DB-journal"
	as_user chmod 666 "$DB-journal"
	run host
	[ -e "$T/third/victim" ] || break
	for f in "$DB" "$T/store/link"; do
		# shellcheck disable=SC2016 # expanded by that shell
		[ -L "$f" ] || as_user sh -c 'rm -f "$1-wal" "$1-shm"
			cat "$2" >"$3"' sh "$DB" "$T/first.db" "$f"
	done 2>"$T/null"
done
unswap
ok "a link to a third user's: nothing of his is deleted" \
	grep -q precious "$T/third/victim"

# Groups of root's are not the user's.
fresh
mkdir -m 775 "$T/group"
chown root:4 "$T/group"
echo precious >"$T/group/victim"
journal "$DB" "$T/group/victim" "$DB-journal"
run setpriv --groups 0,4 "$BUILD/certrepo-installer" -c "$HOST_CONF"
ok "root's groups are left behind" grep -q precious "$T/group/victim"

# --- time and life ---
fresh
as_user mkfifo "$DB-journal"
started=$(date +%s)
run host
is "$rc" 69 "a FIFO as journal: an end comes"
like "$err" 'no answer within 3 s' "... says so"
ok "... in time" test $(($(date +%s) - started)) -le 60

fresh
sqlite3 "$DB" <<'END'
CREATE TABLE big(h, n);
INSERT INTO big VALUES (zeroblob(2000000),
	CAST(replace(hex(zeroblob(500000)), '0', char(0)) || char(1) AS BLOB));
DROP VIEW host_certs;
CREATE VIEW host_certs AS SELECT name, enable, crt, ca,
	(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c
		WHERE i < 1000)
	SELECT sum(instr(substr(h, 1 + i % 2), n)) FROM c, big) AS min_reader
	FROM certs;
END
chown -R $UID_OF "$T/store"
started=$(date +%s)
run host
is "$rc" 69 "one step of a query that outlasts all: an end comes"
like "$err" 'no answer within 3 s' "... says so"
ok "... in time" test $(($(date +%s) - started)) -le 60
is "$(pgrep -u $UID_OF -c -f "$HOST_CONF")" 0 "... and nobody goes on with it"

fresh
cc -O -x c -o "$T/cut" - <<'END' || bail "no compiler"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int n, char **v)
{
	struct stat st;

	for (;;) {
		int fd = open(v[1], O_RDWR);

		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
			(void) !ftruncate(fd, 0);
		close(fd);
	}
}
END
setpriv --reuid $UID_OF --regid $UID_OF --clear-groups "$T/cut" "$DB-shm" \
	>"$T/null" 2>&1 &
SWAP=$!
bad=
for n in $(seq 20); do
	run host
	case $rc:$err in
	*AddressSanitizer*) bad="$bad $err" ;;
	0:* | 1:* | 69:* | 78:*) ;;
	*) bad="$bad $rc: $err" ;;
	esac
done
unswap
is "$bad" "" "the -shm file cut in a loop: no run of root's dies of it"
fresh
run host
is "$rc" 0 "... and it goes on when he stops"
done_testing
