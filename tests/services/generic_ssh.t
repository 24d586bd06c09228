#!/bin/sh
# SPDX-License-Identifier: MIT
# Appliances that are not like ESXi: what the site must say of them, those
# without an SFTP server, with a full disk, without the file. See esxi.t for
# what may go wrong with any of them.
# shellcheck disable=SC2034,SC2154 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/appliance.sh"

PROFILE=generic-ssh
appliance_setup || bail "cannot set up an appliance"
diag "$(svc_version sshd)"
to='{ name = "to"; value = "/etc/vmware/ssl/rui.crt"; }'
restart='{ name = "restart"; value = [ "/etc/init.d/rhttpproxy", "restart" ]; }'

# --- what the site must say ---
appliance_conf
run host
is "$rc" 78 "nothing is said of the appliance"
like "$err" "installer.conf:7: variable to must be set in vars of the service" \
	"... the path there must be"
like "$err" "installer.conf:7: variable restart must be set" \
	"... and how to restart"
unlike "$err" "variable target" "... what is set is not asked for"
is "$(echo "$err" | grep -c "must be set")" 2 "... each once"

# --- without an SFTP server ---
appliance_new
sed -i '/^Subsystem/d' "$SSHD_ROOT/etc/ssh/sshd_config"
"$_svc_lib/ctl" "$SSHD_DIR" restart
appliance_conf "$to" "$restart"
appliance_placeholder
run host
is "$rc" 1 "an appliance without SFTP"
like "$err" 'what it uses now cannot be fetched: "scp ' "... says so"
is "$(ls "$DIR")" '' "... nothing is touched"
old_scp='{ name = "scp_options"; value = "-O"; }'
appliance_conf "$to" "$restart" "$old_scp"
run host
is "$rc" 0 "with -O"
appliance_has "$fp" "... the first certificate is served"
run host --rollback esxi1
appliance_has "$SELF" "--rollback goes to what it came with"
appliance_new
run host
is "$rc" 0 "a renewal"
appliance_has "$fp" "... is served"
is "$(appliance_receipt) $(appliance_receipt %)" "served served" \
	"... the receipts say so"
old=$fp

# --- our copy is lost ---
rm "$MIRROR"
run host
is "$rc $out$err" "0 " "our copy is lost: fetched again, nothing else to do"
appliance_has "$old" "... it is the same"

# --- nothing there ---
mv "$RUI" "$RUI.away"
rm "$MIRROR"
run host
is "$rc" 1 "the appliance has no such file"
like "$err" 'cannot be fetched: .*rui.crt: No such file' "... says so"
is "$(ls "$DIR")" '' "... nothing is touched"
mv "$RUI.away" "$RUI"
run host
appliance_has "$old" "... put right"

# --- a file without end ---
cp -p "$RUI" "$RUI.away"
truncate -s 1G "$RUI"
rm "$MIRROR"
run host
is "$rc" 1 "the appliance has a file that is none"
like "$err" 'cannot be fetched: "scp .*" was ended, since a file it wrote is larger than 4194304 bytes' \
	"... says so"
ok "... our disk is not filled" test "$(du -sk "$DIR" | cut -f 1)" -lt 5000
cp -p "$RUI.away" "$RUI" && rm "$RUI.away"
run host
appliance_has "$old" "... put right"

# --- a full disk ---
ssl=$SSHD_ROOT/etc/vmware/ssl
cp -p "$RUI" "$ssl/rui.key" "$T/log"
if mount -t tmpfs -o size=16k none "$ssl" 2>/dev/null; then
	cp -p "$T/log/rui.crt" "$T/log/rui.key" "$ssl"
	dd if=/dev/zero of="$ssl/core" bs=4096 2>/dev/null
	appliance_new
	run host
	is "$rc" 1 "a full disk"
	like "$err" 'the activation failed: .*No space left.*; rolled back, the old set is served' \
		"... says so"
	is "$(appliance_served) $(cert_fp "$RUI") $(cert_fp "$MIRROR")" \
		"$old $old $old" "... the old one is there, and served"
	rm "$ssl/core"
	run host --force
	is "$rc" 0 "... with room again"
	appliance_has "$fp" "... the new one is served"
	old=$fp
	umount -l "$ssl"
	cp -p "$MIRROR" "$RUI"
else
	skip "cannot mount a small disk"
fi

# --- an account that may not write there ---
appliance_new
mkdir "$SSHD_ROOT/home"
cp "$SSHD_IDENTITY.pub" "$SSHD_ROOT/etc/ssh/authorized_keys"
echo 'guest:x:1234:1234::/home:/bin/sh' >>"$SSHD_ROOT/etc/passwd"
echo 'guest:x:1234:' >>"$SSHD_ROOT/etc/group"
host=$SSHD_HOST
SSHD_HOST=guest@127.0.0.1
appliance_conf "$to" "$restart" "$old_scp"
run host
is "$rc" 1 "an account that may not write the file"
like "$err" 'the check beforehand failed: "ssh .* test -w /etc/vmware/ssl/rui.crt.?" exited with 1; nothing was changed' \
	"... is found out before"
appliance_has "$old" "... nothing is touched"
SSHD_HOST=$host

# --- two certificates have two files ---
appliance_conf "$to" "$restart" "$old_scp"
sed -i "s|dir = \"$DIR\"; } );|dir = \"$DIR\"; }, { name = \"b.example.test\";\
	public_key = \"$T/public.pem\"; dir = \"$T\"; } );|" "$T/installer.conf"
run host
is "$rc" 78 "two certificates of one service"
like "$err" 'generic-ssh.conf:[0-9]*: command: \$\{file\} must stand for one argument, not for 2' \
	"... are an error"
done_testing
