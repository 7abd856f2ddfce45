/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl, the command for people. Everything is in ctl_main(), which the
 * tests link as well.
 */
#include "config.h"

#include "mtlsctl/command.h"

int
main(int argc, char *argv[])
{
	return ctl_main(argc, argv);
}
