/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include "x509_kit.h"
#include "clock.h"
#include "look_net.h"
#include "starttls.h"
#include "look_tls.h"
#include "verify.h"

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	/* As verify.h asks for. */
	signal(SIGPIPE, SIG_IGN);
	kit_pki();
	kit_sh("openssl req -x509 -nodes " KIT_EC " -keyout sni.key -out "
	       "sni.pem -days 9 -subj /CN=sni.example.org");
	return 0;
}

/* A socket that listens on a port of its own, which is told. */
static int listener(char port[8])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &a, &len), 0);
	snprintf(port, 8, "%d", ntohs(a.sin_port));
	return fd;
}

/* An endpoint of host:port, as the configuration's defaults make it. */
static struct installer_endpoint conf = {
	.protocol = "tls",
	.addresses = "all",
	.sni = "yes",
	.identity = "anonymous",
};

static void probe(const char *host, const char *port, const char *sni,
		  int64_t ms, struct verify_seen *seen)
{
	struct svc_endpoint e = { .conf = &conf, .host = host, .port = port };
	struct verify_want want = { NULL, NULL };
	char address[100];

	snprintf(address, sizeof(address), "%s:%s", host, port);
	conf.address = address;
	conf.server_name = sni;
	verify_probe(NULL, &e, &want, ms, seen);
	conf.address = NULL;
}

/* openssl s_server on a free port, with these further arguments. */
static pid_t server(char port[8], const char *more)
{
	struct verify_seen seen;
	char command[4000];
	pid_t pid;

	close(listener(port));
	snprintf(command, sizeof(command),
		 "cd '%s' && exec openssl s_server -quiet -accept %s "
		 "-cert leaf.pem -key leaf.key -cert_chain inter.pem "
		 "%s </dev/null >s_server.log 2>&1",
		 scratch_dir, port, more);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(1);
	}
	for (int i = 0; i < 100; i++) {
		probe("127.0.0.1", port, NULL, 1000, &seen);
		if (seen.handshake)
			return pid;
		verify_wait(50);
	}
	fail_msg("no server: %s, %s", seen.why,
		 scratch_read(scratch("s_server.log")));
	return -1;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const char *fingerprint(const char *file)
{
	return kit_out("openssl x509 -in %s -outform DER | sha256sum", file);
}

#define TWO "-servername sni.example.org -cert2 sni.pem -key2 sni.key"

static void sees(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("chain.pem", &err);
	struct x509_chain *full = kit_chain("full.pem", &err);
	struct verify_want want = { NULL, NULL };
	char digest[ENC_SHA256_HEX], other[ENC_SHA256_HEX], port[8], why[300];
	struct verify_seen seen;
	pid_t pid = server(port, TWO);

	probe("127.0.0.1", port, "www.example.org", 3000, &seen);
	assert_true(seen.reachable && seen.handshake);
	assert_string_equal(seen.fingerprint,
			    kit_out("openssl x509 -in leaf.pem -outform DER | "
				    "sha256sum"));
	assert_string_equal(seen.serial, "0A1B2C3D4E");
	assert_int_equal(seen.not_after, x509_chain_not_after(chain));
	assert_int_equal(seen.depth, 2);
	/* The root makes no difference, the intermediate does. */
	seen_chain_digest(chain, digest);
	assert_string_equal(seen.chain, digest);
	seen_chain_digest(full, other);
	assert_string_equal(digest, other);
	x509_chain_free(&full);
	full = kit_chain("leaf.pem", &err);
	seen_chain_digest(full, other);
	assert_string_not_equal(digest, other);

	assert_true(seen_match(&want, &seen, why));
	want.fingerprint = x509_chain_fingerprint(chain);
	want.chain = digest;
	assert_true(seen_match(&want, &seen, why));
	want.chain = other;
	assert_false(seen_match(&want, &seen, why));
	assert_non_null(strstr(why, "another chain (2 certificates)"));

	probe("127.0.0.1", port, "sni.example.org", 3000, &seen);
	assert_true(seen.handshake);
	assert_string_equal(seen.fingerprint,
			    kit_out("openssl x509 -in sni.pem -outform DER | "
				    "sha256sum"));
	assert_false(seen_match(&want, &seen, why));
	assert_non_null(strstr(why, "another certificate"));
	stop(pid);
	x509_chain_free(&chain);
	x509_chain_free(&full);
}

static void nobody(void **state)
{
	struct verify_want want = { NULL, NULL };
	struct verify_seen seen;
	char port[8], why[300];

	close(listener(port));
	probe("127.0.0.1", port, NULL, 1000, &seen);
	assert_false(seen.reachable || seen.handshake);
	assert_false(seen_match(&want, &seen, why));
	assert_string_equal(why, "cannot be reached: Connection refused");
	probe("no-such-host.invalid", port, NULL, 1000, &seen);
	assert_false(seen.reachable);
}

/* Somebody accepts and never says anything; or something else. */
static void silence(void **state)
{
	struct verify_want want = { NULL, NULL };
	struct verify_seen seen;
	char port[8], why[300];
	int64_t start = clock_mono_ms();
	int fd = listener(port), peer;
	pid_t pid;

	probe("127.0.0.1", port, NULL, 300, &seen);
	assert_in_range(clock_mono_ms() - start, 290, 2000);
	assert_true(seen.reachable);
	assert_false(seen.handshake);
	assert_false(seen_match(&want, &seen, why));
	assert_non_null(strstr(why, "shows no certificate: no answer"));
	close(accept(fd, NULL, NULL));
	pid = fork();
	if (pid == 0) {
		peer = accept(fd, NULL, NULL);
		_exit(write(peer, "220 mail ready\r\n", 16) != 16);
	}
	probe("127.0.0.1", port, NULL, 3000, &seen);
	assert_true(seen.reachable);
	assert_false(seen.handshake);
	assert_non_null(strstr(seen.why, "TLS handshake failed: "));
	waitpid(pid, NULL, 0);
	close(fd);
}

/* With a name and without it, two certificates. */
static void with_and_without(void **state)
{
	struct verify_want want = { NULL, NULL };
	struct verify_seen seen;
	char port[8], why[300];
	pid_t pid = server(port, TWO);

	conf.sni = "both";
	probe("127.0.0.1", port, "www.example.org", 3000, &seen);
	assert_true(seen.handshake);
	probe("127.0.0.1", port, "sni.example.org", 3000, &seen);
	assert_true(seen.reachable);
	assert_false(seen.handshake);
	assert_false(seen_match(&want, &seen, why));
	kit_sh("openssl x509 -in sni.pem -noout -serial | cut -d= -f2 >s");
	assert_non_null(strstr(why, "not the same everywhere, but serial "));
	assert_non_null(strstr(why, kit_out("cat s")));
	assert_non_null(strstr(why, "0A1B2C3D4E at 127.0.0.1:"));
	assert_non_null(strstr(why, " without SNI"));
	conf.sni = "no";
	probe("127.0.0.1", port, "sni.example.org", 3000, &seen);
	assert_true(seen.handshake);
	assert_string_equal(seen.serial, "0A1B2C3D4E");
	conf.sni = "yes";
	stop(pid);
}

static void key_types(void **state)
{
	static const char *const versions[] = { "-tls1_2", "-tls1_3" };
	struct verify_seen seen;
	char port[8], more[200];

	/* Below the intermediate, as the EC one. */
	kit_sh("openssl req -newkey rsa:2048 -nodes -keyout rsa.key -out "
	       "rsa.csr -subj /CN=www.example.org; openssl x509 -req -in "
	       "rsa.csr -CA inter.pem -CAkey inter.key -days 9 -out rsa.pem");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		pid_t pid;

		snprintf(more, sizeof(more),
			 "%s -dcert rsa.pem -dkey rsa.key -dcert_chain "
			 "inter.pem",
			 versions[i]);
		pid = server(port, more);
		conf.key_type = "rsa";
		probe("127.0.0.1", port, NULL, 3000, &seen);
		assert_true(seen.handshake);
		assert_string_equal(seen.fingerprint, fingerprint("rsa.pem"));
		conf.key_type = "ec";
		probe("127.0.0.1", port, NULL, 3000, &seen);
		assert_true(seen.handshake);
		assert_string_equal(seen.fingerprint, fingerprint("leaf.pem"));
		stop(pid);
		conf.key_type = NULL;
		/* Only the EC one is there. */
		pid = server(port, versions[i]);
		conf.key_type = "rsa";
		probe("127.0.0.1", port, NULL, 3000, &seen);
		assert_true(seen.reachable);
		assert_false(seen.handshake);
		conf.key_type = NULL;
		stop(pid);
	}
}

/* Services that want a certificate of their clients, and very old ones. */
static void strict_and_old(void **state)
{
	static const char *const kinds[] = {
		"-tls1_2 -Verify 2 -verify_return_error",
		"-tls1_3 -Verify 2 -verify_return_error",
		"-tls1 -cipher DEFAULT:@SECLEVEL=0 -legacy_renegotiation",
	};
	struct verify_seen seen;
	char port[8];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		pid_t pid = server(port, kinds[i]);

		probe("127.0.0.1", port, NULL, 3000, &seen);
		assert_true(seen.handshake);
		assert_string_equal(seen.fingerprint, fingerprint("leaf.pem"));
		assert_string_equal(seen.issuer, "CN=Test Intermediate");
		stop(pid);
	}
}

static void addresses(void **state)
{
	struct svc_endpoint e = { .conf = &conf,
				  .host = "localhost",
				  .port = "25" };
	struct err err = ERR_INIT;
	struct verify_seen seen;
	struct look_addrs list;
	char port[8];
	pid_t pid;

	conf.addresses = "ipv4";
	assert_int_equal(look_addr_find(&e, 3000, &list, &err), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].sa.ss_family, AF_INET);
	e.host = "::1";
	assert_int_equal(look_addr_find(&e, 3000, &list, &err), -1);
	conf.addresses = "ipv6";
	assert_int_equal(look_addr_find(&e, 3000, &list, &err), 0);
	assert_int_equal(list.v[0].sa.ss_family, AF_INET6);
	conf.addresses = "all";
	e.host = "no-such-host.invalid";
	assert_int_equal(look_addr_find(&e, 3000, &list, &err), -1);
	kit_says(&err, "no-such-host.invalid");
	e.host = "localhost";
	assert_int_equal(look_addr_find(&e, 0, &list, &err), -1);
	kit_says(&err, "not found in time");

	/* Only one of its addresses answers. */
	assert_int_equal(look_addr_find(&e, 3000, &list, &err), 0);
	pid = server(port, "-4");
	probe("localhost", port, NULL, 3000, &seen);
	assert_true(seen.reachable);
	if (list.n > 1) {
		struct verify_want want = { NULL, NULL };
		char why[300];

		assert_false(seen.handshake);
		assert_false(seen_match(&want, &seen, why));
		assert_non_null(strstr(why, " at [::1]:"));
		assert_non_null(strstr(why, "Connection refused"));
	}
	conf.addresses = "any";
	probe("localhost", port, NULL, 3000, &seen);
	assert_true(seen.handshake);
	conf.addresses = "all";
	stop(pid);
}

/* What a peer says in a child, to one connection. */
static pid_t says(char port[8], const char *text, bool stays)
{
	int fd = listener(port), peer;
	pid_t pid = fork();

	if (pid == 0) {
		peer = accept(fd, NULL, NULL);
		(void) !write(peer, text, strlen(text));
		if (stays)
			pause();
		_exit(0);
	}
	close(fd);
	return pid;
}

static void misbehaves(void **state)
{
	static const struct {
		const char *protocol, *text, *why;
		bool stays;
	} cases[] = {
		{ "smtp", "", "without a word", false },
		{ "smtp", "", "no answer to smtp in time", true },
		{ "smtp", "220-a\r\n", "no answer to smtp in time", true },
		{ "smtp", "220 a\r\n250 STARTTLS\r\n220 a\r\nX",
		  "1 more bytes came", true },
		{ "pop3", "+OK a\r\n-ERR\r\n", "refuses STARTTLS", true },
		{ "postgres", "S", "TLS handshake failed: ", false },
		{ "postgres", "S", "no answer to the TLS handshake", true },
		{ "tls", "", "TLS handshake failed: ", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t start = clock_mono_ms();
		struct verify_seen seen;
		char port[8];
		pid_t pid = says(port, cases[i].text, cases[i].stays);

		conf.protocol = cases[i].protocol;
		probe("127.0.0.1", port, NULL, 400, &seen);
		assert_in_range(clock_mono_ms() - start, 0, 2000);
		assert_true(seen.reachable);
		assert_false(seen.handshake);
		if (!strstr(seen.why, cases[i].why))
			fail_msg("%s: %s", cases[i].why, seen.why);
		stop(pid);
	}
	conf.protocol = "tls";
}

/* A RADIUS server that does not know us says nothing at all. */
static void radius_silent(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct verify_seen seen;
	char port[8];

	conf.protocol = "radius-eap";
	assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &a, &len), 0);
	snprintf(port, sizeof(port), "%d", ntohs(a.sin_port));
	conf.secret_file = scratch("no-secret");
	probe("127.0.0.1", port, NULL, 300, &seen);
	assert_non_null(strstr(seen.why, "no-secret"));
	conf.secret_file = scratch("secret");
	scratch_write(conf.secret_file, "abc\n", 0644);
	probe("127.0.0.1", port, NULL, 300, &seen);
	assert_non_null(strstr(seen.why, "readable by everyone"));
	scratch_write(conf.secret_file, "abc\n", 0600);
	probe("127.0.0.1", port, NULL, 1400, &seen);
	assert_false(seen.reachable || seen.handshake);
	assert_non_null(strstr(seen.why, "client of the RADIUS server"));
	/* It was asked twice, with the same words. */
	{
		unsigned char one[4096], two[4096];
		ssize_t n = recv(fd, one, sizeof(one), MSG_DONTWAIT);

		assert_true(n > 20);
		assert_int_equal(recv(fd, two, sizeof(two), MSG_DONTWAIT), n);
		assert_memory_equal(one, two, (size_t) n);
		assert_int_equal(recv(fd, two, sizeof(two), MSG_DONTWAIT), -1);
	}
	close(fd);
	probe("127.0.0.1", port, NULL, 1400, &seen);
	assert_false(seen.reachable);
	assert_non_null(strstr(seen.why, "Connection refused"));
	conf.protocol = "tls";
}

static void command(void **state)
{
	const char *argv[] = { "sh", "-c", NULL, NULL };
	struct installer_cert cert = { .name = "www.example.org" };
	struct svc_cert c = { .conf = &cert, .leaf_path = "/d/full.pem" };
	struct svc s = { .certs = &c, .n_certs = 1 };
	struct svc_endpoint e = { .conf = &conf };
	struct verify_want want = { "ab12", "cd34" };
	struct verify_seen seen;
	char why[300], script[700];

	snprintf(script, sizeof(script), "env >'%s'", scratch("env"));
	argv[2] = script;
	conf.protocol = "command";
	conf.address = "the queue";
	conf.server_name = "mail.example.org";
	conf.command = (struct conf_strings){ argv, 3 };
	verify_probe(&s, &e, &want, 3000, &seen);
	assert_true(seen.reachable && seen.handshake);
	assert_true(seen_match(&want, &seen, why));
	kit_sh("grep -qx CERTREPO_FINGERPRINT=ab12 env && "
	       "grep -qx CERTREPO_NAME=www.example.org env && "
	       "grep -qx CERTREPO_FILE=/d/full.pem env && "
	       "grep -qx 'CERTREPO_ADDRESS=the queue' env && "
	       "grep -qx CERTREPO_SERVER_NAME=mail.example.org env");
	argv[2] = "echo it shows the old one; exit 3";
	verify_probe(&s, &e, &want, 3000, &seen);
	assert_true(seen.reachable);
	assert_false(seen_match(&want, &seen, why));
	assert_non_null(strstr(why, "exited with 3: it shows the old one"));
	argv[2] = "sleep 60";
	verify_probe(&s, &e, &want, 1000, &seen);
	assert_false(seen.handshake);
	/* Nothing to look for: not even started. */
	want.fingerprint = NULL;
	unlink(scratch("env"));
	argv[2] = script;
	verify_probe(&s, &e, &want, 3000, &seen);
	assert_false(seen.handshake);
	assert_int_equal(access(scratch("env"), F_OK), -1);
	conf.protocol = "tls";
}

static void pauses(void **state)
{
	int64_t last = 0;

	for (unsigned int n = 0; n < 40; n++) {
		int64_t p = verify_pause(n);

		assert_in_range(p, 1, 1000);
		assert_true(p >= last);
		last = p;
	}
	assert_in_range(verify_pause(0), 1, 50);
	assert_int_equal(last, 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees),
		cmocka_unit_test(nobody),
		cmocka_unit_test(silence),
		cmocka_unit_test(with_and_without),
		cmocka_unit_test(key_types),
		cmocka_unit_test(strict_and_old),
		cmocka_unit_test(addresses),
		cmocka_unit_test(misbehaves),
		cmocka_unit_test(radius_silent),
		cmocka_unit_test(command),
		cmocka_unit_test(pauses),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
