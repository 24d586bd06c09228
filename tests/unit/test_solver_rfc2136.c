/* SPDX-License-Identifier: MIT */

/* dns-01 against BIND. Skipped where named is not installed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include "chall.h"
#include "clock.h"
#include "dns_peer.h"
#include "mem.h"
#include "named.h"
#include "scratch.h"

#define SECRET_224 "c2VjcmV0LW9mLXRoZS1obWFjLXNoYTIyNC1r"
#define SECRET_256 "c2VjcmV0LW9mLXRoZS1obWFjLXNoYTI1Ni1rZXk="
#define SECRET_384 "c2VjcmV0LW9mLXRoZS1obWFjLXNoYTM4NC1rZXkhIQ=="
#define SECRET_512 "c2VjcmV0LW9mLXRoZS1obWFjLXNoYTUxMi1rZXkgYWdhaW4="
#define SECRET_BAD "bm90LXRoZS1zZWNyZXQtdGhhdC10aGUtc2VydmVyLWhhcw=="

static struct named a, b; /* 127.0.0.1; its late secondary, another port */
static int port;
static bool running;

static void key_file(const struct named *n, const char *name,
		     const char *algorithm, const char *secret)
{
	char file[64];

	snprintf(file, sizeof(file), "%s.key", name);
	named_file(n, file,
		   "key \"%s\" {\n\talgorithm %s;\n\tsecret \"%s\";\n};\n",
		   name, algorithm, secret);
}

static const char *zone_head = "$TTL 60\n"
			       "@ IN SOA ns1.example.test. root.example.test. "
			       "1 1 1 600 60\n"
			       "@ IN NS ns1.example.test.\n";

static void zones(void)
{
	named_file(&a, "example.test.db",
		   "%s"
		   "ns1 IN A 127.0.0.1\n"
		   "_acme-challenge.alias IN CNAME one.example.test.\n"
		   "one IN CNAME two.example.test.\n"
		   "two IN CNAME alias.other.test.\n"
		   "_acme-challenge.loop IN CNAME loop2.other.test.\n"
		   "tree IN DNAME dn.other.test.\n"
		   "_acme-challenge.kept IN TXT \"somebody else's\"\n"
		   "_acme-challenge.hour 3600 IN TXT \"one\"\n"
		   "_acme-challenge.age 2147483647 IN TXT \"one\"\n"
		   "*.wild IN CNAME web.elsewhere.test.\n"
		   "*.near IN CNAME ns1.example.test.\n"
		   "*.a IN A 127.0.0.1\n"
		   "own.a IN A 127.0.0.1\n"
		   "*.own.a IN A 127.0.0.1\n"
		   "*.aaaa IN AAAA ::1\n"
		   "*.mx IN MX 10 ns1\n"
		   "*.mx IN TXT \"a wildcard's\"\n"
		   "*.txt 3600 IN TXT \"a wildcard's\"\n"
		   "_acme-challenge.to1 IN CNAME x.a\n"
		   "_acme-challenge.to2 IN CNAME x.aaaa\n"
		   "_acme-challenge.to3 IN CNAME x.mx\n"
		   "_acme-challenge.to4 IN CNAME x.near\n"
		   "_acme-challenge.to5 IN CNAME _proof.x.y.a\n"
		   "_acme-challenge.ok1 IN CNAME x.txt\n"
		   "_acme-challenge.ok2 IN CNAME _x.a\n"
		   "_acme-challenge.ok3 IN CNAME own.a\n"
		   "_acme-challenge.ok4 IN CNAME _x.own.a\n"
		   "sub IN NS ns1\n",
		   zone_head);
	named_file(&a, "other.test.db",
		   "%s%sloop2 IN CNAME _acme-challenge.loop.example.test.\n",
		   "$TTL 900\n@ IN SOA ns1.example.test. root.example.test. "
		   "1 1 1 600 1800\n",
		   "$TTL 60\n@ IN NS ns1.example.test.\n");
	named_file(&a, "plain.db", "%s", zone_head);
	for (int i = 0; i < 5; i++) {
		static const char *const sub[] = { "sub", "k224", "k512",
						   "some", "stuck" };
		char file[64];

		snprintf(file, sizeof(file), "%s.db", sub[i]);
		named_file(&a, file, "%s", zone_head);
	}
	named_file(&a, "k224.db", "%s%s",
		   "$TTL 3600\n@ IN SOA ns1.example.test. root.example.test. "
		   "1 1 1 600 1800\n",
		   "@ IN NS ns1.example.test.\n");
	named_file(&a, "two.test.db", "%s", zone_head);
}

static void conf_of(const struct named *n, const char *rest)
{
	named_file(n, "named.conf",
		   "options {\n"
		   "	directory \"%s\"; pid-file none; session-keyfile "
		   "none;\n"
		   "	listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; "
		   "};\n"
		   "	recursion no; dnssec-validation no; notify no; "
		   "querylog yes;\n"
		   "	empty-zones-enable no; allow-transfer { any; };\n"
		   "	min-refresh-time 1; max-refresh-time 1;\n"
		   "	min-retry-time 1; max-retry-time 1;\n"
		   "	tcp-clients 500;\n"
		   "};\n"
		   "controls { };\n"
		   "%s",
		   n->dir, n->port, rest);
}

static bool bring_up(void)
{
	char rest[4096];

	if (scratch_setup(NULL) != 0)
		return false;
	port = named_free_port(0);
	snprintf(a.dir, sizeof(a.dir), "%s/a", scratch_dir);
	snprintf(b.dir, sizeof(b.dir), "%s/b", scratch_dir);
	mkdir(a.dir, 0700);
	mkdir(b.dir, 0700);
	a.port = port;
	b.port = named_free_port(port + 1);
	key_file(&a, "k224", "hmac-sha224", SECRET_224);
	key_file(&a, "k256", "hmac-sha256", SECRET_256);
	key_file(&a, "k384", "hmac-sha384", SECRET_384);
	key_file(&a, "k512", "hmac-sha512", SECRET_512);
	zones();
	conf_of(&a,
		"include \"k224.key\"; include \"k256.key\";\n"
		"include \"k384.key\"; include \"k512.key\";\n"
		"zone example.test { type primary; file \"example.test.db\";\n"
		"	update-policy { grant k256 zonesub TXT; }; };\n"
		"zone sub.example.test { type primary; file \"sub.db\";\n"
		"	update-policy { grant k256 zonesub TXT; }; };\n"
		"zone other.test { type primary; file \"other.test.db\";\n"
		"	update-policy { grant k384 zonesub TXT; }; };\n"
		"zone k224.test { type primary; file \"k224.db\";\n"
		"	update-policy { grant k224 zonesub TXT; }; };\n"
		"zone k512.test { type primary; file \"k512.db\";\n"
		"	update-policy { grant k512 zonesub TXT; }; };\n"
		"zone two.test { type primary; file \"two.test.db\";\n"
		"	update-policy { grant k256 zonesub TXT; }; };\n"
		"zone stuck.test { type primary; file \"stuck.db\";\n"
		"	update-policy { grant k256 zonesub TXT; }; };\n"
		"zone some.test { type primary; file \"some.db\";\n"
		"	update-policy { deny * name "
		"_acme-challenge.n7.some.test;"
		" grant k256 zonesub TXT; }; };\n");
	named_file(&b, "stuck.db", "%s", zone_head);
	snprintf(rest, sizeof(rest),
		 "zone stuck.test { type primary; file \"stuck.db\"; };\n"
		 "zone two.test { type secondary; file \"two.bak\";\n"
		 "	primaries { 127.0.0.1 port %d; }; };\n",
		 port);
	conf_of(&b, rest);
	/* keys we have and the server does not, or not so */
	named_file(&a, "unknown.key",
		   "key unknown { algorithm hmac-sha256; secret \"%s\"; };",
		   SECRET_256);
	named_file(&a, "bad.key",
		   "key k256 { algorithm hmac-sha256; secret \"%s\"; };",
		   SECRET_BAD);
	return named_start(&a) && named_start(&b);
}

static int setup(void **state)
{
	running = bring_up();
	if (running)
		dns_addr_port_for_test((uint16_t) port);
	else if (access("/usr/sbin/named", X_OK) == 0)
		return -1;
	return 0;
}

static int teardown(void **state)
{
	named_stop(&b);
	named_stop(&a);
	return getenv("KEEP") ? 0 : scratch_teardown(state);
}

/* --- a configuration --- */

struct world {
	char text[40][300];
	size_t n_text;
	struct proof_zone zone[8];
	void *zone_v[8];
	struct proof_dns dns;
	struct certrepo_conf conf;
	const char *resolver[2];
	struct loop *loop;
	struct chall_ctx *ctx;
};

static const char *PRINTF_LIKE(2, 3) text(struct world *w, const char *fmt, ...)
{
	char *p = w->text[w->n_text++];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p, sizeof(w->text[0]), fmt, ap);
	va_end(ap);
	return p;
}

static struct proof_zone *add_zone(struct world *w, const char *zone,
				   const char *key)
{
	struct proof_zone *z = &w->zone[w->dns.zones.n];

	z->zone = zone;
	if (key)
		z->key_file = text(w, "%s/%s.key", a.dir, key);
	w->zone_v[w->dns.zones.n++] = z;
	return z;
}

static struct world *world_new(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct err err = ERR_INIT;

	w->conf.proof.dns = &w->dns;
	w->dns.zones.v = w->zone_v;
	w->resolver[0] = text(w, "127.0.0.1:%d", port);
	w->dns.resolvers = (struct conf_strings){ w->resolver, 1 };
	w->dns.ttl = 60;
	w->dns.timeout = 2;
	w->dns.ready_timeout = 10;
	w->dns.unreachable_grace = 1;
	w->dns.key_file = text(w, "%s/k256.key", a.dir);
	assert_int_equal(loop_new(&w->loop, &err), 0);
	assert_int_equal(chall_ctx_new(&w->conf, w->loop, &w->ctx, &err), 0);
	return w;
}

static void world_free(struct world *w)
{
	chall_ctx_free(&w->ctx);
	loop_free(&w->loop);
	free(w);
}

/* --- running solutions --- */

struct run {
	struct chall *c;
	int called;
	struct err err;
};

static void over(struct chall *c, const struct err *err, void *arg)
{
	struct run *r = arg;

	r->called++;
	r->err = err ? *err : (struct err) ERR_INIT;
}

static void begin(struct world *w, struct run *r, const char *identifier,
		  const char *token)
{
	struct chall_req req = { .type = proof_type_find("dns-01"),
				 .name = identifier,
				 .owner = "test",
				 .identifier = identifier,
				 .token = token,
				 .thumbprint = "thumb" };
	struct err err = ERR_INIT;

	memset(r, 0, sizeof(*r));
	if (chall_new(w->ctx, &req, over, r, &r->c, &err) == -1)
		fail_msg("%s", err.msg);
}

/* Run a step of N solutions to its end. */
static void step_all(struct world *w, struct run *r, size_t n,
		     void (*step)(struct chall *c))
{
	int64_t end = clock_mono_ms() + 30000;
	struct err err = ERR_INIT;
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		r[i].called = 0;
		r[i].err = (struct err) ERR_INIT;
		step(r[i].c);
		assert_int_equal(r[i].called, 0);
	}
	while (done < n) {
		assert_true(clock_mono_ms() < end);
		assert_int_equal(loop_run(w->loop, 1000, &err), 0);
		done = 0;
		for (size_t i = 0; i < n; i++)
			done += r[i].called > 0;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(r[i].called, 1);
}

static void step_ok(struct world *w, struct run *r,
		    void (*step)(struct chall *))
{
	step_all(w, r, 1, step);
	if (r->err.kind != ERR_NONE)
		fail_msg("%s", r->err.msg);
}

static void step_fails(struct world *w, struct run *r,
		       void (*step)(struct chall *), enum err_kind kind,
		       const char *has)
{
	step_all(w, r, 1, step);
	if (r->err.kind != kind || !strstr(r->err.msg, has))
		fail_msg("kind %d: %s", r->err.kind, r->err.msg);
}

/* TXT records at NAME: exactly these lines (dig quotes them). */
static void assert_txt(const struct named *n, const char *name,
		       const char *want)
{
	char buf[4096];

	assert_string_equal(named_dig(n, name, "TXT", buf, sizeof(buf)), want);
}

/* base64url(SHA-256(TOKEN.thumb)), by openssl(1) */
static const char *value_of(const char *token, char buf[64])
{
	char cmd[300];
	FILE *f;

	snprintf(cmd, sizeof(cmd),
		 "printf %%s %s.thumb | openssl dgst -sha256 -binary | "
		 "openssl base64 | tr -d '=\\n' | tr '+/' '-_'",
		 token);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_non_null(fgets(buf, 64, f));
	pclose(f);
	return buf;
}

/* All four steps, with a look by dig after each change. */
static void whole(struct world *w, const char *identifier, const char *owner,
		  const char *zone)
{
	struct run r;
	char value[64], line[80];

	begin(w, &r, identifier, "tok-1");
	step_ok(w, &r, chall_locate);
	assert_string_equal(chall_proof(r.c)->owner, owner);
	assert_string_equal(chall_proof(r.c)->zone, zone);
	assert_string_equal(chall_proof(r.c)->value, value_of("tok-1", value));
	assert_txt(&a, owner, "");
	step_ok(w, &r, chall_prepare);
	snprintf(line, sizeof(line), "\"%s\"\n", value);
	assert_txt(&a, owner, line);
	step_ok(w, &r, chall_ready);
	step_ok(w, &r, chall_clean);
	assert_txt(&a, owner, "");
	/* once more changes nothing */
	step_ok(w, &r, chall_clean);
	chall_free(&r.c);
}

#define NEED_NAMED              \
	do {                    \
		if (!running)   \
			skip(); \
	} while (0)

/* --- tests --- */

static void test_algorithms(void **state)
{
	static const char *const alg[] = { "k224", "k512" };

	NEED_NAMED;
	for (int i = 0; i < 2; i++) {
		struct world *w = world_new();
		char id[40], owner[60], zone[30];

		snprintf(zone, sizeof(zone), "%s.test", alg[i]);
		snprintf(id, sizeof(id), "www.%s", zone);
		snprintf(owner, sizeof(owner), "_acme-challenge.%s", id);
		add_zone(w, zone, alg[i]);
		whole(w, id, owner, zone);
		world_free(w);
	}
}

static void test_default_key_and_discovery(void **state)
{
	struct world *w;

	NEED_NAMED;
	/* nothing configured but the resolver and the key */
	w = world_new();
	whole(w, "WWW.Example.test", "_acme-challenge.www.example.test",
	      "example.test");
	/* a sub-zone with an SOA of its own */
	whole(w, "www.sub.example.test", "_acme-challenge.www.sub.example.test",
	      "sub.example.test");
	world_free(w);
}

static void test_configured_parent(void **state)
{
	struct proof_zone *z;
	struct world *w;

	NEED_NAMED;
	w = world_new();
	z = add_zone(w, "example.test", "k256");
	z->server = w->resolver[0];
	z->check = w->dns.resolvers;
	w->dns.key_file = NULL;
	whole(w, "sub.example.test", "_acme-challenge.sub.example.test",
	      "sub.example.test");
	world_free(w);
}

/* k384 belongs to other.test, k256 to example.test. */
static void test_cname_and_dname(void **state)
{
	struct world *w;

	NEED_NAMED;
	w = world_new();
	add_zone(w, "other.test", "k384");
	whole(w, "alias.example.test", "alias.other.test", "other.test");
	whole(w, "www.tree.example.test", "_acme-challenge.www.dn.other.test",
	      "other.test");
	world_free(w);
}

/* A name is an alias only because a wildcard makes all of them one. */
static void test_wildcard_cname(void **state)
{
	static const char *const ids[] = { "www.wild.example.test",
					   "www.near.example.test" };
	char owner[80], value[64], line[80];
	struct world *w;
	struct run r;

	NEED_NAMED;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		w = world_new();
		add_zone(w, "example.test", "k256")->server = w->resolver[0];
		snprintf(owner, sizeof(owner), "_acme-challenge.%s", ids[i]);
		snprintf(line, sizeof(line), "\"%s\"\n",
			 value_of("wild", value));
		begin(w, &r, ids[i], "wild");
		step_ok(w, &r, chall_locate);
		assert_string_equal(chall_proof(r.c)->owner, owner);
		assert_string_equal(chall_proof(r.c)->zone, "example.test");
		step_ok(w, &r, chall_prepare);
		assert_txt(&a, owner, line);
		step_ok(w, &r, chall_ready);
		step_ok(w, &r, chall_clean);
		chall_free(&r.c);
		world_free(w);
	}
}

static const char *dig_a(const char *name, char buf[4096])
{
	return named_dig(&a, name, "A", buf, 4096);
}

/* A name that only a wildcard serves is gone as long as a proof is at it, or
 * below it (RFC 4592 section 2.2.2). */
static void test_names_of_a_wildcard(void **state)
{
	static const struct {
		const char *id, *says;
	} cases[] = {
		{ "to1.example.test",
		  "_acme-challenge.to1.example.test leads to x.a.example.test "
		  "in zone example.test, and a wildcard there, which serves "
		  "x.a.example.test now, would not while the proof is there: "
		  "let it lead to a name that no host has, such as "
		  "_to1-example-test.example.test" },
		{ "to2.example.test", "which serves x.aaaa.example.test now" },
		{ "to3.example.test", "which serves x.mx.example.test now" },
		{ "to4.example.test", "which serves x.near.example.test now" },
		{ "to5.example.test", "which serves x.y.a.example.test now" },
		{ "ok1.example.test", NULL },
		{ "ok2.example.test", NULL },
		{ "ok3.example.test", NULL },
		{ "ok4.example.test", NULL },
	};
	struct world *w;
	struct run r;
	char buf[4096];

	NEED_NAMED;
	assert_string_equal(dig_a("x.a.example.test", buf), "127.0.0.1\n");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		w = world_new();
		add_zone(w, "example.test", "k256")->server = w->resolver[0];
		begin(w, &r, cases[i].id, "t");
		if (cases[i].says) {
			step_fails(w, &r, chall_locate, ERR_CONFIG,
				   cases[i].says);
		} else {
			step_ok(w, &r, chall_locate);
			step_ok(w, &r, chall_prepare);
			assert_string_equal(dig_a("own.a.example.test", buf),
					    "127.0.0.1\n");
			assert_string_equal(dig_a("x.own.a.example.test", buf),
					    "127.0.0.1\n");
			assert_string_equal(dig_a("x.a.example.test", buf),
					    "127.0.0.1\n");
		}
		step_ok(w, &r, chall_clean);
		chall_free(&r.c);
		world_free(w);
	}
}

/* The name itself: whoever made it a wildcard's is told. */
static void test_own_name_of_a_wildcard(void **state)
{
	int old = dup(STDERR_FILENO);
	int fd = open(scratch("stderr"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char said[4096] = "", buf[4096];
	struct world *w;
	struct run r;

	NEED_NAMED;
	assert_true(old != -1 && fd != -1);
	w = world_new();
	add_zone(w, "example.test", "k256")->server = w->resolver[0];
	dup2(fd, STDERR_FILENO);
	begin(w, &r, "www.a.example.test", "t");
	step_ok(w, &r, chall_locate);
	dup2(old, STDERR_FILENO);
	close(old);
	assert_true(pread(fd, said, sizeof(said) - 1, 0) > 0);
	close(fd);
	if (!strstr(said,
		    "www.a.example.test is served by a wildcard of zone "
		    "example.test only, and not while its proof is at "
		    "_acme-challenge.www.a.example.test: give it a record "
		    "of its own"))
		fail_msg("%s", said);
	assert_string_equal(dig_a("www.a.example.test", buf), "127.0.0.1\n");
	step_ok(w, &r, chall_prepare);
	assert_string_equal(dig_a("www.a.example.test", buf), "");
	step_ok(w, &r, chall_clean);
	assert_string_equal(dig_a("www.a.example.test", buf), "127.0.0.1\n");
	chall_free(&r.c);
	world_free(w);
}

/* The records that are there keep their time to live. */
static void assert_ttls(const char *name, const char *want)
{
	char cmd[300], got[100] = "";
	FILE *f;

	snprintf(cmd, sizeof(cmd),
		 "dig +noall +answer +norecurse @127.0.0.1 -p %d TXT %s | "
		 "awk '{ printf \"%%s \", $2 }'",
		 port, name);
	f = popen(cmd, "r");
	assert_non_null(f);
	(void) !fgets(got, sizeof(got), f);
	pclose(f);
	assert_string_equal(got, want);
}

static void test_ttl_of_the_set(void **state)
{
	static const char *const cases[][2] = {
		{ "hour.example.test", "3600 3600 " },
		{ "age.example.test", "86400 86400 " },
		/* a wildcard's is no set of the name's own */
		{ "www.txt.example.test", "60 " },
		{ "www.mx.example.test", "60 " },
	};
	char owner[80];
	struct world *w;
	struct run r;

	NEED_NAMED;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		w = world_new();
		begin(w, &r, cases[i][0], "t");
		step_ok(w, &r, chall_locate);
		step_ok(w, &r, chall_prepare);
		snprintf(owner, sizeof(owner), "_acme-challenge.%s",
			 cases[i][0]);
		assert_ttls(owner, cases[i][1]);
		step_ok(w, &r, chall_clean);
		chall_free(&r.c);
		world_free(w);
	}
}

static void refused(struct world *w, const char *identifier, enum err_kind kind,
		    const char *has, bool in_doubt);

/* One server, a view for inside and one for outside, which the key sees. */
static bool start_split(struct named *c)
{
	snprintf(c->dir, sizeof(c->dir), "%s/c", scratch_dir);
	mkdir(c->dir, 0700);
	c->port = named_free_port(b.port + 1);
	key_file(c, "k256", "hmac-sha256", SECRET_256);
	named_file(c, "in.db", "%s", zone_head);
	named_file(c, "out.db", "%s", zone_head);
	named_file(c, "rndc.conf",
		   "include \"%s/k256.key\";\noptions { default-key k256;\n"
		   "default-server 127.0.0.1; default-port %d; };\n",
		   c->dir, named_free_port(c->port + 1));
	named_file(c, "named.conf",
		   "options { directory \"%s\"; pid-file none; recursion no;\n"
		   "session-keyfile none; listen-on-v6 { none; };\n"
		   "listen-on port %d { 127.0.0.1; }; notify no;\n"
		   "dnssec-validation no; empty-zones-enable no; };\n"
		   "include \"k256.key\";\n"
		   "controls { inet 127.0.0.1 port %d allow { any; } keys { "
		   "k256; }; };\n"
		   "view out { match-clients { key k256; };\n"
		   "zone split.test { type primary; file \"out.db\";\n"
		   "update-policy { grant k256 zonesub TXT; }; }; };\n"
		   "view in { match-clients { any; };\n"
		   "zone split.test { type primary; file \"in.db\"; }; };\n",
		   c->dir, c->port, named_free_port(c->port + 1));
	return named_start(c);
}

static void test_split_horizon(void **state)
{
	struct proof_zone *z;
	const char *check[1];
	struct named c = { .pid = 0 };
	struct world *w;
	struct run r;
	char cmd[600];

	NEED_NAMED;
	assert_true(start_split(&c));
	for (int i = 0; i < 2; i++) {
		w = world_new();
		w->dns.ready_timeout = 1;
		z = add_zone(w, "split.test", "k256");
		check[0] = z->server = text(w, "127.0.0.1:%d", c.port);
		z->check = (struct conf_strings){ check, 1 };
		z->check_signed = i;
		begin(w, &r, "www.split.test", "t");
		step_ok(w, &r, chall_locate);
		step_ok(w, &r, chall_prepare);
		if (z->check_signed)
			step_ok(w, &r, chall_ready);
		else
			step_fails(w, &r, chall_ready, ERR_TIMEOUT, "NXDOMAIN");
		/* it is the zone's own server that says so */
		assert_false(chall_saw_none(r.c));
		step_ok(w, &r, chall_clean);
		chall_free(&r.c);
		world_free(w);
	}
	/* while somebody edits the file */
	snprintf(cmd, sizeof(cmd),
		 "rndc -c %s/rndc.conf freeze split.test IN out 2>&1", c.dir);
	assert_int_equal(system(cmd), 0);
	w = world_new();
	z = add_zone(w, "split.test", "k256");
	check[0] = z->server = text(w, "127.0.0.1:%d", c.port);
	z->check = (struct conf_strings){ check, 1 };
	refused(w, "www.split.test", ERR_CONFIG, "frozen", false);
	named_stop(&c);
}

/* How long an absence is remembered is said by the zone at the end of the
 * path: the smaller of the TTL of its SOA and its MINIMUM. */
static void test_negative_ttl(void **state)
{
	static const struct {
		const char *name;
		int64_t want;
	} cases[] = {
		{ "www.example.test", 60 },
		{ "alias.example.test", 900 }, /* the TTL */
		{ "www.k224.test", 1800 },     /* the MINIMUM */
		{ "kept.example.test", 60 },   /* its answer has no SOA */
	};
	struct world *w;
	struct run r;

	NEED_NAMED;
	w = world_new();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(w, &r, cases[i].name, "t");
		assert_int_equal(chall_negative_ttl(r.c), 0);
		step_ok(w, &r, chall_locate);
		if (chall_negative_ttl(r.c) != cases[i].want)
			fail_msg("%s: %lld", cases[i].name,
				 (long long) chall_negative_ttl(r.c));
		assert_false(chall_saw_none(r.c));
		chall_free(&r.c);
	}
	world_free(w);
}

static void test_circle(void **state)
{
	struct world *w;
	struct run r;

	NEED_NAMED;
	w = world_new();
	begin(w, &r, "loop.example.test", "t");
	step_fails(w, &r, chall_locate, ERR_CONFIG, "circle");
	/* nothing to remove, and no harm in trying */
	step_ok(w, &r, chall_clean);
	chall_free(&r.c);
	world_free(w);
}

static void test_two_values_and_a_strangers(void **state)
{
	struct world *w;
	struct run r[2];
	char one[64], two[64], want[200], got[4096];

	NEED_NAMED;
	w = world_new();
	begin(w, &r[0], "kept.example.test", "wild");
	begin(w, &r[1], "kept.example.test", "apex");
	step_all(w, r, 2, chall_locate);
	step_all(w, r, 2, chall_prepare);
	step_all(w, r, 2, chall_ready);
	assert_int_equal(r[0].err.kind, ERR_NONE);
	assert_int_equal(r[1].err.kind, ERR_NONE);
	named_dig(&a, "_acme-challenge.kept.example.test", "TXT", got,
		  sizeof(got));
	assert_non_null(strstr(got, value_of("wild", one)));
	assert_non_null(strstr(got, value_of("apex", two)));
	step_ok(w, &r[0], chall_clean);
	named_dig(&a, "_acme-challenge.kept.example.test", "TXT", got,
		  sizeof(got));
	assert_null(strstr(got, one));
	assert_non_null(strstr(got, two));
	step_ok(w, &r[1], chall_clean);
	snprintf(want, sizeof(want), "\"somebody else's\"\n");
	assert_txt(&a, "_acme-challenge.kept.example.test", want);
	chall_free(&r[0].c);
	chall_free(&r[1].c);
	world_free(w);
}

/* The second server asks the first for news each second. */
static void test_late_secondary_blocks(void **state)
{
	struct world *w;
	struct run r;
	const char *check[2];
	char value[64], line[80];

	NEED_NAMED;
	w = world_new();
	check[0] = w->resolver[0];
	check[1] = text(w, "127.0.0.1:%d", b.port);
	add_zone(w, "two.test", "k256")->check =
		(struct conf_strings){ check, 2 };
	begin(w, &r, "www.two.test", "late");
	step_ok(w, &r, chall_locate);
	step_ok(w, &r, chall_prepare);
	step_ok(w, &r, chall_ready);
	snprintf(line, sizeof(line), "\"%s\"\n", value_of("late", value));
	assert_txt(&b, "_acme-challenge.www.two.test", line);
	step_ok(w, &r, chall_clean);
	chall_free(&r.c);
	world_free(w);
}

static void test_never_ready(void **state)
{
	const char *check[2];
	struct proof_zone *z;
	struct world *w;
	struct run r;

	NEED_NAMED;
	w = world_new();
	w->dns.ready_timeout = 1;
	z = add_zone(w, "stuck.test", "k256");
	/* the other server has a copy of its own */
	check[0] = w->resolver[0];
	check[1] = text(w, "127.0.0.1:%d", b.port);
	z->check = (struct conf_strings){ check, 2 };
	begin(w, &r, "never.stuck.test", "t");
	step_ok(w, &r, chall_locate);
	step_ok(w, &r, chall_prepare);
	step_fails(w, &r, chall_ready, ERR_TIMEOUT, check[1]);
	assert_non_null(strstr(r.err.msg, "NXDOMAIN"));
	step_ok(w, &r, chall_clean);
	chall_free(&r.c);
	world_free(w);
}

/* One that does not have the zone is no server of it. */
static void test_lame_is_left_out(void **state)
{
	const char *check[2];
	struct proof_zone *z;
	struct world *w;
	struct run r;

	NEED_NAMED;
	w = world_new();
	z = add_zone(w, "example.test", "k256");
	check[0] = w->resolver[0];
	check[1] = text(w, "127.0.0.1:%d", b.port);
	z->check = (struct conf_strings){ check, 2 };
	begin(w, &r, "lame.example.test", "t");
	step_ok(w, &r, chall_locate);
	step_ok(w, &r, chall_prepare);
	step_ok(w, &r, chall_ready);
	step_ok(w, &r, chall_clean);
	chall_free(&r.c);
	world_free(w);
}

static void test_unreachable_is_left_out(void **state)
{
	const char *check[2];
	struct proof_zone *z;
	struct world *w;
	struct run r;
	int64_t before;

	NEED_NAMED;
	w = world_new();
	z = add_zone(w, "example.test", "k256");
	check[0] = "127.0.0.3:9"; /* nobody there */
	check[1] = w->resolver[0];
	z->check = (struct conf_strings){ check, 2 };
	begin(w, &r, "away.example.test", "t");
	step_ok(w, &r, chall_locate);
	step_ok(w, &r, chall_prepare);
	before = clock_mono_ms();
	step_ok(w, &r, chall_ready);
	/* the grace is one second */
	assert_in_range(clock_mono_ms() - before, 950, 3000);
	/* none at all is another matter */
	z->check.n = 1;
	chall_free(&r.c);
	world_free(w);

	w = world_new();
	z = add_zone(w, "example.test", "k256");
	z->check = (struct conf_strings){ check, 1 };
	begin(w, &r, "away.example.test", "t");
	step_ok(w, &r, chall_locate);
	step_fails(w, &r, chall_ready, ERR_UNAVAILABLE, "127.0.0.3:9");
	step_ok(w, &r, chall_clean);
	chall_free(&r.c);
	world_free(w);
}

/* IN_DOUBT: the answer is not signed, so that it may have been put there. */
static void refused(struct world *w, const char *identifier, enum err_kind kind,
		    const char *has, bool in_doubt)
{
	struct run r;

	begin(w, &r, identifier, "t");
	step_ok(w, &r, chall_locate);
	step_fails(w, &r, chall_prepare, kind, has);
	/* nothing was put there, so there is nothing to remove */
	if (in_doubt)
		step_fails(w, &r, chall_clean, kind, has);
	else
		step_ok(w, &r, chall_clean);
	chall_free(&r.c);
	world_free(w);
}

static void test_refusals(void **state)
{
	struct proof_zone *z;
	struct world *w;
	struct run r;

	NEED_NAMED;
	w = world_new();
	add_zone(w, "example.test", "unknown");
	refused(w, "www.example.test", ERR_UNAVAILABLE, "BADKEY", true);

	w = world_new();
	add_zone(w, "example.test", "bad");
	refused(w, "www.example.test", ERR_UNAVAILABLE, "BADSIG", true);

	w = world_new();
	add_zone(w, "example.test", "k512");
	refused(w, "www.example.test", ERR_CONFIG, "REFUSED", false);

	w = world_new();
	z = add_zone(w, "two.test", "k256");
	z->server = "127.0.0.3:9";
	refused(w, "www.two.test", ERR_UNAVAILABLE, "127.0.0.3", false);

	/* a zone only the configuration knows of */
	w = world_new();
	z = add_zone(w, "www.example.test", "k256");
	z->server = w->resolver[0];
	z->check = w->dns.resolvers;
	refused(w, "www.example.test", ERR_CONFIG, "NOTAUTH", false);

	w = world_new();
	w->dns.key_file = NULL;
	begin(w, &r, "www.example.test", "t");
	step_fails(w, &r, chall_locate, ERR_CONFIG,
		   "no TSIG key for zone "
		   "example.test");
	chall_free(&r.c);
	world_free(w);

	w = world_new();
	w->dns.key_file = "/nonexistent/key";
	begin(w, &r, "www.example.test", "t");
	step_fails(w, &r, chall_locate, ERR_CONFIG, "/nonexistent/key");
	chall_free(&r.c);
	world_free(w);

	w = world_new();
	begin(w, &r, "www.nowhere.invalid", "t");
	step_fails(w, &r, chall_locate, ERR_UNAVAILABLE, "nowhere.invalid");
	chall_free(&r.c);
	world_free(w);
}

/* The true answer of BIND to an UPDATE, by TCP. */
static size_t ask_bind(const unsigned char *q, size_t n, unsigned char *out)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t) port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned char head[2];
	size_t size;

	assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof(to)), 0);
	dns_put16(head, (unsigned) n);
	assert_int_equal(send(fd, head, 2, MSG_MORE), 2);
	assert_int_equal(send(fd, q, n, 0), n);
	assert_int_equal(recv(fd, head, 2, MSG_WAITALL), 2);
	size = dns_get16(head);
	assert_int_equal(recv(fd, out, size, MSG_WAITALL), size);
	close(fd);
	return size;
}

/* Somebody on the way lets everything through, and says once that it was
 * refused. */
static size_t on_the_way(struct peer *p, const unsigned char *q, size_t n,
			 bool tcp, unsigned char *out)
{
	size_t size = ask_bind(q, n, out);

	if (!tcp || p->n_tcp > 1)
		return size;
	assert_int_equal(out[3] & 0x0f, DNS_NOERROR);
	memcpy(out, q, DNS_HEADER);
	out[2] |= 0x80;
	out[3] = DNS_REFUSED;
	memset(out + 4, 0, 8);
	return DNS_HEADER;
}

static void test_forged_refusal(void **state)
{
	static const char name[] = "_acme-challenge.forged.example.test";
	char address[DNS_ADDR_TEXT], value[64], line[80];
	struct proof_zone *z;
	struct peer peer;
	struct world *w;
	struct run r;

	NEED_NAMED;
	w = world_new();
	peer_open(&peer, w->loop, "127.0.0.1", 0, on_the_way);
	z = add_zone(w, "example.test", "k256");
	z->server = dns_addr_text(&peer.addr, address);
	z->check = w->dns.resolvers;
	begin(w, &r, "forged.example.test", "t");
	step_ok(w, &r, chall_locate);
	step_fails(w, &r, chall_prepare, ERR_CONFIG, "does not sign that");
	snprintf(line, sizeof(line), "\"%s\"\n", value_of("t", value));
	assert_txt(&a, name, line);
	step_ok(w, &r, chall_clean);
	assert_txt(&a, name, "");
	chall_free(&r.c);
	peer_close(&peer);
	world_free(w);
}

static void test_clocks_differ(void **state)
{
	struct world *w;

	NEED_NAMED;
	w = world_new();
	clock_set_for_test((int64_t) time(NULL) - 4000);
	refused(w, "www.example.test", ERR_UNAVAILABLE, "BADTIME", false);
	clock_set_for_test(-1);
}

static void test_one_bad_name_fails_alone(void **state)
{
	struct world *w;
	struct run r[20];
	char id[40];

	NEED_NAMED;
	w = world_new();
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "n%d.some.test", i);
		begin(w, &r[i], id, "t");
	}
	step_all(w, r, 20, chall_locate);
	step_all(w, r, 20, chall_prepare);
	for (int i = 0; i < 20; i++)
		assert_int_equal(r[i].err.kind, i == 7 ? ERR_CONFIG : ERR_NONE);
	assert_non_null(strstr(r[7].err.msg, "_acme-challenge.n7.some.test"));
	for (int i = 0; i < 20; i++)
		chall_free(&r[i].c);
	world_free(w);
}

static long query_count(const char *what)
{
	char cmd[500];
	long n = -1;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "grep -c '%s' %s/named.log", what, a.dir);
	f = popen(cmd, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &n), 1);
	pclose(f);
	return n;
}

static long serial(void)
{
	char buf[400], *p = buf;

	named_dig(&a, "example.test", "SOA", buf, sizeof(buf));
	p = strchr(buf, ' ');
	assert_non_null(p);
	return strtol(strchr(p + 1, ' '), NULL, 10);
}

static void test_a_hundred(void **state)
{
	static struct run r[100];
	struct world *w;
	char id[40];
	long queries, before;
	int64_t t;

	NEED_NAMED;
	w = world_new();
	queries = query_count("ns1.example.test IN A ");
	before = serial();
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "h%d.example.test", i);
		begin(w, &r[i], id, "t");
	}
	t = clock_mono_ms();
	step_all(w, r, 100, chall_locate);
	print_message("# 100 located after %d ms\n",
		      (int) (clock_mono_ms() - t));
	step_all(w, r, 100, chall_prepare);
	print_message("# 100 prepared after %d ms\n",
		      (int) (clock_mono_ms() - t));
	step_all(w, r, 100, chall_ready);
	print_message("# 100 ready after %d ms\n", (int) (clock_mono_ms() - t));
	for (int i = 0; i < 100; i++)
		assert_int_equal(r[i].err.kind, ERR_NONE);
	/* one look-up for all (the resolver's, as a server of the zone, and
	 * as its primary), one UPDATE for all */
	assert_in_range(query_count("ns1.example.test IN A ") - queries, 1, 3);
	assert_in_range(serial() - before, 1, 2);
	step_all(w, r, 100, chall_clean);
	print_message("# 100 cleaned after %d ms\n",
		      (int) (clock_mono_ms() - t));
	assert_in_range(serial() - before, 2, 4);
	for (int i = 0; i < 100; i++)
		chall_free(&r[i].c);
	world_free(w);
}

static void test_proof_of_a_killed_run(void **state)
{
	struct store_proof proof;
	struct err err = ERR_INIT;
	struct run r, again = { .c = NULL };
	struct world *w, *later;

	NEED_NAMED;
	w = world_new();
	begin(w, &r, "killed.example.test", "t");
	step_ok(w, &r, chall_locate);
	step_ok(w, &r, chall_prepare);
	proof = *chall_proof(r.c);
	later = world_new();
	assert_int_equal(chall_from_proof(later->ctx, &proof, over, &again,
					  &again.c, &err),
			 0);
	step_ok(later, &again, chall_clean);
	assert_txt(&a, "_acme-challenge.killed.example.test", "");
	chall_free(&again.c);
	/* A row that was tampered with must not cost others their records. */
	proof.value = "v=spf1 -all";
	assert_int_equal(chall_from_proof(later->ctx, &proof, over, &again,
					  &again.c, &err),
			 -1);
	assert_int_equal(err.kind, ERR_INPUT);
	chall_free(&r.c);
	world_free(later);
	world_free(w);
}

/* Its server is a wrong one, or is gone: the present one removes it. */
static void test_proof_at_another_server(void **state)
{
	static const char *const server[] = { "127.0.0.3:9", "no address", "" };
	struct store_proof proof;
	struct err err = ERR_INIT;
	struct run r, again = { .c = NULL };
	struct proof_zone *z;
	struct world *w, *later;

	NEED_NAMED;
	for (size_t i = 0; i < ARRAY_LEN(server); i++) {
		w = world_new();
		begin(w, &r, "moved.example.test", "t");
		step_ok(w, &r, chall_locate);
		step_ok(w, &r, chall_prepare);
		proof = *chall_proof(r.c);
		proof.server = server[i];
		later = world_new();
		z = add_zone(later, "example.test", "k256");
		z->server = i == 0 ? later->resolver[0] : NULL;
		assert_int_equal(chall_from_proof(later->ctx, &proof, over,
						  &again, &again.c, &err),
				 0);
		step_ok(later, &again, chall_clean);
		assert_txt(&a, "_acme-challenge.moved.example.test", "");
		chall_free(&again.c);
		chall_free(&r.c);
		world_free(later);
		world_free(w);
	}
}

/* The command for a person removes the one value, by nsupdate. */
static void test_by_hand(void **state)
{
	static const char one[] = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecweYgAcGC8M";
	struct store_proof p = { .type = "dns-01",
				 .zone = "example.test",
				 .server = "192.0.2.66",
				 .owner = "_acme-challenge.kept.example.test",
				 .value = one };
	struct arena *arena = arena_new();
	char value[64], got[4096];
	const char *command;
	struct world *w;
	struct run r[2];

	NEED_NAMED;
	w = world_new();
	add_zone(w, "example.test", "k256")->server = w->resolver[0];
	begin(w, &r[0], "kept.example.test", "first");
	begin(w, &r[1], "kept.example.test", "second");
	step_all(w, r, 2, chall_locate);
	step_all(w, r, 2, chall_prepare);
	command = chall_by_hand(&w->conf, chall_proof(r[0].c), arena);
	assert_non_null(command);
	assert_null(strchr(command, '\n'));
	assert_int_equal(system(command), 0);
	named_dig(&a, "_acme-challenge.kept.example.test", "TXT", got,
		  sizeof(got));
	assert_null(strstr(got, value_of("first", value)));
	assert_non_null(strstr(got, value_of("second", value)));
	assert_non_null(strstr(got, "somebody else's"));
	assert_string_equal(chall_what(chall_proof(r[1].c), arena),
			    "TXT \"qGyx2dotQwWWiZh2RagUBmdrejMxV86bS5Xm1PNABbc"
			    "\" at _acme-challenge.kept.example.test");
	step_ok(w, &r[1], chall_clean);
	/* of a row that is anybody's: nothing of it is run, and no server that
	 * it names is asked */
	assert_non_null(chall_by_hand(&w->conf, &p, arena));
	assert_null(strstr(chall_by_hand(&w->conf, &p, arena), "192.0.2.66"));
	p.value = "LPJNul-wow4m6DsqxbninhsWHlwfp0Je'`reboot`'M";
	assert_null(chall_by_hand(&w->conf, &p, arena));
	p.value = one;
	p.owner = "'$(reboot)'.example.test";
	assert_null(chall_by_hand(&w->conf, &p, arena));
	assert_string_equal(chall_what(&p, arena),
			    "TXT \"LPJNul-wow4m6DsqxbninhsWHlwfp0JecweYgAcGC8M"
			    "\" at \"'$(reboot)'.example.test\"");
	p.owner = "_acme-challenge.kept.elsewhere.test";
	assert_null(chall_by_hand(&w->conf, &p, arena));
	p.zone = "elsewhere.test";
	assert_null(chall_by_hand(&w->conf, &p, arena));
	w->dns.any_zone = true;
	assert_non_null(chall_by_hand(&w->conf, &p, arena));
	p.type = "none-01";
	assert_null(chall_by_hand(&w->conf, &p, arena));
	chall_free(&r[0].c);
	chall_free(&r[1].c);
	world_free(w);
	arena_free(&arena);
}

/* What is signed goes where the configuration leads, never where a row says. */
static size_t hears(struct peer *p, const unsigned char *q, size_t n, bool tcp,
		    unsigned char *out)
{
	(*(int *) p->arg)++;
	return 0;
}

/* A row of OWNER in ZONE, its server one that listens: how it is removed. */
static enum err_kind remove_row(struct world *w, const char *zone,
				const char *owner, struct err *ret)
{
	static const char value[] = "LPJNul-wow4m6DsqxbninhsWHlwfp0Jecwe"
				    "YgAcGC8M";
	char address[DNS_ADDR_TEXT];
	struct store_proof proof = { .id = "1",
				     .name = "x",
				     .lease_owner = "test",
				     .type = "dns-01",
				     .zone = zone,
				     .owner = owner,
				     .value = value };
	struct run r = { .c = NULL };
	struct peer peer;
	int heard = 0;

	peer_open(&peer, w->loop, "127.0.0.1", 0, hears);
	peer.arg = &heard;
	proof.server = dns_addr_text(&peer.addr, address);
	if (chall_from_proof(w->ctx, &proof, over, &r, &r.c, &r.err) == 0)
		step_all(w, &r, 1, chall_clean);
	assert_int_equal(heard, 0);
	*ret = r.err;
	chall_free(&r.c);
	peer_close(&peer);
	return r.err.kind;
}

static void test_hostile_rows(void **state)
{
	static const struct {
		const char *zone, *owner, *says;
		bool no_setting, dead_resolver;
		enum err_kind kind;
	} cases[] = {
		{ "example.test", "_acme-challenge.nowhere.invalid",
		  "does not lie in", false, false, ERR_CONFIG },
		{ "example.test", "_acme-challenge.wwwexample.test",
		  "does not lie in", false, false, ERR_CONFIG },
		{ "elsewhere.test", "_acme-challenge.elsewhere.test",
		  "no longer names the zone elsewhere.test", false, false,
		  ERR_CONFIG },
		{ "", "_acme-challenge.www.example.test", "zone", false, false,
		  ERR_INPUT },
		/* nobody can say where it lies now */
		{ "example.test", "_acme-challenge.www.example.test",
		  "127.0.0.3", true, true, ERR_UNAVAILABLE },
		{ "nowhere.invalid", "_acme-challenge.nowhere.invalid",
		  "nowhere.invalid", true, false, ERR_UNAVAILABLE },
	};
	struct err err = ERR_INIT;

	NEED_NAMED;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world *w = world_new();

		if (!cases[i].no_setting)
			add_zone(w, "example.test", "k256");
		if (cases[i].dead_resolver)
			w->resolver[0] = "127.0.0.3:9";
		if (remove_row(w, cases[i].zone, cases[i].owner, &err) !=
			    cases[i].kind ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("%zu: kind %d: %s", i, err.kind, err.msg);
		world_free(w);
	}
}

/* Its name leads elsewhere by now, or in a circle: its zone is where it was. */
static void test_proof_whose_name_is_an_alias_now(void **state)
{
	static const char *const owners[] = {
		"_acme-challenge.loop.example.test",
		"_acme-challenge.alias.example.test",
	};
	struct err err = ERR_INIT;

	NEED_NAMED;
	for (size_t i = 0; i < 2 * ARRAY_LEN(owners); i++) {
		struct world *w = world_new();
		struct proof_zone *z = add_zone(w, "example.test", "k256");

		add_zone(w, "other.test", "k384");
		if (i % 2)
			z->server = w->resolver[0];
		if (remove_row(w, "example.test", owners[i / 2], &err) !=
		    ERR_NONE)
			fail_msg("%zu: %s", i, err.msg);
		world_free(w);
	}
}

/* Nobody can say which server has the zone now, but the configuration. */
static void test_proof_where_nobody_knows_the_zone(void **state)
{
	struct store_proof proof;
	struct err err = ERR_INIT;
	struct run r, again = { .c = NULL };
	struct world *w, *later;

	NEED_NAMED;
	w = world_new();
	begin(w, &r, "lost.example.test", "t");
	step_ok(w, &r, chall_locate);
	step_ok(w, &r, chall_prepare);
	proof = *chall_proof(r.c);
	later = world_new();
	add_zone(later, "example.test", "k256")->server = w->resolver[0];
	later->resolver[0] = "127.0.0.3:9";
	proof.server = "127.0.0.3:9";
	assert_int_equal(chall_from_proof(later->ctx, &proof, over, &again,
					  &again.c, &err),
			 0);
	step_ok(later, &again, chall_clean);
	assert_txt(&a, "_acme-challenge.lost.example.test", "");
	chall_free(&again.c);
	chall_free(&r.c);
	world_free(later);
	world_free(w);
}

/* Freed at any point, nothing is called and nothing leaks. */
static void test_free_while_under_way(void **state)
{
	void (*const steps[])(struct chall *) = { chall_locate, chall_prepare,
						  chall_ready, chall_clean };
	struct err err = ERR_INIT;
	struct world *w;

	NEED_NAMED;
	for (size_t stop = 0; stop < 4; stop++) {
		for (int rounds = 0; rounds < 3; rounds++) {
			struct run r, other;

			w = world_new();
			begin(w, &r, "gone.example.test", "t");
			begin(w, &other, "gone.example.test", "u");
			for (size_t i = 0; i < stop; i++) {
				step_ok(w, &r, steps[i]);
				step_ok(w, &other, steps[i]);
			}
			r.called = 0;
			steps[stop](r.c);
			other.called = 0;
			steps[stop](other.c);
			for (int i = 0; i < rounds && !r.called; i++)
				(void) !loop_run(w->loop, 10, &err);
			if (r.called == 0) {
				chall_free(&r.c);
				while (!other.called)
					assert_int_equal(
						loop_run(w->loop, 100, &err),
						0);
				assert_int_equal(r.called, 0);
			}
			chall_free(&r.c);
			chall_free(&other.c);
			world_free(w);
		}
	}
}

static void test_bad_requests(void **state)
{
	static const char *const ids[] = { "a b",   "*.example.test",
					   "",	    "a..b",
					   "x\\.y", "\303\244.test" };
	struct chall_req req = { .type = proof_type_find("dns-01"),
				 .name = "x",
				 .owner = "test",
				 .identifier = "www.example.test",
				 .token = "../../etc/passwd",
				 .thumbprint = "thumb" };
	struct world *w = world_new();
	struct chall *c = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(chall_new(w->ctx, &req, over, NULL, &c, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	req.token = "good";
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		req.identifier = ids[i];
		assert_int_equal(chall_new(w->ctx, &req, over, NULL, &c, &err),
				 -1);
		assert_int_equal(err.kind, ERR_INPUT);
	}
	world_free(w);
}

static void test_bad_configuration(void **state)
{
	struct chall_req req = { .type = proof_type_find("dns-01"),
				 .name = "x",
				 .owner = "test",
				 .identifier = "www.example.test",
				 .token = "tok",
				 .thumbprint = "thumb" };
	struct world *w = world_new();
	struct chall *c = NULL;
	struct err err = ERR_INIT;

	add_zone(w, "example.test", "k256")->server = "ns.example.org";
	assert_int_equal(chall_new(w->ctx, &req, over, NULL, &c, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "ns.example.org"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_bad_configuration),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_default_key_and_discovery),
		cmocka_unit_test(test_configured_parent),
		cmocka_unit_test(test_cname_and_dname),
		cmocka_unit_test(test_wildcard_cname),
		cmocka_unit_test(test_names_of_a_wildcard),
		cmocka_unit_test(test_own_name_of_a_wildcard),
		cmocka_unit_test(test_ttl_of_the_set),
		cmocka_unit_test(test_split_horizon),
		cmocka_unit_test(test_negative_ttl),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_two_values_and_a_strangers),
		cmocka_unit_test(test_late_secondary_blocks),
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_lame_is_left_out),
		cmocka_unit_test(test_unreachable_is_left_out),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_forged_refusal),
		cmocka_unit_test(test_clocks_differ),
		cmocka_unit_test(test_one_bad_name_fails_alone),
		cmocka_unit_test(test_a_hundred),
		cmocka_unit_test(test_proof_of_a_killed_run),
		cmocka_unit_test(test_proof_at_another_server),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_hostile_rows),
		cmocka_unit_test(test_proof_whose_name_is_an_alias_now),
		cmocka_unit_test(test_proof_where_nobody_knows_the_zone),
		cmocka_unit_test(test_free_while_under_way),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
