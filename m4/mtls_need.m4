dnl MTLS_NEED(VARIABLE, MODULES, DEBIAN-PACKAGE)
dnl A library that must be there; the error names the package to install.
AC_DEFUN([MTLS_NEED],
[PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 not found (Debian: apt-get install $3)])])])
