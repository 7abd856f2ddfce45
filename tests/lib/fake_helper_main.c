/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripted helper as a program that the module spawns: descriptor 0 is
 * the connection, the first argument the script, the second the file for the
 * report. Tests only.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_helper.h"

int
main(int argc, char *argv[])
{
	static char script[65536];
	FILE *in;
	FILE *report;

	if (argc != 3)
		return 2;
	in = fopen(argv[1], "re");
	if (in == NULL)
		return 2;
	script[fread(script, 1, sizeof(script) - 1, in)] = '\0';
	fclose(in);
	report = fopen(argv[2], "we");
	if (report == NULL)
		return 2;
	fake_helper_play(-1, STDIN_FILENO, script, report);
	fclose(report);
	return 0;
}
