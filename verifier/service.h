/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The service manager: what it is told (sd_notify(3)), and the sockets that
 * it may have opened for us (sd_listen_fds(3)). Without one, nothing happens
 * and there are none.
 */
#ifndef VERIFIER_SERVICE_H
#define VERIFIER_SERVICE_H

#include "mtls/status.h"

#include "listener.h"

void service_ready(void);
/* A reload begins; and how it went: failed is why not, or NULL. */
void service_reloading(void);
void service_reloaded(const char *failed);
void service_stopping(void);

/* The highest descriptor that came from it, or 2. */
int service_last_fd(void);

enum service_socket {
	SERVICE_DEVICE,		/* as in [listen] */
	SERVICE_USER,
	SERVICE_ADMIN,
	SERVICE_METRICS
};

/* CONFIG: one of the sockets has a name that none of ours has. */
enum mtls_status service_check_sockets(struct mtls_err *err);

/*
 * Those with the name of which (FileDescriptorName=), ready to be served;
 * none is OK, with ret->n 0. CONFIG where one is not what it should be: TCP
 * for the device and user sockets, a Unix socket of sequential packets for
 * admin, a Unix socket or loopback TCP for metrics.
 */
enum mtls_status service_take_sockets(enum service_socket which,
    struct listener_sockets *ret, struct mtls_err *err);

#endif
