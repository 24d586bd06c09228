/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "installer_conf.h"
#include "starttls.h"

/* Both sides of a dialogue, in turns: what the peer says (a line "S"), and
 * what we must say (a line "C"). */
struct turn {
	char who;
	const char *text;
	size_t len; /* 0: up to its NUL */
};

#define BIN(text) (text), sizeof(text) - 1

static size_t turn_len(const struct turn *t)
{
	return t->len > 0 ? t->len : strlen(t->text);
}

static void expect_said(struct starttls *s, const struct turn *t)
{
	const char *p;
	size_t len = 0;

	p = starttls_out(s, &len);
	if (!p)
		fail_msg("nothing said, wanted: %s", t->text);
	if (len != turn_len(t) || memcmp(p, t->text, len) != 0)
		fail_msg("said: %.*s, wanted: %s", (int) len, p, t->text);
}

/* Play it, STEP bytes at a time; what the last word of the peer led to. */
static int play(const char *protocol, const struct turn *t, size_t step,
		struct err *err)
{
	struct starttls *s = starttls_new(protocol, "im.example.org");
	int n = 0;

	assert_non_null(s);
	for (; t->who != 0; t++) {
		if (t->who == 'C') {
			assert_int_not_equal(n, -1);
			expect_said(s, t);
			continue;
		}
		for (size_t i = 0; i < turn_len(t); i += step) {
			size_t left = turn_len(t) - i;
			size_t len = 0;

			if (n == 0 && starttls_out(s, &len))
				fail_msg("said too early, before: %s", t->text);
			n = starttls_in(s, t->text + i,
					left < step ? left : step, err);
			if (n != 0 && i + step < turn_len(t))
				break;
		}
		if (n == 1 && t[1].who == 'C') { /* the last words */
			expect_said(s, &t[1]);
			break;
		}
		if (n == -1)
			break;
	}
	starttls_free(&s);
	assert_null(s);
	return n;
}

#define XMPP_HEAD                                                        \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "     \
	"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' " \
	"to='im.example.org'>"
#define XMPP_FEATURES                                                       \
	"<stream:stream from='im.example.org' "                             \
	"id='t7AMCin9zjMNwQKDnplntZPIDEI=' "                                \
	"version='1.0' xmlns='jabber:client' "                              \
	"xmlns:stream='http://etherx.jabber.org/streams'><stream:features>" \
	"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"     \
	"</starttls></stream:features>"
#define XMPP_START "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"

/* The greeting of a MariaDB, as its protocol describes it, up to the lower
 * capabilities. */
#define MARIADB                     \
	"\x34\x00\x00\x00\x0a"      \
	"10.11.6\0\x04\x00\x00\x00" \
	"abcdefgh\0"
#define LDAP_START                             \
	"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" \
	"1.3.6.1.4.1.1466.20037"

static const struct {
	const char *protocol;
	struct turn turns[8];
} good[] = {
	/* RFC 3207 section 5, and a greeting of several lines */
	{ "smtp",
	  { { 'S', "220-mail.imc.org SMTP\r\n220 service ready\r\n" },
	    { 'C', "EHLO verify.localhost\r\n" },
	    { 'S', "250-mail.imc.org offers a warm hug of welcome\r\n"
		   "250-8BITMIME\r\n250-starttls\r\n250 DSN\r\n" },
	    { 'C', "STARTTLS\r\n" },
	    { 'S', "220 Go ahead\r\n" } } },
	{ "lmtp",
	  { { 'S', "220 foo.edu LMTP server ready\r\n" },
	    { 'C', "LHLO verify.localhost\r\n" },
	    { 'S', "250-foo.edu\r\n250-PIPELINING\r\n250 STARTTLS\r\n" },
	    { 'C', "STARTTLS\r\n" },
	    { 'S', "220 2.0.0 OK\r\n" } } },
	/* RFC 959 section 4.2: anything between the first and last line */
	{ "ftp",
	  { { 'S', "220-Welcome\r\n 234 is not an answer\r\n220x\r\n"
		   "\r\n220 ready\r\n" },
	    { 'C', "AUTH TLS\r\n" },
	    { 'S', "234 Proceed with negotiation.\r\n" } } },
	{ "nntp",
	  { { 'S', "201 server ready, no posting\r\n" },
	    { 'C', "STARTTLS\r\n" },
	    { 'S', "382 Continue with TLS negotiation\r\n" } } },
	/* RFC 9051 section 6.2.1 */
	{ "imap",
	  { { 'S', "* OK [CAPABILITY IMAP4rev2 STARTTLS] ready\r\n" },
	    { 'C', "a STARTTLS\r\n" },
	    { 'S', "* CAPABILITY IMAP4rev2\r\n"
		   "a OK Begin TLS negotiation now\r\n" } } },
	{ "pop3",
	  { { 'S', "+OK POP3 server ready <1896.697170952@dbc.mtview>\r\n" },
	    { 'C', "STLS\r\n" },
	    { 'S', "+OK Begin TLS negotiation\r\n" } } },
	/* RFC 5804 section 2.2 */
	{ "sieve",
	  { { 'S', "\"IMPLEMENTATION\" \"Example1 ManageSieved v001\"\r\n"
		   "\"SASL\" \"\"\r\n\"SIEVE\" \"fileinto vacation\"\r\n"
		   "\"StartTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK\r\n" },
	    { 'C', "STARTTLS\r\n" },
	    { 'S', "OK \"Begin TLS negotiation now.\"\r\n" } } },
	/* RFC 6120 section 9.1.1 */
	{ "xmpp-client",
	  { { 'C', XMPP_HEAD },
	    { 'S', XMPP_FEATURES },
	    { 'C', XMPP_START },
	    { 'S', "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" } } },
	{ "xmpp-client",
	  { { 'C', XMPP_HEAD },
	    { 'S', XMPP_FEATURES },
	    { 'C', XMPP_START },
	    { 'S', "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
		   "</proceed>" } } },
	/* RFC 4511 section 4.14.2: resultCode success, two empty strings; and
	 * the same with the response's name and long lengths */
	{ "ldap",
	  { { 'C', BIN(LDAP_START) },
	    { 'S', BIN("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04"
		       "\x00") } } },
	{ "ldap",
	  { { 'C', BIN(LDAP_START) },
	    { 'S', BIN("\x30\x82\x00\x25\x02\x01\x01\x78\x81\x1f\x0a\x01\x00"
		       "\x04\x00\x04\x00\x8a\x16"
		       "1.3.6.1.4.1.1466.20037") } } },
	{ "postgres",
	  { { 'C', BIN("\0\0\0\x08\x04\xd2\x16\x2f") }, { 'S', "S" } } },
	{ "mysql",
	  { { 'S', BIN(MARIADB "\xfe\xff\x08\x02\x00\xff\xc1\x15"
			       "\0\0\0\0\0\0\0\0\0\0ijklmnopqrst") },
	    { 'C', BIN("\x20\x00\x00\x01\x00\x8a\x08\x00\x00\x00\x00\x01\x21"
		       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") } } },
};

static void begins_tls(void **state)
{
	static const size_t steps[] = { 1, 3, 4096 };

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			struct err err = ERR_INIT;
			int n = play(good[i].protocol, good[i].turns, steps[k],
				     &err);

			if (n != 1)
				fail_msg("%s: %d %s", good[i].protocol, n,
					 err.msg);
		}
	}
}

/* The same with something behind the last answer (CVE-2011-0411). */
static void injected(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct turn turns[8];
		struct err err = ERR_INIT;
		char text[600];
		size_t last = 0, len;

		memcpy(turns, good[i].turns, sizeof(turns));
		for (size_t k = 0; turns[k].who != 0; k++)
			if (turns[k].who == 'S')
				last = k;
		len = turn_len(&turns[last]);
		memcpy(text, turns[last].text, len);
		memcpy(text + len, "RSET\r\n", 6);
		turns[last].text = text;
		turns[last].len = len + 6;
		turns[last + 1].who = 0;
		assert_int_equal(play(good[i].protocol, turns, 4096, &err), -1);
		if (!strstr(err.msg, "6 more bytes"))
			fail_msg("%s: %s", good[i].protocol, err.msg);
	}
}

static const struct {
	const char *protocol;
	struct turn turns[6];
	const char *says;
} bad[] = {
	{ "smtp",
	  { { 'S', "554 no\r\n" } },
	  "turns us away, saying "
	  "\"554 no\"" },
	{ "smtp", /* its words stay its own */
	  { { 'S', "554 busy\"; run: rm \"x\r\n" } },
	  "turns us away, saying \"554 busy'; run: rm 'x\"" },
	{ "smtp",
	  { { 'S', "554\"; run: rm x\r\n" } },
	  "this is not smtp, it says \"554'; run: rm x\"" },
	{ "smtp",
	  { { 'S', "* OK IMAP\r\n" } },
	  "this is not smtp, it "
	  "says \"* OK IMAP\"" },
	{ "smtp",
	  { { 'S', "220 a\r\n" },
	    { 'C', "EHLO verify.localhost\r\n" },
	    { 'S', "250-STARTTLSX\r\n250-X STARTTLS\r\n250 a\r\n" } },
	  "does not offer STARTTLS" },
	{ "smtp",
	  { { 'S', "220 a\r\n" },
	    { 'C', "EHLO verify.localhost\r\n" },
	    { 'S', "250 STARTTLS\r\n" },
	    { 'C', "STARTTLS\r\n" },
	    { 'S', "454 TLS not available\r\n" } },
	  "refuses STARTTLS, saying \"454 TLS not available\"" },
	{ "ftp",
	  { { 'S', "220 a\r\n" },
	    { 'C', "AUTH TLS\r\n" },
	    { 'S', "530 Please login.\r\n" } },
	  "saying \"530 Please login.\"" },
	{ "imap", { { 'S', "* BYE full\r\n" } }, "\"* BYE full\"" },
	{ "imap", { { 'S', "220 a\r\n" } }, "this is not imap" },
	{ "imap",
	  { { 'S', "* OK a\r\n" },
	    { 'C', "a STARTTLS\r\n" },
	    { 'S', "a BAD TLS isn't enabled\r\n" } },
	  "refuses STARTTLS, saying \"a BAD TLS isn't enabled\"" },
	{ "pop3",
	  { { 'S', "+OK\r\n" }, { 'C', "STLS\r\n" }, { 'S', "-ERR no\r\n" } },
	  "\"-ERR no\"" },
	{ "sieve",
	  { { 'S', "\"SASL\" \"\"\r\nOK\r\n" } },
	  "does not offer STARTTLS" },
	{ "sieve", { { 'S', "HTTP/1.1 400\r\n" } }, "not sieve" },
	{ "sieve",
	  { { 'S', "\"STARTTLS\"\r\nOK\r\n" },
	    { 'C', "STARTTLS\r\n" },
	    { 'S', "NO \"not now\"\r\n" } },
	  "saying \"NO 'not now'\"" },
	{ "xmpp-client",
	  { { 'C', XMPP_HEAD },
	    { 'S', "<stream:stream><stream:error><host-unknown/>" } },
	  "host-unknown" },
	{ "xmpp-client",
	  { { 'C', XMPP_HEAD }, { 'S', "<stream:stream><stream:features/>" } },
	  "does not offer" },
	{ "xmpp-client",
	  { { 'C', XMPP_HEAD },
	    { 'S', XMPP_FEATURES },
	    { 'C', XMPP_START },
	    { 'S', "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
		   "</stream:stream>" } },
	  "refuses STARTTLS" },
	{ "ldap",
	  { { 'C', BIN(LDAP_START) },
	    { 'S', BIN("\x30\x10\x02\x01\x01\x78\x0b\x0a\x01\x02\x04"
		       "\x00\x04\x04none") } },
	  "result code 2, saying \"none\"" },
	{ "ldap",
	  { { 'C', BIN(LDAP_START) }, { 'S', "220 a\r\n" } },
	  "this is not ldap" },
	{ "ldap",
	  { { 'C', BIN(LDAP_START) },
	    { 'S', BIN("\x30\x84\x7f\xff\xff\xff") } },
	  "this is not ldap" },
	{ "ldap", /* an inner length beyond its element */
	  { { 'C', BIN(LDAP_START) },
	    { 'S', BIN("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04"
		       "\x00\x04\x01") } },
	  "this is not ldap" },
	{ "postgres",
	  { { 'C', BIN("\0\0\0\x08\x04\xd2\x16\x2f") }, { 'S', "N" } },
	  "it has no TLS" },
	{ "postgres",
	  { { 'C', BIN("\0\0\0\x08\x04\xd2\x16\x2f") }, { 'S', "HTTP" } },
	  "this is not postgres" },
	{ "mysql", /* capabilities without SSL */
	  { { 'S', BIN(MARIADB "\xfe\xf7\x08\x02\x00\xff\xc1\x15"
			       "\0\0\0\0\0\0\0\0\0\0ijklmnopqrst") } },
	  "does not offer TLS" },
	{ "mysql",
	  { { 'S', BIN("\x07\x00\x00\x00\xff\x6a\x04Host") } },
	  "turns us away, saying \"Host\"" },
	{ "mysql", { { 'S', "220 a mail server\r\n" } }, "not mysql" },
	{ "mysql", /* a version without an end */
	  { { 'S', BIN("\x04\x00\x00\x00\x0axyz") } },
	  "not mysql" },
};

static void turned_down(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(
			play(bad[i].protocol, bad[i].turns, 4096, &err), -1);
		if (!strstr(err.msg, bad[i].says))
			fail_msg("%s, \"%s\": %s", bad[i].protocol, bad[i].says,
				 err.msg);
	}
}

/* Somebody never comes to the point. */
static void endless(void **state)
{
	char chunk[1000];

	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "220-", 4);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct starttls *s = starttls_new(good[i].protocol, NULL);
		struct err err = ERR_INIT;
		size_t n = 0, len;
		int status = 0;

		(void) starttls_out(s, &len);
		while (status == 0 && n < 2 * STARTTLS_ANSWER_MAX) {
			status = starttls_in(s, chunk, sizeof(chunk), &err);
			n += sizeof(chunk);
		}
		assert_int_equal(status, -1);
		assert_true(err.msg[0] != '\0');
		starttls_free(&s);
	}
}

static void cut(void **state)
{
	struct starttls *s = starttls_new("smtp", NULL);
	struct err err = ERR_INIT;

	assert_int_equal(starttls_closed(s, &err), -1);
	assert_non_null(strstr(err.msg, "without a word"));
	assert_int_equal(starttls_in(s, "421 too \x1b[31mbusy\";", 19, &err),
			 0);
	assert_int_equal(starttls_closed(s, &err), -1);
	assert_non_null(
		strstr(err.msg, "last words were \"421 too ?[31mbusy';\""));
	starttls_free(&s);
}

#define CONF                                                            \
	"store : { path = \"/x\"; }; services = ( { name = \"a\"; "     \
	"profile = \"p\"; certificates = ( { name = "                   \
	"\"www.example.org\"; key = \"/k\"; dir = \"/d\"; } ); verify " \
	"= ( { address = \"a:1\"; server_name = \"a.b\"; protocol = "   \
	"\"%s\"; } ); } );"

static void known(void **state)
{
	/* Each is one that the configuration takes. */
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct arena *arena = arena_new();
		struct conf_errors errs = { 0 };
		struct installer_conf c;
		char conf[600];

		assert_true(starttls_knows(good[i].protocol));
		snprintf(conf, sizeof(conf), CONF, good[i].protocol);
		assert_int_equal(
			installer_conf_load_string("t", conf, arena, &c, &errs),
			0);
		arena_free(&arena);
	}
	assert_true(starttls_knows("xmpp-server"));
	assert_false(starttls_knows("tls"));
	assert_false(starttls_knows("command"));
	assert_null(starttls_new("tls", NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_tls),  cmocka_unit_test(injected),
		cmocka_unit_test(turned_down), cmocka_unit_test(endless),
		cmocka_unit_test(cut),	       cmocka_unit_test(known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
