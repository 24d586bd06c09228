#!/bin/sh
# SPDX-License-Identifier: MIT
# ESXi, as far as it can be had without one: a jail with its files, its scripts
# and a real sshd. All that may go wrong between a certificate here and an
# appliance that should serve it.
# shellcheck disable=SC2034,SC2086,SC2154 # for the libraries; lists of words
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/appliance.sh"

PROFILE=esxi
appliance_setup || bail "cannot set up an appliance"
diag "$(svc_version sshd)"
appliance_conf
run host -n
is "$rc" 0 "--dry-run"
is "$(ls "$DIR")" '' "... fetches nothing"
appliance_placeholder

# --- it cannot be reached before anything is known of it ---
appliance_new
svc_sshd_stop
run host
is "$rc" 1 "an appliance that is off, before the first time"
like "$err" 'what it uses now cannot be fetched: .*scp' "... says what failed"
is "$(ls "$DIR")" '' "... nothing is touched"
svc_sshd_start || bail "the appliance does not start"
RUI=$SSHD_ROOT/etc/vmware/ssl/rui.crt
appliance_conf
is "$(appliance_served)" "$SELF" "it serves what it came with"

# --- the first one, a renewal, a reboot ---
chmod 1644 "$RUI"
run host
is "$rc" 0 "the first certificate"
appliance_has $fp "... is served"
is "$(appliance_receipt) $(appliance_receipt %)" "served served" \
	"... the receipts say so"
is "$(stat -c '%a %U' "$RUI")" "1644 root" "... mode and owner are as before"
ok "... with those above it" cmp -s "$RUI" "$MIRROR"
run host
is "$rc $out$err" "0 " "nothing to do: silent"
run host --rollback esxi1
is "$rc" 0 "--rollback"
appliance_has $SELF "... to what it came with"
appliance_new
run host
is "$rc" 0 "a renewal"
appliance_has $fp "... is served"
svc_sshd_reboot
is "$(appliance_served)" $fp "... after a reboot, too"
old=$fp

# --- what must not get there ---
KEY=$T/other.key issue_nth "$T/other" 50 && store_put $NAME "$T/other"
run host
is "$rc" 1 "a certificate of another key"
like "$err" "belongs to another key than $T/public.pem" "... is refused"
appliance_has $old "... the old one is served"

# --- a restart that fails, one that lies, one that takes it down ---
hostd=$(cat "$SSHD_ROOT/etc/init.d/hostd")
mend() {
	echo "$hostd" >"$SSHD_ROOT/etc/init.d/hostd"
}
proxy=$(cat "$SSHD_ROOT/etc/init.d/rhttpproxy")
mend_proxy() {
	echo "$proxy" >"$SSHD_ROOT/etc/init.d/rhttpproxy"
}
appliance_new
echo 'echo hostd: no memory; exit 1' | appliance_script hostd
run host
is "$rc" 1 "a restart that fails"
like "$err" 'the activation failed: "ssh .*/etc/init.d/hostd restart .* exited with 1: "hostd: no memory"; rolled back, the old set is served' \
	"... says so"
appliance_has $old "... the old one is served"
is "$(appliance_receipt) $(appliance_receipt %)" "rolled-back rolled-back" \
	"... the receipts say so"
mend
run host
is "$rc" 1 "... it is held"
appliance_has $old "... the old one is served still"
run host --force
is "$rc" 0 "... until told to go on"
appliance_has $fp "... the new one is served"
old=$fp

appliance_new
echo 'echo restarted' | appliance_script rhttpproxy
run host
mend_proxy
is "$rc" 1 "a restart that lies"
like "$err" 'activated, but not served: .* rolled back, the old set is served' \
	"... is found out"
appliance_has $old "... the old one is served"

# nothing answers until the old file is there again
appliance_new
cat >"$SSHD_ROOT/etc/old.crt" <"$RUI"
appliance_script rhttpproxy <<'END'
read -r a </etc/vmware/ssl/rui.crt
{ read -r x; read -r new; } </etc/vmware/ssl/rui.crt
{ read -r x; read -r was; } </etc/old.crt
pid=$(cat /var/run/rhttpproxy.pid)
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
[ "$new" = "$was" ] || exit 0
nginx -e stderr -c /etc/proxy.conf >>/var/log/x 2>&1 </dev/null &
echo $! >/var/run/rhttpproxy.pid
sleep 0.3
END
run host
mend_proxy
is "$rc" 1 "a restart that takes it down"
appliance_has $old "... the old one is served again"

# --- it cannot be reached ---
appliance_new
stop sshd
run host
is "$rc" 1 "an appliance that does not answer"
like "$err" 'the check beforehand failed: "ssh .*Connection refused"; nothing was changed' \
	"... says so"
appliance_has $old "... nothing is touched"
appliance_up
cp "$SSHD_IDENTITY.pub" "$T/keep"
: >"$SSHD_ROOT/etc/ssh/authorized_keys"
run host
is "$rc" 1 "one that does not let us in"
like "$err" 'Permission denied \(publickey\)\."; nothing was changed' "... says so"
appliance_has $old "... nothing is touched"
cp "$T/keep" "$SSHD_ROOT/etc/ssh/authorized_keys"

# --- another host key ---
cp -p "$SSHD_ROOT/etc/ssh/host_key" "$T/host_key"
rm "$SSHD_ROOT/etc/ssh/host_key"*
ssh-keygen -q -t ed25519 -N '' -C '' -f "$SSHD_ROOT/etc/ssh/host_key"
"$_svc_lib/ctl" "$SSHD_DIR" restart
run host
is "$rc" 1 "another host key"
like "$err" 'Host key verification failed\."; nothing was changed' "... is refused"
appliance_has $old "... nothing is touched"
cp -p "$T/host_key" "$SSHD_ROOT/etc/ssh/host_key"
"$_svc_lib/ctl" "$SSHD_DIR" restart
run host
is "$rc" 0 "with its own again"
appliance_has $fp "... the new one is served"
old=$fp

# --- reset to what it came with ---
cp "$T/self.crt" "$RUI"
chroot "$SSHD_ROOT" /etc/init.d/rhttpproxy restart >/dev/null
is "$(appliance_served)" $SELF "an appliance that was reset"
run host
is "$rc" 0 "... is mended by the next run"
appliance_has $old "... which puts ours there again"

# --- the installer is killed between the copy and the restart ---
appliance_new
appliance_kill "a run that hangs in the restart"
mend
is "$(cert_fp "$RUI") $(appliance_served)" "$fp $old" \
	"... is killed: the new file is there, the old one served"
run host
is "$rc" 0 "the next run goes on"
appliance_has $fp "... the new one is served"
old=$fp

# ... and the appliance with it
appliance_new
appliance_kill "another one"
mend
svc_sshd_stop
run host
is "$rc" 1 "... which the next run can neither finish nor undo"
like "$err" 'the next run tries again' "... says so"
appliance_up
is "$(appliance_served)" $fp "the appliance comes back with the new file"
run host
appliance_has $old "... and the old one is there and served after all"
run host --force
is "$rc" 0 "... until told to go on"
appliance_has $fp "... the new one is served"
done_testing
