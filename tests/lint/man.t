#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual's pages are clean mdoc, with the sections that people look for,
# and lead to one another; each option of a program is in its page, and none is
# named that there is not, nor a command, a setting or a file. (What they say
# of tables, events and variables is in man_facts.t; tests/unit/test_settings.c
# compares configuration pages with the tables of settings.)
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

pages() { # FOLDER
	sources "$1" -path '*/man/*.[1-9]'
}
bad_pages() { # FOLDER
	# That a page is there is looked at below.
	pages "$1" | xargs mandoc -T lint -W warning 2>&1
}

# .Dq, .Ql and .Sq go to the end of their line: what should stand behind the
# quotes, or is another quotation, would be in them.
swallowing() { # FOLDER
	pages "$1" | xargs grep -HnE \
		'^\.(.* )?(Dq|Ql|Sq) .* (No|Dq|Ql|Sq|Pq)( |$)'
}

# --- heads and sections ---
bad_heads() { # FOLDER
	for _f in $(pages "$1"); do
		grep -qx '\.Os certrepo' "$_f" || echo "$_f: not .Os certrepo"
		_d=$(sed -n 's/^\.Dd //p' "$_f")
		_s=$(echo "$_d" | grep -xE '[A-Z][a-z]+ [0-9]+, [0-9]{4}')
		_s=$(date -u -d "${_s:-?}" +%s 2>/dev/null) || {
			echo "$_f: .Dd $_d is no date"
			continue
		}
		[ "$_s" -le "$(date +%s)" ] || echo "$_f: .Dd $_d is to come"
		# apropos looks at this line alone
		sed -n '/^\.Nd /p' "$_f" | grep -qiE 'certificate|CSR' ||
			echo "$_f: .Nd: \"apropos certificate\" does not find it"
	done
}
bad_sections() { # FOLDER
	for _f in $(pages "$1"); do
		set -- NAME DESCRIPTION 'SEE ALSO'
		case $_f in
		*.8) set -- "$@" SYNOPSIS ENVIRONMENT FILES 'EXIT STATUS' \
			LOGGING EXAMPLES DIAGNOSTICS CAVEATS ;;
		*/certrepo.7) set -- "$@" ENVIRONMENT FILES 'EXIT STATUS' \
			LOGGING EXAMPLES ;;
		*.conf.5 | */installer-profiles.5)
			set -- "$@" SETTINGS ENVIRONMENT FILES EXAMPLES CAVEATS ;;
		*.5) set -- "$@" FILES EXAMPLES CAVEATS ;;
		esac
		for _s in "$@"; do
			grep -qx "\.Sh $_s" "$_f" || echo "$_f: no section $_s"
		done
	done
}

# --- links ---
# Pages of others that ours may name.
foreign_pages='chcon.1 chown.1 chmod.1 curl.1 date.1 df.1 dig.1 fuser.1
journalctl.1 mandoc.1 nohup.1 nsupdate.1 openssl.1 pkill.1 ps.1 runuser.1 scp.1
socat.1 sqlite3.1 ssh.1 strace.1 systemctl.1 systemd.1 umask.1 wireshark.1
syslog.3 crontab.5 localtime.5 nsswitch.conf.5 resolv.conf.5 systemd.timer.5
hostname.7 keyrings.7 chroot.8 cron.8 iptables.8 nft.8 sendmail.8 sshd.8 sudo.8
update-ca-certificates.8'
see_also() { # FILE: NAME.SECTION, a line each
	sed -n '/^\.Sh SEE ALSO/,/^\.Sh [^S]/s/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' \
		"$1"
}
named_pages() { # FILE
	grep -oE '(^\.|[( ])Xr [^ ]+ [0-9]' "$1" |
		sed 's/.*Xr \([^ ]*\) /\1./' | sort -u
}
bad_links() { # FOLDER
	for _f in $(pages "$1"); do
		_own=$(basename "$_f")
		for _p in $(named_pages "$_f"); do
			if [ -f "$1/man/$_p" ]; then
				[ "$_p" = "$_own" ] ||
					see_also "$_f" | grep -qxF "$_p" ||
					echo "$_f: not under SEE ALSO: $_p"
			else
				echo " $foreign_pages " | tr '\n' ' ' |
					grep -qF " $_p " ||
					echo "$_f: there is no page $_p"
			fi
		done
		[ "$_own" = certrepo.7 ] && continue
		see_also "$_f" | grep -qx certrepo.7 ||
			echo "$_f: SEE ALSO without certrepo.7"
		see_also "$1/man/certrepo.7" | grep -qxF "$_own" ||
			echo "certrepo.7: SEE ALSO without $_own"
	done
}

# --- options and commands ---
# Each program's long options, as --help of it and of its commands has them.
program_options() { # PROGRAM
	{
		"$1" --help
		"$1" --help | sed -n '/^Commands/,$s/^  \([a-z]*\) .*/\1/p' |
			while read -r _c; do
				"$1" "$_c" --help 2>/dev/null
				"$1" "$_c" --help 2>/dev/null | sed -n \
					'/^Commands/,$s/^  \([a-z]*\) .*/\1/p' |
					while read -r _g; do
						"$1" "$_c" "$_g" --help
					done
			done
	} | grep -oE -e '--[a-z][a-z-]+' | sort -u
}
# PROGRAM PAGE: options in --help that the page does not have as .Fl, and
# those of the page that the program does not have
differing_options() {
	[ -f "$2" ] || {
		echo "$2 is missing"
		return
	}
	program_options "$1" >"$T/options"
	sed -n 's/^--//p' "$T/options" | while read -r _o; do
		grep -Eq "Fl -$_o( |\$)" "$2" ||
			echo "$2: option --$_o is missing"
	done
	grep -oE '(^\.|[ ])Fl -[a-z-]+' "$2" | sed 's/.*Fl -/--/' | sort -u |
		grep -vxF -f "$T/options" | sed "s|^|$2: there is no option |"
}
# FOLDER: commands of a program in a text that it does not have. (Lines that
# end in a backslash go on.) certrepo-NAME.options and .commands are in $T.
bad_commands() {
	for _f in $(pages "$1"); do
		sed -e :a -e '/\\e$/N; s/\\e\n//; ta' "$_f" |
			grep -vE '^\.\\"|journalctl' |
			grep -oE '(^|Ql |Dl |Li |-- |[|(#$&] )certrepo-(populate|fetcher|installer|status) [^|;&>]*' |
			sed 's/.*\(certrepo-[a-z]* \)/\1/' |
			while read -r _p _rest; do
				bad_command "$_p" "$_rest" | sed "s|^|$_f: |"
			done
	done
}
bad_command() { # PROGRAM ARGUMENTS
	_prog=$1 _word='' _arg=''
	# shellcheck disable=SC2086 # words
	set -f -- $2
	set +f
	for _w in "$@"; do
		case $_w in
		[0-9] | , | Oc | .) return ;; # .Xr, .Ql's end
		--) return ;;
		--[a-z]*)
			_o=${_w%%=*}
			grep -qxF -e "$_o" "$T/$_prog.options" ||
				echo "$_prog: there is no option $_o"
			;;
		-c) _arg=y ;;
		-*) ;;
		*)
			[ -n "$_word$_arg" ] || {
				_word=$_w
				# the installer has names alone
				[ -s "$T/$_prog.commands" ] &&
					echo "$_w" | grep -qxE '[a-z]+' &&
					! grep -qxF "$_w" "$T/$_prog.commands" &&
					echo "$_prog: there is no command $_w"
			}
			_arg=''
			;;
		esac
	done
}

# --- settings and files ---
settings_of() { # FOLDER
	cat "$1"/man/*.5 | sed -n 's/^\.It Ic \([a-z_0-9]*\).*/\1/p'
	# fields of certrepo-populate set, and the one that is spelt out
	printf '%s\n' comment certbot challenge enable webroot_path dns.zones
}
bad_settings() { # FOLDER
	settings_of "$1" | sort -u >"$T/settings"
	for _f in $(pages "$1"); do
		_word='[A-Za-z_0-9.]+'
		case $_f in
		# which is about the settings of others
		*/certrepo-profiles.7) continue ;;
		# which have commands and words of others, too
		*/certrepo-*.7) _word='[a-z]+[_.][a-z_.]+' ;;
		esac
		grep -E '^\.(It )?(Ic|Va) |[( ](Ic|Va) ' "$_f" |
			grep -oE "(Ic|Va) $_word( , [a-z_0-9.]+)*" |
			sed 's/^...//; s/ , /\n/g' | sort -u |
			grep -vxE '[IV][ca]|.*=.*' | grep -vxF -f "$T/settings" |
			sed "s|^|$_f: there is no setting |"
	done
}
bad_files() { # FOLDER: shipped files, as they are named in pages
	for _f in $(pages "$1"); do
		grep -oE '/usr/local/share/certrepo/[a-z/.-]+[a-z]|certrepo-[a-z@%]+\.(service|timer)|/etc/cron\.d/[a-z-]+' \
			"$_f" | sort -u | while read -r _p; do
			case $_p in
			*/share/certrepo/cas*)
				_q=ca-presets${_p#*/share/certrepo/cas} ;;
			*/share/certrepo/grants.sql) _q=schema/grants.sql ;;
			*/share/certrepo/monitoring*)
				_q=packaging${_p#*/share/certrepo} ;;
			*/share/certrepo/*) _q=${_p#*/share/certrepo/} ;;
			/etc/cron.d/*) _q=packaging${_p#/etc} ;;
			*) _q=packaging/systemd/$_p ;;
			esac
			[ -e "$1/$_q" ] || echo "$_f: there is no $_p"
		done
	done
}

# --- words that people search for, by man -K or in a page ---
sought_words() {
	cat <<'END'
certrepo-profiles.7	intermediate certificate
certrepo-profiles.7	chain
certrepo-profiles.7	CA bundle
certrepo-profiles.7	fullchain
certrepo-profiles.7	keystore
certrepo-profiles.7	JKS
certrepo-profiles.7	PKCS#12
certrepo-profiles.7	.pfx
certrepo-profiles.7	OCSP
certrepo-profiles.7	reload
certrepo-profiles.7	restart
installer-profiles.5	deploy hook
installer-profiles.5	post-hook
installer-profiles.5	PEM
installer-profiles.5	DER
installer.conf.5	private key
installer.conf.5	intermediate certificate
installer.conf.5	STARTTLS
installer.conf.5	SNI
certrepo.conf.5	DNS challenge
certrepo.conf.5	web root
certrepo.conf.5	wildcard
certrepo.conf.5	external account binding
certrepo-fetcher.8	renewal
certrepo-fetcher.8	proxy
certrepo-fetcher.8	rate limit
certrepo-fetcher.8	revoke
certrepo-fetcher.8	deploy hook
certrepo-fetcher.8	OnFailure
certrepo-populate.8	SAN
certrepo-populate.8	subjectAltName
certrepo-populate.8	wildcard
certrepo-populate.8	CSR
certrepo-installer.8	roll
certrepo-installer.8	intermediate certificate
certrepo.7	Let's Encrypt
certrepo.7	journalctl
certrepo.7	certbot
certrepo.7	acme.sh
certrepo.7	pre-hook
certrepo.7	privkey.pem
END
}
missing_words() { # FOLDER
	_back=$(printf '\b') # of what is struck twice
	sought_words | while IFS='	' read -r _p _w; do
		mandoc -T ascii -O width=1000 "$1/man/$_p" 2>/dev/null |
			sed "s/.$_back//g" | tr -s ' \t\n' '   ' |
			grep -qiF -e "$_w" || echo "$_p: where is \"$_w\"?"
	done
}

clean "pages of the tree" bad_pages .
clean "their quotations" swallowing .
clean "their heads" bad_heads .
clean "their sections" bad_sections .
clean "their links" bad_links .
clean "settings they name" bad_settings .
clean "files they name" bad_files .
clean "words that are searched for" missing_words .
for p in populate fetcher installer status; do
	[ -x "$BUILD/certrepo-$p" ] || continue
	clean "certrepo-$p" differing_options "$BUILD/certrepo-$p" \
		"man/certrepo-$p.8"
	cp "$T/options" "$T/certrepo-$p.options"
	"$BUILD/certrepo-$p" --help |
		sed -n '/^Commands/,$s/^  \([a-z]*\) .*/\1/p' \
			>"$T/certrepo-$p.commands"
done
clean "commands they name" bad_commands .

# --- what is wrong is seen ---
mkdir "$T/man"
a=$T/man/a.8
printf '.Dd x\n.Dt A 1\n.Sh NAME\n.Foo bar\n' >"$a"
finds 'a\.8.*Foo' "an unknown macro is seen" bad_pages "$T"
printf '.Dd x\n.Pq Dq one , Dq two\n' >"$a"
finds 'a\.8:2:' "one quotation in another is seen" swallowing "$T"
finds 'Dd x is no date' "a date that is none is seen" bad_heads "$T"
finds 'not \.Os' "a system that is not ours is seen" bad_heads "$T"
printf '.Dd January 1, 2999\n.Os certrepo\n.Nd of a CSR\n' >"$a"
finds 'is to come' "a date to come is seen" bad_heads "$T"
printf '.Dd January 1, 2026\n.Os certrepo\n.Nd of a thing\n' >"$a"
finds 'apropos' "a line that is not found is seen" bad_heads "$T"
finds 'a\.8: no section EXIT STATUS' "a missing section is seen" \
	bad_sections "$T"
cat >"$a" <<'END'
.Xr b 5
.Xr nothere 7
.Sh SEE ALSO
.Xr certrepo 7
END
printf '.Sh SEE ALSO\n.Xr a 8 ,\n.Xr b 5\n' >"$T/man/certrepo.7"
: >"$T/man/b.5"
finds 'a\.8: there is no page nothere\.7' "a link into the void is seen" \
	bad_links "$T"
finds 'a\.8: not under SEE ALSO: b\.5' "one not under SEE ALSO is seen" \
	bad_links "$T"
finds 'b\.5: SEE ALSO without certrepo' "... nor the way up" bad_links "$T"
printf '.Sh SEE ALSO\n.Xr b 5\n' >"$T/man/certrepo.7"
finds 'certrepo\.7: SEE ALSO without a\.8' "... nor the way down" \
	bad_links "$T"
printf '.Sh SEE ALSO\n.Xr certrepo 7\n' >"$T/man/b.5"
printf '.Sh SEE ALSO\n.Xr b 5 ,\n.Xr certrepo 7\n' >"$a"
printf '.Sh SEE ALSO\n.Xr b 5 ,\n.Xr a 8\n' >"$T/man/certrepo.7"
clean "pages that know one another" bad_links "$T"

cat >"$T/prog" <<'EOT'
#!/bin/sh
echo "  -c, --config=FILE  x
      --dry-run      y
Commands:
  go NAME   z"
[ "$1" != go ] || echo "      --fast"
EOT
chmod +x "$T/prog"
printf '.It Fl c , Fl -config Ar file\n.It Fl -slow\n' >"$a"
finds 'dry-run is missing' "a missing option is seen" \
	differing_options "$T/prog" "$a"
finds 'fast is missing' "... of a command, too" \
	differing_options "$T/prog" "$a"
finds 'no option --slow' "one that there is not is seen" \
	differing_options "$T/prog" "$a"
printf '.It Fl c , Fl -config Ar file\n.It Fl -dry-run\n.Op Fl -fast\n' >"$a"
clean "present ones are found" differing_options "$T/prog" "$a"
finds 'missing' "a missing page is seen" differing_options "$T/prog" "$T/b.8"

cat >"$a" <<'END'
.Xr certrepo-populate 8 ,
.Ql certrepo-populate init
certrepo-populate -c x.conf add www.example.org --csr - \e
    --enabled | jq
.Ql certrepo-populate drop NAME
.Ql certrepo-fetcher --once --forse www.example.org
.Ic csr_dir , crs_dir
.Pa /usr/local/share/certrepo/grant.sql
.Pa certrepo-fetch.timer
END
finds 'certrepo-populate: there is no option --enabled' \
	"an option that there is not is seen in a command" bad_commands "$T"
finds 'certrepo-fetcher: there is no option --forse' "... of each program" \
	bad_commands "$T"
finds 'certrepo-populate: there is no command drop' \
	"a command that there is not is seen" bad_commands "$T"
is "$(grep -c . "$T/lint.log")" 3 "... and nothing else is"
echo '.It Ic csr_dir Pq path' >"$T/man/b.5"
finds 'a\.8: there is no setting crs_dir' "a setting that there is not is seen" \
	bad_settings "$T"
is "$(grep -c . "$T/lint.log")" 1 "... and nothing else is"
finds 'there is no .*grant\.sql' "a file that there is not is seen" \
	bad_files "$T"
finds 'there is no certrepo-fetch\.timer' "... and a unit" bad_files "$T"
finds 'certrepo\.7: where is "journalctl"' "a word that is missing is seen" \
	missing_words "$T"
done_testing
