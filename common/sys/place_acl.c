/* SPDX-License-Identifier: MIT */

#include <endian.h>
#include "num.h"
#include "place_impl.h"

#define VERSION 2u

/* linux/posix_acl_xattr.h: all little endian, after a version of 32 bits. */
struct entry {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

enum {
	USER_OBJ = 1,
	USER = 2,
	GROUP_OBJ = 4,
	GROUP = 8,
	MASK = 16,
	OTHER = 32
};

static const struct {
	uint16_t tag;
	char letter;
	bool id;
} tags[] = {
	{ USER_OBJ, 'u', false },  { USER, 'u', true },
	{ GROUP_OBJ, 'g', false }, { GROUP, 'g', true },
	{ MASK, 'm', false },	   { OTHER, 'o', false },
};

int place_acl_print(const void *value, size_t len, char **ret, struct err *err)
{
	AUTO(sbuf_free)
	struct sbuf text = SBUF_INIT(PLACE_ACL_ENTRIES_MAX * 16);
	const unsigned char *p = value;
	uint32_t version;
	struct entry e;
	size_t i;

	if (len > sizeof(version))
		memcpy(&version, p, sizeof(version));
	if (len <= sizeof(version) || le32toh(version) != VERSION ||
	    (len - sizeof(version)) % sizeof(e) != 0 ||
	    (len - sizeof(version)) / sizeof(e) > PLACE_ACL_ENTRIES_MAX)
		return err_set(err, ERR_INPUT, "an ACL of an unknown kind");
	for (p += sizeof(version), len -= sizeof(version); len > 0;
	     p += sizeof(e), len -= sizeof(e)) {
		memcpy(&e, p, sizeof(e));
		for (i = 0; i < ARRAY_LEN(tags); i++)
			if (tags[i].tag == le16toh(e.tag))
				break;
		if (i == ARRAY_LEN(tags) || le16toh(e.perm) > 7)
			return err_set(err, ERR_INPUT,
				       "an ACL of an unknown kind");
		sbuf_addf(&text, "%s%c:", text.len > 0 ? "," : "",
			  tags[i].letter);
		if (tags[i].id)
			sbuf_addf(&text, "%u", le32toh(e.id));
		sbuf_addf(&text, ":%u", (unsigned int) le16toh(e.perm));
	}
	if (sbuf_over(&text))
		return err_set(err, ERR_LIMIT, "an ACL is too long");
	*ret = sbuf_take(&text, NULL);
	return 0;
}

/* "u:33:6", LEN bytes. */
static bool parse_entry(const char *s, size_t len, struct entry *ret)
{
	char id[11] = "";
	int64_t n = UINT32_MAX; /* where there is none */
	size_t i, digits;

	if (len < 4 || s[1] != ':' || s[len - 2] != ':' || s[len - 1] < '0' ||
	    s[len - 1] > '7')
		return false;
	digits = len > 4 ? len - 4 : 0;
	if (digits >= sizeof(id) || strspn(s + 2, "0123456789") != digits)
		return false;
	memcpy(id, s + 2, digits);
	if (digits > 0 && num_int(id, 0, UINT32_MAX - 1, &n, NULL) == -1)
		return false;
	for (i = 0; i < ARRAY_LEN(tags); i++)
		if (tags[i].letter == s[0] && tags[i].id == (digits > 0))
			break;
	if (i == ARRAY_LEN(tags))
		return false;
	ret->tag = htole16(tags[i].tag);
	ret->perm = htole16((uint16_t) (s[len - 1] - '0'));
	ret->id = htole32((uint32_t) n);
	return true;
}

int place_acl_parse(const char *text, struct sbuf *ret, struct err *err)
{
	AUTO(sbuf_free)
	struct sbuf out =
		SBUF_INIT(4 + PLACE_ACL_ENTRIES_MAX * sizeof(struct entry));
	uint32_t version = htole32(VERSION);
	const char *s = text;
	struct entry e;
	size_t len;

	sbuf_add(&out, &version, sizeof(version));
	for (;;) {
		len = strcspn(s, ",");
		if (!parse_entry(s, len, &e))
			return err_set(err, ERR_INPUT,
				       "\"%.100s\" is not an ACL", text);
		sbuf_add(&out, &e, sizeof(e));
		if (s[len] == '\0')
			break;
		s += len + 1;
	}
	if (sbuf_over(&out))
		return err_set(err, ERR_LIMIT, "an ACL is too long");
	sbuf_add(ret, sbuf_str(&out), out.len);
	return 0;
}

/* The digit of the entry that begins with START; OTHERWISE without one. */
static mode_t perm_of(const char *text, const char *start, mode_t otherwise)
{
	for (const char *s = text; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, start, 3) == 0 && s[3] >= '0' && s[3] <= '7')
			return (mode_t) (s[3] - '0');
	}
	return otherwise;
}

mode_t place_acl_group(const char *text)
{
	return perm_of(text, "g::", 0) & perm_of(text, "m::", 7);
}
