#!/bin/sh
# SPDX-License-Identifier: MIT
# A test that gives up is a failed one that says why. What it has started ends
# with it, and the others go on.
# shellcheck disable=SC2154 # out is run's
. "$(dirname "$0")/../lib/lib.sh"

# a server that never answers
cat >"$T/mariadbd" <<END
#!/bin/sh
echo \$\$ >"$T/server"
exec sleep 1000
END
cat >"$T/gives_up.t" <<END
#!/bin/sh
. "$ROOT/tests/lib/lib.sh"
. "$ROOT/tests/lib/mariadb.sh"
plan 2
pass 'goes well so far'
PATH=$T:\$PATH
mkdir -p "\$T/db/data" && echo 1 >"\$T/db/port"
_mariadb_wait() {
	wait_for 10 test -s "$T/server"
	return 1
}
: >"\$T/db/data/err.log"
mariadb_start "\$T/db" || bail 'the server does not start'
END
cat >"$T/goes_on.t" <<END
#!/bin/sh
. "$ROOT/tests/lib/lib.sh"
plan 1
pass 'is run'
END
chmod 755 "$T/mariadbd" "$T"/*.t
JOBS=1
export JOBS
plan 6
run sh "$ROOT/tests/run.sh" "$BUILD" "$T/gives_up.t" "$T/goes_on.t"
isnt "$rc" 0 "a test gives up: the run has failed"
like "$out" 'goes_on\.t .*ok' "... the next one was run all the same"
like "$out" 'gives_up\.t .*Tests: 2 Failed: 1' "... it counts as failed"
like "$out$err" 'the server does not start' "... and says why"
ok "... its server was started" test -s "$T/server"
not_ok "... and has ended" kill -0 "$(cat "$T/server")"
