/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Method and path to a handler, and on which listener it may be called.
 * Everything that two programs could read in two ways is refused here: a
 * transfer coding, a content coding, two lengths, a body where none belongs.
 */
#include "config.h"

#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>

#include "mtls/text.h"

#define CHALLENGES	"/v1/challenges"
#define PROOFS		"/v1/proofs"
#define KEYS		"/v1/keys"
#define CERTIFICATES	"/v1/certificates"
#define GIVEN_UP	"/v1/given-up"
#define SESSIONS	"/v1/sessions"
#define APPROVALS	"/v1/approvals"
#define CODES		"/v1/codes"
#define GRANT		"/grant"
#define ID_HEX		(2 * MTLS_ID_BYTES)

struct route {
	const char *path;		/* up to the id, where there is one */
	const char *tail;		/* what follows the id; NULL: no id */
	enum role role;
	enum evhttp_cmd_type method;
	enum mtls_body_type body;	/* COUNT: none */
	void (*handle)(struct exchange *x);
};

static const struct route routes[] = {
	{ CHALLENGES, NULL, ROLE_DEVICE, EVHTTP_REQ_POST, MTLS_BODY_OPEN,
	    challenge_open },
	{ CHALLENGES "/", GRANT, ROLE_DEVICE, EVHTTP_REQ_GET,
	    MTLS_BODY_COUNT, grant_get },
	{ PROOFS, NULL, ROLE_USER, EVHTTP_REQ_POST, MTLS_BODY_PROOF,
	    proof_take },
	{ SESSIONS, NULL, ROLE_USER, EVHTTP_REQ_POST, MTLS_BODY_SESSION_ASK,
	    code_session },
	{ APPROVALS, NULL, ROLE_USER, EVHTTP_REQ_POST, MTLS_BODY_APPROVE,
	    code_approve },
	{ CODES, NULL, ROLE_USER, EVHTTP_REQ_POST, MTLS_BODY_MINT,
	    code_mint },
	{ CODES, NULL, ROLE_DEVICE, EVHTTP_REQ_POST, MTLS_BODY_CODE_TAKE,
	    code_take },
	{ KEYS, NULL, ROLE_DEVICE, EVHTTP_REQ_POST, MTLS_BODY_KEY,
	    key_take },
	{ CERTIFICATES, NULL, ROLE_DEVICE, EVHTTP_REQ_POST,
	    MTLS_BODY_CERTIFICATE_ASK, certificate_find },
	{ GIVEN_UP, NULL, ROLE_DEVICE, EVHTTP_REQ_POST, MTLS_BODY_GIVEN_UP,
	    given_up_take },
};

static int
path_matches(const struct route *r, const char *path,
    uint8_t id[MTLS_ID_BYTES])
{
	size_t head = strlen(r->path);
	char hex[ID_HEX + 1];

	if (r->tail == NULL)
		return strcmp(path, r->path) == 0;
	if (strncmp(path, r->path, head) != 0 ||
	    strlen(path) != head + ID_HEX + strlen(r->tail) ||
	    strcmp(path + head + ID_HEX, r->tail) != 0)
		return 0;
	memcpy(hex, path + head, ID_HEX);
	hex[ID_HEX] = '\0';
	return mtls_hex_decode(id, MTLS_ID_BYTES, hex) == 0;
}

/* How often a header is there; *ret_value is one of them. */
static int
count_header(struct exchange *x, const char *name, const char **ret_value)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(x->req);
	const struct evkeyval *h;
	int n = 0;

	for (h = headers->tqh_first; h != NULL; h = h->next.tqe_next) {
		if (evutil_ascii_strcasecmp(h->key, name) == 0) {
			*ret_value = h->value;
			n++;
		}
	}
	return n;
}

static int
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t len = sizeof(json) - 1;

	return evutil_ascii_strncasecmp(type, json, len) == 0 &&
	    (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* What is wrong with the headers, or NULL. */
static const char *
header_fault(struct exchange *x, const struct route *r)
{
	size_t len = evbuffer_get_length(
	    evhttp_request_get_input_buffer(x->req));
	const char *value = NULL;
	int n;

	if (count_header(x, "Transfer-Encoding", &value) != 0)
		return "A transfer coding is not accepted.";
	if (count_header(x, "Content-Encoding", &value) != 0)
		return "A content coding is not accepted.";
	n = count_header(x, "Content-Length", &value);
	if (r->body == MTLS_BODY_COUNT)
		return len > 0 || n > 1 || (n == 1 &&
		    strcmp(value, "0") != 0) ?
		    "This request has no body." : NULL;
	if (n != 1)
		return "Exactly one Content-Length is wanted.";
	if (strlen(value) != strspn(value, "0123456789") ||
	    strlen(value) > 9 || (size_t)atol(value) != len)
		return "The Content-Length is not that of the body.";
	if (count_header(x, "Content-Type", &value) != 1 || !is_json(value))
		return "The body must be application/json.";
	return NULL;
}

/* "wait=20": seconds, and nothing else. */
static int
take_query(struct exchange *x, const struct route *r, const char *query)
{
	size_t len;

	if (query == NULL)
		return 1;
	if (r->tail == NULL || strncmp(query, "wait=", 5) != 0)
		return 0;
	query += 5;
	len = strspn(query, "0123456789");
	if (len == 0 || len > 4 || query[len] != '\0')
		return 0;
	x->wait_s = (uint32_t)atol(query);
	return 1;
}

static void
bad_request(struct exchange *x, const char *why)
{
	exchange_problem(x, 400, "bad-request", why);
}

/* Parses the body; answers and returns 0 where it is not what it must be. */
static int
take_body(struct exchange *x, const struct route *r)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(x->req);
	size_t len = evbuffer_get_length(input);
	struct mtls_err err;
	const char *data;

	if (r->body == MTLS_BODY_COUNT)
		return 1;
	if (len > MTLS_BODY_MAX) {
		exchange_problem(x, 413, "too-large",
		    "The body is too large.");
		return 0;
	}
	mtls_err_clear(&err);
	data = (const char *)evbuffer_pullup(input, -1);
	if (data == NULL) {
		bad_request(x, "There is no body.");
		return 0;
	}
	if (mtls_body_parse(r->body, data, len, &x->body, &err) != MTLS_OK) {
		if (err.status == MTLS_E_MEMORY)
			exchange_problem(x, 503, "state-unavailable",
			    "Out of memory.");
		else
			bad_request(x, err.text);
		return 0;
	}
	x->body_type = r->body;
	return 1;
}

static const struct route *
find_route(struct exchange *x, enum role role, const char *path,
    int *ret_path_known)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(x->req);

	*ret_path_known = 0;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (routes[i].role != role ||
		    !path_matches(&routes[i], path, x->id))
			continue;
		*ret_path_known = 1;
		if (routes[i].method == method)
			return &routes[i];
	}
	return NULL;
}

static void
route(struct exchange *x, enum role role)
{
	const struct evhttp_uri *uri =
	    evhttp_request_get_evhttp_uri(x->req);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
	const struct route *r;
	const char *fault;
	int is_known;

	/* A URI with a host in it, or a fragment, is for a proxy. */
	if (path == NULL || evhttp_uri_get_host(uri) != NULL ||
	    evhttp_uri_get_fragment(uri) != NULL) {
		bad_request(x, "The path is malformed.");
		return;
	}
	r = find_route(x, role, path, &is_known);
	if (r == NULL) {
		exchange_problem(x, is_known ? 405 : 404,
		    is_known ? "method-not-allowed" : "not-found",
		    "There is no such request here.");
		return;
	}
	fault = header_fault(x, r);
	if (fault == NULL && !take_query(x, r, evhttp_uri_get_query(uri)))
		fault = "The query is malformed.";
	if (fault != NULL) {
		bad_request(x, fault);
		return;
	}
	if (take_body(x, r))
		exchange_settle(x, r->handle);
}

void
routes_request(void *arg, enum role role, struct connection *connection,
    struct evhttp_request *req)
{
	struct server *server = arg;
	struct exchange *x = calloc(1, sizeof(*x));
	struct mtls_err err;

	if (x == NULL) {
		connection_drop(req);
		return;
	}
	x->server = server;
	x->connection = connection;
	x->req = req;
	x->role = role;
	x->body_type = MTLS_BODY_COUNT;
	server->n_exchanges++;
	mtls_err_clear(&err);
	peer_read(&x->peer, connection_ssl0(connection), server->generation,
	    role, &err);
	if (x->peer.is_readable)
		mtls_identity_short(&x->peer.id, x->certificate,
		    sizeof(x->certificate));
	if (err.status != MTLS_OK)
		mtls_log_err(server->log, MTLS_LOG_NOTICE,
		    "certificate-malformed", &err, MTLS_KEY_PEER,
		    connection_peer0(connection), MTLS_KEY_CERT,
		    x->peer.is_readable ? x->certificate : NULL,
		    MTLS_KEY_END);
	route(x, role);
}
