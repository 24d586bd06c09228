/* SPDX-License-Identifier: MIT */
/* A certificate signing request from anybody, PEM or DER. */
#include <stdlib.h>
#include <string.h>
#include "x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(const struct x509_csr *csr)
{
	struct err err = ERR_INIT;
	struct x509_csr *again = NULL;
	const char *pem = x509_csr_pem(csr);

	/* What we store must be what we read. */
	if (x509_csr_parse(pem, strlen(pem), &again, &err) == -1 ||
	    strcmp(pem, x509_csr_pem(again)) != 0 ||
	    !x509_ids_equal(x509_csr_ids(csr), x509_csr_ids(again)))
		abort();
	x509_csr_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct x509_csr_policy strict,
		own = { .any_key = true, .allow_ip = true };
	struct err err = ERR_INIT;
	struct x509_csr *csr = NULL;

	if (x509_csr_parse(data, size, &csr, &err) == -1) {
		if (csr || err.kind == ERR_NONE)
			abort();
		return 0;
	}
	read_again(csr);
	if (x509_csr_check(csr, &strict, &err) == 0)
		for (size_t i = 0; i < x509_csr_ids(csr)->n; i++)
			if (!x509_dns_name_ok(x509_csr_ids(csr)->v[i].value,
					      false))
				abort();
	(void) !x509_csr_check(csr, &own, &err);
	x509_csr_free(&csr);
	return 0;
}
