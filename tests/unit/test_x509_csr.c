/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#include "scratch.h"
#include "x509_kit.h"

static const struct x509_csr_policy strict;
static const struct x509_csr_policy own_ca = { .any_key = true,
					       .allow_ip = true,
					       .allow_single = true };

/* CN is upper case, and twice in the SAN. */
static void names_and_rsa_key(void **state)
{
	static const char *const want[] = { "www.example.org", "example.org",
					    "*.example.org" };
	struct err err = ERR_INIT;
	struct x509_csr *csr;
	const struct x509_key_info *key;

	kit_req("rsa.csr", "-newkey rsa:2048 -subj /CN=WWW.Example.ORG -addext "
			   "subjectAltName=DNS:example.org,DNS:*.example.org,"
			   "DNS:www.example.org,DNS:EXAMPLE.org");
	csr = kit_csr("rsa.csr", &err);
	assert_non_null(csr);
	assert_int_equal(x509_csr_check(csr, &strict, &err), 0);
	assert_true(x509_csr_has_san(csr));
	assert_int_equal(x509_csr_ids(csr)->n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(x509_csr_ids(csr)->v[i].value, want[i]);
	key = x509_csr_key(csr);
	assert_int_equal(key->type, X509_KEY_RSA);
	assert_int_equal(key->bits, 2048);
	assert_string_equal(key->text, "RSA 2048");
	assert_string_equal(key->md5_modulus,
			    kit_out("openssl req -in rsa.csr -noout -modulus | "
				    "openssl md5 -r"));
	assert_string_equal(key->sha256,
			    kit_out("openssl req -in rsa.csr -noout -pubkey | "
				    "openssl pkey -pubin -outform DER | "
				    "sha256sum"));
	x509_csr_free(&csr);
	assert_null(csr);
	x509_csr_free(&csr);
}

static void cn(void **state)
{
	static const struct {
		const char *subject;
		bool has;
	} cases[] = { { "/", false },
		      { "/O=x", false },
		      { "/O=x/CN=www.example.org", true } };
	struct err err = ERR_INIT;
	struct x509_csr *csr;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		kit_sh("openssl req -new -key rsa.csr.key -out cn.csr -subj %s "
		       "-addext subjectAltName=DNS:www.example.org",
		       cases[i].subject);
		csr = kit_csr("cn.csr", &err);
		assert_int_equal(x509_csr_has_cn(csr), cases[i].has);
		x509_csr_free(&csr);
	}
}

static void ec_key(void **state)
{
	struct err err = ERR_INIT;
	struct x509_csr *csr;
	const unsigned char *der;
	size_t len;
	struct sbuf want = SBUF_INIT(65536);

	kit_req("ec.csr", KIT_EC " -subj / "
				 "-addext subjectAltName=DNS:ec.example.org");
	csr = kit_csr("ec.csr", &err);
	assert_non_null(csr);
	assert_int_equal(x509_csr_check(csr, &strict, &err), 0);
	assert_int_equal(x509_csr_key(csr)->type, X509_KEY_EC);
	assert_string_equal(x509_csr_key(csr)->text, "EC P-256");
	/* there is no modulus: of the SubjectPublicKeyInfo */
	assert_string_equal(
		x509_csr_key(csr)->md5_modulus,
		kit_out("openssl req -in ec.csr -noout -pubkey | openssl pkey "
			"-pubin -outform DER | md5sum"));
	/* canonical forms are openssl's own */
	kit_sh("openssl req -in ec.csr -out ec.der -outform DER");
	kit_read("ec.der", &want);
	x509_csr_der(csr, &der, &len);
	assert_int_equal(len, want.len);
	assert_memory_equal(der, want.buf, len);
	assert_string_equal(x509_csr_pem(csr), scratch_read(scratch("ec.csr")));
	sbuf_free(&want);
	x509_csr_free(&csr);
}

/* Each accepted as the same request as ec.csr. */
static void forms(void **state)
{
	static const char *const names[] = {
		"ec.der", "ec.new", "ec.text",	   "ec.param",	"ec.crlf",
		"ec.cr",  "ec.bom", "ec.indented", "ec.quoted",
	};
	struct err err = ERR_INIT;
	struct x509_csr *want, *csr;

	kit_sh("openssl req -in ec.csr -newhdr -out ec.new");
	kit_sh("grep -q 'NEW CERTIFICATE REQUEST' ec.new");
	kit_sh("openssl req -in ec.csr -text -out ec.text");
	kit_sh("{ openssl ecparam -name prime256v1; cat ec.csr; } >ec.param");
	kit_sh("sed 's/$/\\r/' ec.csr >ec.crlf");
	kit_sh("tr '\\n' '\\r' <ec.csr >ec.cr");
	kit_sh("{ printf '\\357\\273\\277'; cat ec.csr; } >ec.bom");
	kit_sh("{ echo 'csr: |'; sed 's/^/ \t /' ec.csr; } >ec.indented");
	kit_sh("{ echo 'Please sign'; sed 's/^/> > /' ec.csr; } >ec.quoted");
	want = kit_csr("ec.csr", &err);
	assert_non_null(want);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		csr = kit_csr(names[i], &err);
		if (!csr)
			fail_msg("%s: %s", names[i], err.msg);
		assert_string_equal(x509_csr_pem(csr), x509_csr_pem(want));
		assert_true(x509_csr_same_key(csr, want));
		x509_csr_free(&csr);
	}
	csr = kit_csr("rsa.csr", &err);
	assert_false(x509_csr_same_key(csr, want));
	x509_csr_free(&csr);
	x509_csr_free(&want);
}

/* What is not one CSR. */
static void not_a_csr(void **state)
{
	static const struct {
		const char *make, *says;
	} cases[] = {
		{ ": >bad", "empty" },
		{ "echo hello >bad", "neither PEM nor DER" },
		{ "cat ec.csr rsa.csr >bad", "two certificate signing" },
		{ "cat ec.csr ec.csr >bad", "two certificate signing" },
		{ "cat ec.csr ec.csr.key >bad", "PRIVATE KEY" },
		{ "cat ec.csr.key ec.csr >bad", "PRIVATE KEY" },
		{ "cp ec.csr.key bad",
		  "keys stay on their host: if this is a copy " },
		{ "openssl pkey -in ec.csr.key -outform DER -out bad",
		  "PRIVATE KEY" },
		{ "openssl rsa -traditional -in rsa.csr.key -out bad",
		  "PRIVATE KEY" },
		{ "openssl rsa -traditional -in rsa.csr.key -outform DER "
		  "-out bad",
		  "PRIVATE KEY" },
		{ "openssl ec -in ec.csr.key -outform DER -out bad",
		  "PRIVATE KEY" },
		{ "cat dsa.der >bad", "PRIVATE KEY" },
		{ "head -c 5000 dsa.der >bad", "not a certificate signing" },
		{ "printf '\\060\\200\\002\\001\\000\\060\\000\\000\\000' >bad",
		  "not a certificate signing" },
		{ "openssl req -x509 -key ec.csr.key -subj /CN=x -out bad",
		  "this is a certificate" },
		{ "head -c 200 ec.csr >bad", "damaged" },
		{ "head -c 100 ec.der >bad", "not a certificate signing" },
		{ "{ cat ec.der; echo x; } >bad", "something after" },
		{ "openssl ecparam -name prime256v1 -out bad",
		  "no certificate signing request" },
		{ "sed 's/^MI/NI/' ec.csr >bad", "not a certificate signing" },
		{ "head -c 70000 /dev/zero >bad", "larger than" },
		{ "{ printf '\\060\\203'; head -c 5000 /dev/urandom; } >bad",
		  "not a certificate signing" },
	};

	/* A DSA key of 32768 bits, which openssl reads for ten seconds. */
	kit_sh("ff=0x$(head -c 4096 /dev/zero | od -An -v -tx1 | "
	       "tr -d ' \\n' | tr 0 f);"
	       "printf 'asn1=SEQUENCE:k\\n[k]\\nv=INTEGER:0\\na=SEQUENCE:a\\n"
	       "x=OCTWRAP,INTEGER:%%s\\n[a]\\no=OID:dsaEncryption\\n"
	       "p=SEQUENCE:p\\n[p]\\np=INTEGER:%%s\\nq=INTEGER:0xff\\n"
	       "g=INTEGER:0xf1\\n' $ff $ff | openssl asn1parse -noout "
	       "-genconf /dev/stdin -out dsa.der");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct x509_csr *csr;

		kit_sh("%s", cases[i].make);
		alarm(2);
		csr = kit_csr("bad", &err);
		alarm(0);
		if (csr)
			fail_msg("accepted: %s", cases[i].make);
		kit_says(&err, cases[i].says);
	}
}

/* The command in TEXT makes a request, NAME.csr. */
static void follow(const char *text)
{
	const char *run = strstr(text, "by: ");
	struct err err = ERR_INIT;
	struct x509_csr *csr;

	run = run ? run + 4 : strrchr(text, ':') + 2;
	scratch_write(scratch("run.sh"), run, 0600);
	/* a person would be asked */
	kit_sh("sed -i 's/-noenc/& -passin pass:/' run.sh; "
	       "cp KEY KEY.kept; sh run.sh </dev/null; cp KEY.kept "
	       "KEY");
	if (access(scratch("NAME.csr"), R_OK) == -1)
		fail_msg("%s: %s", run, scratch_read(scratch("kit.log")));
	csr = kit_csr("NAME.csr", &err);
	if (!csr)
		fail_msg("%s: %s", run, err.msg);
	x509_csr_free(&csr);
}

/* What else people bring, called by its name. FOLLOW: by the command it says
 * after "by: " or the last colon, NAME.csr is a request then; the names that
 * the host has are known in it by those words. */
static void other_things(void **state)
{
	static const struct {
		const char *make, *says;
		bool follow;
	} cases[] = {
		{ "cp KEY FILE", "this holds a PRIVATE KEY", true },
		{ "openssl pkcs8 -topk8 -in KEY -passout pass:x -out FILE",
		  "this holds a PRIVATE KEY", true },
		{ "openssl pkcs8 -topk8 -in KEY -passout pass:x -outform DER "
		  "-out FILE",
		  "this holds a PRIVATE KEY", true },
		{ "sed 's/^/  /; s/^/> /' KEY >FILE",
		  "this holds a PRIVATE KEY", true },
		{ "sed 's/ PRIVATE/ TSS2 PRIVATE/' KEY >FILE",
		  "this is a TSS2 PRIVATE KEY, of a TPM", false },
		{ "sed 's/ PRIVATE/ OPENSSH PRIVATE/' KEY >FILE",
		  "this is an OPENSSH PRIVATE KEY", true },
		{ "echo ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me >FILE",
		  "this is an SSH public key", true },
		{ "cp CERTIFICATE FILE", "this is a certificate", true },
		{ "openssl x509 -in CERTIFICATE -outform DER -out FILE",
		  "this is a certificate", true },
		{ "openssl x509 -in CERTIFICATE -trustout -out FILE",
		  "this is a certificate", true },
		{ "openssl crl2pkcs7 -nocrl -certfile CERTIFICATE -out FILE",
		  "this is PKCS#7", true },
		{ "openssl crl2pkcs7 -nocrl -certfile CERTIFICATE -outform DER "
		  "-out FILE",
		  "this is PKCS#7", true },
		{ "openssl pkcs12 -export -in CERTIFICATE -inkey KEY -passout "
		  "pass: -out FILE",
		  "this is PKCS#12", true },
		{ "openssl pkey -in KEY -pubout -out FILE",
		  "this is a public key", true },
		{ "openssl pkey -in KEY -pubout -outform DER -out FILE",
		  "this is a public key", true },
		{ "openssl ca -config crl.cnf -gencrl -out FILE",
		  "list of revoked certificates", false },
		{ "openssl ca -config crl.cnf -gencrl | openssl crl -outform "
		  "DER -out FILE",
		  "list of revoked certificates", false },
		{ "iconv -t UTF-16 WANT >FILE", "it is UTF-16", true },
		{ "iconv -t UTF-16LE WANT >FILE", "it is UTF-16", false },
		{ "iconv -t UTF-16BE WANT >FILE", "it is UTF-16", false },
		{ "sed 's/=/=3D/g' WANT >FILE", "it is quoted-printable",
		  true },
		{ "{ printf '\042'; awk '{ printf \"%s\\\\n\", $0 }' "
		  "WANT; printf '\042'; } >FILE",
		  "are written out (\\n)", true },
		{ "tr '\\n' ' ' <WANT >FILE", "lines were joined", false },
		{ "tr -d '\\n' <WANT >FILE", "lines were joined", false },
		{ "grep -v -e --- WANT >FILE",
		  "first and last line are missing", false },
		{ "sed 's/-----/\xe2\x80\x94\xe2\x80\x94-/g' WANT >FILE",
		  "with five hyphens at each end", false },
		{ "printf '\\376\\355\\376\\355\\0\\0' >FILE",
		  "a Java key store", false },
		{ "printf 'PK\\003\\004xxxx' >FILE", "a ZIP archive", false },
		{ "echo '<!DOCTYPE html>' >FILE", "a page of HTML", false },
		{ "gzip <WANT >FILE", "compressed by gzip", false },
	};

	/* its base64 ends in '=' */
	kit_sh("n=example.org; until openssl req -new -nodes -newkey rsa:2048 "
	       "-keyout KEY -subj /CN=NAME.$n -addext "
	       "subjectAltName=DNS:NAME.$n -out WANT && grep -q =$ WANT; do "
	       "n=x$n; done");
	kit_sh("openssl req -x509 -key KEY -subj /CN=NAME.example.org -addext "
	       "subjectAltName=DNS:NAME.example.org -out CERTIFICATE");
	kit_sh(": >index; printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\n"
	       "certificate=CERTIFICATE\nprivate_key=KEY\ndefault_md=sha256\n"
	       "default_crl_days=1\n' >crl.cnf");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		struct x509_csr *csr;

		kit_sh("rm -f FILE NAME.csr; %s", cases[i].make);
		csr = kit_csr("FILE", &err);
		if (csr)
			fail_msg("accepted: %s", cases[i].make);
		kit_says(&err, cases[i].says);
		if (cases[i].follow)
			follow(err.msg);
	}
}

/* Parses, but a public CA would refuse it. OWN: a private CA may not. */
static void refused(void **state)
{
	static const struct {
		const char *args, *says;
		bool own;
	} cases[] = {
		{ "-newkey rsa:1024 -subj /CN=a.example.org", "RSA 1024",
		  false },
		{ "-newkey rsa:2056 -subj /CN=a.example.org", "RSA 2056",
		  true },
		{ "-newkey rsa:2048 -pkeyopt rsa_keygen_pubexp:3 "
		  "-subj /CN=a.example.org",
		  "exponent", false },
		{ "-newkey ec -pkeyopt ec_paramgen_curve:P-521 "
		  "-subj /CN=a.example.org",
		  "EC P-521", true },
		{ "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1 "
		  "-subj /CN=a.example.org",
		  "EC secp256k1", true },
		{ "-newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		  "-pkeyopt ec_param_enc:explicit -subj /CN=a.example.org",
		  "spelled out", false },
		{ "-newkey ed25519 -subj /CN=a.example.org", "ED25519", true },
		{ "-sha1 -key rsa.csr.key -subj /CN=a.example.org", "SHA1",
		  false },
		{ "-md5 -key rsa.csr.key -subj /CN=a.example.org", "MD5",
		  false },
		{ "-sha224 -key rsa.csr.key -subj /CN=a.example.org", "SHA224",
		  false },
		{ "-key rsa.csr.key -sigopt rsa_padding_mode:pss "
		  "-subj /CN=a.example.org",
		  "RSA-PSS", false },
		{ KIT_EC " -subj /CN=a.example.org "
			 "-addext tlsfeature=status_request",
		  "must-staple", false },
		{ KIT_EC " -subj /O=Company", "no name", false },
		{ KIT_EC " -subj '/CN=Our web server'", "Our web server",
		  false },
		{ KIT_EC " -subj /CN=a.example.org/CN=b.example.org",
		  "two common names", false },
		{ KIT_EC " -subj /CN=intranet", "single label", true },
		{ KIT_EC " -subj /CN=a_b.example.org", "underscore", false },
		{ KIT_EC " -subj /CN=w*.example.org", "wildcard", false },
		{ KIT_EC " -subj /CN=192.0.2.1", "address 192.0.2.1", true },
		{ KIT_EC " -subj / -addext subjectAltName=IP:2001:db8::0:1",
		  "address 2001:db8::1", true },
		{ KIT_EC " -subj /CN=a.example.org "
			 "-addext subjectAltName=email:x@example.org",
		  "e-mail", false },
		{ KIT_EC " -subj /CN=a.example.org "
			 "-addext subjectAltName=URI:https://example.org/",
		  "URI", false },
		{ KIT_EC " -subj / -addext subjectAltName=DNS:example.org.",
		  "ends with a dot", false },
		{ KIT_EC " -subj / -addext subjectAltName=DNS:10.0.0.1",
		  "last label is a number", false },
		{ KIT_EC " -utf8 -subj '/CN=m\xc3\xbcnchen.example'", "xn--",
		  false },
		/* DNS:a<NUL>.example.org */
		{ KIT_EC " -subj / -addext subjectAltName="
			 "DER:30:10:82:0e:61:00:2e:65:78:61:6d:70:6c:65:2e:6f:"
			 "72:67",
		  "NUL", false },
		/* an address of 3 bytes */
		{ KIT_EC
		  " -subj / -addext subjectAltName=DER:30:05:87:03:01:02:03",
		  "4 or 16", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct x509_csr *csr;

		kit_sh("openssl req -new -nodes -keyout k -out bad %s",
		       cases[i].args);
		csr = kit_csr("bad", &err);
		if (!csr)
			fail_msg("%s: %s", cases[i].args, err.msg);
		if (x509_csr_check(csr, &strict, &err) == 0)
			fail_msg("accepted: %s", cases[i].args);
		assert_int_equal(err.kind, ERR_INPUT);
		kit_says(&err, cases[i].says);
		err_clear(&err);
		if ((x509_csr_check(csr, &own_ca, &err) == 0) != cases[i].own)
			fail_msg("own CA: %s: %s", cases[i].args, err.msg);
		x509_csr_free(&csr);
	}
}

static void accepted(void **state)
{
	static const char *const args[] = {
		"-newkey rsa:3072 -subj /CN=a.example.org",
		"-newkey rsa:4096 -sha512 -subj /CN=a.example.org",
		"-newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha384 "
		"-subj /CN=a.example.org",
		KIT_EC " -subj /O=Company "
		       "-addext subjectAltName=DNS:xn--mnchen-3ya.example",
		KIT_EC " -subj /C=DE/O=x/OU=y/CN=a.example.org "
		       "-addext keyUsage=digitalSignature",
	};

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct err err = ERR_INIT;
		struct x509_csr *csr;

		kit_sh("openssl req -new -nodes -keyout k -out good %s",
		       args[i]);
		csr = kit_csr("good", &err);
		if (!csr || x509_csr_check(csr, &strict, &err) == -1)
			fail_msg("%s: %s", args[i], err.msg);
		x509_csr_free(&csr);
	}
}

static void wrong_signature(void **state)
{
	struct err err = ERR_INIT;
	struct sbuf s = SBUF_INIT(65536);
	struct x509_csr *csr = NULL;
	char *at;

	kit_read("ec.der", &s);
	at = memmem(s.buf, s.len, "ec.example.org", 14);
	assert_non_null(at);
	*at = 'f';
	assert_int_equal(x509_csr_parse(s.buf, s.len, &csr, &err), 0);
	assert_int_equal(x509_csr_check(csr, &strict, &err), -1);
	kit_says(&err, "signature is wrong");
	x509_csr_free(&csr);
	sbuf_free(&s);
}

/* Checking the numbers of an enormous key would take seconds to minutes, and
 * of a composite one more than of others: all are refused unseen. */
static void enormous_key(int digits, int bits)
{
	struct err err = ERR_INIT;
	struct x509_csr *csr;

	kit_sh("printf 'asn1=SEQUENCE:r\\n[r]\\ni=SEQUENCE:i\\na=SEQUENCE:a\\n"
	       "s=FORMAT:HEX,BITSTRING:00\\n[a]\\n"
	       "o=OID:sha256WithRSAEncryption\\nn=NULL\\n[i]\\n"
	       "v=INTEGER:0\\ns=SEQUENCE:e\\nk=SEQUENCE:k\\n"
	       "a=IMPLICIT:0,SET:e\\n[e]\\n[k]\\na=SEQUENCE:ka\\n"
	       "b=BITWRAP,SEQUENCE:rsa\\n[ka]\\no=OID:rsaEncryption\\nn=NULL\\n"
	       "[rsa]\\nn=INTEGER:0x%%s\\ne=INTEGER:65537\\n' "
	       "$(head -c %d /dev/zero | tr '\\0' f) >big.cnf; "
	       "openssl asn1parse -genconf big.cnf -noout -out big.der",
	       digits);
	csr = kit_csr("big.der", &err);
	if (!csr)
		fail_msg("%s", err.msg);
	assert_int_equal(x509_csr_key(csr)->bits, bits);
	assert_int_equal(x509_csr_check(csr, &own_ca, &err), -1);
	kit_says(&err, "larger than 8192 bits");
	x509_csr_free(&csr);
}

static void enormous_keys(void **state)
{
	enormous_key(2049, 8196);
	enormous_key(4096, 16384);
	enormous_key(5000, 20000);
}

/* A BMPString holds the U-label in 2-byte characters. */
static void bmp_string(void **state)
{
	struct err err = ERR_INIT;
	struct x509_csr *csr;

	kit_sh("printf '[req]\\nstring_mask=pkix\\nutf8=yes\\nprompt=no\\n"
	       "distinguished_name=d\\n[d]\\nCN=w.\xe4\xbe\x8b.example\\n' "
	       ">bmp.cnf");
	kit_sh("openssl req -new -config bmp.cnf -key ec.csr.key -out bmp.csr; "
	       "openssl asn1parse -in bmp.csr | grep -q BMPSTRING");
	csr = kit_csr("bmp.csr", &err);
	assert_non_null(csr);
	assert_int_equal(x509_csr_check(csr, &strict, &err), -1);
	kit_says(&err, "xn--");
	x509_csr_free(&csr);
}

static void sizes(void **state)
{
	struct err err = ERR_INIT;
	struct x509_csr *csr;

	kit_sh("s=; for i in $(seq 1 100); do s=$s,DNS:n$i.example.org; done; "
	       "openssl req -new -key ec.csr.key -subj / -out many "
	       "-addext subjectAltName=${s#,}");
	csr = kit_csr("many", &err);
	assert_non_null(csr);
	assert_int_equal(x509_csr_ids(csr)->n, X509_NAMES_MAX);
	assert_string_equal(x509_csr_ids(csr)->v[99].value, "n100.example.org");
	assert_int_equal(x509_csr_check(csr, &strict, &err), 0);
	x509_csr_free(&csr);
	kit_sh("s=; for i in $(seq 1 101); do s=$s,DNS:n$i.example.org; done; "
	       "openssl req -new -key ec.csr.key -subj / -out many "
	       "-addext subjectAltName=${s#,}");
	assert_null(kit_csr("many", &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	/* openssl itself keeps to 64 characters, so the mask is lifted */
	kit_sh("l=$(printf '%%060d' 0 | tr 0 a); openssl asn1parse -genstr "
	       "UTF8:$l.example.org -noout -out cn.der");
	kit_sh("printf 'asn1=SEQUENCE:r\\n[r]\\nv=INTEGER:0\\n"
	       "s=SEQUENCE:s\\nk=SEQUENCE:k\\na=IMPLICIT:0,SET:e\\n[e]\\n"
	       "[s]\\nr=SET:t\\n[t]\\nc=SEQUENCE:c\\n[c]\\no=OID:2.5.4.3\\n"
	       "u=UTF8:%%s.example.org\\n[k]\\na=SEQUENCE:ka\\n"
	       "b=FORMAT:HEX,BITSTRING:%%s\\n[ka]\\no=OID:id-ecPublicKey\\n"
	       "c=OID:prime256v1\\n' "
	       "$(printf '%%060d' 0 | tr 0 a) "
	       "$(openssl pkey -in ec.csr.key -pubout -outform DER | "
	       "tail -c 65 | od -An -v -tx1 | tr -d ' \\n') >cn.cnf; "
	       "openssl asn1parse -genconf cn.cnf -noout -out info.der");
	kit_sh("openssl dgst -sha256 -sign ec.csr.key info.der | "
	       "od -An -v -tx1 | tr -d ' \\n' >sig.hex; "
	       "printf 'asn1=SEQUENCE:r\\n[r]\\na=SEQUENCE:a\\n"
	       "s=FORMAT:HEX,BITSTRING:%%s\\n[a]\\no=OID:ecdsa-with-SHA256\\n' "
	       "$(cat sig.hex) >tail.cnf; "
	       "openssl asn1parse -genconf tail.cnf -noout -out tail.der; "
	       /* strip the outer header of the tail, wrap both anew */
	       "{ cat info.der; tail -c +3 tail.der; } >body; "
	       "n=$(wc -c <body); printf '\\060\\202' >long.der; "
	       "printf \"\\\\$(printf %%o $((n / 256)))"
	       "\\\\$(printf %%o $((n %% 256)))\" >>long.der; "
	       "cat body >>long.der");
	csr = kit_csr("long.der", &err);
	if (!csr)
		fail_msg("%s", err.msg);
	assert_int_equal(x509_csr_check(csr, &strict, &err), -1);
	kit_says(&err, "longer than 64");
	x509_csr_free(&csr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_rsa_key),
		cmocka_unit_test(cn),
		cmocka_unit_test(ec_key),
		cmocka_unit_test(forms),
		cmocka_unit_test(not_a_csr),
		cmocka_unit_test(other_things),
		cmocka_unit_test(refused),
		cmocka_unit_test(accepted),
		cmocka_unit_test(wrong_signature),
		cmocka_unit_test(enormous_keys),
		cmocka_unit_test(bmp_string),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
