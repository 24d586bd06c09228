#!/bin/sh
# SPDX-License-Identifier: MIT
# Each profile that is shipped has a test (tests/services/NAME.t, or another
# that uses it), a line in both tables of certrepo-profiles(7), and its section
# there. That has the files it writes, the variables of its own, and the lines
# for the service's configuration that the head of the profile has. There is no
# section of one that is not shipped. The daemons of the tests are configured by
# the words of those lines.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/lint.sh"

PAGE=man/certrepo-profiles.7

untold_profiles() { # FOLDER
	for _f in $(sources "$1" -path '*/installer-profiles/*.conf'); do
		_p=$(basename "$_f" .conf)
		[ -f "$1/tests/services/$(echo "$_p" | tr - _).t" ] ||
			grep -qsE "profile = \\\\?\"$_p\\\\?\"|PROFILE=$_p\$" \
				"$1"/tests/e2e/*.t || echo "$_p: no test"
		grep -qE "^\.It [^ ].* Ta $_p Ta [^ ].* Ta " "$1/$PAGE" ||
			echo "$_p: not in the table of services"
		grep -qE "^\.It $_p Ta [^ ]+ Ta " "$1/$PAGE" ||
			echo "$_p: not in the table of files"
		told_section "$1" "$_f" "$_p"
		untried_words "$1" "$_f" "$_p"
	done
	sed -n '/^\.Sh CATALOGUE/,/^\.Sh [^C]/s/^\.Ss //p' "$1/$PAGE" |
		while read -r _p; do
			[ -f "$1/installer-profiles/$_p.conf" ] ||
				echo "$_p: a section, and no profile"
		done
}
# FOLDER FILE PROFILE: settings of the service that no test of it has. (Exim is
# tested without Debian's macros for them.)
untried_words() {
	sed -n 's/^#	//p' "$2" | grep -oE '[A-Za-z][A-Za-z_.-]{3,}' |
		sort -u | grep -vE '^MAIN_TLS_|\.(pem|p12|conf)$' |
		grep -vxE 'DIR|current|setting' | while read -r _l; do
		grep -rqsF -e "$_l" "$1/tests/lib/services" \
			"$1/tests/services" || echo "$3: no test sets $_l"
	done
}
# Lines without what separates their words, with the names that the page has
# for what differs.
words() {
	sed 's/(the setting key of installer.conf)/KEY/; s/\\e/\\/g
		s/[ 	][ 	]*/ /g; s/^ //'
}
told_section() { # FOLDER FILE PROFILE
	sed -n "/^\.Ss $3\$/,/^\.S[sh] /p" "$1/$PAGE" | words >"$T/section"
	[ -s "$T/section" ] || {
		echo "$3: no section"
		return
	}
	sed -n 's/^#	//p' "$2" | words | grep -v '^$' |
		while read -r _l; do
			grep -qxF -e "$_l" "$T/section" ||
				echo "$3: not in its section: $_l"
		done
	sed -n 's/.*{ file = "\([^"]*\)".*/\1/p' "$2" | while read -r _l; do
		grep -qF "$_l" "$T/section" || echo "$3: writes $_l"
		grep -qE "^\.It $3 Ta (current/)?$_l Ta " "$1/$PAGE" ||
			echo "$3: the table of files lacks $_l"
	done
	sed -n 's/.*{ name = "\([a-z_]*\)".*/\1/p' "$2" |
		grep -vxE 'test|activate|start' | while read -r _l; do
		grep -qE "^\.(It )?Ic $_l( |\$)" "$T/section" ||
			echo "$3: variable $_l is not told"
	done
}

clean "profiles of the tree" untold_profiles .
mkdir -p "$T/installer-profiles" "$T/man" "$T/tests/services" "$T/tests/e2e"
cat >"$T/installer-profiles/a-b.conf" <<'EOT'
#	cert  DIR/a.pem
files = ( { file = "a.pem"; } );
vars = ( { name = "test"; }, { name = "how"; } );
EOT
printf '.Sh CATALOGUE\n' >"$T/$PAGE"
for what in test "of services" "of files" section; do
	finds "a-b: no.* $what" "one is seen: $what" untold_profiles "$T"
done
cat >"$T/$PAGE" <<'EOT'
.It "the b of a" Ta a-b Ta reload Ta none
.It a-b Ta current/a.pem Ta cert
.Sh CATALOGUE
.Ss a-b
cert DIR/a.pem
.It Ic how
.Sh FILES
EOT
echo 'cert = x' >"$T/tests/services/a_b.t"
clean "one that has all is not" untold_profiles "$T"
rm "$T/tests/services/a_b.t"
echo 'cert = x' >"$T/tests/services/x.t"
echo 'profile = "a-b";' >"$T/tests/e2e/x.t"
clean "... nor with a test elsewhere" untold_profiles "$T"
rm "$T/tests/services/x.t"
finds "no test sets cert" "a setting that no test has is seen" \
	untold_profiles "$T"
sed -i 's/how/ho/' "$T/$PAGE"
finds "variable how" "a variable that is not told is seen" untold_profiles "$T"
sed -i 's/a\.pem/b.pem/' "$T/$PAGE"
finds "not in its section: cert DIR/a.pem" "a line that differs is seen" \
	untold_profiles "$T"
finds "writes a.pem" "a file that is not told is seen" untold_profiles "$T"
finds "files lacks a.pem" "... nor in the table" untold_profiles "$T"
rm "$T/installer-profiles/a-b.conf"
finds "a-b: a section, and no profile" "a section without is seen" \
	untold_profiles "$T"
done_testing
