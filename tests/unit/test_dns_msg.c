/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dns_msg.h"

static void assert_canon(const char *in, const char *want)
{
	char got[DNS_NAME_TEXT];
	struct err err = ERR_INIT;

	if (dns_name_canon(in, got, &err) == -1)
		fail_msg("%s", err.msg);
	assert_string_equal(got, want);
}

static void test_names(void **state)
{
	static const char *const bad[] = { "", "a..b", ".a", "a\\", "a\\999" };
	char label[66], got[DNS_NAME_TEXT] = "untouched";
	struct err err = ERR_INIT;

	assert_canon("WWW.Example.ORG", "www.example.org");
	assert_canon("www.example.org.", "www.example.org");
	assert_canon(".", ".");
	assert_canon("_acme-challenge.x", "_acme-challenge.x");
	assert_canon("a\\.b.org", "a\\.b.org");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (dns_name_canon(bad[i], got, &err) != -1)
			fail_msg("taken: %s", bad[i]);
	memset(label, 'a', sizeof(label));
	label[64] = '\0';
	assert_int_equal(dns_name_canon(label, got, &err), -1);
	assert_string_equal(got, "untouched");
	label[63] = '\0';
	assert_int_equal(dns_name_canon(label, got, &err), 0);
}

static void test_within(void **state)
{
	assert_true(dns_name_within("www.example.org", "example.org"));
	assert_true(dns_name_within("example.org", "example.org"));
	assert_true(dns_name_within("example.org", "."));
	assert_false(dns_name_within("example.org", "www.example.org"));
	assert_false(dns_name_within("wwwexample.org", "example.org"));
	assert_false(dns_name_within("a\\.example.org", "example.org"));
	assert_true(dns_name_within("a\\\\.example.org", "example.org"));
	assert_false(dns_name_within("a\\\\\\.example.org", "example.org"));
	assert_false(dns_name_within("org", "example.org"));
}

static void test_host(void **state)
{
	assert_string_equal(dns_name_host("_acme-challenge.www.example.org"),
			    "www.example.org");
	assert_string_equal(dns_name_host("_a._acme-challenge.example.org"),
			    "example.org");
	assert_string_equal(dns_name_host("a._b.example.org"), "example.org");
	assert_string_equal(dns_name_host("a_b.example.org"),
			    "a_b.example.org");
	assert_string_equal(dns_name_host("_org"), ".");
	assert_string_equal(dns_name_host("."), ".");
}

/* Of an SOA its MINIMUM counts, of which 31 bits are a time (RFC 2308 section
 * 3, RFC 2181 section 8). */
static void test_soa(void **state)
{
	static const unsigned char wire[] =
		"\0\0\200\0\0\0\0\0\0\2\0\0"
		"\1a\0\0\6\0\1\0\0\3\204\0\32\1m\0\1r\0"
		"\1\1\1\1\2\2\2\2\3\3\3\3\4\4\4\4\0\0\7\10"
		"\1b\0\0\6\0\1\0\0\34\40\0\32\1m\0\1r\0"
		"\1\1\1\1\2\2\2\2\3\3\3\3\4\4\4\4\377\377\377\377";
	AUTO(arena_free) struct arena *arena = arena_new();
	AUTO(mem_free_any) void *packed = NULL;
	struct err err = ERR_INIT;
	struct dns_msg m;

	if (dns_msg_parse(wire, sizeof(wire) - 1, arena, &m, &err) == -1)
		fail_msg("%s", err.msg);
	packed = dns_msg_pack(&m, &m);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.rr[0].name, "m");
	assert_int_equal(m.rr[0].ttl, 900);
	assert_int_equal(m.rr[0].minimum, 1800);
	assert_int_equal(m.rr[1].minimum, 0xffffffff);
}

/* The exchange of an MX record is its second field. */
static void test_mx(void **state)
{
	static const unsigned char wire[] =
		"\0\0\200\0\0\0\0\2\0\0\0\0"
		"\1a\0\0\17\0\1\0\0\0\0\0\5\0\12\1M\0"
		"\1a\0\0\17\0\1\0\0\0\0\0\3\0\12\0";
	AUTO(arena_free) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	struct dns_msg m;

	assert_int_equal(dns_msg_parse(wire, sizeof(wire) - 1, arena, &m, &err),
			 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.rr[0].type, DNS_MX);
	assert_string_equal(m.rr[0].name, "m");
	assert_string_equal(m.rr[1].name, ".");
}

/* RFC 2782 and RFC 6763: the target after three numbers; the strings of a TXT
 * record one by one, which nothing but their lengths tells apart; a PTR whose
 * first label holds a blank and a dot. */
static void test_service(void **state)
{
	static const unsigned char wire[] =
		"\0\0\200\0\0\0\0\4\0\0\0\0"
		"\1a\0\0\41\0\1\0\0\0\0\0\11\0\12\0\5\1\273\1T\0"
		"\1a\0\0\20\0\1\0\0\0\0\0\6\2i=\0\1x"
		"\1a\0\0\14\0\1\0\0\0\0\0\6\4M .A\0"
		"\1a\0\0\41\0\1\0\0\0\0\0\5\0\12\0\5\0";
	AUTO(arena_free) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	unsigned char three[sizeof(wire)];
	struct dns_msg m, copy;
	void *block;

	/* The last one is cut short: not read as something else. */
	assert_int_equal(dns_msg_parse(wire, sizeof(wire) - 1, arena, &m, &err),
			 -1);
	memcpy(three, wire, sizeof(wire));
	three[7] = 3;
	if (dns_msg_parse(three, sizeof(wire) - 1, arena, &m, &err) == -1)
		fail_msg("%s", err.msg);
	block = dns_msg_pack(&m, &copy);
	assert_int_equal(copy.n, 3);
	assert_int_equal(copy.rr[0].type, DNS_SRV);
	assert_string_equal(copy.rr[0].name, "t");
	assert_int_equal(copy.rr[0].len, 6);
	assert_memory_equal(copy.rr[0].data, "\0\12\0\5\1\273", 6);
	assert_int_equal(copy.rr[1].type, DNS_TXT);
	assert_int_equal(copy.rr[1].strings_len, 6);
	assert_memory_equal(copy.rr[1].strings, "\2i=\0\1x", 6);
	assert_int_equal(copy.rr[2].type, DNS_PTR);
	assert_string_equal(copy.rr[2].name, "m\\032\\.a");
	free(block);
}

static void test_redirect(void **state)
{
	char got[DNS_NAME_TEXT], label[64];
	char name[256], to[256];
	struct err err = ERR_INIT;

	/* RFC 6672 section 2.2, table 1 */
	assert_int_equal(dns_name_redirect("foo.example.com", "example.com",
					   "example.net", got, &err),
			 0);
	assert_string_equal(got, "foo.example.net");
	assert_int_equal(dns_name_redirect("a.x.example.com", "x.example.com",
					   "example.net", got, &err),
			 0);
	assert_string_equal(got, "a.example.net");
	assert_int_equal(dns_name_redirect("cyc.example.com", "example.com",
					   ".", got, &err),
			 0);
	assert_string_equal(got, "cyc");
	assert_int_equal(dns_name_redirect("example.com", "example.com",
					   "example.net", got, &err),
			 -1);
	assert_int_equal(dns_name_redirect("ab.example.com", "b.example.com",
					   "example.net", got, &err),
			 -1);
	/* shortloop: too long */
	memset(label, 'a', 63);
	label[63] = '\0';
	snprintf(name, sizeof(name), "%s.%s.x", label, label);
	snprintf(to, sizeof(to), "%s.%s", label, label);
	assert_int_equal(dns_name_redirect(name, "x", to, got, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void test_question(void **state)
{
	/* RFC 1035 section 4.1 */
	static const unsigned char want[] =
		"\0\0\1\0\0\1\0\0\0\0\0\0\3www\7example\3org\0\0\6\0\1";
	struct sbuf msg = SBUF_INIT(DNS_MESSAGE_MAX);
	struct err err = ERR_INIT;

	assert_int_equal(
		dns_msg_question("www.example.org", DNS_SOA, true, &msg, &err),
		0);
	assert_int_equal(msg.len, sizeof(want) - 1);
	assert_memory_equal(msg.buf, want, msg.len);
	sbuf_clear(&msg);
	assert_int_equal(
		dns_msg_question("www.example.org", DNS_SOA, false, &msg, &err),
		0);
	assert_int_equal(msg.buf[2], 0);
	assert_int_equal(dns_msg_question("a..b", DNS_SOA, false, &msg, &err),
			 -1);
	sbuf_free(&msg);
}

static void test_update(void **state)
{
	/* RFC 2136: opcode 5, one zone, two updates; 2.5.1 add, 2.5.4 delete
	 * one RR by class NONE and TTL 0 */
	static const unsigned char want[] =
		"\0\0\50\0\0\1\0\0\0\2\0\0\7example\3org\0\0\6\0\1"
		"\1a\300\14\0\20\0\1\0\0\0\74\0\4\3one"
		"\1b\300\14\0\20\0\376\0\0\0\0\0\4\3two";
	struct dns_change_rr rr[] = {
		{ true, "a.example.org", "one", 60 },
		{ false, "b.example.org", "two", 60 },
	};
	struct sbuf msg = SBUF_INIT(DNS_MESSAGE_MAX);
	struct err err = ERR_INIT;
	char text[257];

	assert_int_equal(dns_msg_update("example.org", rr, 2, &msg, &err), 0);
	assert_int_equal(msg.len, sizeof(want) - 1);
	assert_memory_equal(msg.buf, want, msg.len);
	memset(text, 'x', sizeof(text));
	text[256] = '\0';
	rr[0].text = text;
	assert_int_equal(dns_msg_update("example.org", rr, 2, &msg, &err), -1);
	sbuf_free(&msg);
}

static void test_parse(void **state)
{
	static const unsigned char wire[] =
		"\22\64\204\3\0\1\0\4\0\1\0\0\3WwW\7Example\3org\0\0\20\0\1"
		"\300\14\0\5\0\1\0\0\0\5\0\2\300\20"
		"\300\20\0\20\0\1\0\0\0\5\0\7\3one\2tw"
		"\300\20\0\20\0\3\0\0\0\5\0\2\1x" /* class CHAOS */
		"\300\20\0\1\0\1\0\0\0\5\0\4\300\0\2\1"
		"\300\20\0\6\0\1\0\0\0\5\0\33\2ns\300\20\300\14"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	AUTO(arena_free) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	struct dns_msg m, packed;
	const struct dns_rr *rr;
	void *block;

	if (dns_msg_parse(wire, sizeof(wire) - 1, arena, &m, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(m.id, 0x1234);
	assert_true(m.response);
	assert_true(m.authoritative);
	assert_int_equal(m.rcode, DNS_NXDOMAIN);
	assert_int_equal(m.n, 4);
	rr = dns_msg_find(&m, DNS_ANSWER, "www.example.org", DNS_CNAME);
	assert_string_equal(rr->name, "example.org");
	rr = dns_msg_find(&m, DNS_ANSWER, "example.org", DNS_TXT);
	assert_int_equal(rr->len, 5);
	assert_memory_equal(rr->data, "onetw", 5);
	rr = dns_msg_find(&m, DNS_ANSWER, "example.org", DNS_A);
	assert_memory_equal(rr->data, "\300\0\2\1", 4);
	rr = dns_msg_find(&m, DNS_AUTHORITY, "example.org", DNS_SOA);
	assert_string_equal(rr->name, "ns.example.org");
	assert_null(dns_msg_find(&m, DNS_ANSWER, "example.org", DNS_SOA));
	block = dns_msg_pack(&m, &packed);
	arena_clear(arena);
	assert_int_equal(packed.n, 4);
	assert_int_equal(packed.rcode, DNS_NXDOMAIN);
	rr = dns_msg_find(&packed, DNS_ANSWER, "www.example.org", DNS_CNAME);
	assert_string_equal(rr->name, "example.org");
	rr = dns_msg_find(&packed, DNS_ANSWER, "example.org", DNS_TXT);
	assert_memory_equal(rr->data, "onetw", 5);
	free(block);
	/* cut anywhere: refused, not read beyond */
	for (size_t len = 0; len < sizeof(wire) - 1; len++) {
		void *copy = mem_dup(wire, len ? len : 1);

		assert_int_equal(dns_msg_parse(copy, len, arena, &m, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		free(copy);
	}
}

static void test_hostile(void **state)
{
	/* a name that points at itself; two that point at each other */
	static const unsigned char self[] =
		"\0\0\200\0\0\1\0\0\0\0\0\0\300\14\0\1\0\1";
	static const unsigned char many[] =
		"\0\0\200\0\0\0\377\377\0\0\0\0\0\0\1\0\1\0\0\0\0\0\4aaaa";
	/* two TSIG, two OPT records: nothing of them is lost (LSan) */
	static const unsigned char twice[] =
		"\0\0\200\0\0\0\0\0\0\0\0\4"
		"\0\0\372\0\377\0\0\0\0\0\0"
		"\0\0\372\0\377\0\0\0\0\0\0"
		"\0\0\51\4\320\0\0\0\0\0\4\0\12\0\0"
		"\0\0\51\4\320\0\0\0\0\0\4\0\12\0\0";
	AUTO(arena_free) struct arena *arena = arena_new();
	unsigned char name[DNS_NAME_WIRE];
	struct err err = ERR_INIT;
	struct dns_msg m;

	assert_int_equal(
		dns_msg_parse(twice, sizeof(twice) - 1, arena, &m, &err), 0);
	assert_int_equal(m.n, 0);
	assert_int_equal(dns_msg_parse(self, sizeof(self) - 1, arena, &m, &err),
			 -1);
	assert_int_equal(dns_msg_read_name(self, sizeof(self) - 1, 12, name),
			 0);
	assert_int_equal(dns_msg_parse(many, sizeof(many) - 1, arena, &m, &err),
			 -1);
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void test_answers(void **state)
{
	static const unsigned char query[] =
		"\1\2\1\0\0\1\0\0\0\0\0\0\1a\0\0\20\0\1";
	unsigned char a[sizeof(query) - 1];
	size_t n = sizeof(a);

	memcpy(a, query, n);
	assert_false(dns_msg_answers(a, n, query, n)); /* a question itself */
	a[2] |= 0x80;
	assert_true(dns_msg_answers(a, n, query, n));
	a[13] = 'A';
	assert_true(dns_msg_answers(a, n, query, n));
	a[13] = 'b';
	assert_false(dns_msg_answers(a, n, query, n));
	a[13] = 'a';
	a[1] ^= 1;
	assert_false(dns_msg_answers(a, n, query, n));
	a[1] ^= 1;
	a[16] ^= 1; /* type */
	assert_false(dns_msg_answers(a, n, query, n));
	a[16] ^= 1;
	a[2] |= 0x28; /* another opcode */
	assert_false(dns_msg_answers(a, n, query, n));
	a[2] &= (unsigned char) ~0x28;
	for (size_t i = 0; i < n; i++)
		assert_false(dns_msg_answers(a, i, query, n));
	/* no question: only from a server that is in trouble */
	a[5] = 0;
	assert_false(dns_msg_answers(a, DNS_HEADER, query, n));
	a[3] = DNS_SERVFAIL;
	assert_true(dns_msg_answers(a, DNS_HEADER, query, n));
}

static void test_texts(void **state)
{
	char buf[16];

	assert_string_equal(dns_rcode_text(3, buf), "NXDOMAIN");
	assert_string_equal(dns_rcode_text(10, buf), "NOTZONE");
	assert_string_equal(dns_rcode_text(13, buf), "RCODE 13");
	assert_string_equal(dns_type_text(DNS_AAAA), "AAAA");
	assert_string_equal(dns_type_text(DNS_CAA), "CAA");
	assert_string_equal(dns_type_text(9999), "?");
}

static void test_said(void **state)
{
	char buf[DNS_NAME_SAID];

	assert_string_equal(dns_name_said("_a.x-1.example.org", buf),
			    "_a.x-1.example.org");
	assert_string_equal(dns_name_said("a\". Do this.example.org", buf),
			    "\"a'. Do this.example.org\"");
}

static void test_parent(void **state)
{
	assert_string_equal(dns_name_parent("a.b"), "b");
	assert_string_equal(dns_name_parent("a\\.b.c"), "c");
	assert_string_equal(dns_name_parent("b"), ".");
	assert_null(dns_name_parent("."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_parent),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_soa),
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
