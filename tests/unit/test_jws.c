/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "jws.h"
#include "enc.h"

/* clang-format off */
/* RFC 7517 appendix A.2: the key whose thumbprint RFC 7638 gives. */
static const char rsa_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDS/HtqCh5sZxBK\n"
	"64+Isldmm032ed2tCZtcSmzZqIAVtaEzvwuFbHhxtt8AC1VPzrPC7VErto8UXG6E\n"
	"NHUvq1Khz8EkQI95tYpFeMFkKIVXifeiSeOEyy2fri1n/Zb7kmwZjgdzmf3IFcCv\n"
	"CX3eWq3v9E3nDoJ/SHhDJDm/7rlgaNBHT8UNbZC/OpjfrxBAyJwC1pKrOzwolmCd\n"
	"hv1zt3TOB0BkfO7qoxC9EvmFqOufWf3UJs6lshIPTyo0vKt2S35sVNaEAji8xAWH\n"
	"pZ5m7R8ziUV3Y1xHCvdc+Swg0dpD4b/EGeIipvDQuzWMXjj5ywUK6v6QSBTxrBqk\n"
	"nMqeoMqDAgMBAAECggEAX4cTteJY/gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoV\n"
	"H+HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT\n"
	"0/YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy/nHNKroADIkJ46pRUohsXywbReAdYaM\n"
	"wFs9tv8d/cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2j\n"
	"x4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL+Us2lG\n"
	"VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8QKBgQDzeL7si8wZegxcKyS/\n"
	"vdMqvzrfsWI7tnbvO/yiPqltZRDIs9AFDG09WfAPbRH7rR5MOYPa6Ocy3k+ioyub\n"
	"xF+Y2FVYO2OMyYIyM6lJeJwUePtc65UhhDKpVaVYSHp03foZVliT3c3wFz29jjXH\n"
	"LwH1HPM4ZVDNe80S+fs7SdVt+wKBgQDd185H1y5ir7RL6aQUvOAi2AwR8XMHareF\n"
	"Z6Ey4bSgK6qdve+hsvK6aqNVlA7V0it3CBOcJ2ljMFw59bmvfvQAVeOJZ+380YSK\n"
	"i+ieLOEqmj1VVLvxPMWDGQh2t5xF7Oxn7WRh3+zWoNvG2QMSB8AhMAb0tScAO6fi\n"
	"8hxvrJ6XGQKBgBuLD15HOmGvcvKCVvfyC4+MbqabtJc4vx+1U5EvMY+UnV93KBNK\n"
	"IpmMMSItnpkwLntFDmuXaYBRsgSeHPLUNlReNNl0boCg0z/GpGIRaObQAO+0HvzZ\n"
	"rbmGXNwt5tyNuBthr0ebEg8VMgDds6vC35/RFJrOq2Nzm/GHoipE4gY9AoGBALPZ\n"
	"QB/X4IAbKBUfDmnNkfxNoMNvNq09pBjgIbyJZRExNXn6wOoblFLzHwXDKZ/Janlu\n"
	"r8852GOUkkBe6THQv2oCN5xvCG6dQVG9CVIq2kTalHy4XEG/3fRheA4e3u+Fm0bK\n"
	"G0aJ7o02DdcQmj+kzutY71q1/i9fLcV8OPeEP3IJAoGAGyM/p6JrXySiz1toFgKb\n"
	"WV+JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa+Bk0KWNG\n"
	"DjJHZDdDmFhW3AN7lI+puxk/mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKF\n"
	"YItdldUKGzO6Ia6zTKhAVRU=\n"
	"-----END PRIVATE KEY-----\n";
/* RFC 7515 appendix A.3. */
static const char ec_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
	"H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
	"7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
	"-----END PRIVATE KEY-----\n";
/* d = 379: its x begins with a zero byte. */
static const char short_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA\n"
	"AAAAAAAAAAAAAAAAAAAAAAAAAXuhRANCAAQAVUOJSvPQDtfXQKvb11yWsGh3t4fb\n"
	"X3Dup4uQqNfACrtMhaPY6invqvokQGkS3YTVsU3DK/ZW72xr1YpdlD+S\n"
	"-----END PRIVATE KEY-----\n";
static const char p384_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA\n"
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAehZANiAAQoPB1zZc5H\n"
	"iPKfjr8jTt/+rW/pl/vqX/otWMyd+nscUIsFUm9VueuyBA8FtI+20OGUdcmQYeQb\n"
	"iLpS79uMFpBHGmHYZ+15lynZySzQHb0iVjDYTt4yp4+eZGZM2sUS74w=\n"
	"-----END PRIVATE KEY-----\n";
static const char p521_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAAAAAAAAAAAAAAAAA\n"
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	"AAAAAAehgYkDgYYABABW1dHZnVt/Y0butl/aCwc6DF8i4Oj1SDIo8BjSwvcRTF2M\n"
	"MI0Kv8aY2Mmm3zDc47vEb5U/UP3CYZoBzq2IKBbs1AA9LRt9m6qioRDR2DF6OdaE\n"
	"eLXFgtAoJPDdcdvZiibL3lVr0PKTzeyeK5Ujo0WRzhpfnnZxKl3e/Htca4vJBSUl\n"
	"Gw==\n"
	"-----END PRIVATE KEY-----\n";
static const char rsa1024_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMAspxAjbe36oGrK\n"
	"FDueyXVV5X3Xge/lgE6aC+3Xtc7w5JKgW0qHHjCeeOHL1G/2lA9dCVxuEM6OjT72\n"
	"wkXh7Kj4LnsECwX33WC+rActCvk3s3xebJoR7TYwWlvUAPbBusdM0CNmzetorCy8\n"
	"stsXY3wwTGaM359zdr93tX79kQiFAgMBAAECgYEAnz3hCaxyETsW5qag8W54fXQ6\n"
	"AHctwr4n/foEXIfcrahLn3ylaTJhv+PxQxmF5Wkr8zci5KaH4sGZJU2QWhwF3+VQ\n"
	"QRxw0NLKhZEMNB2bPA3ZuC/UoiWWG5ilWiA+NwNBGY9epgLespeM5/kmd7E6qpU3\n"
	"gKenb9S/MhyIc5tHegECQQDwW4UbpQy9OEdbGnpl4J+QfC9r4O+ZoIHUNB8ZlSyP\n"
	"KuPHY5sFRdYgNSidrOKEzONKe6a6xtSkD4v12qVBridBAkEAzK5gsjTKdVZwcLGI\n"
	"qKjIM5KSyuf54aNaKuldtZ7deJCZ+IB3cOfHyu7GBLBNv0G3pKX3I5oZtnOfkqmW\n"
	"mRd0RQJATEmwENstFO3E8CySRr2px5Ey9/mX8tnX+0Njz5niX7qMO1/o9x54XRai\n"
	"QpF6AA6L4bsna0bqfPwWPz1bkGI3QQJBAKxRttjxdu3YiytlW/9ascoxgWJQcODV\n"
	"TQlJlXpduGlTnD1JssUcbelcotu5rorxgfGdRHb1uuYPa+3m1wIma90CQQCt8apa\n"
	"cJPJOD0yuVpgSQ5uJ3fnYRMnhEHod+hkmnElTifJXwNcivPr8RTksb88OF+LLqoe\n"
	"yFwZC8tmZ57w1pch\n"
	"-----END PRIVATE KEY-----\n";

/* By Python's cryptography, which pads RS256 the same way. */
static const char rsa_empty[] =
	"{\"protected\":\"eyJhbGciOiJSUzI1NiIsImtpZCI6Imh0dHBzOi8vY"
	"2EuZXhhbXBsZS9hY2N0LzEiLCJub25jZSI6ImFiYy1fMSIsInVybCI6Imh"
	"0dHBzOi8vY2EuZXhhbXBsZS9vcmRlci8yIn0\",\"payload\":\"\",\""
	"signature\":\"aSclpi60um7siQWY9RMjbFzpIa5vx8hwplgQ9nyPQXVH"
	"fJl0A25U8xW1qEOXL5KlRn64B2S_XVAm6-r1KPVJPpvlnNgZL-wc7qL7Da"
	"fBeonT3PCfVueQM8W0Sb4hb7Mi9Dvcue_NdQNNVv25frlHb5M2ZKHYxyc3"
	"0zCRvvv-4eaLB3U7s69_HmHMRLMpYmGRY_OUC4mmWFDt4H2nQtejOhag7J"
	"sM_pVGQoMYHdE_hA-UIYtXwb0xjIHF14bT-xhm9ETRLbXlIswXXyWcK-QB"
	"8oEuL6RgkhbBHQIwaU-aTUFilH5LTf2nSLb5Ebvx1nrfJxykYl2qvCl6dj"
	"-uIUtl0w\"}";
static const char rsa_object[] =
	"{\"protected\":\"eyJhbGciOiJSUzI1NiIsImtpZCI6Imh0dHBzOi8vY"
	"2EuZXhhbXBsZS9hY2N0LzEiLCJub25jZSI6ImFiYy1fMSIsInVybCI6Imh"
	"0dHBzOi8vY2EuZXhhbXBsZS9vcmRlci8yIn0\",\"payload\":\"eyJhI"
	"joxfQ\",\"signature\":\"PkQPpPDMXZNf_F_upyIKXAw2OQXRP2glmx"
	"97nP3GmRTJ_qPLuHF9NOMvsBow06UIxU_FLEDcEAjRlfAqmrsTqovTsxyt"
	"zTT0HqeGnuWe8GnEOFrRl1eN2kE72L1Te42ykbhCUkWSn7RI9x-BH6iVF-"
	"0z66zFd4NOoz_iOvyObYIaN512roKHISHL1E3E-tHnZ2686m-nn2kUut7c"
	"abCXFIXemfXMopUgO4HgUMU8_O8uzpUX8RhKGmRhcgQna3CXm2dMmdyQN5"
	"8AzxMLCl2vFQvun-CT7P6-v8bGTmTQxeSqntjZQblhav2yC3iOg7HCCYFt"
	"26auO79roE42XpRiSg\"}";
/* clang-format on */

static struct jws_key *parse(const char *pem)
{
	struct jws_key *k = NULL;
	struct err err = ERR_INIT;

	if (jws_key_parse(pem, strlen(pem), "test.pem", &k, &err) == -1)
		fail_msg("%s", err.msg);
	return k;
}

/* The member NAME of a flattened JWS, whose values hold no quotes. */
static char *member(const char *jws, const char *name)
{
	char key[40], *p;

	(void) snprintf(key, sizeof(key), "\"%s\":\"", name);
	p = strstr(jws, key);
	assert_non_null(p);
	p += strlen(key);
	return strndup(p, strcspn(p, "\""));
}

/* base64url without padding, by the other alphabet. */
static void decode(const char *text, struct sbuf *ret)
{
	struct sbuf s = SBUF_INIT(8192);
	char *p;

	sbuf_adds(&s, text);
	while (s.len % 4)
		sbuf_addc(&s, '=');
	for (p = s.buf; (p = strpbrk(p, "-_"));)
		*p = *p == '-' ? '+' : '/';
	assert_int_equal(enc_b64_decode(sbuf_str(&s), ret, NULL), 0);
	sbuf_free(&s);
}

/* What the header of a signature by K begins with. */
static void assert_header(const struct jws_key *k, const char *alg,
			  const char *jwk)
{
	struct sbuf s = SBUF_INIT(8192), text = SBUF_INIT(8192);
	char want[1000], *protected;

	assert_int_equal(jws_sign(k, NULL, "n", "https://x/", "", 0, &s, NULL),
			 0);
	protected = member(sbuf_str(&s), "protected");
	decode(protected, &text);
	(void) snprintf(want, sizeof(want), "{\"alg\":\"%s\",\"jwk\":%s", alg,
			jwk ? jwk : "{");
	if (strncmp(sbuf_str(&text), want, strlen(want)) != 0)
		fail_msg("%s", sbuf_str(&text));
	free(protected);
	sbuf_free(&s);
	sbuf_free(&text);
}

static void describe(void **state)
{
	static const struct {
		const char *pem, *alg, *jwk, *thumbprint;
	} cases[] = {
		{ rsa_pem, "RS256", NULL,
		  /* RFC 7638 section 3.1 */
		  "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
		{ ec_pem, "ES256",
		  "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vu"
		  "b9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue65"
		  "9LNpXW6pCyStikYjKIWI5a0\"}",
		  "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U" },
		{ short_pem, "ES256",
		  "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"AFVDiUrz0A7X10Cr"
		  "29dclrBod7eH219w7qeLkKjXwAo\",\"y\":\"u0yFo9jqKe-q-iRAaRLd"
		  "hNWxTcMr9lbvbGvVil2UP5I\"}",
		  "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E" },
		{ p384_pem, "ES384",
		  "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"KDwdc2XOR4jyn46_"
		  "I07f_q1v6Zf76l_6LVjMnfp7HFCLBVJvVbnrsgQPBbSPttDh\",\"y\":"
		  "\"lHXJkGHkG4i6Uu_bjBaQRxph2GfteZcp2cks0B29IlYw2E7eMqePnmRm"
		  "TNrFEu-M\"}",
		  "VIkcP7ZWxi9OON5HpKbQdQzvD_E4rCTwuc2uVdIfpfI" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jws_key *k = parse(cases[i].pem);

		assert_header(k, cases[i].alg, cases[i].jwk);
		assert_string_equal(jws_key_thumbprint(k), cases[i].thumbprint);
		jws_key_free(&k);
		assert_null(k);
	}
}

/* RS256 gives the same signature each time. */
static void sign_rsa(void **state)
{
	struct jws_key *k = parse(rsa_pem);
	struct sbuf s = SBUF_INIT(4096);
	struct err err = ERR_INIT;

	assert_int_equal(jws_sign(k, "https://ca.example/acct/1", "abc-_1",
				  "https://ca.example/order/2", "", 0, &s,
				  &err),
			 0);
	assert_string_equal(sbuf_str(&s), rsa_empty);
	sbuf_clear(&s);
	assert_int_equal(jws_sign(k, "https://ca.example/acct/1", "abc-_1",
				  "https://ca.example/order/2", "{\"a\":1}", 7,
				  &s, &err),
			 0);
	assert_string_equal(sbuf_str(&s), rsa_object);
	sbuf_free(&s);
	jws_key_free(&k);
}

/* Verified by OpenSSL, from r and s of FIELD bytes each. */
static void verify_ec(const char *pem, const char *jws, size_t field,
		      const EVP_MD *md)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *protected = member(jws, "protected");
	char *payload = member(jws, "payload");
	char *signature = member(jws, "signature");
	struct sbuf sig = SBUF_INIT(200), input = SBUF_INIT(4096);
	ECDSA_SIG *es = ECDSA_SIG_new();
	unsigned char *der = NULL;
	int n;

	decode(signature, &sig);
	assert_int_equal(sig.len, 2 * field);
	(void) ECDSA_SIG_set0(
		es, BN_bin2bn((unsigned char *) sig.buf, (int) field, NULL),
		BN_bin2bn((unsigned char *) sig.buf + field, (int) field,
			  NULL));
	n = i2d_ECDSA_SIG(es, &der);
	sbuf_addf(&input, "%s.%s", protected, payload);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey), 1);
	assert_int_equal(EVP_DigestVerify(ctx, der, (size_t) n,
					  (unsigned char *) input.buf,
					  input.len),
			 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(es);
	sbuf_free(&sig);
	sbuf_free(&input);
	free(protected);
	free(payload);
	free(signature);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	(void) BIO_free(bio);
}

static void sign_ec(void **state)
{
	struct jws_key *k = parse(ec_pem), *k384 = parse(p384_pem);
	struct sbuf s = SBUF_INIT(4096);

	/* Often: r and s are shorter than the field now and then. */
	for (int i = 0; i < 600; i++) {
		sbuf_clear(&s);
		assert_int_equal(
			jws_sign(k, NULL, "n", "https://x/", "{}", 2, &s, NULL),
			0);
		verify_ec(ec_pem, sbuf_str(&s), 32, EVP_sha256());
	}
	sbuf_clear(&s);
	assert_int_equal(
		jws_sign(k384, NULL, "n", "https://x/", "{}", 2, &s, NULL), 0);
	verify_ec(p384_pem, sbuf_str(&s), 48, EVP_sha384());
	sbuf_free(&s);
	jws_key_free(&k);
	jws_key_free(&k384);
}

/* The JWK takes the place of the account; what a CA gave us is escaped. */
static void header(void **state)
{
	struct jws_key *k = parse(ec_pem);
	struct sbuf s = SBUF_INIT(4096), text = SBUF_INIT(4096);
	struct err err = ERR_INIT;
	char *protected;

	assert_int_equal(
		jws_sign(k, NULL, "n1", "https://x/\"y\\", "", 0, &s, NULL), 0);
	protected = member(sbuf_str(&s), "protected");
	decode(protected, &text);
	assert_string_equal(
		sbuf_str(&text),
		"{\"alg\":\"ES256\",\"jwk\":{\"crv\":\"P-256\",\"kty\":"
		"\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
		"\"nonce\":\"n1\",\"url\":\"https://x/\\\"y\\\\\"}");
	free(protected);
	sbuf_free(&s);
	sbuf_init(&s, 100);
	assert_int_equal(jws_sign(k, NULL, "n", "https://x/", "", 0, &s, &err),
			 -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	sbuf_free(&s);
	sbuf_free(&text);
	jws_key_free(&k);
}

static void refused(void **state)
{
	static const struct {
		const char *pem, *words;
	} cases[] = {
		{ "", "no private key" },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n"
		  "-----END PRIVATE KEY-----\n",
		  "no private key" },
		{ p521_pem, "P-256 or P-384" },
		{ rsa1024_pem, "1024" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jws_key *k = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(jws_key_parse(cases[i].pem,
					       strlen(cases[i].pem), "my.pem",
					       &k, &err),
				 -1);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_null(k);
		assert_non_null(strstr(err.msg, "my.pem"));
		if (!strstr(err.msg, cases[i].words))
			fail_msg("%s", err.msg);
	}
}

/* --- the file --- */

static char dir[200];

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void) snprintf(dir, sizeof(dir), "%s/certrepo-jws.XXXXXX",
			tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[300];

	(void) snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void open_file(void **state)
{
	char path[300], thumb[64], cmd[400];
	struct jws_key *k = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	static const char *const types[] = { "ES256", "RS256", NULL };
	static const char *const algs[] = { "ES256", "RS256", "ES256" };

	for (size_t i = 0; i < 3; i++) {
		(void) snprintf(path, sizeof(path), "%s/sub%zu/key.pem", dir,
				i);
		if (jws_key_open(path, types[i], &k, &err) == -1)
			fail_msg("%s", err.msg);
		assert_header(k, algs[i], NULL);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		(void) snprintf(thumb, sizeof(thumb), "%s",
				jws_key_thumbprint(k));
		jws_key_free(&k);
		/* What is there is used, whatever the type asked for. */
		assert_int_equal(jws_key_open(path, "RS256", &k, &err), 0);
		assert_string_equal(jws_key_thumbprint(k), thumb);
		jws_key_free(&k);
		/* The openssl program reads it. */
		(void) snprintf(cmd, sizeof(cmd),
				"openssl pkey -in %s -noout -check >/dev/null "
				"2>&1",
				path);
		assert_int_equal(system(cmd), 0);
	}
	/* No temporary file is left. */
	(void) snprintf(cmd, sizeof(cmd), "test \"$(ls -A %s/sub0)\" = key.pem",
			dir);
	assert_int_equal(system(cmd), 0);
}

static void open_refused(void **state)
{
	char path[300];
	struct jws_key *k = NULL;
	struct err err = ERR_INIT;

	(void) snprintf(path, sizeof(path), "%s/public.pem", dir);
	assert_int_equal(jws_key_open(path, NULL, &k, &err), 0);
	jws_key_free(&k);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(jws_key_open(path, NULL, &k, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, path));
	assert_null(k);
	/* an empty one, as a full disk leaves it: what to do about it */
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 0), 0);
	err_clear(&err);
	assert_int_equal(jws_key_open(path, NULL, &k, &err), -1);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.msg, "remove the file"));
	assert_null(k);
	(void) snprintf(path, sizeof(path), "%s/no/such/key.pem", dir);
	err_clear(&err);
	assert_int_equal(jws_key_open(path, NULL, &k, &err), -1);
	assert_null(k);
	assert_true(*err.msg);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(describe),	cmocka_unit_test(sign_rsa),
		cmocka_unit_test(sign_ec),	cmocka_unit_test(header),
		cmocka_unit_test(refused),	cmocka_unit_test(open_file),
		cmocka_unit_test(open_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
