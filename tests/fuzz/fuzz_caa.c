/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "dns_caa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Printable, and one pair of quotes: it cannot leave its line. */
static void check_text(const struct dns_caa *caa)
{
	AUTO(sbuf_free) struct sbuf out = SBUF_INIT(5 * DNS_MESSAGE_MAX);
	unsigned quotes = 0;

	dns_caa_text(caa, &out);
	if (sbuf_over(&out))
		__builtin_trap();
	for (const char *p = sbuf_str(&out); *p; p++) {
		if (*p < ' ' || *p > '~')
			__builtin_trap();
		if (*p == '\\')
			p++;
		else
			quotes += *p == '"';
	}
	if (quotes != 2)
		__builtin_trap();
}

/* Two records, cut at the first byte's value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const domains[] = { "ca1.example" };
	AUTO(arena_free) struct arena *arena = arena_new();
	struct dns_caa_want want = { .domains = domains,
				     .n_domains = 1,
				     .account = "https://ca1.example/1",
				     .method = "dns-01" };
	struct dns_caa set[2];
	struct dns_caa_issue issue;
	size_t n = 0, cut;

	if (size < 1 || size > DNS_MESSAGE_MAX)
		return 0;
	cut = data[0] < size ? data[0] : size - 1;
	n += dns_caa_parse(data + 1, cut, arena, &set[n], NULL) == 0;
	n += dns_caa_parse(data + 1 + cut, size - 1 - cut, arena, &set[n],
			   NULL) == 0;
	for (size_t i = 0; i < n; i++) {
		check_text(&set[i]);
		(void) dns_caa_issue(&set[i], arena, &issue);
	}
	for (int i = 0; i < 2; i++) {
		struct dns_caa_says says;

		want.wildcard = i;
		says = dns_caa_judge(set, n, &want, arena);
		/* nobody is allowed by a record that does not name him */
		if (says.verdict == DNS_CAA_ALLOWED &&
		    strcmp(says.issue.domain, domains[0]) != 0)
			__builtin_trap();
		if (n == 0 && says.verdict != DNS_CAA_OPEN)
			__builtin_trap();
	}
	return 0;
}
