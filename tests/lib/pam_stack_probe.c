/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A module that runs another one on a stack of its own, as ocserv does, and
 * tells how much of it was used: everything that happens in the other's
 * pam_sm_authenticate(), with libpam, libc and the conversation. Arguments:
 * the module, then the module's own. PAM environment: STACK_USED. Tests only.
 */
#include "config.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#pragma GCC visibility push(default)
#include <security/pam_modules.h>
#pragma GCC visibility pop

#define STACK_SIZE	(256u * 1024u)
#define GUARD_SIZE	(64u * 1024u)
#define PAINT		0xa5

struct call {
	int (*function)(pam_handle_t *, int, int, const char **);
	pam_handle_t *pamh;
	int flags;
	int argc;
	const char **argv;
	int code;
	ucontext_t there, back;
};

/* makecontext(3) passes ints: the pointer comes in two. */
static void
on_stack(unsigned high, unsigned low)
{
	struct call *c =
	    (struct call *)(((uintptr_t)high << 32) | (uintptr_t)low);

	c->code = c->function(c->pamh, c->flags, c->argc, c->argv);
}

static size_t
run_painted(struct call *c)
{
	unsigned char *map = mmap(NULL, GUARD_SIZE + STACK_SIZE,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *stack = map + GUARD_SIZE;
	size_t i = 0;

	if (map == MAP_FAILED || mprotect(map, GUARD_SIZE, PROT_NONE) != 0)
		return STACK_SIZE;
	memset(stack, PAINT, STACK_SIZE);
	getcontext(&c->there);
	c->there.uc_stack.ss_sp = stack;
	c->there.uc_stack.ss_size = STACK_SIZE;
	c->there.uc_link = &c->back;
	makecontext(&c->there, (void (*)(void))(uintptr_t)on_stack, 2,
	    (unsigned)((uintptr_t)c >> 32), (unsigned)(uintptr_t)c);
	swapcontext(&c->back, &c->there);
	while (i < STACK_SIZE && stack[i] == PAINT)
		i++;
	munmap(map, GUARD_SIZE + STACK_SIZE);
	return STACK_SIZE - i;
}

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	static struct call call;
	char text[64];
	void *module;
	void *symbol;

	module = argc > 0 ? dlopen(argv[0], RTLD_NOW) : NULL;
	symbol = module == NULL ? NULL : dlsym(module, "pam_sm_authenticate");
	if (symbol == NULL)
		return PAM_OPEN_ERR;
	memcpy(&call.function, &symbol, sizeof(symbol));
	call.pamh = pamh;
	call.flags = flags;
	call.argc = argc - 1;
	call.argv = argv + 1;
	snprintf(text, sizeof(text), "STACK_USED=%zu", run_painted(&call));
	if (pam_putenv(pamh, text) != PAM_SUCCESS)
		return PAM_SYSTEM_ERR;
	return call.code;
}

int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
