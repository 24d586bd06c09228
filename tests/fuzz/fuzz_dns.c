/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "dns_path.h"
#include "dns_ready.h"
#include "dns_update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name we made from the wire is one we take, unchanged. */
static void take(const char *name)
{
	char canon[DNS_NAME_TEXT];
	unsigned char wire[DNS_NAME_WIRE];
	size_t len;

	if (dns_name_canon(name, canon, NULL) == -1 ||
	    strcmp(canon, name) != 0 ||
	    dns_name_wire(name, wire, &len, NULL) == -1)
		__builtin_trap();
	if (!dns_name_within(name, dns_name_host(name)))
		__builtin_trap();
}

static void names(const struct dns_msg *m)
{
	struct dns_msg copy;
	void *packed = dns_msg_pack(m, &copy);

	for (size_t i = 0; i < m->n; i++) {
		take(m->rr[i].owner);
		if (m->rr[i].name)
			take(m->rr[i].name);
		if (strcmp(copy.rr[i].owner, m->rr[i].owner) != 0)
			__builtin_trap();
	}
	free(packed);
}

/* A server's message, through everything that looks at one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char query[] =
		"\0\0\1\0\0\1\0\0\0\0\0\0\7example\4test\0\0\6\0\1";
	static struct dns_key key = { .name = "k256",
				      .algorithm = "hmac-sha256",
				      .digest = "SHA256",
				      .mac_len = 32,
				      .secret = "secret",
				      .secret_len = 6 };
	struct dns_update_sent sent = { .zone = "example.test",
					.server = "192.0.2.1",
					.key = &key,
					.key_file = "file",
					.what = "TXT",
					.mac.len = 32 };
	AUTO(arena_free) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	static struct dns_path path;
	char to[DNS_NAME_TEXT];
	const char *cut;
	struct dns_msg m;
	char what[256];
	bool single, undone = false, dname;

	(void) dns_msg_answers(data, size, query, sizeof(query) - 1);
	/* No input is signed by a key that has never been used. */
	if (dns_update_verdict(&sent, 0, data, size, &single, &undone, &err) ==
		    0 ||
	    undone)
		__builtin_trap();
	if (dns_msg_parse(data, size, arena, &m, &err) == -1)
		return 0;
	names(&m);
	(void) dns_ready_has(&m, "example.test", "value", what);
	(void) dns_ready_serves(&m, "example.test");
	/* Each referral goes further down. */
	if (dns_walk_says(&m, "a.b.example.test", "test", &cut) ==
		    DNS_SAYS_REFERRAL &&
	    (strcmp(cut, "test") == 0 || !dns_name_within(cut, "test")))
		__builtin_trap();
	dns_path_init(&path, m.n > 0 ? m.rr[0].owner : "example.test");
	while (dns_path_alias(&path, &m, to, &dname, &err) == 1)
		if (dns_path_go(&path, to, &err) == -1)
			break;
	(void) dns_path_soa(&m, dns_path_name(&path));
	(void) dns_walk_domain(dns_path_name(&path));
	return 0;
}
