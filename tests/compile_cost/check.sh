#!/bin/sh
# Compiles resnet101.cpp and fails above 6 s of CPU time or 300 MB with g++ (the budget); clang is
# held to its default constexpr limits alone. The best of up to three: the machine may be busy.
# usage: check.sh COMPILER SOURCE_ROOT
set -eu
compiler=$1
root=$2
object=$(mktemp)
trap 'rm -f "$object"' EXIT
for run in 1 2 3; do
  figures=$(/usr/bin/time -f '%U %S %M' "$compiler" -std=c++20 -O2 -I"$root/include" \
    -c "$root/tests/compile_cost/resnet101.cpp" -o "$object" 2>&1) || { echo "$figures"; exit 1; }
  echo "$figures" | tail -n 1 |
    awk -v name="$compiler" '{printf "%s: %.2f s of CPU time, %d MiB\n", name, $1 + $2, $3 / 1024}'
  case $compiler in *clang*) exit 0 ;; esac
  echo "$figures" | tail -n 1 | awk '{exit !($1 + $2 <= 6 && $3 <= 300 * 1000 * 1000 / 1024)}' && exit 0
done
echo "over the budget of 6 s and 300 MB"
exit 1
