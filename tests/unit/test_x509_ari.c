/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"
#include "x509_ari.h"

/* A leaf with this serial number below a CA with this key identifier. */
static const char *id_of(const char *serial, const char *ext)
{
	static char id[X509_ARI_MAX + 1];
	struct err err = ERR_INIT;
	struct x509_chain *c;
	bool has;

	kit_sh("printf '%s\\n' >leaf.ext; openssl x509 -req -in leaf.csr "
	       "-CA ca.pem -CAkey ca.key -set_serial %s -days 30 "
	       "-extfile leaf.ext -out leaf.pem",
	       ext, serial);
	c = kit_chain("leaf.pem", &err);
	assert_non_null(c);
	has = x509_ari_id(c, id);
	x509_chain_free(&c);
	return has ? id : "none";
}

static int setup(void **state)
{
	if (scratch_setup(state))
		return -1;
	kit_req("leaf.csr", KIT_EC " -subj /CN=example.com");
	kit_sh("openssl req -x509 -nodes " KIT_EC " -keyout ca.key "
	       "-out ca.pem -days 30 -subj '/CN=Example CA' -addext "
	       "subjectKeyIdentifier=69885B6B87464041E1B37B847BA0AE2CDE01C8D4");
	return 0;
}

#define AKI "authorityKeyIdentifier=keyid:always"
#define KEY "aYhba4dGQEHhs3uEe6CuLN4ByNQ."

static void serials(void **state)
{
	/* RFC 9773 section 4.1: the 00 before the high bit belongs to it */
	assert_string_equal(id_of("0x87654321", AKI), KEY "AIdlQyE");
	/* base64 of 7F, 00 80, 01, 12 34 */
	assert_string_equal(id_of("0x7f", AKI), KEY "fw");
	assert_string_equal(id_of("0x80", AKI), KEY "AIA");
	assert_string_equal(id_of("1", AKI), KEY "AQ");
	assert_string_equal(id_of("0x1234", AKI), KEY "EjQ");
	/* 20 bytes, the most of RFC 5280 */
	assert_string_equal(
		id_of("0x7fffffffffffffffffffffffffffffffffffffff", AKI),
		KEY "f_________________________8");
}

/* RFC 9773 appendix A. */
static void example(void **state)
{
	struct err err = ERR_INIT;
	char id[X509_ARI_MAX + 1];
	struct x509_chain *c;

	scratch_write(scratch("rfc.pem"),
		      "-----BEGIN CERTIFICATE-----\n"
		      "MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQD"
		      "EwpFeGFt\n"
		      "cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBa"
		      "MBYxFDAS\n"
		      "BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD"
		      "QgAEeBZu\n"
		      "7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//"
		      "AwyMwWxyHz4zfwmBhcSrf47NUAFf\n"
		      "qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uE"
		      "e6CuLN4B\n"
		      "yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+"
		      "S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb\n"
		      "+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK\n"
		      "-----END CERTIFICATE-----\n",
		      0600);
	c = kit_chain("rfc.pem", &err);
	if (!c)
		fail_msg("%s", err.msg);
	assert_true(x509_ari_id(c, id));
	assert_string_equal(id, KEY "AIdlQyE");
	x509_chain_free(&c);
}

static void none(void **state)
{
	char long_key[1200] = "authorityKeyIdentifier=DER:";
	char hex[400] = "";

	assert_string_equal(id_of("5", "authorityKeyIdentifier=none"), "none");
	/* the issuer's name and number alone are no key identifier */
	assert_string_equal(id_of("0x1d", "2.5.29.35=DER:30:03:82:01:07"),
			    "none");
	assert_string_equal(id_of("0x1d", "2.5.29.35=DER:30:02:80:00"), "none");
	/* 147 bytes are 196 characters: with the point and "HQ" 199 */
	for (int i = 0; i < 147; i++)
		strcat(hex, "ab");
	snprintf(long_key, sizeof(long_key), "2.5.29.35=DER:308196808193%s",
		 hex);
	assert_int_equal(strlen(id_of("0x1d", long_key)), 199);
	snprintf(long_key, sizeof(long_key), "2.5.29.35=DER:308198808195%sabab",
		 hex);
	assert_string_equal(id_of("0x1d", long_key), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serials),
		cmocka_unit_test(example),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
