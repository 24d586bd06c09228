/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "mem.h"
#include "group.h"

#define SERVICES 5
#define CERTS	 4

/*
 * A service is a word: its certificates, each a letter, "+" before those that
 * are to be put, "!" before those it cannot take, none before those it has;
 * "*": its key is replaced, too, which is called as it is;
 * "@" in front: alone; after ":" its fate, g(oes), l(ater), s(tays), o(ut).
 */
static size_t read_case(const char *text, struct group_service *v,
			struct group_cert certs[SERVICES][CERTS],
			char names[SERVICES][CERTS][2])
{
	size_t n = 0, k = 0;
	enum group_use use = GROUP_HAS;
	bool new_key = false;

	memset(v, 0, SERVICES * sizeof(*v));
	v[0].certs = certs[0];
	for (; *text != '\0'; text++) {
		switch (*text) {
		case ' ':
			n++;
			v[n].certs = certs[n];
			k = 0;
			break;
		case '@':
			v[n].alone = true;
			break;
		case '+':
			use = GROUP_PUT;
			break;
		case '*':
			new_key = true;
			break;
		case '!':
			use = GROUP_NONE;
			break;
		case ':':
			text++;
			v[n].fate = *text == 'g'   ? GROUP_GOES
				    : *text == 'l' ? GROUP_LATER
				    : *text == 's' ? GROUP_STAYS
						   : GROUP_OUT;
			break;
		default:
			names[n][k][0] = *text;
			names[n][k][1] = '\0';
			certs[n][k] =
				(struct group_cert){ names[n][k], use,
						     names[n][k], new_key };
			v[n].n_certs = ++k;
			use = GROUP_HAS;
			new_key = false;
			break;
		}
	}
	return n + 1;
}

/* Groups as letters of their first member. */
static void joins(void **state)
{
	static const struct {
		const char *services;
		size_t most;
		const char *groups;
	} cases[] = {
		{ "+a", 64, "a" },
		{ "+a +a", 64, "aa" },
		{ "+a +b", 64, "ab" },
		/* the second has it already */
		{ "+a a", 64, "ab" },
		{ "+a !a", 64, "ab" },
		/* a chain, and one that joins two that were apart */
		{ "+a +a+b +b", 64, "aaa" },
		{ "+a +b +a+b", 64, "aaa" },
		{ "+a +b +c +a+c", 64, "abaa" },
		{ "@+a +a", 64, "ab" },
		{ "+a @+a +a", 64, "aba" },
		/* but not where a key is replaced that both have */
		{ "@+*a +*a", 64, "aa" },
		{ "+*a @+*a +*a", 64, "aaa" },
		{ "@+*a @+b", 64, "ab" },
		/* no more than there is room for */
		{ "+a +a +a", 2, "aac" },
		{ "+a +a +b +b +a+b", 4, "aacca" },
		{ "+a +a:o", 64, "ab" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct group_cert certs[SERVICES][CERTS];
		char names[SERVICES][CERTS][2], got[SERVICES + 1] = "";
		struct group_service v[SERVICES];
		size_t n = read_case(cases[i].services, v, certs, names);

		group_join(v, n, cases[i].most);
		for (size_t k = 0; k < n; k++) {
			size_t first = 0;

			while (v[first].group != v[k].group)
				first++;
			got[k] = (char) ('a' + first);
		}
		if (strcmp(got, cases[i].groups) != 0)
			fail_msg("%s: %s, not %s", cases[i].services, got,
				 cases[i].groups);
	}
}

/* The fates afterwards, and who keeps whom: a letter, or "-". */
static void blocks(void **state)
{
	static const struct {
		const char *services, *fates, *by;
	} cases[] = {
		{ "+a:g", "g", "-" },
		{ "+a:g +a:g", "gg", "--" },
		/* it has it, or has nothing to do with it */
		{ "+a:g a:s", "gs", "--" },
		{ "+a:g !b:s", "gs", "--" },
		/* it refuses it, or is held */
		{ "+a:g !a:s", "ss", "b-" },
		{ "+a:g +a:s", "ss", "b-" },
		{ "!a:s +a:g", "ss", "-a" },
		/* unless one of them goes alone */
		{ "@+a:g !a:s", "gs", "--" },
		{ "+a:g @!a:s", "gs", "--" },
		/* but not where a key is replaced that both have */
		{ "@+*a:g !a:s", "ss", "b-" },
		{ "@+*a:g +*a:l", "ll", "b-" },
		{ "@+*a:g a:o", "so", "b-" },
		{ "@+*a:g b:o", "go", "--" },
		/* at its hour */
		{ "+a:g +a:l", "ll", "b-" },
		{ "+a:l +a:g +a:g", "lll", "-aa" },
		/* the whole group, though only one meets it */
		{ "+a:g +a+b:g !b:s", "sss", "cc-" },
		{ "+a:g +a+b:g +b:l", "lll", "cc-" },
		/* it is changed for another one all the same */
		{ "+a:g !a+b:g", "gg", "--" },
		/* out of reach: whatever it uses */
		{ "+a:g a:o", "so", "b-" },
		{ "+a:g b:o", "go", "--" },
		{ "@+a:g a:o", "go", "--" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct group_cert certs[SERVICES][CERTS];
		char names[SERVICES][CERTS][2];
		char fates[SERVICES + 1] = "", by[SERVICES + 1] = "";
		struct group_service v[SERVICES];
		size_t n = read_case(cases[i].services, v, certs, names);

		group_join(v, n, 64);
		group_block(v, n);
		for (size_t k = 0; k < n; k++) {
			fates[k] = "glso"[v[k].fate];
			by[k] = v[k].by == GROUP_FREE ? '-'
						      : (char) ('a' + v[k].by);
		}
		if (strcmp(fates, cases[i].fates) != 0 ||
		    strcmp(by, cases[i].by) != 0)
			fail_msg("%s: %s by %s", cases[i].services, fates, by);
	}
}

/* Too many for one journal: what stops the second half stops the first. */
static void across_groups(void **state)
{
	struct group_cert certs[SERVICES][CERTS];
	char names[SERVICES][CERTS][2];
	struct group_service v[SERVICES];
	size_t n = read_case("+a:g +a:g +a+b:g !b:s", v, certs, names);

	group_join(v, n, 2);
	assert_int_not_equal(v[0].group, v[2].group);
	group_block(v, n);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(v[i].fate, GROUP_STAYS);
	assert_int_equal(v[2].by, 3);
	assert_string_equal(v[3].certs[v[2].cert].name, "b");
	assert_int_equal(v[0].by, 2);
	assert_string_equal(v[2].certs[v[0].cert].name, "a");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins),
		cmocka_unit_test(blocks),
		cmocka_unit_test(across_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
