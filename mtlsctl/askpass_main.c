/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-askpass.
 */
#include "config.h"

#include "mtlsctl/askpass.h"

int
main(int argc, char **argv)
{
	return askpass_main(argc, argv);
}
