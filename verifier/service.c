/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libsystemd, in one place. A message that does not arrive is not looked
 * after: the manager then waits, and says so itself.
 */
#include "config.h"

#include "service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#else
#define SD_LISTEN_FDS_START 3
#define sd_notify(unset, state) ((void)(state), 0)
#define sd_listen_fds(unset) 0
#define sd_listen_fds_with_names(unset, names) (*(names) = NULL, 0)
#endif

#include "mtls/text.h"

#include "network.h"

static const char *const names[] = {
	[SERVICE_DEVICE] = "device", [SERVICE_USER] = "user",
	[SERVICE_ADMIN] = "admin", [SERVICE_METRICS] = "metrics",
};

void
service_ready(void)
{
	(void)sd_notify(0, "READY=1\nSTATUS=Deciding logins");
}

/* systemd tells this reload from an earlier one by its clock. */
void
service_reloading(void)
{
	struct timespec now = { 0, 0 };
	char state[80];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state),
	    "RELOADING=1\nMONOTONIC_USEC=%lld%06ld", (long long)now.tv_sec,
	    now.tv_nsec / 1000);
	(void)sd_notify(0, state);
}

void
service_reloaded(const char *failed)
{
	char reason[240], state[400];

	if (failed == NULL) {
		service_ready();
		return;
	}
	/* On one line: it cannot become another assignment. */
	(void)snprintf(reason, sizeof(reason), "%s", failed);
	mtls_text_make_line(reason);
	(void)snprintf(state, sizeof(state),
	    "READY=1\nSTATUS=Deciding logins; the last reload was refused: "
	    "%s", reason);
	(void)sd_notify(0, state);
}

void
service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

int
service_last_fd(void)
{
	int n = sd_listen_fds(0);

	return n <= 0 ? 2 : SD_LISTEN_FDS_START + n - 1;
}

/* The names of the sockets; *ret_n of them. Freed with free_names(). */
static enum mtls_status
get_names(char ***ret, int *ret_n, struct mtls_err *err)
{
	int n = sd_listen_fds_with_names(0, ret);

	if (n < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, -n,
		    "sockets of the service manager");
	*ret_n = n;
	return MTLS_OK;
}

static void
free_names(char **list, int n)
{
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static int
is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return 1;
	}
	return 0;
}

enum mtls_status
service_check_sockets(struct mtls_err *err)
{
	enum mtls_status status;
	char **list = NULL;
	int n = 0;

	status = get_names(&list, &n, err);
	for (int i = 0; status == MTLS_OK && i < n; i++) {
		if (!is_known(list[i]))
			status = mtls_fail(err, MTLS_E_CONFIG, "the service "
			    "manager gave a socket named \"%s\", which is "
			    "none of device, user, admin, metrics", list[i]);
	}
	free_names(list, n);
	return status;
}

static int
option_of(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ?
	    value : -1;
}

/* What is wrong with a socket that is to be this one, or NULL. */
static const char *
fault_of(int fd, enum service_socket which)
{
	struct network_address address;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int is_local;

	if (option_of(fd, SO_ACCEPTCONN) != 1 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return "it does not listen";
	is_local = sa.ss_family == AF_UNIX;
	address = network_address_of((struct sockaddr *)&sa);
	if (option_of(fd, SO_TYPE) != (which == SERVICE_ADMIN ?
	    SOCK_SEQPACKET : SOCK_STREAM))
		return "it is of the wrong type";
	switch (which) {
	case SERVICE_DEVICE:
	case SERVICE_USER:
		return address.family == 0 ? "it is not TCP" : NULL;
	case SERVICE_ADMIN:
		return !is_local ? "it is not a Unix socket" : NULL;
	case SERVICE_METRICS:
		break;
	}
	return !is_local && !network_is_loopback(&address) ?
	    "it is neither a Unix socket nor on a loopback address" : NULL;
}

static enum mtls_status
take(int fd, enum service_socket which, struct listener_sockets *ret,
    struct mtls_err *err)
{
	const char *fault = fault_of(fd, which);
	int flags;

	if (fault == NULL && ret->n == LISTENER_SOCKETS_MAX)
		fault = "there are too many of them";
	flags = fault == NULL ? fcntl(fd, F_GETFL) : -1;
	if (fault == NULL && (flags < 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0))
		fault = "it cannot be set up";
	if (fault == NULL && listener_set_up_socket(fd) != 0)
		fault = "its options cannot be set";
	if (fault != NULL)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the %s socket of the service manager: %s", names[which],
		    fault);
	ret->fds[ret->n++] = fd;
	return MTLS_OK;
}

enum mtls_status
service_take_sockets(enum service_socket which,
    struct listener_sockets *ret, struct mtls_err *err)
{
	enum mtls_status status;
	char **list = NULL;
	int n = 0;

	ret->n = 0;
	status = get_names(&list, &n, err);
	for (int i = 0; status == MTLS_OK && i < n; i++) {
		if (strcmp(list[i], names[which]) == 0)
			status = take(SD_LISTEN_FDS_START + i, which, ret,
			    err);
	}
	free_names(list, n);
	return status;
}
