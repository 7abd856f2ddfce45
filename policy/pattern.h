/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that match: hosts against the patterns of a policy, and
 * distinguished names against each other. Pure functions.
 */
#ifndef POLICY_PATTERN_H
#define POLICY_PATTERN_H

#include <stddef.h>

/*
 * A host pattern is a host name in which '*' stands for any characters of
 * one label, none included ("ws-*.acme.example"); a first label that is "*"
 * alone stands for one label or more ("*.acme.example"), and "*" alone for
 * every host.
 */
int pattern_is_host(const char *pattern);

/* Letters are compared without regard to case, as DNS does. */
int pattern_matches_host(const char *pattern, const char *host);

/*
 * Brings a distinguished name (RFC 4514) into the form in which two of them
 * are compared byte by byte: attribute types in capitals, no blanks around
 * ',' '+' and '='. Values stay as they are. Returns 0, or -1 if dn is not of
 * the form TYPE=value{,TYPE=value} or does not fit; out is then "".
 */
int pattern_normalise_dn(char *out, size_t size, const char *dn);

#endif
