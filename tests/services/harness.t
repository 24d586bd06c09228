#!/bin/sh
# SPDX-License-Identifier: MIT
# What the tests of the daemons stand on: a port is given to one test only, and
# a daemon is stopped when its process has ended, whatever its pid file says.
# shellcheck disable=SC2154 # _svc_lib is svc.sh's
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/services/svc.sh"

# --- ports ---
TMPDIR=$T/ports
export TMPDIR
mkdir "$TMPDIR"
# one of the 12000 that there are is not drawn twice by chance alone
mine=$(free_ports 400)
is "$(printf '%s\n' "$mine" | sort -u | wc -l)" 400 "ports, each another"
cat >"$T/another" <<END
SCRATCH=$T/scratch.\$1
mkdir "\$SCRATCH"
. "$ROOT/tests/lib/lib.sh"
free_ports 400
END
for i in 1 2; do
	ROOT=$ROOT sh "$T/another" $i >"$T/drawn.$i" &
	eval "pid$i=$!"
done
wait "$pid1" "$pid2"
is "$(cat "$T/drawn.1" "$T/drawn.2" | wc -l)" 800 "two more tests get theirs"
is "$(sort "$T/drawn.1" "$T/drawn.2" | grep -Fx "$mine")" '' "... none of ours"
mkdir "$T/scratch"
mine=$(free_ports 1)
is "$(wc -l <"$TMPDIR/certrepo-ports.$(id -u)")" 401 \
	"those of tests that have ended are given again"
unset TMPDIR

# --- a daemon whose pid file goes before its port does ---
svc_begin late
cat >"$T/late.pl" <<'END'
use Socket;
my ($port, $pidfile) = @ARGV;
socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1); # for connections that have ended
bind($s, sockaddr_in($port, inet_aton("127.0.0.1"))) && listen($s, 5) or
	die "port $port: $!\n";
open(my $f, ">", $pidfile) or die;
print $f "$$\n";
close($f);
$SIG{TERM} = sub { unlink $pidfile; select(undef, undef, undef, 1); exit 0; };
while (1) { accept(my $c, $s); }
END
port=$(free_port)
svc_command_pid late "$T/late/its.pid" perl "$T/late.pl" "$port" \
	"$T/late/its.pid"
ok "a daemon whose pid file goes before its port" svc_start late "$port"
ok "... is restarted" "$_svc_lib/ctl" "$T/late" restart
ok "... runs" svc_alive late
svc_stop late
not_ok "... and is stopped when it has ended" wait_port "$port" 0
done_testing
