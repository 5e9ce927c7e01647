#!/bin/sh
# A 32-bit program ends in the bits of a 64-bit one, with SIMD kernels and with those of firmware.
# usage: check.sh COMPILER-OF-32-BITS COMPILER-OF-64-BITS SOURCE_ROOT HIGHWAY_INCLUDE
set -eu
root=$3
highway=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include"
ln -s "$highway/hwy" "$work/include/hwy"
# Products are rounded, and sums are of 32 bits: as SSE2 has them, not the 80 bits of x87.
flags="-std=c++20 -O1 -ffp-contract=off -msse2 -mfpmath=sse -DETCH_HEADER_ONLY -I$root/include -isystem $work/include"
for kernels in -DHWY_COMPILE_ONLY_SCALAR '-msse4.2 -mpclmul -maes'; do
  # Static: the machine has no 32-bit libraries.
  # shellcheck disable=SC2086
  "$1" $flags -static $kernels "$root/tests/m32/train.cpp" -o "$work/train32"
  # shellcheck disable=SC2086
  "$2" $flags $kernels "$root/tests/m32/train.cpp" -o "$work/train64"
  "$work/train32" >"$work/said32"
  "$work/train64" >"$work/said64"
  cat "$work/said32"
  grep -q '^parameters' "$work/said32"
  diff "$work/said32" "$work/said64"
done
