#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A log that we write must hold for a verifier that shares nothing with us.
driver=${builddir:-.}/store-driver
verify=${srcdir:-.}/tests/system/verify-log.py
for tool in python3 openssl; do
  command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
echo 1..6
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }

vkey=$("$driver" init "$dir/s")
"$driver" append "$dir/s" 3 >/dev/null && python3 "$verify" "$dir/s/log" "$vkey" >/dev/null
ok $? "three entries, appended one by one"

"$driver" append "$dir/s" 256 >/dev/null && python3 "$verify" "$dir/s/log" "$vkey" >/dev/null
ok $? "across the border of a tile"

# 300 tiles, so that there is a second level with a full tile and a third with one hash.
long=$("$driver" init "$dir/l")
"$driver" bulk "$dir/l" 66000 && python3 "$verify" "$dir/l/log" "$long" >/dev/null
ok $? "66,000 entries"

# check appends one more entry after reading all of them.
"$driver" check "$dir/l" 66000 && python3 "$verify" "$dir/l/log" "$long" >/dev/null
ok $? "and the store goes on from there"

# This verifier can say no.
bad=0
for file in checkpoint tile/0/000 tile/0/001.p/3 tile/1/000.p/1 \
  tile/entries/000 tile/entries/001.p/3; do
  cp -a "$dir/s/log" "$dir/bad"
  python3 - "$dir/bad/$file" <<-'EOF'
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		data[len(data) // 2] ^= 1
		open(sys.argv[1], "wb").write(data)
	EOF
  if python3 "$verify" "$dir/bad" "$vkey" >/dev/null 2>&1; then
    echo "# $file: a flipped bit was not found"
    bad=1
  fi
  rm -rf "$dir/bad"
done
ok $bad "a flipped bit is found in each kind of file"

python3 "$verify" "$dir/s/log" "$long" >/dev/null 2>&1
[ $? = 1 ]
ok $? "another key is refused"
