/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A helper that does what a script says, right or wrong: the other side of
 * the module in its tests. A script has one step per line:
 *
 *	login [FIELD=VALUE...]	receive the LOGIN and compare these fields;
 *				its id and nonce must be new
 *	ask TEXT [=> ANSWER]	ASK; "=> !WORD": the answer's status is WORD
 *	agent => UID PATH	AGENT_WANTED; a socket of that user's arrives
 *	agent => !WORD		or an ANSWER with that status
 *	relay TEXT [=> ANSWER]	RELAY, in the same way; TEXT "xN": N letters
 *	secret TEXT [=> ANSWER]	ASK_SECRET; "=> *": any secret at all; "=> !":
 *				none arrives
 *	secret-last TEXT	ASK_SECRET, and no interest in the ANSWER
 *	unread			wait until something is there, and leave it
 *	secret-on KIND TEXT	ASK_SECRET with a wrong descriptor: file, pipe,
 *				stream, dgram, inet, full; none arrives
 *	tell info|error TEXT	TELL
 *	result VERDICT [FIELD=VALUE...]
 *				RESULT, otherwise right; id=other and
 *				nonce=other make these wrong
 *	mutate flip|cut|pad N	the right RESULT (allow), one bit flipped, cut
 *				to N bytes, or N bytes longer
 *	raw TOKEN...		a datagram: hex bytes, "text", u32:N, text:N
 *				(N bytes of text with its length before them)
 *	fds N			TELL with N descriptors
 *	flood N			N TELLs
 *	big N			a datagram of N bytes
 *	eof			the peer closes, and says nothing before
 *	silence			wait for the peer to close, whatever it says
 *	close, shut rd|wr	end, or half of it
 *	maybe STEP...		a step that may fail: the peer may have gone
 *	accept			go on with the next connection
 *	exit N, signal N	end; N is a number
 *	only-fds N		the descriptors of this process are 0..N
 *	only-env NAME...	and these are the names in its environment
 *	note WORD		write WORD to the report now
 *	write TEXT		put text on descriptors 1 and 2
 *
 * Words are separated by spaces; "..." holds them together, with \n, \r, \e,
 * \\, \" and \xNN.
 */
#ifndef TESTS_FAKE_HELPER_H
#define TESTS_FAKE_HELPER_H

#include <stddef.h>
#include <stdio.h>

#define FAKE_WORDS_MAX 64

/*
 * Plays the script over connection fd, or, where fd is -1, over connections
 * that it accepts on listen_fd. Writes what was not as expected to report,
 * one line each, and "done" when the script came to its end, or to a step
 * that ends it.
 */
void fake_helper_play(int listen_fd, int fd, const char *script,
    FILE *report);

/*
 * Splits a line into words, in place; returns how many, or -1 for a line
 * that cannot be read. A line that starts with '#' has none.
 */
int fake_words(char *line, char *words[FAKE_WORDS_MAX]);

#endif
