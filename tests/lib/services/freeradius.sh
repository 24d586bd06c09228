# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# FreeRADIUS: EAP-TTLS (user bob, password pw, secret testing123) and RadSec.
# It must be restarted: HUP does not read certificates.
#
# With FREERADIUS_CHROOT set to a folder it runs in there, as some do, and the
# files are to be in that folder: FREERADIUS_CERT is $FREERADIUS_CHROOT/tls/x
# here, and /tls/x in its configuration. What it needs is copied there.

FREERADIUS_PACKAGE=freeradius
FREERADIUS_USER=freerad
FREERADIUS_FILES='fullchain key'

# Modules are loaded in there. /dev/null is a file, for not every machine lets
# us make a device.
_svc_freeradius_chroot() { # DIR
	mkdir -p "$1/usr/lib/freeradius" "$1/var/run" "$1/dev" &&
		: >"$1/dev/null" && chmod 666 "$1/dev/null" &&
		cp /usr/lib/freeradius/libfreeradius-*.so \
			/usr/lib/freeradius/rlm_pap.so \
			/usr/lib/freeradius/rlm_eap*.so \
			"$1/usr/lib/freeradius" && chown freerad: "$1/var/run"
}
_svc_freeradius_tls() {
	cat <<-END
	private_key_file = ${FREERADIUS_KEY#"${FREERADIUS_CHROOT-}"}
	certificate_file = ${FREERADIUS_CERT#"${FREERADIUS_CHROOT-}"}
	tls_min_version = "1.2"
	tls_max_version = "1.2"
	END
}
_svc_freeradius_main() { # DIR RUNDIR
	cat <<-END
	prefix = /usr
	logdir = $2
	raddbdir = $1/raddb
	run_dir = $2
	libdir = /usr/lib/freeradius
	pidfile = $2/pid
	max_requests = 256
	log {
	  destination = stdout
	}
	security {
	  ${FREERADIUS_CHROOT:+chroot = $FREERADIUS_CHROOT}
	  user = freerad
	  group = freerad
	  allow_core_dumps = no
	}
	thread pool {
	  start_servers = 1
	  max_servers = 2
	  min_spare_servers = 1
	  max_spare_servers = 2
	}
	client localhost {
	  ipaddr = 127.0.0.1
	  secret = testing123
	}
	clients radsec {
	  client localhost {
	    ipaddr = 127.0.0.1
	    proto = tls
	    secret = radsec
	    # 16 by default, and one that has ended counts for some seconds
	    limit {
	      max_connections = 500
	    }
	  }
	}
	modules {
	  pap {
	  }
	  eap {
	    default_eap_type = ttls
	    tls-config common {
	      $(_svc_freeradius_tls)
	    }
	    ttls {
	      tls = common
	      virtual_server = inner
	    }
	  }
	}
	END
}
_svc_freeradius_servers() {
	cat <<-END
	server default {
	  listen {
	    type = auth
	    ipaddr = 127.0.0.1
	    port = $FREERADIUS_PORT
	  }
	  listen {
	    type = auth
	    proto = tcp
	    ipaddr = 127.0.0.1
	    port = $FREERADIUS_RADSEC_PORT
	    clients = radsec
	    tls {
	      $(_svc_freeradius_tls)
	      require_client_cert = no
	    }
	  }
	  authorize {
	    eap
	  }
	  authenticate {
	    eap
	  }
	}
	server inner {
	  authorize {
	    update control {
	      &Cleartext-Password := "pw"
	    }
	    pap
	  }
	  authenticate {
	    Auth-Type PAP {
	      pap
	    }
	  }
	}
	END
}
svc_freeradius_start() {
	svc_begin freeradius || return 1
	_d=$FREERADIUS_DIR _run=$_d/run
	FREERADIUS_PORT=$(free_port)
	FREERADIUS_RADSEC_PORT=$(free_port)
	FREERADIUS_ENDPOINTS="eap:$FREERADIUS_PORT tls:$FREERADIUS_RADSEC_PORT"
	FREERADIUS_CONF=$_d/raddb
	mkdir "$_d/raddb" "$_d/run" && chown freerad: "$_d/run" || return 1
	if [ -n "${FREERADIUS_CHROOT-}" ]; then
		_run=/var/run
		_svc_freeradius_chroot "$FREERADIUS_CHROOT" || return 1
	fi
	{
		_svc_freeradius_main "$_d" "$_run"
		_svc_freeradius_servers
	} >"$_d/raddb/radiusd.conf"
	FREERADIUS_TEST="freeradius -d $_d/raddb -C -l stdout"
	svc_command freeradius freeradius -f -d "$_d/raddb" -l stdout
	svc_start freeradius "$FREERADIUS_RADSEC_PORT"
}
svc_freeradius_stop() {
	svc_stop freeradius
}
svc_freeradius_alive() {
	svc_alive freeradius
}
