dnl SPDX-License-Identifier: GPL-3.0-or-later
dnl ASSENT_CC_FLAGS(VARIABLE, FLAGS): keep those flags that the compiler knows.
AC_DEFUN([ASSENT_CC_FLAGS], [
  $1=
  for assent_flag in $2; do
    AC_MSG_CHECKING([whether $CC accepts $assent_flag])
    assent_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -Werror $assent_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [$1="$$1 $assent_flag"; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
    CFLAGS=$assent_saved_cflags
  done
])
