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
#include "verify.h"

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
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

static void probe(const char *host, const char *port, const char *sni,
		  int64_t ms, struct verify_seen *seen)
{
	struct installer_endpoint conf = { .protocol = "tls",
					   .addresses = "all",
					   .sni = "yes",
					   .server_name = sni };
	struct svc_endpoint e = { .conf = &conf, .host = host, .port = port };
	struct verify_want want = { NULL, NULL };

	verify_probe(NULL, &e, &want, ms, seen);
}

/* openssl s_server on a free port, with a second certificate by name. */
static pid_t server(char port[8])
{
	char chain[600], key[600], cert[600], sni[600], sni_key[600];
	struct verify_seen seen;
	pid_t pid;

	close(listener(port));
	snprintf(cert, sizeof(cert), "%s", scratch("leaf.pem"));
	snprintf(chain, sizeof(chain), "%s", scratch("inter.pem"));
	snprintf(key, sizeof(key), "%s", scratch("leaf.key"));
	snprintf(sni, sizeof(sni), "%s", scratch("sni.pem"));
	snprintf(sni_key, sizeof(sni_key), "%s", scratch("sni.key"));
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execlp("openssl", "openssl", "s_server", "-quiet", "-accept",
		       port, "-cert", cert, "-key", key, "-cert_chain", chain,
		       "-servername", "sni.example.org", "-cert2", sni, "-key2",
		       sni_key, NULL);
		_exit(1);
	}
	for (int i = 0; i < 100; i++) {
		probe("127.0.0.1", port, NULL, 1000, &seen);
		if (seen.handshake)
			return pid;
		verify_wait(50);
	}
	fail_msg("no server: %s", seen.why);
	return -1;
}

static void sees(void **state)
{
	struct err err = ERR_INIT;
	struct x509_chain *chain = kit_chain("chain.pem", &err);
	struct x509_chain *full = kit_chain("full.pem", &err);
	struct verify_want want = { NULL, NULL };
	char digest[ENC_SHA256_HEX], other[ENC_SHA256_HEX], port[8], why[300];
	struct verify_seen seen;
	pid_t pid = server(port);

	probe("127.0.0.1", port, "www.example.org", 3000, &seen);
	assert_true(seen.reachable && seen.handshake);
	assert_string_equal(seen.fingerprint,
			    kit_out("openssl x509 -in leaf.pem -outform DER | "
				    "sha256sum"));
	assert_string_equal(seen.serial, "0A1B2C3D4E");
	assert_int_equal(seen.not_after, x509_chain_not_after(chain));
	assert_int_equal(seen.depth, 2);
	/* The root makes no difference, the intermediate does. */
	verify_chain_digest(chain, digest);
	assert_string_equal(seen.chain, digest);
	verify_chain_digest(full, other);
	assert_string_equal(digest, other);
	x509_chain_free(&full);
	full = kit_chain("leaf.pem", &err);
	verify_chain_digest(full, other);
	assert_string_not_equal(digest, other);

	assert_true(verify_match(&want, &seen, why));
	want.fingerprint = x509_chain_fingerprint(chain);
	want.chain = digest;
	assert_true(verify_match(&want, &seen, why));
	want.chain = other;
	assert_false(verify_match(&want, &seen, why));
	assert_non_null(strstr(why, "another chain (2 certificates)"));

	probe("127.0.0.1", port, "sni.example.org", 3000, &seen);
	assert_true(seen.handshake);
	assert_string_equal(seen.fingerprint,
			    kit_out("openssl x509 -in sni.pem -outform DER | "
				    "sha256sum"));
	assert_false(verify_match(&want, &seen, why));
	assert_non_null(strstr(why, "another certificate"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
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
	assert_false(verify_match(&want, &seen, why));
	assert_non_null(strstr(why, "cannot be reached at 127.0.0.1:"));
	assert_non_null(strstr(why, ": Connection refused"));
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
	assert_false(verify_match(&want, &seen, why));
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
		cmocka_unit_test(pauses),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
