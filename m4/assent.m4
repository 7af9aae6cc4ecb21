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
dnl ASSENT_DIR(NAME, MODULE, VARIABLE, REST, WHAT): --with-NAME=DIR, else the folder that pkg-config
dnl names for MODULE, put below our prefix, else PREFIX/REST. --without-NAME leaves it empty.
AC_DEFUN([ASSENT_DIR], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [folder of $5])], [], [with_$1=yes])
  AS_CASE([$with_$1],
    [no], [$1=],
    [yes], [$1=`$PKG_CONFIG --define-variable=prefix='${prefix}' \
        --define-variable=rootprefix='${prefix}' --define-variable=root_prefix='${prefix}' \
        --variable=$3 $2 2>/dev/null`
      AS_CASE([$$1], ['${prefix}/'*], [], [$1='${prefix}$4'])],
    [$1=$with_$1])
  AC_SUBST([$1])
])
