/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which methods, and which of them now.
 */
#include "config.h"

#include "login_methods.h"

#include <string.h>

#include "login_state.h"

#define NAME_MAX_LEN	16u	/* as in OPEN */

static enum mtls_status
add(struct login_methods *list, const char *word, size_t len,
    struct mtls_err *err)
{
	const struct method *method;
	char name[NAME_MAX_LEN + 1] = "";
	size_t i;

	if (len < sizeof(name))
		memcpy(name, word, len);
	method = method_find(name);
	if (method == NULL)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "method \"%.*s\" is not available", (int)len, word);
	for (i = 0; i < list->n; i++) {
		if (list->list[i].method == method)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "method \"%s\" is listed twice", name);
	}
	if (list->n == LOGIN_METHODS_MAX)
		return mtls_fail(err, MTLS_E_CONFIG, "more than %u methods",
		    LOGIN_METHODS_MAX);
	list->list[list->n++].method = method;
	return MTLS_OK;
}

enum mtls_status
login_methods_parse(const char *text, struct login_methods *ret,
    struct mtls_err *err)
{
	static const char separators[] = ", \t";
	size_t len;

	memset(ret, 0, sizeof(*ret));
	for (;;) {
		text += strspn(text, separators);
		if (*text == '\0')
			break;
		len = strcspn(text, separators);
		if (add(ret, text, len, err) != MTLS_OK)
			return err->status;
		text += len;
	}
	if (ret->n == 0)
		return mtls_fail(err, MTLS_E_CONFIG, "no method is named");
	return MTLS_OK;
}

/* --- which is current --- */

static void
use(struct login *l, size_t i)
{
	struct login_methods *m = &l->methods;

	if (l->method != NULL)
		m->list[m->current].state = l->method_state;
	m->current = i;
	l->method = m->list[i].method;
	l->method_state = m->list[i].state;
}

static void
end_current(struct login *l)
{
	if (l->method->done != NULL)
		l->method->done(l);
	l->method_state = NULL;
}

static void
log_left_out(struct login *l, const struct mtls_err *why)
{
	mtls_log_err(&l->log, MTLS_LOG_NOTICE, "method-left-out", why,
	    MTLS_KEY_REQUEST, l->request_hex, MTLS_KEY_USER, l->asked->user,
	    MTLS_KEY_SERVICE, l->asked->service,
	    MTLS_KEY_METHOD, l->method->name, MTLS_KEY_END);
}

/* --- the list of a login --- */

/* Whether the i-th of the list can be used; it is in the login's list then
 * and current. *ret_why: the reason where it cannot. */
static int
take(struct login *l, const struct method *method, struct mtls_err *ret_why)
{
	struct login_methods *m = &l->methods;

	m->list[m->n].method = method;
	m->list[m->n].state = NULL;
	use(l, m->n);
	mtls_err_clear(ret_why);
	if (method->available != NULL &&
	    method->available(l, ret_why) != MTLS_OK) {
		log_left_out(l, ret_why);
		return 0;
	}
	m->n++;
	return 1;
}

enum mtls_status
login_methods_prepare(struct login *l, const struct login_methods *list,
    struct mtls_err *err)
{
	struct mtls_err why;
	size_t i;

	mtls_err_clear(&why);
	for (i = 0; i < list->n; i++) {
		if (!take(l, list->list[i].method, &why))
			continue;
		if (l->method->prepare != NULL &&
		    l->method->prepare(l, err) != MTLS_OK)
			return err->status;
	}
	if (l->methods.n == 0) {
		*err = why;
		return err->status;
	}
	use(l, 0);
	return MTLS_OK;
}

void
login_methods_done(struct login *l)
{
	size_t i;

	for (i = 0; i < l->methods.n; i++) {
		use(l, i);
		end_current(l);
	}
}

const struct method *
login_methods_next0(const struct login *l)
{
	const struct login_methods *m = &l->methods;

	return m->current + 1 < m->n ? m->list[m->current + 1].method : NULL;
}

void
login_methods_step(struct login *l, const struct mtls_err *why)
{
	log_left_out(l, why);
	end_current(l);
	use(l, l->methods.current + 1);
}
