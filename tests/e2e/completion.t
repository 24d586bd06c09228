#!/bin/sh
# SPDX-License-Identifier: MIT
# bash completion: every option of --help, the commands, the names of the store
# and of the host's services, and silence where there is nothing to read.
. "$(dirname "$0")/../lib/lib.sh"

# What bash would offer for the last of the words.
offer() { # WORD...
	run bash -c '
		compopt() { :; }
		. "$0/packaging/bash-completion/$1"
		f=_${1//-/_} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		$f "$BUILD/$1" "${@: -1}" "${@: -2:1}"
		printf "%s\n" "${COMPREPLY[@]}"' "$ROOT" "$@"
	out=$(echo "$out" | sort -u | tr '\n' ' ')
}
names_of_help() { # PROGRAM
	"$BUILD/$1" --help | grep -o -- '--[a-z][a-z-]*' | sort -u |
		tr '\n' ' '
}

plan 55
printf 'store : { path = "%s/db"; };\nwebroot_prefixes = ["/srv"];
ca = ( { name = "a"; directory = "https://ca.example"; agree_tos = true; contact = [ "mailto:a@example.org" ]; } );\n' \
	"$T" >"$T/c.conf"
openssl req -new -newkey rsa:2048 -nodes -keyout "$T/key" -subj / \
	-addext subjectAltName=DNS:www.example.org,DNS:web.example.org \
	-out "$T/csr" 2>/dev/null
p="$BUILD/certrepo-populate -c $T/c.conf"
rows() {
	$p init && for n in www.example.org web.example.org; do
		$p add $n --csr "$T/csr" --webroot /srv || return
	done
}
rows >"$T/log/init" 2>&1 || bail "no rows: $(cat "$T/log/init")"

for p in populate fetcher installer status; do
	offer certrepo-$p --
	is "$out" "$(names_of_help certrepo-$p)" "$p: all options of --help"
	is "$rc$err" 0 "... and no word"
	offer certrepo-$p --verb
	is "$out" "--verbose " "... or the one that is begun"
done

offer certrepo-populate ''
is "$out" "add approve disable enable host init list pending reject remove set show " "the commands"
offer certrepo-populate -c "$T/c.conf" -n show ''
is "$out" "web.example.org www.example.org " "names of the store"
offer certrepo-populate --config = "$T/c.conf" show ''
is "$out" "web.example.org www.example.org " "... of --config=FILE, as bash splits it"
offer certrepo-populate --config="$T/c.conf" show ''
is "$out" "web.example.org www.example.org " "... and as it does not"
offer certrepo-populate --config = "$T/c.c"
is "$out" "$T/c.conf " "... the file itself"
offer certrepo-populate --challenge =
is "$out" "dns-01 http-01 " "... and what else follows a ="
offer certrepo-populate --config = "$T/c.conf" --ca = x show we
is "$out" "web.example.org " "... which is no command"
offer certrepo-fetcher --config = "$T/c.conf" we
is "$out" "web.example.org " "... of the fetcher"
offer certrepo-populate -c "$T/c.conf" disable web.example.org ww
is "$out" "www.example.org " "... that begin so"
offer certrepo-populate -c "$T/c.conf" show 'w.*'
is "$out" " " "... and not by a pattern"
offer certrepo-status -c "$T/c.conf" ''
is "$out" "web.example.org www.example.org " "status: names of the store"
offer certrepo-status -c "$T/c.conf" --act w
is "$out" "web.example.org www.example.org " "... behind an option"
offer certrepo-status -c "$T/c.conf" --ca ''
is "$out" "a " "... its CAs"
offer certrepo-status --output = "$T/c.c"
is "$out" "$T/c.conf " "... files"
offer certrepo-status --state ''
is "$out" "$("$BUILD/certrepo-status" -c "$T/c.conf" --prometheus |
	sed -n 's/^certrepo_certificate_state{name="web.example.org",state="\(.*\)"} .*/\1/p' |
	sort | tr '\n' ' ')" "... all states there are"
# What a captured store has for a name would be a command of root's line.
sqlite3 "$T/db" "CREATE TABLE kept AS SELECT * FROM certs;
	UPDATE certs SET name = 'www.example.org;id>x;#' WHERE name LIKE 'www%';
	UPDATE certs SET challenge = char(27) || ']0;x' || char(7)" \
	>"$T/log/sql" 2>&1
for p in populate fetcher status; do
	offer certrepo-$p -c "$T/c.conf" show w
	is "$out" "web.example.org " "$p: a name with a command in it is none"
done
run $p list
unlike "$out" "$(printf '\033')" "... and list shows no terminal's commands"
sqlite3 "$T/db" "DELETE FROM certs; INSERT INTO certs SELECT * FROM kept"
sqlite3 "$T/db" "INSERT INTO host_requests (account, host, name, csr,
	key_sha256, state, ts) VALUES ('', 'web1', 'www.example.org', 'x', 'x',
	'pending', 1), ('', 'a;id>x', 'x', 'x', 'x', 'pending', 1)"
offer certrepo-populate -c "$T/c.conf" approve ''
is "$out" "1 2 web1/www.example.org " "requests, by number and by name"
offer certrepo-populate -c "$T/c.conf" add w
is "$out" " " "what is new has no name yet"
offer certrepo-populate -c "$T/c.conf" set www.example.org c
is "$out" "ca= ca_profile= certbot= challenge= comment= " "fields"
offer certrepo-populate -c "$T/c.conf" set www.example.org ca =
is "$out" "a " "... the CAs in use"
offer certrepo-populate -c "$T/c.conf" set www.example.org ca = b
is "$out" " " "... that begin so"
offer certrepo-populate set www.example.org challenge = h
is "$out" "http-01 " "... the challenges"
offer certrepo-populate set www.example.org comment =
is "$out" " " "... and nothing of a person's own words"
offer certrepo-populate add --challenge ''
is "$out" "dns-01 http-01 " "challenges"
offer certrepo-populate -c "$T/none.conf" show ''
is "$out$err$rc" " 0" "a configuration that is not there: silence"

offer certrepo-populate host ''
is "$out" "add forget grant list remove revoke show " "of hosts: the commands"
offer certrepo-populate host add h --pass
is "$out" "--password-file " "... the options of one"
sqlite3 "$T/db" "INSERT INTO hosts (host, account, ts_added) VALUES
	('h1', 'a', 1); INSERT INTO installs (host, name, service, endpoint,
	state, ts) VALUES ('h2', 'n', '', '', 'x', 1), ('h;id', 'n', '', '', '', 1)"
offer certrepo-populate -c "$T/c.conf" host show h
is "$out" "h1 h2 " "... the hosts, but for a command in one's name"
offer certrepo-populate -c "$T/c.conf" host grant h1 we
is "$out" "web.example.org " "... the names for one"
offer certrepo-populate -c "$T/c.conf" host add ''
is "$out" " " "... none for what is new"

offer certrepo-fetcher -c "$T/c.conf" --staging w
is "$out" "web.example.org www.example.org " "fetcher: names of the store"
offer certrepo-fetcher ac
is "$out" "account " "... commands"
offer certrepo-fetcher account ''
is "$out" "import show update " "... of an account"
offer certrepo-fetcher -c "$T/c.conf" caa we
is "$out" "web.example.org " "... names for CAA records"
offer certrepo-fetcher caa --j
is "$out" "--json " "... the options of a command"

cat >"$T/i.conf" <<END
store : { path = "$T/db"; };
state_dir = "$T/state";
profile_dir = "$ROOT/installer-profiles";
services = ( { name = "web"; profile = "files-only"; certificates = (
	{ name = "www.example.org"; key = "$T/key"; dir = "$T/tls"; } ); } );
END
mkdir "$T/tls"
offer certrepo-installer --config = "$T/i.c"
is "$out" "$T/i.conf " "installer: the file of --config=FILE"
"$BUILD/certrepo-installer" -c "$T/i.conf" >"$T/log/first" 2>&1
offer certrepo-installer -c "$T/i.conf" --verify ''
is "$out" "web www.example.org " "installer: its services and certificates"
offer certrepo-installer -c "$T/i.conf" --rollback ww
is "$out" "www.example.org " "... for an option"
offer certrepo-installer -c "$T/none.conf" ''
is "$out$err$rc" " 0" "... silence without a configuration"
offer certrepo-installer -c "$T/c.con"
is "$out" "$T/c.conf " "files after -c"
