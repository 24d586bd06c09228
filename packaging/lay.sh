#!/bin/sh
# SPDX-License-Identifier: MIT
# Lay files into a system, or take away what was laid: what `make install` and
# `make uninstall` run.
#
#	lay.sh check
#	lay.sh install|uninstall KIND:FOLDER:FILE...
#
# `check` looks at the paths, and lays nothing: they stand in scripts, units and
# manuals, each of which has quotes of its own.
#
# KIND is `program`, copied as it is; `text` or `script`, in which PREFIX,
# SYSCONFDIR, LOCALSTATEDIR and VERSION are put for the defaults that sources
# speak of; or `conf`, a text that an administrator may change: one that is
# there and another is left alone, both ways. All five come by the environment,
# DESTDIR with them.
set -eu
umask 022
do=$1
shift
for path in "PREFIX=$PREFIX" "SYSCONFDIR=$SYSCONFDIR" \
	"LOCALSTATEDIR=$LOCALSTATEDIR"; do
	case ${path#*=} in
	*[!A-Za-z0-9/._+~-]* | *//* | */../* | */./* | */ | */.. | */.) ;;
	/?*) continue ;;
	esac
	echo "$path: it must be a full path of A-Z a-z 0-9 . _ + ~ - /, without //" \
		"and ..; nothing is done" >&2
	exit 64
done
[ "$do" != check ] || exit 0
new=
trap '[ -z "$new" ] || rm -f "$new"' EXIT

# systemd makes folders of state below /var alone.
state=
[ "$LOCALSTATEDIR" = /var ] ||
	state="s|^StateDirectory=|ReadWritePaths=-$LOCALSTATEDIR/lib/|"

# The one place where paths are put in.
put() { # FILE
	sed -e "s|/usr/local/|$PREFIX/|g" \
		-e "s|/etc/certrepo|$SYSCONFDIR/certrepo|g" \
		-e "s|/etc/cron\.d|$SYSCONFDIR/cron.d|g" \
		-e "s|/var/lib/certrepo|$LOCALSTATEDIR/lib/certrepo|g" \
		-e "s|^\(PATH=\)\(/[^:]*:\)\2|\1\2|" \
		-e "s|^\.Os\( certrepo\)\{0,1\}\$|.Os certrepo $VERSION|" -e "$state" "$1"
}
as_laid() { # KIND FILE
	case $1 in
	program) cat "$2" ;;
	*) put "$2" ;;
	esac
}
install_one() { # KIND FILE TARGET
	if [ "$1" = conf ] && [ -e "$3" ] && ! put "$2" | cmp -s - "$3"; then
		echo "left as it is: $3 (ours: $2)"
		return
	fi
	case $1 in
	program | script) mode=755 ;;
	*) mode=644 ;;
	esac
	mkdir -p "${3%/*}"
	# beside it and over it: a program may be running, or about to
	new=${3%/*}/.${3##*/}.new
	# nor through a link that somebody laid there
	rm -f "$new"
	(
		set -C
		as_laid "$1" "$2" >"$new"
	)
	chmod $mode "$new"
	mv -f "$new" "$3"
	new=
}
uninstall_one() { # KIND FILE TARGET
	# of an installation that was killed
	rm -f "${3%/*}/.${3##*/}.new"
	[ -e "$3" ] || [ -h "$3" ] || return 0
	if [ "$1" = conf ] && ! put "$2" | cmp -s - "$3"; then
		echo "left, since it was changed: $3"
		return
	fi
	rm -f "$3"
}
# FOLDER and those above it, as far as they are empty; not those that every
# system has.
fold() {
	dir=$1
	while :; do
		case $dir in
		"$PREFIX"/share/man | "$SYSCONFDIR"/cron.d) return ;;
		"$PREFIX"/*/* | "$PREFIX"/libexec) ;;
		*) return ;;
		esac
		rmdir "$DESTDIR$dir" 2>/dev/null || return 0
		dir=${dir%/*}
	done
}

for word; do
	kind=${word%%:*} file=${word##*:}
	dir=${word#*:}
	dir=${dir%:*}
	"${do}_one" "$kind" "$file" "$DESTDIR$dir/${file##*/}"
done
[ "$do" = uninstall ] || exit 0
for word; do
	dir=${word#*:}
	fold "${dir%:*}"
done
for dir in "$DESTDIR$SYSCONFDIR/certrepo" \
	"$DESTDIR$LOCALSTATEDIR"/lib/certrepo*; do
	[ ! -e "$dir" ] || echo "left: $dir"
done
for link in "$DESTDIR$SYSCONFDIR"/systemd/system/*.wants/certrepo-*; do
	[ -L "$link" ] || continue
	unit=${link##*/} do="systemctl disable ${link##*/}"
	# another installation, the packages, has it as well, and goes on
	for dir in "$SYSCONFDIR" /etc /usr/local/lib /usr/lib /lib; do
		[ ! -e "$DESTDIR$dir/systemd/system/$unit" ] ||
			do="systemctl reenable $unit"
	done
	echo "left: $link: $do"
done
