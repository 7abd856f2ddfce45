/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a connection costs before its ClientHello is complete: in the kernel
 * next to nothing, here the least that evhttp wants. All of it is a matter
 * of sockets that do not look readable; where one cannot do that, what it
 * costs is more, and the deadline of the handshake ends it all the same.
 */
#ifndef VERIFIER_HELLO_H
#define VERIFIER_HELLO_H

/*
 * For a listening socket: peers that say nothing are not accepted for a
 * while, and accepted ones do not look readable before there is as much as
 * any ClientHello has.
 */
void hello_expect(int listening_fd);

/*
 * For an accepted one, before anything was read: not readable before the
 * whole first record is there, if it is one of a handshake.
 */
void hello_wait(int fd);

/*
 * The handshake begins: from now on every byte is wanted. Not 0: what comes
 * may never be seen, and the connection is of no use.
 */
int hello_begins(int fd);

#endif
