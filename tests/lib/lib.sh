# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What every shell test shares; source it first:
#
#	. "$(dirname "$0")/../lib/lib.sh"
#	plan 3
#	run "$BUILD/certrepo-populate" --version
#	is "$rc" 0 "says its version"
#	like "$out" '[0-9]+\.[0-9]+' "... as a number"
#	ok "the folder is empty" test -z "$(ls "$T")"
#
# T is a scratch folder that goes away at the end, with all that start()
# started; KEEP=1 in the environment leaves the folder (never a process).
# Everything has a time limit. TAP goes to stdout; call ok and its like from
# the test's own shell, not from a pipe or a $( ), or the count is lost.

: "${BUILD:=build}"
# A caller that is not tests/KIND/NAME.t says where the tree is.
[ -f "${ROOT-}/tests/lib/lib.sh" ] || ROOT=$(cd "$(dirname "$0")/../.." && pwd)
case $BUILD in
/*) ;;
*) BUILD=$ROOT/$BUILD ;;
esac
export BUILD ROOT
# One language for messages; daemons' folders are on a user's PATH, too.
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
# The test's own interpreter, not one of somebody's home.
PYTHON=/usr/bin/python3
export LC_ALL PATH PYTHON
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

# SCRATCH, when set by who sources this, is an empty folder to use that stays.
if [ -n "${SCRATCH-}" ]; then
	T=$SCRATCH
else
	T=$(mktemp -d "${TMPDIR:-/tmp}/certrepo.XXXXXX") || exit 1
fi
chmod 755 "$T"
mkdir "$T/pid" "$T/log"
_n=0 _failed=0 _plan='' _bailed=''
rc='' out='' err=''

_cleanup() {
	_status=$?
	trap - EXIT
	trap '' HUP INT TERM PIPE
	# the last one started goes first: clients before their servers
	# shellcheck disable=SC2045 # names are ours, the order matters
	for _p in $(ls -t "$T/pid"); do
		stop "$_p"
	done
	if [ -n "$_plan" ] && [ -z "$_bailed" ] && [ "$_n" -ne "$_plan" ]; then
		echo "# planned $_plan tests, ran $_n"
		_status=1
	fi
	[ "$_failed" -eq 0 ] || _status=1
	awk -v t="$T/" 'index($2, t) == 1 { print $2 }' /proc/mounts |
		while read -r _p; do
			umount -l "$_p"
		done
	if [ -n "${SCRATCH-}" ]; then
		rm -rf "$T/pid"
	elif [ -n "${KEEP-}" ]; then
		echo "# left for you: $T"
	else
		rm -rf "$T"
	fi
	exit "$_status"
}
trap _cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 141' PIPE # | head

# --- TAP ---

plan() { # N
	_plan=$1
	echo "1..$1"
}
# When the number of tests is known only afterwards, in place of plan.
done_testing() {
	_plan=$_n
	echo "1..$_n"
}
skip_all() { # REASON
	echo "1..0 # SKIP $*"
	_plan=''
	exit 0
}
# Nothing more of this test makes sense. TAP's own words for it would end those
# of others, too.
bail() { # REASON
	_bailed=1
	fail "$*"
	[ -n "$_plan" ] || echo "1..$_n"
	echo "# $0 gives up: $*" >&2
	exit 1
}
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}
pass() { # NAME
	_n=$((_n + 1))
	echo "ok $_n - $*"
}
fail() { # NAME; the caller says why with diag afterwards
	_n=$((_n + 1)) _failed=$((_failed + 1))
	echo "not ok $_n - $*"
}
skip() { # NAME: counted as passed, with the reason in it
	_n=$((_n + 1))
	echo "ok $_n # SKIP $*"
}
ok() { # NAME COMMAND...: the command succeeds
	_name=$1
	shift
	if "$@" >"$T/ok.log" 2>&1; then
		pass "$_name"
	else
		_st=$?
		fail "$_name"
		diag "exit $_st of: $*"
		diag "$(tail -20 "$T/ok.log")"
	fi
}
not_ok() { # NAME COMMAND...: the command fails
	_name=$1
	shift
	if "$@" >"$T/ok.log" 2>&1; then
		fail "$_name"
		diag "succeeded: $*"
		diag "$(tail -20 "$T/ok.log")"
	else
		pass "$_name"
	fi
}
is() { # GOT WANT NAME
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "got:  $1"
		diag "want: $2"
		_diag_run
	fi
}
isnt() { # GOT UNWANTED NAME
	if [ "$1" != "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "got what was not wanted: $1"
		_diag_run
	fi
}
like() { # TEXT ERE NAME
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		pass "$3"
	else
		fail "$3"
		diag "no /$2/ in: $1"
		_diag_run
	fi
}
unlike() { # TEXT ERE NAME
	if printf '%s\n' "$1" | grep -Eq -e "$2"; then
		fail "$3"
		diag "/$2/ in: $1"
	else
		pass "$3"
	fi
}
_diag_run() {
	[ -z "$_last" ] || diag "last run: $_last
exit $rc
stdout: $(printf '%s' "$out" | tail -20)
stderr: $(printf '%s' "$err" | tail -20)"
}

# --- programs ---

_last=''
# Run a command to its end: rc, out and err are then its exit status and what
# it printed. After RUN_TIMEOUT seconds (60) it is killed and rc is 124.
run() {
	_last=$*
	rc=0
	timeout -k 5 "${RUN_TIMEOUT:-60}" "$@" >"$T/out" 2>"$T/err" \
		</dev/null || rc=$?
	out=$(cat "$T/out")
	err=$(cat "$T/err")
}

# Start a daemon that stays in the foreground: its pid is then in
# $T/pid/NAME, what it says in $T/log/NAME. stop NAME ends it, so does the
# end of the test.
start() { # NAME COMMAND...
	_name=$1
	shift
	"$@" >>"$T/log/$_name" 2>&1 </dev/null &
	echo $! >"$T/pid/$_name"
}
running() { # NAME
	[ -s "$T/pid/$1" ] && read -r _pid _ <"$T/pid/$1" &&
		kill -0 "$_pid" 2>/dev/null
}
stop() { # NAME [SIGNAL]; KILL follows after 5 seconds; fine if it is gone
	[ -s "$T/pid/$1" ] || return 0
	# a daemon's own pid file may say more, or have blanks before
	read -r _pid _ <"$T/pid/$1"
	rm -f "$T/pid/$1"
	kill -"${2:-TERM}" "$_pid" 2>/dev/null || return 0
	_i=0
	while kill -0 "$_pid" 2>/dev/null; do
		_i=$((_i + 1))
		[ $_i -ne 100 ] || kill -KILL "$_pid" 2>/dev/null
		[ $_i -le 150 ] || return 1
		sleep 0.05
	done
	return 0
}
# The path of a daemon that AppArmor confines to its system folders: with
# AppArmor on, that of a copy, which no rule knows.
unconfined() { # PROGRAM
	_prog=$(command -v "$1") || return 1
	if grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null; then
		mkdir -p "$T/bin"
		[ -x "$T/bin/$1" ] || cp "$_prog" "$T/bin/$1" || return 1
		_prog=$T/bin/$1
	fi
	echo "$_prog"
}
# Let a daemon that goes to the background by itself be ended by stop() and
# by the end of the test, too.
adopt() { # NAME PIDFILE
	cp "$2" "$T/pid/$1"
}

# Try until it succeeds, or for that long.
wait_for() { # SECONDS COMMAND...
	_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$_end" ] || return 1
		sleep 0.05
	done
}
wait_port() { # PORT [SECONDS]: somebody accepts on 127.0.0.1
	perl -MSocket -MTime::HiRes=time,sleep -e '
		my ($port, $end) = ($ARGV[0], time + $ARGV[1]);
		while (time < $end) {
			socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
			exit 0 if connect($s, sockaddr_in($port,
				inet_aton("127.0.0.1")));
			sleep 0.03;
		}
		exit 1' "$1" "${2:-10}"
}

# N ports, one a line, that nobody has, TCP and UDP on 127.0.0.1, and that no
# other test gets while this one runs: a daemon that is stopped for a while
# finds its own still free. From below the range the kernel gives to outgoing
# connections. The list of those given away is the user's own; who has ended
# holds none.
free_ports() { # N
	perl -MFcntl=:flock,O_RDWR,O_CREAT,O_NOFOLLOW -MSocket -e '
		my ($n, $owner, $list) = @ARGV;
		my ($tries, $f, %taken, @held) = 0;
		sysopen($f, $list, O_RDWR | O_CREAT | O_NOFOLLOW, 0600) &&
			flock($f, LOCK_EX) or die "$list: $!\n";
		while (<$f>) {
			my ($p, $pid) = split;
			$taken{$p} = $pid if $pid && (kill(0, $pid) || $!{EPERM});
		}
		while ($n > 0) {
			die "no free port\n" if ++$tries > 2000;
			my $p = 20000 + int rand 12000;
			next if $taken{$p};
			my $a = sockaddr_in($p, inet_aton("127.0.0.1"));
			socket(my $t, PF_INET, SOCK_STREAM, 0) or die;
			socket(my $u, PF_INET, SOCK_DGRAM, 0) or die;
			bind($t, $a) && bind($u, $a) && listen($t, 1) or next;
			push @held, $t, $u;
			$taken{$p} = $owner;
			print "$p\n";
			$n--;
		}
		seek($f, 0, 0) && truncate($f, 0) or die;
		print $f "$_ $taken{$_}\n" for keys %taken;
		close($f) or die' \
		"$1" $$ "${TMPDIR:-/tmp}/certrepo-ports.$(id -u)"
}
free_port() {
	free_ports 1
}

# --- keys, requests, certificates ---

make_key() { # FILE [rsa|rsa3072|rsa4096|ec|ec384]
	case ${2:-ec} in
	rsa) set -- "$1" RSA rsa_keygen_bits:2048 ;;
	rsa3072) set -- "$1" RSA rsa_keygen_bits:3072 ;;
	rsa4096) set -- "$1" RSA rsa_keygen_bits:4096 ;;
	ec) set -- "$1" EC ec_paramgen_curve:P-256 ;;
	ec384) set -- "$1" EC ec_paramgen_curve:P-384 ;;
	*) return 1 ;;
	esac
	(umask 077 && openssl genpkey -algorithm "$2" -pkeyopt "$3" \
		-out "$1" 2>/dev/null)
}
_san() { # NAME...: DNS:a,DNS:b,IP:c
	_list=
	for _x in "$@"; do
		case $_x in
		*:* | *[!0-9.]*) _t=DNS ;;
		*) _t=IP ;;
		esac
		case $_x in
		*:*) _t=IP ;;
		esac
		_list="${_list:+$_list,}$_t:$_x"
	done
	echo "$_list"
}
# The CN is the first name, the SAN carries all of them.
make_csr() { # KEY OUT NAME...
	_key=$1 _out=$2
	shift 2
	openssl req -new -key "$_key" -out "$_out" -subj "/CN=$1" \
		-addext "subjectAltName=$(_san "$@")"
}
# A CA: DIR/ca.key, DIR/ca.pem.
make_ca() { # DIR [CN]
	mkdir -p "$1" && make_key "$1/ca.key" &&
		openssl req -x509 -new -key "$1/ca.key" -out "$1/ca.pem" \
			-days 30 -subj "/CN=${2:-certrepo test CA}" \
			-addext "keyUsage=critical,keyCertSign,cRLSign"
}
# An intermediate under CA DIR: OUTDIR/ca.key, OUTDIR/ca.pem.
make_sub_ca() { # DIR OUTDIR [CN]
	mkdir -p "$2" && make_key "$2/ca.key" &&
		openssl req -new -key "$2/ca.key" -subj "/CN=${3:-test intermediate}" \
			-out "$2/ca.csr" &&
		_sign "$1" "$2/ca.csr" "$2/ca.pem" 30 \
			'basicConstraints=critical,CA:TRUE' \
			'keyUsage=critical,keyCertSign,cRLSign'
}
_sign() { # CADIR CSR OUT DAYS EXTENSION...
	_cadir=$1 _csr=$2 _out=$3 _days=$4
	shift 4
	printf '%s\n' "$@" 'subjectKeyIdentifier=hash' \
		'authorityKeyIdentifier=keyid' >"$_out.ext"
	openssl x509 -req -in "$_csr" -CA "$_cadir/ca.pem" \
		-CAkey "$_cadir/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
		-days "$_days" -extfile "$_out.ext" -out "$_out" 2>/dev/null
	_st=$?
	rm -f "$_out.ext"
	return $_st
}
# A server certificate for KEY, signed by the CA in DIR. DAYS may be given in
# the environment variable CERT_DAYS (30).
make_cert() { # DIR KEY OUT NAME...
	_cad=$1 _ckey=$2 _cout=$3
	shift 3
	make_csr "$_ckey" "$_cout.csr" "$@" &&
		_sign "$_cad" "$_cout.csr" "$_cout" "${CERT_DAYS:-30}" \
			"subjectAltName=$(_san "$@")" \
			'extendedKeyUsage=serverAuth' \
			'keyUsage=critical,digitalSignature' &&
		rm -f "$_cout.csr"
}
make_self_signed() { # KEY OUT NAME...
	_key=$1 _out=$2
	shift 2
	openssl req -x509 -new -key "$_key" -out "$_out" -days 30 \
		-subj "/CN=$1" -addext "subjectAltName=$(_san "$@")"
}
# SHA-256 of a certificate, lower-case hexadecimal.
cert_fp() { # FILE (the first certificate in it); nothing when there is none
	openssl x509 -in "$1" -noout -fingerprint -sha256 2>/dev/null |
		sed 's/.*=//; s/://g' | tr A-F a-f
}
# What a TLS server shows: the certificates sent, PEM, leaf first.
tls_chain() { # PORT SERVER_NAME [starttls protocol]
	timeout 10 openssl s_client -connect "127.0.0.1:$1" -servername "$2" \
		-showcerts ${3:+-starttls "$3"} </dev/null 2>/dev/null |
		sed -n '/-----BEGIN CERT/,/-----END CERT/p'
}
tls_fp() { # PORT SERVER_NAME [starttls protocol]
	tls_chain "$@" >"$T/tls_fp.pem"
	cert_fp "$T/tls_fp.pem"
}
