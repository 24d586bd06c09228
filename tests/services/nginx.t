#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx: a test of the configuration that sees a key that is another's, and a
# reload that succeeds with whatever there is.
# shellcheck disable=SC2034 # variables are for the libraries
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/host.sh"
. "$ROOT/tests/lib/services/svc.sh"
. "$ROOT/tests/lib/matrix.sh"

# The profile has one variable for testing and telling it.
m_vars() { # [COMMAND for all of them]
	cat <<-END
	{ name = "nginx"; value = "${1:-$T/bin/m-nginx}"; },
	{ name = "start"; value = "${1:-$T/bin/m-start}"; }
	END
}
m_script_nginx() {
	m_script m-nginx <<-END
	case \$* in
	"-t -q") exec "$T/bin/m-test" ;;
	"-s reload") exec "$T/bin/m-activate" ;;
	*) exit 64 ;;
	esac
	END
}

matrix_begin nginx
SVC_CERT=$DIR/current/fullchain.pem SVC_KEY=$T/host.key
m_script_nginx
svc_nginx_start || bail "nginx does not start"
matrix_ready
matrix_new
matrix_faults
matrix_table
done_testing
