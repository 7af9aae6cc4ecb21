#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What looks for secrets in the tests finds them in all forms that programs write, and only them.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 gzip base64 sha256sum
scan() {
  python3 "$srcdir/tests/secret-scan.py" --contents "$tmp/secret" "$@"
}
# Some 200 bytes, whose compressed form shows nothing of them.
printf 'a/b c+"&<é'\''=%%-0123456789-and-so-on-0123456789-and-so-on-0123456789-and-so-on\n' \
  >"$tmp/secret"
tail='-0123456789-and-so-on-0123456789-and-so-on-0123456789-and-so-on'
planted=()
plant() { # NAME, of what is on standard input
  planted+=("$1")
  cat >"$tmp/leak/${#planted[@]}"
}
noise() { # BYTES: none of it is a form
  head -c "$1" /dev/zero | tr '\0' '\170'
}

mkdir "$tmp/leak"
plant 'as it is' <"$tmp/secret"
while IFS='	' read -r name text; do
  plant "$name" < <(printf 'before %s%s after\n' "$text" "$tail")
done <<'T'
in JSON	a/b c+\"&<é'=%
in JSON of ASCII	a/b c+\"&<\u00e9'=%
in JSON in large letters	a/b c+\"&<\u00E9'=%
in JSON with slashes escaped	a\/b c+\"&<\u00e9'=%
in JSON for HTML	a/b c+\"\u0026\u003cé\u0027=%
in a URL	a%2Fb%20c%2B%22%26%3C%C3%A9%27%3D%25
in a URL in small letters	a%2fb%20c%2b%22%26%3c%c3%a9%27%3d%25
in the path of a URL	a/b%20c%2B%22%26%3C%C3%A9%27%3D%25
in a query	a%2Fb+c%2B%22%26%3C%C3%A9%27%3D%25
in a URL, of what must be escaped alone	a/b%20c+%22&%3C%C3%A9'=%25
in HTML	a/b c+"&amp;&lt;é'=%
in HTML, of an attribute	a/b c+&quot;&amp;&lt;é&#x27;=%
in HTML, with decimal numbers	a/b c+&quot;&amp;&lt;é&#39;=%
T
plant 'in base64, in lines' < <(base64 "$tmp/secret")
plant 'its digest' < <(sha256sum <"$tmp/secret")
plant 'in gzip' < <(gzip -c "$tmp/secret")
plant 'in gzip amid a file' < <(
  noise 4999
  gzip -c "$tmp/secret"
  noise 5000
)
plant 'in gzip in gzip' < <(
  noise 3
  gzip -c "$tmp/secret" | gzip -c
)
plant 'in gzip that was cut' < <(
  {
    cat "$tmp/secret"
    head -c 3000 /dev/urandom
  } | gzip -c | head -c 2000
)
plant 'in zlib amid a file' < <(python3 -c 'import sys, zlib
data = zlib.compress(open(sys.argv[1], "rb").read())
sys.stdout.buffer.write(b"PACK\0\x78\x9c\x78" + data + b"end")' "$tmp/secret")

name="a%2Fb%20c%2B%22%26%3C%C3%A9%27%3D%25$tail"
: >"$tmp/leak/$name"

exits 1 'leaks are found' scan "$tmp/leak"
for i in "${!planted[@]}"; do
  says "... ${planted[i]}" out "/$((i + 1)): "
done
says '... in a name' out "/$name: "
lacks 'what is found is not shown' out 'a/b c'
rm -r "$tmp/leak"
mkdir "$tmp/leak"
exits 2 'nothing to look at is no success' scan "$tmp/leak"
sed s/9/8/ "$tmp/secret" >"$tmp/leak/near"
{
  noise 100
  gzip -c "$tmp/leak/near"
  printf '\037\213\010 no gzip'
} >"$tmp/leak/near.gz"
exits 0 'what only resembles it is not found' scan "$tmp/leak"
finish
