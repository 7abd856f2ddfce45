/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-helper's end of the socket to the PAM module: questions, their
 * answers, and the one result.
 */
#ifndef HELPER_MODULE_LINK_H
#define HELPER_MODULE_LINK_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/trace.h"
#include "mtls/deadline.h"
#include "mtls/message.h"
#include "mtls/status.h"

struct module_link;

/* The answer to a question; text is "" after a secret one. Borrowed. */
typedef void (*module_answer_fn)(void *arg, const char *text,
    const struct mtls_err *err);
/*
 * A connection to the person's ssh-agent, which is now the receiver's; -1
 * with the reason in err where there is none.
 */
typedef void (*module_agent_fn)(void *arg, int agent_fd,
    const struct mtls_err *err);
/* The module went away, or said what it may not say now. */
typedef void (*module_gone_fn)(void *arg, const struct mtls_err *err);

/*
 * Receives the LOGIN on a connected socket. *ret is cleared by the caller
 * with mtls_message_clear().
 */
enum mtls_status module_link_receive(int fd, struct mtls_deadline deadline,
    struct mtls_message *ret, struct mtls_err *err);

/* fd is borrowed; flags are those of the LOGIN. */
enum mtls_status module_link_new(struct event_base *base, int fd,
    uint32_t flags, struct mtls_deadline deadline, module_gone_fn gone,
    void *arg, struct module_link **ret, struct mtls_err *err);
void module_link_free(struct module_link *m);	/* NULL is a no-op */

/*
 * A question with echo, or a secret one whose answer is written to pin_fd.
 * One at a time. CONVERSATION where the LOGIN allows secret questions only.
 */
enum mtls_status module_link_ask(struct module_link *m, const char *text,
    module_answer_fn answer, void *arg, struct mtls_err *err);
enum mtls_status module_link_ask_secret(struct module_link *m,
    const char *text, int pin_fd, module_answer_fn answer, void *arg,
    struct mtls_err *err);

/*
 * A prompt of a relay, and the answer as it was given. One question at a
 * time; CONVERSATION where the LOGIN allows secret questions only.
 */
enum mtls_status module_link_relay(struct module_link *m, const char *text,
    module_answer_fn answer, void *arg, struct mtls_err *err);

/*
 * Asks for the person's ssh-agent, in the place of a question. caller_uid:
 * who the module is; unless that is root, the agent must be his. The kernel
 * must say that it is whose the module says: PEER in the answer if not.
 */
enum mtls_status module_link_agent(struct module_link *m, uid_t caller_uid,
    module_agent_fn answer, void *arg, struct mtls_err *err);

/* Shows something where the LOGIN allows it; a failure is no failure. */
void module_link_tell(struct module_link *m, const char *text);

/* What is said at the end, over the plain socket. */
void module_link_send_phases(int fd, const struct trace *trace,
    struct mtls_deadline deadline);
enum mtls_status module_link_send_result(int fd,
    const struct mtls_msg_result *result, struct mtls_deadline deadline,
    struct mtls_err *err);

#endif
