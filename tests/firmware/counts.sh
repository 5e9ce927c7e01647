#!/bin/sh
# Runs convolutions against the loops in the emulator, then counts every kernel's instructions and
# compares them with their budgets.
# usage: tests/firmware/counts.sh [--table | --write-budgets] [TARGET...]
#
# Counts are exact and the same on every machine with the same compiler. A budget leaves a
# fiftieth for others. --table compiles each kernel alone, at -O2 and at -Os, and prints a line:
# instructions per work, bytes of code and of stack.
set -eu
cd "$(dirname "$0")/../.."

mode=check
case ${1:-} in
  --table | --write-budgets) mode=${1#--}; shift ;;
esac
targets=${*:-cortex-m4 cortex-m7 cortex-m55}
out=build/counts
mkdir -p $out
ln -sfn "$(pkg-config --variable=includedir libhwy)/hwy" $out/hwy

# Of a target's cross file: a list as words, or a number.
words() { sed -n "s/^$2 = //p" "targets/$1/cross.ini" | tr -d "[],'"; }

# build TARGET SOURCE OUTPUT ARGUMENTS...
build() {
  target=$1 source=$2 program=$3
  shift 3
  # shellcheck disable=SC2046
  arm-none-eabi-g++ -std=c++20 $(words "$target" flags) "$@" -DETCH_HEADER_ONLY \
    -DHWY_COMPILE_ONLY_SCALAR "-DETCH_TICKS_PER_SECOND=$(words "$target" ticks_per_second)" \
    -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit -fno-math-errno \
    -ffunction-sections -fdata-sections -isystem $out -Iinclude --specs=nano.specs \
    -nostartfiles -Wl,--gc-sections -Ltargets/cortex-m -T "targets/$target/memory.ld" \
    "tests/firmware/$source" targets/cortex-m/*.cpp -o "$program"
}

# run TARGET PROGRAM: time is 64 ns an instruction.
run() {
  # shellcheck disable=SC2046
  timeout 120 $(words "$1" emulator) -nodefaults -display none -icount shift=6 \
    -chardev stdio,id=out,signal=off -semihosting-config enable=on,target=native,chardev=out \
    -kernel "$2" 2>>$out/emulator.log </dev/null
}

check() {
  build "$1" conv2d.cpp "$out/$1-conv2d.elf" -O2 && run "$1" "$out/$1-conv2d.elf" || return 1
  build "$1" counts.cpp "$out/$1.elf" -O2 || return 1
  run "$1" "$out/$1.elf" >"$out/$1.txt" || return 1
  awk -v target="$1" '
    NR == FNR { if ($1 == target) most[$2] = $3; next }
    { per = $2 / $3; seen[$1] = 1; bad = ""
      if (!($1 in most)) bad = "has no budget"
      else if ($2 == 0 && $1 != "nothing") bad = "was not counted"
      else if (per > most[$1]) bad = "is above its budget " most[$1]
      printf "%-12s %-26s %9.3f %s\n", target, $1, per, bad
      if (bad != "") failed = 1 }
    END { for (n in most) if (!(n in seen)) { print target, n, "did not run"; failed = 1 }
          exit failed }' tests/firmware/counts.budget "$out/$1.txt"
}

write() {
  build "$1" counts.cpp "$out/$1.elf" -O2 || return 1
  run "$1" "$out/$1.elf" | awk -v target="$1" '
    { printf "%-12s %-26s %.3f\n", target, $1, $2 / $3 * 1.02 }'
}

# one TARGET LEVEL INDEX: instructions, work, stack and text of the program with that kernel alone.
one() {
  build "$1" counts.cpp $out/one.elf "$2" "-DETCH_ONE=$3"
  echo "$(run "$1" $out/one.elf)" "$(arm-none-eabi-size $out/one.elf | awk 'NR == 2 { print $1 }')"
}

# The first kernel does nothing: what its program takes is not the kernels'.
table() {
  build "$1" counts.cpp "$out/$1.elf" -O2 || return 1
  kernels=$(run "$1" "$out/$1.elf" | wc -l)
  for level in -O2 -Os; do
    index=0
    while [ $index -lt "$kernels" ]; do
      one "$1" $level $index
      index=$((index + 1))
    done | awk -v target="$1" -v level=$level '
      NR == 1 { stack = $4; text = $5; next }
      { printf "%-12s %s %-26s %9.3f %7d %6d\n", target, level, $1, $2 / $3, $5 - text, $4 - stack }'
  done
}

failed=0
case $mode in
  check) for t in $targets; do check "$t" || failed=1; done ;;
  table) for t in $targets; do table "$t" || failed=1; done ;;
  write-budgets)
    { echo "# target kernel instructions-per-work; written by tests/firmware/counts.sh"
      for t in $targets; do write "$t" || exit 1; done; } >$out/budget
    mv $out/budget tests/firmware/counts.budget ;;
esac
exit $failed
