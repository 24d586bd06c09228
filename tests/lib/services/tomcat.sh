# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153 # variables are for the caller
# Tomcat with a PKCS#12 file, TOMCAT_CERT, whose password is in
# TOMCAT_PASSWORD_FILE (changeit). It must be restarted, which takes seconds;
# with a file that it cannot read it runs, but does not listen.

TOMCAT_PACKAGE=tomcat10
TOMCAT_USER=tomcat
TOMCAT_FILES=p12

_svc_tomcat_conf() {
	cat <<-END
	<Server port="-1">
	 <Service name="Catalina">
	  <Connector port="$TOMCAT_PORT" address="127.0.0.1" SSLEnabled="true"
	    scheme="https" secure="true" maxThreads="8" minSpareThreads="1"
	    protocol="org.apache.coyote.http11.Http11NioProtocol">
	   <SSLHostConfig>
	    <Certificate certificateKeystoreFile="$TOMCAT_CERT"
	      certificateKeystorePasswordFile="$TOMCAT_PASSWORD_FILE"
	      certificateKeystoreType="PKCS12" />
	   </SSLHostConfig>
	  </Connector>
	  <Engine name="Catalina" defaultHost="localhost">
	   <Host name="localhost" appBase="webapps" />
	  </Engine>
	 </Service>
	</Server>
	END
}
svc_tomcat_start() {
	svc_begin tomcat || return 1
	_d=$TOMCAT_DIR _home=/usr/share/tomcat10
	TOMCAT_PORT=$(free_port)
	TOMCAT_ENDPOINTS=tls:$TOMCAT_PORT
	TOMCAT_CONF=$_d/conf/server.xml
	mkdir "$_d/conf" "$_d/logs" "$_d/temp" "$_d/webapps" "$_d/work" &&
		echo changeit >"$_d/conf/password" || return 1
	: "${TOMCAT_PASSWORD_FILE:=$_d/conf/password}"
	_svc_tomcat_conf >"$TOMCAT_CONF"
	chown -R tomcat: "$_d/conf" "$_d/logs" "$_d/temp" "$_d/work"
	TOMCAT_TEST="env CATALINA_HOME=$_home CATALINA_BASE=$_d
		CATALINA_TMPDIR=$_d/temp $_home/bin/catalina.sh configtest"
	# shellcheck disable=SC2086,SC2116 # into one line
	TOMCAT_TEST=$(echo $TOMCAT_TEST)
	svc_command tomcat setpriv --reuid=tomcat --regid=tomcat --init-groups \
		java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
		-Djava.awt.headless=true -Djava.io.tmpdir="$_d/temp" \
		-Dcatalina.base="$_d" -Dcatalina.home="$_home" \
		-cp "$_home/bin/bootstrap.jar:$_home/bin/tomcat-juli.jar" \
		org.apache.catalina.startup.Bootstrap start
	echo 60 >"$_d/wait"
	svc_start tomcat "$TOMCAT_PORT"
}
svc_tomcat_stop() {
	svc_stop tomcat
}
svc_tomcat_alive() {
	svc_alive tomcat
}
