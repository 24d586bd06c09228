/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include "acme_peer.h"
#include "http.h"

/* Against the scripted server over HTTP/1.1; HTTP/2 is what test_acme speaks
 * with pebble, and cuts and endless answers are in test_acme_faults. */

static struct peer server;
static bool have_server;
static char script[4096];
static struct loop *loop;
static struct http *http;

struct got {
	int n;
	enum http_end end;
	long status;
	char error[600], body[4000];
	char type[100], nonce[300], location[100], date[100], age[20];
	char links[HTTP_LINKS_MAX][100];
	size_t n_links;
	bool resent, free_http;
};

static void copy(char *to, size_t size, const char *s)
{
	(void) snprintf(to, size, "%s", s ? s : "");
}

static void on_reply(void *arg, const struct http_reply *r)
{
	struct got *g = arg;

	g->n++;
	g->end = r->end;
	g->status = r->status;
	g->resent = r->resent;
	copy(g->error, sizeof(g->error), r->error);
	copy(g->body, sizeof(g->body), r->body);
	copy(g->type, sizeof(g->type), r->content_type);
	copy(g->nonce, sizeof(g->nonce), r->replay_nonce);
	copy(g->location, sizeof(g->location), r->location);
	copy(g->date, sizeof(g->date), r->date);
	copy(g->age, sizeof(g->age), r->age);
	g->n_links = r->n_links;
	for (size_t i = 0; i < r->n_links; i++)
		copy(g->links[i], sizeof(g->links[i]), r->links[i]);
	if (g->free_http)
		http_free(&http);
}

static void wait_for(struct got *g, int n)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < 500 && g->n < n; i++)
		if (loop_run(loop, 100, &err) == -1)
			fail_msg("%s", err.msg);
	assert_int_equal(g->n, n);
}

static const char *url_of(const char *path)
{
	static char url[200];

	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/%s",
			server.port, path);
	return url;
}

static struct got send_to(enum http_method method, const char *url,
			  const char *body)
{
	struct got g = { 0 };

	(void) http_send(http, method, url, body, body ? strlen(body) : 0,
			 on_reply, &g);
	assert_int_equal(g.n, 0);
	wait_for(&g, 1);
	return g;
}

/* The scripted server at this address and p's port. */
static void start_server(struct peer *p, const char *host, const char *option)
{
	char port[20];
	char *argv[] = { (char *) "/usr/bin/python3",
			 (char *) "-W",
			 (char *) "ignore",
			 script,
			 (char *) "--cert",
			 (char *) "cert.pem",
			 (char *) "--key",
			 (char *) "key.pem",
			 (char *) "--host",
			 (char *) host,
			 (char *) "--port",
			 port,
			 (char *) option,
			 NULL };

	(void) snprintf(port, sizeof(port), "%d", p->port);
	peer_exec(p, argv, NULL);
	assert_true(peer_wait_at(p, host, p->port));
}

static int open_http(void **state)
{
	struct err err = ERR_INIT;

	if (!have_server)
		return 0;
	return loop_new(&loop, &err) == 0 && http_new(loop, server.ca_file,
						      100000, &http, &err) == 0
		       ? 0
		       : -1;
}

static int close_http(void **state)
{
	http_free(&http);
	http_free(&http);
	loop_free(&loop);
	return 0;
}

static void get(void **state)
{
	struct got g;

	if (!have_server)
		skip();
	g = send_to(HTTP_GET, url_of("dir"), NULL);
	assert_int_equal(g.end, HTTP_OK);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.type, "application/json");
	assert_non_null(strstr(g.body, "\"newNonce\""));
	assert_string_equal(g.error, "");
	assert_string_equal(g.nonce, "");
	assert_string_equal(g.age, "");
	assert_in_range(curl_getdate(g.date, NULL), time(NULL) - 10,
			time(NULL) + 10);
	g = send_to(HTTP_HEAD, url_of("nonce"), NULL);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body, "");
	assert_true(strlen(g.nonce) > 10);
	/* A status is an answer, not a failure of the exchange. */
	g = send_to(HTTP_GET, url_of("order/1"), NULL);
	assert_int_equal(g.end, HTTP_OK);
	assert_int_equal(g.status, 405);
	assert_int_equal(http_count(http), 3);
}

static void post(void **state)
{
	struct got g;

	if (!have_server)
		skip();
	g = send_to(HTTP_POST, url_of("fault"),
		    "{\"name\": \"redirect\", \"at\": \"directory\"}");
	assert_int_equal(g.status, 200);
	assert_non_null(strstr(g.body, "\"redirect\""));
	/* A redirect is told, not followed. */
	g = send_to(HTTP_GET, url_of("dir"), NULL);
	assert_int_equal(g.end, HTTP_OK);
	assert_int_equal(g.status, 301);
	assert_string_equal(g.location, "https://127.0.0.1:1/");
}

/* RFC 3986 section 5.4, at its base and an https one. */
static void join(void **state)
{
	static const struct {
		const char *reference, *want;
	} cases[] = {
		{ "g", "https://a/b/c/g" },
		{ "./g", "https://a/b/c/g" },
		{ "g/", "https://a/b/c/g/" },
		{ "/g", "https://a/g" },
		{ "//g", "https://g/" },
		{ "g?y", "https://a/b/c/g?y" },
		{ "../g", "https://a/b/g" },
		{ "../../g", "https://a/g" },
		/* a URL is as it is */
		{ "https://h:443/x/../y", "https://h:443/x/../y" },
		{ "https://h", "https://h" },
		/* not ours */
		{ "http://a/g", NULL },
		{ "ftp://a/g", NULL },
		{ "file:///etc/passwd", NULL },
		{ "data:text/plain,x", NULL },
		{ "https://", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *got =
			http_join("https://a/b/c/d;p?q", cases[i].reference);

		if (!got != !cases[i].want ||
		    (got && strcmp(got, cases[i].want) != 0))
			fail_msg("%s: %s", cases[i].reference,
				 got ? got : "none");
		free(got);
	}
	assert_null(http_join("http://a/b", "c"));
}

static void failures(void **state)
{
	struct got g;
	char url[200];

	if (!have_server)
		skip();
	(void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/dir",
			server.port);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.end, HTTP_FAILED);
	assert_non_null(strstr(g.error, "rotocol")); /* only https */
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/dir",
			peer_free_port());
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.end, HTTP_FAILED);
	assert_non_null(strstr(g.error, "cannot connect to 127.0.0.1:"));
	g = send_to(HTTP_GET, "https://no-such-host.invalid/dir", NULL);
	assert_int_equal(g.end, HTTP_FAILED);
	assert_non_null(strstr(g.error, "cannot find the address of "
					"no-such-host.invalid"));
	/* The certificate is for 127.0.0.1 and localhost. */
	(void) snprintf(url, sizeof(url), "https://127.0.0.2:%d/dir",
			server.port);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.end, HTTP_FAILED);
}

static void untrusted(void **state)
{
	struct got g;
	struct err err = ERR_INIT;
	char other[300];

	if (!have_server)
		skip();
	assert_int_equal(peer_sh(server.dir,
				 "openssl req -x509 -newkey ec -pkeyopt "
				 "ec_paramgen_curve:P-256 -nodes -keyout "
				 "otherkey.pem -out other.pem -days 30 -subj "
				 "'/CN=another CA'"),
			 0);
	(void) snprintf(other, sizeof(other), "%s/other.pem", server.dir);
	http_free(&http);
	assert_int_equal(http_new(loop, other, 1000, &http, &err), 0);
	g = send_to(HTTP_GET, url_of("dir"), NULL);
	assert_int_equal(g.end, HTTP_FAILED);
	assert_non_null(strstr(g.error, "is not trusted by"));
	assert_non_null(strstr(g.error, other));
	http_free(&http);
	assert_int_equal(http_new(loop, NULL, 1000, &http, &err), 0);
	g = send_to(HTTP_GET, url_of("dir"), NULL);
	assert_int_equal(g.end, HTTP_FAILED);
	assert_non_null(strstr(g.error, "the system's trust store"));
}

static void cap(void **state)
{
	struct got g;
	struct err err = ERR_INIT;

	if (!have_server)
		skip();
	http_free(&http);
	assert_int_equal(http_new(loop, server.ca_file, 50, &http, &err), 0);
	g = send_to(HTTP_GET, url_of("dir"), NULL);
	assert_int_equal(g.end, HTTP_TOO_BIG);
	assert_non_null(strstr(g.error, "larger than 50 bytes"));
}

/* Many at once, some given up. */
static void many(void **state)
{
	static struct got g[60];
	static struct http_req *req[60];
	struct err err = ERR_INIT;
	int done = 0;

	if (!have_server)
		skip();
	for (int i = 0; i < 60; i++)
		req[i] = http_send(http, HTTP_HEAD, url_of("nonce"), NULL, 0,
				   on_reply, &g[i]);
	assert_int_equal(loop_run(loop, 10, &err), 0);
	for (int i = 0; i < 60; i += 3)
		if (g[i].n == 0) {
			http_cancel(&req[i]);
			assert_null(req[i]);
			http_cancel(&req[i]);
			g[i].n = -1;
		}
	for (int r = 0; r < 2000 && done < 60; r++) {
		assert_int_equal(loop_run(loop, 100, &err), 0);
		done = 0;
		for (int i = 0; i < 60; i++)
			done += g[i].n != 0;
	}
	for (int i = 0; i < 60; i++) {
		if (g[i].n == -1)
			continue;
		assert_int_equal(g[i].n, 1);
		assert_int_equal(g[i].status, 200);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(g[i].nonce, g[j].nonce);
	}
}

static void free_inside(void **state)
{
	static struct got first, others;
	struct err err = ERR_INIT;

	if (!have_server)
		skip();
	first.free_http = true;
	(void) http_send(http, HTTP_GET, url_of("dir"), NULL, 0, on_reply,
			 &first);
	wait_for(&first, 1);
	assert_null(http);
	assert_int_equal(http_new(loop, server.ca_file, 1000, &http, &err), 0);
	first.n = 0;
	for (int i = 0; i < 5; i++)
		(void) http_send(http, HTTP_GET, url_of("dir"), NULL, 0,
				 on_reply, i == 2 ? &first : &others);
	wait_for(&first, 1);
	assert_null(http);
	assert_true(others.n < 5);
}

static int lookups;
static int answers[2]; /* a pipe: the resolver's */
static atomic_int asked, answered;

/* ca.test is behind two addresses in turn; of silent.test nobody knows until
 * the test says so. */
__attribute__((visibility("default"))) int getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);

	*(void **) &real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(node, "silent.test") == 0) {
		struct pollfd p = { .fd = answers[0], .events = POLLIN };

		atomic_fetch_add(&asked, 1);
		(void) poll(&p, 1, 20000);
		atomic_fetch_add(&answered, 1);
		return EAI_AGAIN;
	}
	if (strcmp(node, "ca.test") == 0)
		node = lookups++ % 2 ? "127.0.0.1" : "127.0.0.2";
	return real(node, service, hints, res);
}

/* A request whose name server does not answer is given up at once, not when
 * the look-up ends. */
static void silent(void **state)
{
	struct got g = { 0 };
	struct err err = ERR_INIT;
	struct http_req *r;

	assert_int_equal(pipe(answers), 0);
	r = http_send(http, HTTP_GET, "https://silent.test/x", NULL, 0,
		      on_reply, &g);
	while (!atomic_load(&asked))
		assert_int_equal(loop_run(loop, 10, &err), 0);
	http_cancel(&r);
	assert_int_equal(atomic_load(&answered), 0);
	/* nor does the end of the client wait for it */
	r = http_send(http, HTTP_GET, "https://silent.test/y", NULL, 0,
		      on_reply, &g);
	while (atomic_load(&asked) < 2)
		assert_int_equal(loop_run(loop, 10, &err), 0);
	http_free(&http);
	assert_int_equal(atomic_load(&answered), 0);
	assert_int_equal(g.n, 0);
	assert_int_equal(write(answers[1], "x", 1), 1);
	while (atomic_load(&answered) < 2)
		(void) poll(NULL, 0, 10);
	(void) close(answers[0]);
	(void) close(answers[1]);
}

/* One address for the run; another one only when it is gone. */
static void address(void **state)
{
	struct peer other = server;
	struct got g;
	char url[100];

	if (!have_server)
		skip();
	start_server(&other, "127.0.0.2", NULL);
	(void) snprintf(url, sizeof(url), "https://ca.test:%d/dir",
			server.port);
	lookups = 0;
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.status, 200);
	assert_int_equal(lookups, 1);
	peer_stop(&other);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.end, HTTP_OK);
	assert_int_equal(g.status, 200);
	assert_int_equal(lookups, 2);
	/* Nobody there at all is said after that. */
	peer_stop(&server);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.end, HTTP_FAILED);
	/* libcurl 8 forgets an address that did not answer, itself */
	assert_in_range(lookups, 3, 4);
	start_server(&server, "127.0.0.1", NULL);
}

/* A server with as many Link headers as the path says, each of its number; the
 * second is empty, the third too long, the fourth not ASCII. */
static const char links_py[] =
	"import http.server, ssl, sys\n"
	"class H(http.server.BaseHTTPRequestHandler):\n"
	"    def do_GET(self):\n"
	"        self.send_response(200)\n"
	"        for i in range(int(self.path[1:])):\n"
	"            odd = {1: '', 2: 'x' * 2100, 3: '\\xe4'}\n"
	"            self.send_header('Link', odd.get(i, '</%d>' % i))\n"
	"        self.end_headers()\n"
	"s = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H)\n"
	"c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
	"c.load_cert_chain('cert.pem', 'key.pem')\n"
	"s.socket = c.wrap_socket(s.socket, server_side=True)\n"
	"s.serve_forever()\n";

static void links(void **state)
{
	struct peer p = server;
	char port[20];
	char *argv[] = { (char *) "/usr/bin/python3",
			 (char *) "-W",
			 (char *) "ignore",
			 (char *) "-c",
			 (char *) links_py,
			 port,
			 NULL };
	struct got g;
	char url[100];

	if (!have_server)
		skip();
	p.port = peer_free_port();
	(void) snprintf(port, sizeof(port), "%d", p.port);
	peer_exec(&p, argv, NULL);
	assert_true(peer_wait_port(&p, p.port));
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/0", p.port);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.end, HTTP_OK);
	assert_int_equal(g.n_links, 0);
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/5", p.port);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.n_links, 2);
	assert_string_equal(g.links[0], "</0>");
	assert_string_equal(g.links[1], "</4>");
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/99", p.port);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.n_links, HTTP_LINKS_MAX);
	assert_string_equal(g.links[HTTP_LINKS_MAX - 1], "</22>");
	peer_stop(&p);
}

/* Broken off over HTTP/2: again over HTTP/1.1, and so from then on. */
static void reset_h2(void **state)
{
	struct peer p = server;
	struct got g;
	struct err err = ERR_INIT;
	char url[100];

	if (!have_server)
		skip();
	p.port = peer_free_port();
	start_server(&p, "127.0.0.1", "--h2");
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/dir", p.port);
	g = send_to(HTTP_GET, url, NULL);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.type, ""); /* it was HTTP/2 */
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/stats", p.port);
	g = send_to(HTTP_POST, url, "{}");
	assert_int_equal(g.end, HTTP_OK);
	assert_int_equal(g.status, 200);
	assert_true(g.resent);
	assert_non_null(strstr(g.body, "\"h2\": 2"));
	g = send_to(HTTP_POST, url, "{}");
	assert_false(g.resent);
	assert_non_null(strstr(g.body, "\"h2\": 2"));

	/* Not spoken at all where the configuration says so. */
	http_free(&http);
	assert_int_equal(http_new(loop, server.ca_file, 1000, &http, &err), 0);
	http_only_1_1(http);
	g = send_to(HTTP_POST, url, "{}");
	assert_int_equal(g.status, 200);
	assert_false(g.resent);
	assert_non_null(strstr(g.body, "\"h2\": 2"));
	peer_stop(&p);
}

/* A server that begins each TLS handshake with HelloRequest (RFC 5246 section
 * 7.4.1.1: to be ignored meanwhile), and never comes to an end. libcurl's time
 * limit does not reach into OpenSSL. */
static void hello_flood(void **state)
{
	static const char flood[] =
		"import socket, sys\n"
		"s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
		"while True:\n"
		"    c = s.accept()[0]\n"
		"    try:\n"
		"        while c.recv(4096):\n"
		"            while True:\n"
		"                "
		"c.sendall(bytes.fromhex('160303000400000000')\n"
		"                          * 4000)\n"
		"    except OSError:\n"
		"        pass\n";
	struct peer p = server;
	char port[20], url[100];
	char *argv[] = { (char *) "/usr/bin/python3", (char *) "-c",
			 (char *) flood, port, NULL };
	struct got g;

	if (!have_server)
		skip();
	p.port = peer_free_port();
	(void) snprintf(port, sizeof(port), "%d", p.port);
	(void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/dir", p.port);
	peer_exec(&p, argv, NULL);
	assert_true(peer_wait_port(&p, p.port));
	(void) alarm(120); /* the hang is what this is about */
	g = send_to(HTTP_GET, url, NULL);
	(void) alarm(0);
	assert_int_equal(g.end, HTTP_FAILED);
	assert_non_null(strstr(g.error, "no TLS connection to 127.0.0.1"));
	peer_stop(&p);
}

/* How many more descriptors we may open: all others are in use. */
static void leave_descriptors(int n)
{
	struct rlimit limit;
	int fd = dup(0), i;

	assert_int_not_equal(fd, -1);
	(void) close(fd); /* the lowest that is free */
	for (i = 0; i < n; i++)
		while (fcntl(++fd, F_GETFD) != -1)
			;
	(void) getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t) fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Wherever libcurl meets the end of our descriptors (the resolver, the socket,
 * the trust anchors): that is not the CA's fault. */
static void no_descriptors(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	struct rlimit before;
	size_t h;
	int n;

	if (!have_server)
		skip();
	(void) getrlimit(RLIMIT_NOFILE, &before);
	for (h = 0; h < ARRAY_LEN(hosts); h++) {
		for (n = 0;; n++) {
			char url[200];
			struct got g;

			(void) close_http(state);
			assert_int_equal(open_http(state), 0);
			(void) snprintf(url, sizeof(url), "https://%s:%d/dir",
					hosts[h], server.port);
			leave_descriptors(n);
			g = send_to(HTTP_GET, url, NULL);
			(void) setrlimit(RLIMIT_NOFILE, &before);
			if (g.end == HTTP_OK)
				break;
			if (g.end != HTTP_OURS ||
			    !strstr(g.error, "LimitNOFILE"))
				fail_msg("%s, %d descriptors: %d, %s", hosts[h],
					 n, g.end, g.error);
			assert_in_range(n, 0, 20);
		}
		assert_true(n > 0);
	}
}

static int setup(void **state)
{
	if (!peer_init(&server))
		return -1;
	have_server = realpath("tests/lib/acme_server.py", script) &&
		      system("/usr/bin/python3 -c 'import cryptography' "
			     "2>/dev/null") == 0;
	if (!have_server)
		return 0;
	server.port = peer_free_port();
	start_server(&server, "127.0.0.1", NULL);
	return 0;
}

static int teardown(void **state)
{
	peer_free(&server);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_http, close_http)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(get),	   TEST(post),
		TEST(failures),	   TEST(untrusted),
		TEST(cap),	   TEST(many),
		TEST(free_inside), cmocka_unit_test(join),
		TEST(hello_flood), TEST(reset_h2),
		TEST(address),	   TEST(no_descriptors),
		TEST(silent),	   TEST(links),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
