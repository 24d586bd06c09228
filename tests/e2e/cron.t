#!/bin/sh
# SPDX-License-Identifier: MIT
# The lines for cron: they run the programs where no systemd does, once there is
# a configuration, and never beside the timers.
# shellcheck disable=SC2154 # rc, out and err are run's
. "$(dirname "$0")/../lib/lib.sh"

# A line as cron would run it, with paths that are ours: RUN is where systemd
# says that it runs, CONF is the configuration.
mkdir "$T/sbin" "$T/etc" "$T/run"
crontab() { # PROGRAM
	sed -e "s#/usr/local/sbin#$T/sbin#g; s#/etc/certrepo#$T/etc#g" \
		-e "s#/run/systemd/system#$T/run/systemd#g" \
		"$ROOT/packaging/cron.d/certrepo-$1" >"$T/cron"
	path=$(sed -n 's/^PATH=//p' "$T/cron")
	# crontab(5): five fields, the user, the command
	grep -E '^[0-9*]' "$T/cron" >"$T/line"
	read -r minute hour day month weekday user command <"$T/line"
	printf '#!/bin/sh\necho "ran $*"\n' >"$T/sbin/certrepo-$1"
	chmod 755 "$T/sbin/certrepo-$1"
}
cron() {
	run env -i PATH="$path" SHELL=/bin/sh HOME=/ /bin/sh -c "$command"
}

state=/var/lib/certrepo-status
plan 48
while read -r program conf who words; do
	crontab "$program"
	is "$(wc -l <"$T/line") $hour $day $month $weekday" '1 * * * *' \
		"$program: one line, in each hour"
	like "$minute" '^[1-9][0-9]?(,[1-9][0-9]?)*$' "... not at the full hour"
	is "$user" "$who" "... as $who"
	unlike "$command" '%' "... without the sign that ends a command there"
	like "$(cat "$T/cron")" '^MAILTO=root' "... what is printed is mailed"
	cron
	is "$rc $out$err" "0 " "... nothing without a configuration"
	for c in $(echo "$conf" | tr , " "); do : >"$T/etc/$c"; done
	cron
	is "$rc $(echo "$out" | tr '\n' ' ')$err" "0 ran $words " \
		"... a run with one"
	mkdir "$T/run/systemd"
	cron
	is "$rc $out$err" "0 " "... nothing where systemd runs"
	rmdir "$T/run/systemd"
	printf '#!/bin/sh\nexit 75\n' >"$T/sbin/certrepo-$program"
	cron
	is "$rc $out$err" "75 " "... it ends as the program does"
	rm "$T/sbin/certrepo-$program"
	cron
	is "$rc $out$err" "0 " "... nothing when the package is gone, and its file is left"
	rm "$T/etc/"*.conf
	# cron reads no other files, see run-parts(8)
	unlike "certrepo-$program" '[^a-zA-Z0-9_-]' "... a name that cron takes"
done <<END
fetcher certrepo.conf certrepo --once
installer installer.conf root
populate admin.conf,certrepo.conf root approve --by-rule
status status.conf certrepo-status --html --output $state/index.html ran --prometheus --output $state/certrepo.prom
END

# --- with systemd: the first run is within the hour, as cron's is ---
for program in fetcher installer populate status; do
	ok "certrepo-$program.timer: never more than an hour away" awk '
		/^OnCalendar=\*:0\/[0-9]+$/ { sub(/.*\//, ""); every = $0 + 0 }
		/^RandomizedDelaySec=[0-9]+min$/ {
			gsub(/[^0-9]/, ""); spread = $0 + 0 }
		END { exit !(every && spread && every + spread <= 60) }' \
		"$ROOT/packaging/systemd/certrepo-$program.timer"
done
