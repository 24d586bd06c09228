/* SPDX-License-Identifier: MIT */

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include "plain.h"
#include "protocol.h"
#include "sbuf.h"
#include "starttls.h"

/* How an answer is read. */
enum answer {
	CODE,	  /* "220-more" lines, then "220 text": SMTP, FTP, NNTP */
	LINE,	  /* one line; those that begin with `skip` come before it */
	CAPS,	  /* ManageSieve: capabilities until OK, NO or BYE */
	XML,	  /* until one of a few tags */
	LDAP,	  /* one LDAPMessage with an ExtendedResponse */
	GREETING, /* MySQL's first packet */
	BYTE,	  /* PostgreSQL's one letter */
};

/* Say something, and hear an answer. */
struct step {
	const char *say;      /* NULL: the peer begins */
	size_t say_len;	      /* 0: up to its NUL */
	const char *say_more; /* say, then the service's name, then this */
	enum answer answer;
	const char *good;  /* how a good answer begins */
	const char *skip;  /* LINE: lines that are no answer */
	const char *offer; /* and this word must be in it */
};

struct dialogue {
	enum protocol_id id;
	struct step steps[4]; /* CODE without good ends it */
};

#define SAY(text)     .say = (text)
#define SAY_BIN(text) .say = (text), .say_len = sizeof(text) - 1

#define XMPP(space)                                                        \
	{                                                                  \
		{ SAY("<?xml version='1.0'?><stream:stream xmlns='" space  \
		      "' xmlns:stream='http://etherx.jabber.org/streams' " \
		      "version='1.0' to='"),                               \
		  .say_more = "'>", .answer = XML, .good = "features>",    \
		  .offer = "<starttls" },                                  \
		{                                                          \
			SAY("<starttls "                                   \
			    "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),  \
				.answer = XML, .good = "<proceed"          \
		}                                                          \
	}

static const struct dialogue dialogues[] = {
	{ PROTOCOL_SMTP,
	  { { .answer = CODE, .good = "220" },
	    { SAY("EHLO verify.localhost\r\n"), .answer = CODE, .good = "250",
	      .offer = "STARTTLS" },
	    { SAY("STARTTLS\r\n"), .answer = CODE, .good = "220" } } },
	{ PROTOCOL_LMTP,
	  { { .answer = CODE, .good = "220" },
	    { SAY("LHLO verify.localhost\r\n"), .answer = CODE, .good = "250",
	      .offer = "STARTTLS" },
	    { SAY("STARTTLS\r\n"), .answer = CODE, .good = "220" } } },
	{ PROTOCOL_FTP,
	  { { .answer = CODE, .good = "220" },
	    { SAY("AUTH TLS\r\n"), .answer = CODE, .good = "234" } } },
	{ PROTOCOL_NNTP,
	  { { .answer = CODE, .good = "20" },
	    { SAY("STARTTLS\r\n"), .answer = CODE, .good = "382" } } },
	{ PROTOCOL_IMAP,
	  { { .answer = LINE, .good = "* OK" },
	    { SAY("a STARTTLS\r\n"), .answer = LINE, .good = "a OK",
	      .skip = "* " } } },
	{ PROTOCOL_POP3,
	  { { .answer = LINE, .good = "+OK" },
	    { SAY("STLS\r\n"), .answer = LINE, .good = "+OK" } } },
	{ PROTOCOL_SIEVE,
	  { { .answer = CAPS, .good = "OK", .offer = "\"STARTTLS\"" },
	    { SAY("STARTTLS\r\n"), .answer = CAPS, .good = "OK" } } },
	{ PROTOCOL_XMPP_CLIENT, XMPP("jabber:client") },
	{ PROTOCOL_XMPP_SERVER, XMPP("jabber:server") },
	/* LDAPMessage { 1, ExtendedRequest { 1.3.6.1.4.1.1466.20037 } } */
	{ PROTOCOL_LDAP,
	  { { SAY_BIN("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
		      "1.3.6.1.4.1.1466.20037"),
	      .answer = LDAP, .good = "" } } },
	/* length 8, code 80877103 */
	{ PROTOCOL_POSTGRES,
	  { { SAY_BIN("\x00\x00\x00\x08\x04\xd2\x16\x2f"), .answer = BYTE,
	      .good = "S" } } },
	/* CLIENT_PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH; packets
	 * up to 16 MiB, utf8; packet 1 of 32 bytes. TLS follows at once. */
	{ PROTOCOL_MYSQL,
	  { { .answer = GREETING, .good = "" },
	    { SAY_BIN("\x20\x00\x00\x01\x00\x8a\x08\x00\x00\x00\x00\x01\x21"
		      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	      .answer = CODE, .good = NULL } } },
};

struct starttls {
	const char *protocol;
	const char *name;
	const struct step *steps;
	const struct step *step;
	struct sbuf in, out;
	char last[141]; /* of what it said, for a person */
	bool done;
};

/* A part of the peer's words. */
struct part {
	const char *p;
	size_t len;
};

static const struct dialogue *find(const char *name)
{
	const struct protocol *p = protocol_find(name);

	for (size_t i = 0; p && i < ARRAY_LEN(dialogues); i++)
		if (dialogues[i].id == p->id)
			return &dialogues[i];
	return NULL;
}

bool starttls_knows(const char *protocol)
{
	return find(protocol);
}

static void say(struct starttls *s)
{
	const struct step *step = s->step;

	if (!step->say)
		return;
	sbuf_add(&s->out, step->say,
		 step->say_len > 0 ? step->say_len : strlen(step->say));
	if (step->say_more) {
		sbuf_adds(&s->out, s->name ? s->name : "localhost");
		sbuf_adds(&s->out, step->say_more);
	}
}

struct starttls *starttls_new(const char *protocol, const char *name)
{
	const struct dialogue *d = find(protocol);
	struct starttls *s;

	if (!d)
		return NULL;
	s = mem_alloc(sizeof(*s));
	s->protocol = protocol_find(protocol)->name;
	s->name = name;
	s->steps = s->step = d->steps;
	sbuf_init(&s->in, STARTTLS_ANSWER_MAX);
	sbuf_init(&s->out, 1024);
	say(s);
	return s;
}

void starttls_free(struct starttls **s)
{
	if (!*s)
		return;
	sbuf_free(&(*s)->in);
	sbuf_free(&(*s)->out);
	free(*s);
	*s = NULL;
}

const char *starttls_out(struct starttls *s, size_t *ret_len)
{
	if (s->out.len == 0)
		return NULL;
	*ret_len = s->out.len;
	/* The bytes stay until more are added, which is after they left. */
	s->out.len = 0;
	return s->out.buf;
}

/* --- reading --- */

static bool begins(const struct part *l, const char *with)
{
	size_t len = strlen(with);

	return l->len >= len && strncasecmp(l->p, with, len) == 0;
}

static bool contains(const struct part *l, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= l->len; i++)
		if (strncasecmp(l->p + i, word, len) == 0)
			return true;
	return false;
}

/* Where WORD ends in L, 0 when it is not there. */
static size_t after(const struct part *l, const char *word)
{
	const char *p = memmem(l->p, l->len, word, strlen(word));

	return p ? (size_t) (p - l->p) + strlen(word) : 0;
}

/* The line at AT, without its end; AT then stands behind it. */
static bool next_line(const struct part *in, size_t *at, struct part *ret)
{
	const char *p = in->p + *at;
	const char *end = memchr(p, '\n', in->len - *at);

	if (!end)
		return false;
	*at = (size_t) (end - in->p) + 1;
	ret->p = p;
	ret->len = (size_t) (end - p);
	if (ret->len > 0 && p[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static void remember(struct starttls *s, const struct part *l)
{
	snprintf(s->last, sizeof(s->last), "%.*s",
		 l->len < sizeof(s->last) ? (int) l->len
					  : (int) sizeof(s->last) - 1,
		 l->p);
}

static int not_spoken(const struct starttls *s, struct err *err)
{
	char said[PLAIN_QUOTED];

	if (s->last[0] == '\0')
		return err_set(err, ERR_INPUT, "this is not %s", s->protocol);
	return err_set(err, ERR_INPUT, "this is not %s, it says %s",
		       s->protocol, plain_quoted(s->last, said));
}

static int refused(const struct starttls *s, struct err *err)
{
	bool greeting = s->step == s->steps && !s->step->say;
	char said[PLAIN_QUOTED];

	return err_set(err, ERR_INPUT, "it %s, saying %s",
		       greeting ? "turns us away" : "refuses STARTTLS",
		       plain_quoted(s->last, said));
}

/* Of the readers below each returns 1 with the length of a good answer, 0
 * when it is not complete, -1. */

static bool is_code(const struct part *l)
{
	return l->len >= 3 && isdigit((unsigned char) l->p[0]) &&
	       isdigit((unsigned char) l->p[1]) &&
	       isdigit((unsigned char) l->p[2]) &&
	       (l->len == 3 || l->p[3] == ' ' || l->p[3] == '-');
}

/* RFC 5321 section 4.2.1; in FTP's, lines between the first and the last may
 * be anything (RFC 959 section 4.2). */
static int read_code(struct starttls *s, const struct part *in, size_t *ret,
		     bool *ret_offer, struct err *err)
{
	struct part first, l;
	size_t at = 0;

	if (!next_line(in, &at, &first))
		return 0;
	remember(s, &first);
	if (!is_code(&first))
		return not_spoken(s, err);
	for (l = first;;) {
		if (s->step->offer && l.len > 4 &&
		    l.len - 4 == strlen(s->step->offer) &&
		    strncasecmp(l.p + 4, s->step->offer, l.len - 4) == 0)
			*ret_offer = true;
		if (is_code(&l) && memcmp(l.p, first.p, 3) == 0 &&
		    (l.len == 3 || l.p[3] == ' '))
			break;
		if (!next_line(in, &at, &l))
			return 0;
	}
	*ret = at;
	return begins(&first, s->step->good) ? 1 : refused(s, err);
}

static int read_line(struct starttls *s, const struct part *in, size_t *ret,
		     struct err *err)
{
	const struct step *step = s->step;
	struct part l;
	size_t at = 0;

	do {
		if (!next_line(in, &at, &l))
			return 0;
		remember(s, &l);
	} while (step->skip && begins(&l, step->skip));
	*ret = at;
	if (begins(&l, step->good))
		return 1;
	/* A peer of this protocol answers with these. */
	if (begins(&l, "* ") || begins(&l, "a ") || begins(&l, "-ERR"))
		return refused(s, err);
	return not_spoken(s, err);
}

static int read_caps(struct starttls *s, const struct part *in, size_t *ret,
		     bool *ret_offer, struct err *err)
{
	struct part l;
	size_t at = 0;

	while (next_line(in, &at, &l)) {
		remember(s, &l);
		*ret = at;
		if (begins(&l, "OK"))
			return 1;
		if (begins(&l, "NO") || begins(&l, "BYE"))
			return refused(s, err);
		if (l.len > 0 && l.p[0] != '"' && l.p[0] != '{')
			return not_spoken(s, err);
		if (s->step->offer && contains(&l, s->step->offer))
			*ret_offer = true;
	}
	return 0;
}

/* No XML parser: what is looked for cannot stand in a value, where '<' must
 * be escaped, and a peer that lies here still has to shake hands. */
static int read_xml(struct starttls *s, const struct part *in, size_t *ret,
		    bool *ret_offer, struct err *err)
{
	const char *p = in->p;
	const char *end;
	size_t i = 0;

	remember(s, in);
	while (i < in->len && isspace((unsigned char) p[i]))
		i++;
	if (i < in->len && p[i] != '<')
		return not_spoken(s, err);
	if (after(in, "<stream:error") > 0 || after(in, "<failure") > 0 ||
	    after(in, "</stream:stream>") > 0)
		return refused(s, err);
	if (strcmp(s->step->good, "features>") != 0) {
		i = after(in, s->step->good);
		end = i > 0 ? memchr(p + i, '>', in->len - i) : NULL;
		if (!end)
			return 0;
		i = (size_t) (end - p) + 1;
		/* <proceed ...></proceed> is the same. */
		if (end[-1] != '/') {
			struct part rest = { end + 1, in->len - i };
			size_t close = after(&rest, "</proceed>");

			if (close == 0)
				return 0;
			i += close;
		}
		*ret = i;
		return 1;
	}
	i = after(in, "</stream:features>");
	if (i == 0)
		i = after(in, "</features>");
	if (i == 0)
		i = after(in, "features/>");
	*ret = i;
	*ret_offer = contains(in, s->step->offer);
	return i > 0;
}

/* A BER header at AT within LEN: 1, 0 when cut short, -1. Definite lengths
 * of up to two bytes, which is all we accept of one answer. */
static int ber(const unsigned char *p, size_t len, size_t *at,
	       unsigned char *ret_tag, size_t *ret_len)
{
	size_t i = *at;

	if (len - i < 2)
		return 0;
	*ret_tag = p[i++];
	*ret_len = p[i++];
	if (*ret_len >= 0x80) {
		size_t n = *ret_len & 0x7f;

		if (n < 1 || n > 2)
			return -1;
		if (len - i < n)
			return 0;
		for (*ret_len = 0; n > 0; n--)
			*ret_len = *ret_len << 8 | p[i++];
	}
	*at = i;
	return 1;
}

/* The element at AT, which must lie within LEN and have this tag. */
static bool ber_in(const unsigned char *p, size_t len, size_t *at,
		   unsigned char tag, struct part *ret)
{
	unsigned char got;
	size_t n;

	if (ber(p, len, at, &got, &n) != 1 || got != tag || n > len - *at)
		return false;
	*ret = (struct part){ (const char *) p + *at, n };
	*at += n;
	return true;
}

static int read_ldap(struct starttls *s, const struct part *in, size_t *ret,
		     struct err *err)
{
	const unsigned char *p = (const unsigned char *) in->p;
	struct part id, op, code, dn, text;
	char said[PLAIN_QUOTED];
	unsigned char tag;
	size_t at = 0, len = 0, end;
	int n = ber(p, in->len, &at, &tag, &len);

	if (in->len > 0 && p[0] != 0x30)
		return not_spoken(s, err);
	if (n == 0 || (n == 1 && len > in->len - at))
		return len > STARTTLS_ANSWER_MAX - 4 ? not_spoken(s, err) : 0;
	if (n == -1)
		return not_spoken(s, err);
	end = at + len;
	if (!ber_in(p, end, &at, 0x02, &id) || !ber_in(p, end, &at, 0x78, &op))
		return not_spoken(s, err);
	p = (const unsigned char *) op.p;
	at = 0;
	if (!ber_in(p, op.len, &at, 0x0a, &code) || code.len != 1 ||
	    !ber_in(p, op.len, &at, 0x04, &dn) ||
	    !ber_in(p, op.len, &at, 0x04, &text))
		return not_spoken(s, err);
	*ret = end;
	remember(s, &text);
	if (code.p[0] == 0)
		return 1;
	return err_set(
		err, ERR_INPUT, "it refuses StartTLS with result code %d%s%s",
		(unsigned char) code.p[0], *s->last != '\0' ? ", saying " : "",
		*s->last != '\0' ? plain_quoted(s->last, said) : "");
}

/* Packet 0: protocol 10, version string, thread, 8 bytes of salt, a zero,
 * and the lower half of the capabilities, of which 0x0800 is SSL. */
static int read_greeting(struct starttls *s, const struct part *in, size_t *ret,
			 struct err *err)
{
	const unsigned char *p = (const unsigned char *) in->p;
	size_t len, version;
	struct part text;

	if (in->len < 5)
		return 0;
	len = (size_t) p[0] | (size_t) p[1] << 8 | (size_t) p[2] << 16;
	if (len < 2 || len + 4 > STARTTLS_ANSWER_MAX || p[3] != 0)
		return not_spoken(s, err);
	if (in->len < 4 + len)
		return 0;
	p += 4;
	*ret = 4 + len;
	if (p[0] == 0xff && len > 3) { /* an error: code, text */
		text = (struct part){ (const char *) p + 3, len - 3 };
		remember(s, &text);
		return refused(s, err);
	}
	if (p[0] != 10)
		return not_spoken(s, err);
	version = strnlen((const char *) p + 1, len - 1);
	if (1 + version + 1 + 4 + 8 + 1 + 2 > len)
		return not_spoken(s, err);
	p += 1 + version + 1 + 4 + 8 + 1;
	if (((p[0] | p[1] << 8) & 0x0800) == 0)
		return err_set(err, ERR_INPUT, "it does not offer TLS");
	return 1;
}

static int read_byte(struct starttls *s, const struct part *in, size_t *ret,
		     struct err *err)
{
	if (in->len == 0)
		return 0;
	*ret = 1;
	if (in->p[0] == 'S')
		return 1;
	if (in->p[0] == 'N')
		return err_set(err, ERR_INPUT, "it has no TLS");
	remember(s, in);
	return in->p[0] == 'E' ? refused(s, err) : not_spoken(s, err);
}

static int read_answer(struct starttls *s, const struct part *in, size_t *ret,
		       bool *ret_offer, struct err *err)
{
	switch (s->step->answer) {
	case CODE:
		return read_code(s, in, ret, ret_offer, err);
	case LINE:
		return read_line(s, in, ret, err);
	case CAPS:
		return read_caps(s, in, ret, ret_offer, err);
	case XML:
		return read_xml(s, in, ret, ret_offer, err);
	case LDAP:
		return read_ldap(s, in, ret, err);
	case GREETING:
		return read_greeting(s, in, ret, err);
	case BYTE:
		break;
	}
	return read_byte(s, in, ret, err);
}

static bool last_step(const struct starttls *s)
{
	return s->step + 1 == s->steps + ARRAY_LEN(dialogues[0].steps) ||
	       (!s->step[1].good && !s->step[1].say);
}

/* One answer is complete and good: on to the next step. */
static void advance(struct starttls *s, size_t used)
{
	memmove(s->in.buf, s->in.buf + used, s->in.len - used);
	s->in.len -= used;
	s->in.buf[s->in.len] = '\0';
	if (last_step(s)) {
		s->done = true;
		return;
	}
	s->step++;
	say(s);
	/* The last words, which TLS follows without an answer. */
	if (!s->step->good)
		s->done = true;
}

int starttls_in(struct starttls *s, const void *p, size_t len, struct err *err)
{
	sbuf_add(&s->in, p, len);
	if (sbuf_over(&s->in))
		return err_set(err, ERR_LIMIT,
			       "it says more than %d bytes and no answer",
			       STARTTLS_ANSWER_MAX);
	while (!s->done && s->in.len > 0) {
		struct part in = { s->in.buf, s->in.len };
		bool offer = false;
		size_t used = 0;
		int n = read_answer(s, &in, &used, &offer, err);

		if (n <= 0)
			return n;
		if (s->step->offer && !offer)
			return err_set(err, ERR_INPUT,
				       "it does not offer STARTTLS");
		advance(s, used);
	}
	if (!s->done)
		return 0;
	if (s->in.len > 0)
		return err_set(err, ERR_INPUT,
			       "%zu more bytes came with its answer to "
			       "STARTTLS, in clear text: somebody injects "
			       "commands, or it is broken",
			       s->in.len);
	return 1;
}

int starttls_closed(struct starttls *s, struct err *err)
{
	struct part rest = { s->in.len > 0 ? s->in.buf : "", s->in.len };
	char said[PLAIN_QUOTED];

	if (rest.len > 0)
		remember(s, &rest);
	if (s->last[0] == '\0')
		return err_set(err, ERR_INPUT,
			       "it closed the connection without a word");
	return err_set(err, ERR_INPUT,
		       "it closed the connection, its last words were %s",
		       plain_quoted(s->last, said));
}
