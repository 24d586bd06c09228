/* SPDX-License-Identifier: MIT */
#ifndef X509_FORM_H
#define X509_FORM_H

/* What people bring instead of a certificate signing request, called by its
 * name, with the command that makes a request of it. */

#include "x509_impl.h"

/* The commands that make a request, of a key that is there and with a new one.
 * Who knows the names puts them in: NAME is the domain, in file names the name
 * that it is enrolled under. */
#define X509_FORM_SAN "-subj / -addext subjectAltName=DNS:NAME -out NAME.csr"
#define X509_FORM_REQ "openssl req -new -key KEY " X509_FORM_SAN
#define X509_FORM_NEW                                       \
	"openssl req -new -newkey rsa:2048 -nodes -keyout " \
	"NAME.key " X509_FORM_SAN

/* DATA is two bytes a character, with or without a byte order mark. */
bool x509_form_utf16(const void *data, size_t len);
/* PEM as OpenSSL reads it, appended to RET: without a byte order mark, without
 * the blanks and the '>' of a quoting mail before its lines; lines end in LF,
 * CR or both. */
void x509_form_lines(const void *data, size_t len, struct sbuf *ret);

/* -1, ERR_INPUT: what a PEM block of this label is, which is none of a
 * request; NULL: there was no block at all. */
int x509_form_label(const char *label, struct err *err);
/* The same of DER that is no request; 0, and ERR as it was: unknown. */
int x509_form_der(const unsigned char *der, size_t len, struct err *err);
/* In which way text was mangled where a BEGIN line is and no block can be
 * read; 0, and ERR as it was: in none that we know. */
int x509_form_mangled(const void *data, size_t len, struct err *err);
/* -1, ERR_INPUT: neither PEM nor DER. */
int x509_form_else(const void *data, size_t len, struct err *err);

#endif
