#!/bin/sh
# SPDX-License-Identifier: MIT
# packaging/deps.sh says what it is about to do before it does it, and leaves
# nothing behind; here with a dpkg and an apt-get of our own.
. "$(dirname "$0")/../lib/lib.sh"

mkdir "$T/bin"
cat >"$T/bin/dpkg-query" <<END
#!/bin/sh
for p; do :; done
! grep -qx "\$p" "$T/lack" || exit 1
echo 'install ok installed'
END
cat >"$T/bin/id" <<END
#!/bin/sh
cat "$T/uid"
END
cat >"$T/bin/apt-get" <<END
#!/bin/sh
echo "\$*" >>"$T/apt"
cp "$T/said" "$T/before" && test -x "$T/policy" && test ! -e "$T/broken"
END
chmod 755 "$T/bin"/*
deps() { # [WHAT]
	rm -f "$T/apt" "$T/before"
	PATH=$T/bin:$PATH POLICY=$T/policy \
		sh "$ROOT/packaging/deps.sh" "$@" >"$T/said" 2>&1
	rc=$? out=$(cat "$T/said")
}

plan 19
: >"$T/lack"
echo 0 >"$T/uid"
deps build
is "$rc$out" 0 "nothing is missing: nothing is said"
not_ok "... nor done" test -e "$T/apt"
printf 'libpsl-dev\npebble\nopenssl\nprocps\n' >"$T/lack"
deps demo
is "$rc" 0 "something is"
like "$(cat "$T/before")" '^deps: missing to build: libpsl-dev$' \
	"what, and what for, is said before"
like "$(cat "$T/before")" '^deps: missing for the demo: openssl procps pebble$' \
	"... of each kind"
like "$(cat "$T/before")" "$T/policy is there for that time" \
	"... and what keeps servers from being started"
like "$(cat "$T/apt")" 'install .* libpsl-dev openssl procps pebble$' \
	"it is installed"
not_ok "the policy is gone afterwards" test -e "$T/policy"
: >"$T/broken"
deps demo
is "$rc" 1 "apt-get fails: so does it"
like "$out" 'apt-get failed, the whole log is in (.*)$' "... and says so"
rm -f "${out##* }" "$T/broken"
not_ok "... the policy is gone all the same" test -e "$T/policy"
TMPDIR=$T/none deps demo
not_ok "... and where nothing can be written" test -e "$T/policy"
echo '#!/bin/sh' >"$T/policy"
chmod 755 "$T/policy"
deps demo
unlike "$out" 'for that time' "one that is there is not spoken of"
is "$(cat "$T/policy")" '#!/bin/sh' "... and stays"
echo 1000 >"$T/uid"
deps demo
is "$rc" 1 "nobody but root installs"
like "$out" 'apt-get install .* libpsl-dev openssl procps pebble$' \
	"... others are told what to run"
not_ok "... and nothing is done" test -e "$T/apt"
deps everything
is "$rc" 64 "another word is none"
like "$out" '^usage: deps.sh \[build\|demo\|check\|galera\|page\|all\]$' "... and told"
