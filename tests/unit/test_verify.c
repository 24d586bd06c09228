/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
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
		assert_string_equal(seen.name, "www.example.org");
		stop(pid);
	}
}

/* A private key that has the public half of CERT's, and nothing else of it. */
static EVP_PKEY *not_the_key(X509 *cert)
{
	BIGNUM *n = NULL, *e = NULL, *d = BN_new();
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *pub = X509_get0_pubkey(cert), *ret = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params;

	EVP_PKEY_get_bn_param(pub, OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(pub, OSSL_PKEY_PARAM_RSA_E, &e);
	BN_set_word(d, 65539);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_D, d);
	params = OSSL_PARAM_BLD_to_param(b);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &ret, EVP_PKEY_KEYPAIR, params),
			 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	BN_free(d);
	return ret;
}

/* Whoever has rsa.pem, and not its key, in a child, to N connections; asks
 * for a certificate of the client. */
static pid_t thief(char port[8], const char *ciphers, int n)
{
	int fd = listener(port);
	pid_t pid = fork();
	SSL_CTX *ctx;
	X509 *cert;
	BIO *file;

	if (pid != 0) {
		close(fd);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	file = BIO_new_file(scratch("rsa.pem"), "r");
	cert = PEM_read_bio_X509(file, NULL, NULL, NULL);
	ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1 ||
	    SSL_CTX_use_certificate(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, not_the_key(cert)) != 1)
		_exit(2);
	SSL_CTX_set_verify(
		ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	for (int i = 0; i < n; i++) {
		int peer = accept(fd, NULL, NULL);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, peer);
		(void) SSL_accept(ssl);
		SSL_free(ssl);
		close(peer);
	}
	_exit(0);
}

/* An RSA certificate beside the EC one, of the same intermediate. */
static void rsa(void)
{
	kit_sh("[ -e rsa.pem ] || { openssl req -newkey rsa:2048 -nodes "
	       "-keyout rsa.key -out rsa.csr -subj /CN=www.example.org; "
	       "openssl x509 -req -in rsa.csr -CA inter.pem -CAkey inter.key "
	       "-days 9 -out rsa.pem; }");
}

/* A certificate is everybody's; only who has the key is the service. */
static void not_proven(void **state)
{
	static const struct {
		const char *ciphers, *why;
	} cases[] = {
		{ "AES128-SHA", "does not prove that it has its key: with "
				"static RSA only a finished handshake" },
		{ "ECDHE-RSA-AES128-GCM-SHA256", "TLS handshake failed: " },
	};
	struct verify_want want = { NULL, NULL };
	char port[8], why[300];

	rsa();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct verify_seen seen;
		pid_t pid = thief(port, cases[i].ciphers, 2);

		probe("127.0.0.1", port, NULL, 3000, &seen);
		assert_true(seen.reachable);
		assert_false(seen.handshake);
		assert_false(seen_match(&want, &seen, why));
		if (!strstr(why, cases[i].why))
			fail_msg("%s: %s", cases[i].ciphers, why);
		stop(pid);
	}
}

/* Static RSA, on a real server. */
static void static_rsa(void **state)
{
	static const struct {
		const char *more;
		bool proven;
	} cases[] = {
		/* Its Finished is the proof. */
		{ "-cipher AES128-SHA", true },
		{ "-cipher AES128-SHA -verify 2", true },
		/* It ends before it, and there is no other way. */
		{ "-cipher AES128-SHA -Verify 2 -verify_return_error", false },
		/* Its choice would be static RSA, but it can sign as well. */
		{ "-cipher AES128-SHA:ECDHE-RSA-AES128-SHA -serverpref "
		  "-Verify 2 -verify_return_error",
		  true },
	};
	char port[8], command[4000];

	rsa();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct verify_seen seen;
		pid_t pid;

		close(listener(port));
		snprintf(command, sizeof(command),
			 "cd '%s' && exec openssl s_server -quiet -accept %s "
			 "-cert rsa.pem -key rsa.key -tls1_2 %s </dev/null "
			 ">s_server.log 2>&1",
			 scratch_dir, port, cases[i].more);
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			execl("/bin/sh", "sh", "-c", command, NULL);
			_exit(1);
		}
		for (int k = 0; k < 100; k++) {
			probe("127.0.0.1", port, NULL, 3000, &seen);
			if (seen.reachable)
				break;
			verify_wait(50);
		}
		if (seen.handshake != cases[i].proven)
			fail_msg("%s: %s", cases[i].more, seen.why);
		if (cases[i].proven)
			assert_string_equal(seen.fingerprint,
					    fingerprint("rsa.pem"));
		assert_int_equal(seen.unproven, !cases[i].proven);
		/* What is said of a certificate that was asked for by type. */
		conf.key_type = "rsa";
		probe("127.0.0.1", port, NULL, 3000, &seen);
		assert_int_equal(seen.handshake, cases[i].proven);
		conf.key_type = NULL;
		stop(pid);
	}
}

/* What it is that a peer's alert does not say. */
static void alert(void **state)
{
	struct verify_seen seen;
	char port[8];
	pid_t pid = server(port, "-tls1_2");

	conf.key_type = "rsa";
	probe("127.0.0.1", port, NULL, 3000, &seen);
	conf.key_type = NULL;
	stop(pid);
	/* of ssl/tls, or, before OpenSSL 3.2, of sslv3 */
	assert_memory_equal(seen.why, "TLS handshake failed: ssl", 25);
	assert_non_null(strstr(seen.why, " alert handshake failure, its log "
					 "tells why"));
}

/* As many descriptors as are open, and MORE. */
static struct rlimit few_files(int more)
{
	struct rlimit old, few;
	int fd = open("/dev/null", O_RDONLY);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	close(fd);
	few = old;
	few.rlim_cur = (rlim_t) (fd + more);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return old;
}

static void check_unknown(const struct verify_seen *seen, const char *text)
{
	struct verify_want want = { NULL, NULL };
	char why[300];

	assert_true(seen->unknown);
	assert_false(seen->reachable || seen->handshake);
	assert_false(seen_match(&want, seen, why));
	if (!strstr(why, "could not be looked at") || !strstr(why, text))
		fail_msg("%s", why);
}

/* This host is the one that fails: nothing is known of the service. */
static void own_faults(void **state)
{
	const char *argv[] = { "true", NULL };
	struct installer_cert cert = { .name = "www.example.org" };
	struct svc_cert c = { .conf = &cert };
	struct svc s = { .certs = &c, .n_certs = 1 };
	struct svc_endpoint e = { .conf = &conf };
	struct verify_want want = { "ab12", NULL };
	struct verify_seen seen;
	char port[8];
	pid_t pid = server(port, "");
	struct rlimit old;

	old = few_files(0);
	probe("127.0.0.1", port, NULL, 3000, &seen);
	check_unknown(&seen, "Too many open files");
	probe("localhost", port, NULL, 3000, &seen);
	check_unknown(&seen, "Too many open files");
	conf.protocol = "command";
	conf.address = "it";
	conf.command = (struct conf_strings){ argv, 1 };
	verify_probe(&s, &e, &want, 3000, &seen);
	check_unknown(&seen, "Too many open files");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	argv[0] = "/no/such/program";
	verify_probe(&s, &e, &want, 3000, &seen);
	check_unknown(&seen, "cannot be started");
	conf.protocol = "tls";
	conf.command.n = 0;
	/* A socket, and nothing to look the name up with. */
	old = few_files(1);
	probe("localhost", port, NULL, 3000, &seen);
	check_unknown(&seen, "Too many open files");
	probe("127.0.0.1", port, NULL, 3000, &seen);
	assert_true(seen.handshake);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	stop(pid);
}

/* In a network of its own, with one port to connect from: 0 when the look is
 * as it should be. */
static int one_port(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct verify_seen seen;
	char port[8], text[64] = "/proc/sys/net/ipv4/ip_local_port_range";
	int fd, peer;

	if (unshare(CLONE_NEWNET) == -1)
		return 77;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo) == -1)
		return 77;
	close(fd);
	(void) listener(port);
	fd = open(text, O_WRONLY);
	if (fd == -1 || write(fd, "61001 61001", 11) != 11)
		return 77;
	close(fd);
	probe("127.0.0.1", port, NULL, 200, &seen);
	if (!seen.reachable)
		return 2;
	/* The port is taken now. */
	peer = socket(AF_INET, SOCK_STREAM, 0);
	{
		struct sockaddr_in a = { .sin_family = AF_INET,
					 .sin_port =
						 htons((uint16_t) atoi(port)),
					 .sin_addr.s_addr =
						 htonl(INADDR_LOOPBACK) };

		for (int i = 0; i < 100; i++) {
			if (connect(peer, (struct sockaddr *) &a, sizeof(a)) ==
			    0)
				break;
			verify_wait(20);
		}
	}
	probe("127.0.0.1", port, NULL, 200, &seen);
	if (!seen.unknown || !strstr(seen.why, "no port left"))
		return 3;
	/* No such address here: that is no fault of ours. */
	probe("192.0.2.1", port, NULL, 200, &seen);
	return seen.unknown || !seen.unroutable ? 4 : 0;
}

static void no_port(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(one_port());
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What comes over the connection first, with the addresses of its ends. */
static void proxy(void **state)
{
	static const char *const protocols[] = { "tls", "postgres" };
	struct verify_seen seen;
	char port[8], want[200], got[300];

	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		int fd = listener(port), peer, n;
		pid_t pid = fork();

		conf.protocol = protocols[i];
		conf.proxy_protocol = "v1";
		if (pid == 0) {
			probe("127.0.0.1", port, NULL, 1000, &seen);
			_exit(0);
		}
		peer = accept(fd, (struct sockaddr *) &from, &len);
		n = snprintf(want, sizeof(want),
			     "PROXY TCP4 127.0.0.1 127.0.0.1 %d %s\r\n%c",
			     ntohs(from.sin_port), port, i == 0 ? 0x16 : '\0');
		assert_int_equal(recv(peer, got, (size_t) n, MSG_WAITALL), n);
		assert_memory_equal(got, want, (size_t) n);
		close(peer);
		close(fd);
		waitpid(pid, NULL, 0);
	}
	conf.protocol = "tls";
	conf.proxy_protocol = NULL;
}

/* Who looked is said, when it is somebody else. */
static void as_user(void **state)
{
	const char *argv[] = { "sh", "-c", "echo no; exit 2", NULL };
	struct installer_cert cert = { .name = "www.example.org" };
	struct svc_cert c = { .conf = &cert };
	struct svc s = { .certs = &c, .n_certs = 1 };
	struct svc_endpoint e = { .conf = &conf };
	struct verify_want want = { "ab12", NULL };
	struct verify_seen seen;
	char why[300];

	if (geteuid() != 0)
		skip();
	conf.protocol = "command";
	conf.address = "it";
	conf.command = (struct conf_strings){ argv, 3 };
	conf.user = "nobody";
	verify_probe(&s, &e, &want, 3000, &seen);
	assert_false(seen_match(&want, &seen, why));
	assert_string_equal(why, "is not right: as user nobody: \"sh -c 'echo "
				 "no; exit 2'\" exited with 2: \"no\"");
	conf.protocol = "tls";
	conf.user = NULL;
	conf.command.n = 0;
}

static pid_t says(char port[8], const char *text, bool stays);

/* A name in the certificate, and words before TLS, that would move a cursor
 * or begin a line; UTF-8, C1 and the rest. */
static void plain(void **state)
{
	struct verify_seen seen;
	char port[8];
	pid_t pid;

	kit_sh("printf 'a\\302\\233b\\033[1mc\\177' >cn; openssl req -x509 "
	       "-nodes " KIT_EC " -keyout odd.key -out odd.pem -days 9 -utf8 "
	       "-subj \"/CN=$(cat cn)\"");
	pid = server(port, "-cert2 odd.pem -key2 odd.key -servername odd");
	probe("127.0.0.1", port, "odd", 3000, &seen);
	assert_true(seen.handshake);
	assert_string_equal(seen.fingerprint, fingerprint("odd.pem"));
	for (const char *p = seen.issuer; *p != '\0'; p++)
		assert_in_range(*p, 0x20, 0x7e);
	stop(pid);
	pid = says(port, "-ERR a\xc2\x9b b\x9b\x7f\033[1m\r\n", true);
	conf.protocol = "pop3";
	probe("127.0.0.1", port, NULL, 1000, &seen);
	assert_non_null(strstr(seen.why, "\"-ERR a?? b???[1m\""));
	stop(pid);
	conf.protocol = "tls";
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

/* OpenSSL skips a HelloRequest, and reads on while there is more. */
static pid_t endless(char port[8])
{
	static unsigned char record[5 + 16384] = { 0x16, 3, 3, 0x40, 0 };
	int fd = listener(port), peer;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		peer = accept(fd, NULL, NULL);
		while (write(peer, record, sizeof(record)) > 0)
			;
		_exit(0);
	}
	close(fd);
	return pid;
}

static void never_ends(void **state)
{
	struct verify_seen seen;
	char port[8];
	pid_t pid = endless(port);

	alarm(60);
	conf.protocol = "tls";
	probe("127.0.0.1", port, NULL, 5000, &seen);
	alarm(0);
	assert_true(seen.reachable);
	assert_false(seen.handshake);
	assert_false(seen.unknown);
	if (!strstr(seen.why, "said more than 1048576 bytes") &&
	    !strstr(seen.why, "no answer to the TLS handshake in time"))
		fail_msg("%s", seen.why);
	stop(pid);
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
	struct svc_cert c = { .conf = &cert,
			      .root = "",
			      .leaf_path = "/d/full.pem" };
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
	assert_non_null(strstr(why, "exited with 3: \"it shows the old one\""));
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
	/* Root's, and others may lead it elsewhere: nor that. */
	want.fingerprint = "ab12";
	kit_sh("mkdir -m 777 open");
	c.leaf_path = scratch("open/full.pem");
	verify_probe(&s, &e, &want, 3000, &seen);
	assert_true(seen.unknown);
	assert_non_null(strstr(seen.why, "/open is writable by others"));
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
		cmocka_unit_test(not_proven),
		cmocka_unit_test(static_rsa),
		cmocka_unit_test(alert),
		cmocka_unit_test(own_faults),
		cmocka_unit_test(no_port),
		cmocka_unit_test(proxy),
		cmocka_unit_test(as_user),
		cmocka_unit_test(plain),
		cmocka_unit_test(addresses),
		cmocka_unit_test(misbehaves),
		cmocka_unit_test(never_ends),
		cmocka_unit_test(radius_silent),
		cmocka_unit_test(command),
		cmocka_unit_test(pauses),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
