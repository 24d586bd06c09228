/* SPDX-License-Identifier: MIT */
/* Against BIND, which has "example", whose key is the trust anchor, and below
 * it a zone that is signed, one signed by another key than its parent says,
 * and one that is not signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <cmocka.h>
#include "dns_peer.h"
#include "dns_valid.h"
#include "named.h"

static struct loop *loop;
static struct named named;
static char dir[] = "/tmp/certrepo-valid-XXXXXX";
static char anchor[400];

struct got {
	int called;
	enum dns_valid_state state;
	bool known;
	unsigned rcode;
	size_t answers;
	char why[500];
	struct err err;
};

static void over(void *arg, const struct dns_valid_answer *a,
		 const struct err *err)
{
	struct got *g = arg;

	g->called++;
	if (!a) {
		g->err = *err;
		return;
	}
	g->state = a->state;
	g->known = a->m;
	snprintf(g->why, sizeof(g->why), "%s", a->why ? a->why : "");
	for (size_t i = 0; a->m && i < a->m->n; i++)
		g->answers += a->m->rr[i].section == DNS_ANSWER;
	g->rcode = a->m ? a->m->rcode : 99;
}

static const char script[] =
	"cd %s || exit 1\n"
	"zone() { # NAME LINE...\n"
	"	z=$1; shift\n"
	"	{ echo \"$z. 60 IN SOA ns.$z. a.$z. 1 60 60 60 60\"\n"
	"	echo \"$z. 60 IN NS ns.$z.\"; echo \"ns.$z. 60 IN A "
	"127.0.0.1\"\n"
	"	for l; do echo \"$l\"; done; } >$z.zone\n"
	"}\n"
	"key() { dnssec-keygen -q -a ECDSAP256SHA256 -f KSK $1; }\n"
	"sign() { dnssec-signzone -q -z -o $1 -f $1.zone.signed $1.zone $2; }\n"
	"set -e\n"
	"for z in good.example bogus.example plain.example; do\n"
	"	zone $z \"a.$z. 60 IN TXT \\\"here\\\"\"\n"
	"done\n"
	"k=$(key good.example); cat $k.key >>good.example.zone\n"
	"dnssec-dsfromkey -2 $k.key >ds\n"
	"sign good.example $k\n"
	"k=$(key bogus.example); cat $k.key >>bogus.example.zone\n"
	"o=$(key bogus.example); dnssec-dsfromkey -2 $o.key >>ds\n"
	"sign bogus.example $k\n"
	"cp plain.example.zone plain.example.zone.signed\n"
	"k=$(key example); zone example 'good.example. 60 IN NS ns.example.' "
	"'bogus.example. 60 IN NS ns.example.' "
	"'plain.example. 60 IN NS ns.example.' 'a.example. 60 IN A 192.0.2.1'\n"
	"cat ds $k.key >>example.zone\n"
	"sign example $k\n"
	"grep DNSKEY $k.key >anchor\n";

static void write_conf(void)
{
	static const char *const zones[] = { "example", "good.example",
					     "bogus.example", "plain.example" };
	char text[4000];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		n += (size_t) snprintf(text + n, sizeof(text) - n,
				       "zone \"%s\" { type primary; "
				       "file \"%s/%s.zone.signed\"; };\n",
				       zones[i], dir, zones[i]);
	named_file(&named, "named.conf",
		   "options { directory \"%s\"; pid-file none; listen-on port "
		   "%d { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; "
		   "session-keyfile none; };\ncontrols { };\n%s",
		   dir, named.port, text);
}

static int group_setup(void **state)
{
	struct err err = ERR_INIT;
	char text[sizeof(script) + sizeof(dir)];

	if (!mkdtemp(dir) || loop_new(&loop, &err) == -1)
		return -1;
	snprintf(named.dir, sizeof(named.dir), "%s", dir);
	snprintf(anchor, sizeof(anchor), "%s/anchor", dir);
	named.port = named_free_port(0);
	snprintf(text, sizeof(text), script, dir);
	named_file(&named, "make.sh", "%s", text);
	snprintf(text, sizeof(text),
		 "sh %s/make.sh >%s/log 2>&1 || { cat %s/log >&2; false; }",
		 dir, dir, dir);
	if (system(text) != 0)
		return -1;
	write_conf();
	return named_start(&named) ? 0 : -1;
}

static int group_teardown(void **state)
{
	char text[100];

	named_stop(&named);
	loop_free(&loop);
	snprintf(text, sizeof(text), "rm -rf %s", dir);
	return system(text);
}

static struct dns_valid *make(const char *file, int port)
{
	char text[40];
	struct dns_addr to;
	struct dns_valid_opts o = { .servers = &to,
				    .n_servers = 1,
				    .anchor = file,
				    .timeout_ms = 10000 };
	struct dns_valid *v = NULL;
	struct err err = ERR_INIT;

	snprintf(text, sizeof(text), "127.0.0.1:%d", port);
	assert_int_equal(dns_addr_parse(text, &to, &err), 0);
	if (dns_valid_new(loop, &o, &v, &err) == -1)
		fail_msg("%s", err.msg);
	return v;
}

static struct got ask(const char *file, const char *name, unsigned type)
{
	struct dns_valid *v = make(file, named.port);
	struct got g = { .called = 0 };

	(void) dns_valid_ask(v, name, type, over, &g);
	assert_int_equal(g.called, 0); /* from the loop alone */
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.called, 1);
	dns_valid_free(&v);
	return g;
}

static void assert_state(const struct got *g, enum dns_valid_state want)
{
	if (g->state != want)
		fail_msg("%s (%s %s)", dns_valid_state_text(g->state), g->why,
			 g->err.msg);
}

static void test_states(void **state)
{
	struct got g = ask(anchor, "a.good.example", DNS_TXT);

	assert_state(&g, DNS_VALID_SECURE);
	assert_true(g.known);
	assert_int_equal(g.answers, 1);
	g = ask(anchor, "none.good.example", DNS_TXT);
	assert_state(&g, DNS_VALID_SECURE);
	assert_int_equal(g.rcode, DNS_NXDOMAIN);
	assert_int_equal(g.answers, 0);
	g = ask(anchor, "a.good.example", DNS_A);
	assert_state(&g, DNS_VALID_SECURE);
	assert_int_equal(g.rcode, DNS_NOERROR);
	assert_int_equal(g.answers, 0);
	g = ask(anchor, "a.plain.example", DNS_TXT);
	assert_state(&g, DNS_VALID_INSECURE);
	assert_int_equal(g.answers, 1);
	g = ask(anchor, "a.bogus.example", DNS_TXT);
	assert_state(&g, DNS_VALID_BOGUS);
	assert_false(g.known);
	assert_non_null(strstr(g.why, "bogus.example"));
}

/* Nothing is called secure that nobody checked. */
static void test_unchecked(void **state)
{
	static const char *const none[] = { NULL, "", "/nonexistent/root.key" };

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct got g = ask(none[i], "a.good.example", DNS_TXT);

		assert_state(&g, DNS_VALID_UNCHECKED);
		assert_int_equal(g.answers, 1);
		g = ask(none[i], "a.bogus.example", DNS_TXT);
		assert_state(&g, DNS_VALID_UNCHECKED);
	}
}

/* A file that holds nothing, or nothing that can be read, or cannot be read is
 * not the same as none. */
static void test_anchor(void **state)
{
	struct dns_addr to;
	struct dns_valid_opts o = { .servers = &to,
				    .n_servers = 1,
				    .timeout_ms = 1000 };
	struct dns_valid *v = NULL;
	struct err err = ERR_INIT;
	char path[400];

	assert_int_equal(dns_addr_parse("127.0.0.1", &to, &err), 0);
	named_file(&named, "empty", "; nothing\n");
	named_file(&named, "garbage", ". IN DS what is this\n");
	snprintf(path, sizeof(path), "%s/empty", dir);
	o.anchor = path;
	assert_int_equal(dns_valid_new(loop, &o, &v, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "no trust anchor"));
	snprintf(path, sizeof(path), "%s/garbage", dir);
	assert_int_equal(dns_valid_new(loop, &o, &v, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "garbage"));
	o.anchor = dir;
	assert_int_equal(dns_valid_new(loop, &o, &v, &err), -1);
	assert_null(v);
}

/* A zone of one's own that the world above denies. */
static void test_insecure(void **state)
{
	static const char *const domains[] = { "bogus.example", NULL };
	char text[40];
	struct dns_addr to;
	struct dns_valid_opts o = { .servers = &to,
				    .n_servers = 1,
				    .anchor = anchor,
				    .insecure = domains,
				    .timeout_ms = 10000 };
	struct got g = { .called = 0 };
	struct dns_valid *v = NULL;
	struct err err = ERR_INIT;

	snprintf(text, sizeof(text), "127.0.0.1:%d", named.port);
	assert_int_equal(dns_addr_parse(text, &to, &err), 0);
	assert_int_equal(dns_valid_new(loop, &o, &v, &err), 0);
	(void) dns_valid_ask(v, "a.bogus.example", DNS_TXT, over, &g);
	peer_run(loop, &g.called, 1);
	assert_state(&g, DNS_VALID_INSECURE);
	assert_int_equal(g.answers, 1);
	dns_valid_free(&v);
}

/* Nobody there: its own deadline, which libunbound has none of; and what it
 * still knows of may end later, or never. */
static void test_silence(void **state)
{
	int port = named_free_port(named.port + 1);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t) port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct got g = { .called = 0 }, none = { .called = 0 };
	struct dns_valid_ask *waits;
	struct dns_valid *v;
	char text[40];
	struct dns_addr to;
	struct dns_valid_opts o = { .servers = &to,
				    .n_servers = 1,
				    .timeout_ms = 300 };
	struct err err = ERR_INIT;

	assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%d", port);
	assert_int_equal(dns_addr_parse(text, &to, &err), 0);
	assert_int_equal(dns_valid_new(loop, &o, &v, &err), 0);
	waits = dns_valid_ask(v, "b.example", DNS_TXT, over, &none);
	(void) dns_valid_ask(v, "a.example", DNS_TXT, over, &g);
	assert_int_equal(loop_run(loop, 10, &err), 0);
	dns_valid_cancel(&waits);
	assert_null(waits);
	dns_valid_cancel(&waits);
	peer_run(loop, &g.called, 1);
	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.msg, "a.example TXT within 300 ms"));
	assert_int_equal(none.called, 0);
	dns_valid_free(&v);
	close(fd);
}

/* A refusal is no absence. */
static void test_refused(void **state)
{
	struct got g = ask(NULL, "elsewhere.test", DNS_TXT);

	assert_int_equal(g.err.kind, ERR_UNAVAILABLE);
}

static size_t tasks(void)
{
	DIR *d = opendir("/proc/self/task");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Neither a thread nor a child; freed with questions under way; the same
 * question twice. */
static void test_alone(void **state)
{
	struct dns_valid *v = make(anchor, named.port);
	struct got g[2] = { { .called = 0 } }, none = { .called = 0 };
	size_t before = tasks();

	for (size_t i = 0; i < 2; i++)
		(void) dns_valid_ask(v, "a.good.example", DNS_TXT, over, &g[i]);
	peer_run(loop, &g[0].called, 1);
	peer_run(loop, &g[1].called, 1);
	assert_state(&g[0], DNS_VALID_SECURE);
	assert_state(&g[1], DNS_VALID_SECURE);
	assert_int_equal(tasks(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* named alone */
	(void) dns_valid_ask(v, "a.plain.example", DNS_TXT, over, &none);
	(void) dns_valid_ask(v, "a.good.example", DNS_TXT, over, &none);
	dns_valid_free(&v);
	assert_int_equal(none.called, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_unchecked),
		cmocka_unit_test(test_anchor),
		cmocka_unit_test(test_insecure),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_alone),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
