/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "make_certificates DIR": what fuzz_identity begins with, certificates and
 * values of subjectAltName, in DIR/identity.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <openssl/x509v3.h>

#include "../lib/pki.h"

static unsigned n_files;

static void
write_input(const char *dir, const void *data, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/identity/%03u", dir, n_files++);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
write_certificate(const char *dir, const struct pki_cert *cert)
{
	int at = X509_get_ext_by_NID(cert->x509, NID_subject_alt_name, -1);
	size_t len;
	uint8_t *der = pki_der(cert, &len);

	write_input(dir, der, len);
	free(der);
	if (at >= 0) {
		const ASN1_OCTET_STRING *san = X509_EXTENSION_get_data(
		    X509_get_ext(cert->x509, at));

		write_input(dir, ASN1_STRING_get0_data(san),
		    (size_t)ASN1_STRING_length(san));
	}
}

int
main(int argc, char **argv)
{
	static const struct pki_options all[] = {
		{.key_type = PKI_P256}, {.key_type = PKI_P384},
		{.key_type = PKI_ED25519}, {.version = 1}, {.serial = "-1"},
		{.subject = "/UID=u/serialNumber=1/CN=J\xc3\xbcrgen/OU=\\/"},
		{.san = "DNS:a.b,URI:x:y,email:a@b,IP:::1,RID:1.2.3"},
		{.san = "otherName:1.3.6.1.4.1.311.20.2.3;IA5:a"},
		{.san = "otherName:1.3.6.1.5.2.2;UTF8:a,DNS:*.b"},
		{.eku = "anyExtendedKeyUsage", .key_usage = ""},
		{.ski = "01:02", .san = ""},
	};
	struct pki *pki = pki_new(NULL);
	const struct pki_cert *ca = pki_ca(pki, NULL, "CA", NULL);
	char path[512];

	if (argc != 2)
		return 1;
	snprintf(path, sizeof(path), "%s/identity", argv[1]);
	(void)mkdir(argv[1], 0755);
	(void)mkdir(path, 0755);
	write_certificate(argv[1], ca);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		write_certificate(argv[1], pki_user(pki, ca, "alice",
		    &all[i]));
	pki_free(pki);
	return 0;
}
