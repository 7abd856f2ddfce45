dnl MTLS_TRY_CFLAG(VARIABLE, FLAG): adds FLAG where the compiler takes it.
AC_DEFUN([MTLS_TRY_CFLAG],
[AC_MSG_CHECKING([whether $CC takes $2])
mtls_saved_cflags=$CFLAGS
CFLAGS="-Werror $2"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
CFLAGS=$mtls_saved_cflags
])

AC_DEFUN([MTLS_WARNINGS],
[AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [warnings are errors])])
WARN_CFLAGS=
m4_foreach_w([flag], [-Wall -Wextra -Wswitch-enum -Wconversion
    -Wno-sign-conversion -Wshadow
    -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef
    -Wnull-dereference -Wimplicit-fallthrough],
    [MTLS_TRY_CFLAG([WARN_CFLAGS], flag)])
dnl Sanitizers make frames several times larger than they are.
AS_IF([test "${enable_sanitizers:-no}" = no],
    [MTLS_TRY_CFLAG([WARN_CFLAGS], [-Wframe-larger-than=4096])])
AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])])

AC_DEFUN([MTLS_HARDENING],
[HARDEN_CFLAGS=
dnl For what is linked into the module: it may get a coroutine's stack.
STACK_CFLAGS=
AS_IF([test "${enable_sanitizers:-no}" = no],
    [m4_foreach_w([flag], [-D_FORTIFY_SOURCE=2 -fstack-protector-strong
	-fstack-clash-protection -fcf-protection
	-ftrivial-auto-var-init=zero],
	[MTLS_TRY_CFLAG([HARDEN_CFLAGS], flag)])
     MTLS_TRY_CFLAG([STACK_CFLAGS], [-Wframe-larger-than=1024])])
MTLS_TRY_CFLAG([HARDEN_CFLAGS], [-fvisibility=hidden])
MTLS_TRY_CFLAG([HARDEN_CFLAGS], [-fno-common])
HARDEN_LDFLAGS="[-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed]"
AC_SUBST([HARDEN_CFLAGS])
AC_SUBST([STACK_CFLAGS])
AC_SUBST([HARDEN_LDFLAGS])])

AC_DEFUN([MTLS_SANITIZERS],
[AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST],
	[build with -fsanitize=LIST, as address,undefined])])
SAN_CFLAGS=
AS_IF([test "${enable_sanitizers:-no}" != no],
    [SAN_CFLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"])
AC_SUBST([SAN_CFLAGS])])
