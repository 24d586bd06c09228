# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the tests of the packages share; each is run by tests/packages.sh as root
# with a bare chroot to spoil, R, and the packages in R/debs. TAP to stdout.
#
#	c COMMAND...		in the chroot
#	ok WORDS COMMAND...	and
#	is GOT WANT WORDS	count, and go on
cd "$(dirname "$0")/../.." || exit 1
me=$(basename "$0" .sh)
R=$1
. tests/chroot.sh
_n=0 _bad=0

c() { in_chroot "$R" "$@"; }
pass() {
	_n=$((_n + 1))
	echo "ok $_n - $*"
}
fail() { # WORDS WHY
	_n=$((_n + 1)) _bad=1
	echo "not ok $_n - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}
ok() {
	_words=$1
	shift
	if _out=$("$@" 2>&1); then
		pass "$_words"
	else
		fail "$_words" "$*
$_out"
	fi
}
no() { # WORDS COMMAND: it fails
	_words=$1
	shift
	if _out=$("$@" 2>&1); then
		fail "$_words" "$*
$_out"
	else
		pass "$_words"
	fi
}
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		printf '%s\n' "$1" >"$R/got"
		printf '%s\n' "$2" >"$R/want"
		fail "$3" "$(diff -U0 "$R/want" "$R/got" | sed 1,3d)"
	fi
}
like() { # TEXT REGEX WORDS
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		pass "$3"
	else
		fail "$3" "got:  $1
like: $2"
	fi
}
# What the rest cannot do without.
must() {
	"$@" >"$R/must.log" 2>&1 || {
		echo "Bail out! $me: $*"
		sed 's/^/# /' "$R/must.log"
		exit 1
	}
}
apt() {
	c apt-get -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@" \
		</dev/null
}
debs() { # PACKAGE...: their files, as seen in the chroot
	for _p; do
		(cd "$R" && echo ./debs/"$_p"_*.deb)
	done
}
installed() { c dpkg-query -W -f '${Package}\n' | sort; }
# Owner, mode and kind of what is in FOLDERs, what it holds or leads to; but
# for folders that come and go with the packages, while they are empty.
state_of() { # FOLDER...
	(cd "$R" && find "$@" \( ! -path 'etc/certrepo/*' -o ! -empty -o \
		! -type d \) -printf '%p %u:%g %m %y %l\n' &&
		find "$@" -type f -exec sha256sum {} +) | sort
}
owner_mode() { c stat -c '%U:%G %a' "$1"; }
# What cron runs for a program, in R/line: behind five times and a user.
cron_line() { # PROGRAM
	sed -n 's/^[0-9]\([^ ]*  *\)\{6\}//p' "$R/etc/cron.d/certrepo-$1" \
		>"$R/line"
}
finish() {
	echo "1..$_n"
	exit $_bad
}
# One host with both: configuration, a store, a key, as people have them.
lay_host() {
	mkdir -p "$R/etc/certrepo" "$R/etc/ssl/private" "$R/etc/tls"
	cat >"$R/etc/certrepo/certrepo.conf" <<-'END'
		store : { driver = "sqlite"; path = "/var/lib/certrepo/certrepo.db"; };
		ca = ( { preset = "letsencrypt"; agree_tos = true;
		         contact = [ "mailto:hostmaster@example.org" ]; } );
		webroot_prefixes = ["/var/www"];
	END
	cat >"$R/etc/certrepo/installer.conf" <<-'END'
		store : { driver = "sqlite"; path = "/var/lib/certrepo/certrepo.db"; };
		trust_file = "/etc/ssl/certs/ca-certificates.crt";
		services = ( { name = "web"; profile = "files-only"; certificates = (
			{ name = "www.example.org"; dir = "/etc/tls";
			  key = "/etc/ssl/private/www.example.org.key"; } ); } );
	END
	echo 'store : { path = "/var/lib/certrepo/certrepo.db"; };' \
		>"$R/etc/certrepo/status.conf"
	mkdir -p "$R/etc/certrepo/profiles"
	echo '# mine' >"$R/etc/certrepo/profiles/mine.conf"
	must c sh -c 'umask 077 && cd /root && openssl req -newkey rsa:2048 \
		-nodes -keyout /etc/ssl/private/www.example.org.key \
		-subj /CN=www.example.org -addext \
		subjectAltName=DNS:www.example.org -out www.example.org.csr'
	must c certrepo-populate init
	must c certrepo-populate add www.example.org \
		--csr /root/www.example.org.csr --webroot /var/www
	must c setpriv --reuid certrepo --regid certrepo --clear-groups sh -c '
		umask 077 && mkdir -p /var/lib/certrepo/accounts &&
		openssl genrsa -out /var/lib/certrepo/accounts/le.key 2048'
	c certrepo-installer >"$R/first.log" 2>&1 || :
}
