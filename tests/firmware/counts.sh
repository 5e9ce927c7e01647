#!/bin/sh
# Runs convolutions against the loops in the emulator, then counts every kernel's instructions and
# compares them with their budgets.
# usage: [ETCH_SEED=N] tests/firmware/counts.sh [--table | --write-budgets] [TARGET[:-Os]...]
#
# Counts are exact and the same on every machine with the same compiler. A budget leaves a
# fiftieth for others. --table prints instructions per work on each target, "-O2 / -Os", and of
# each kernel alone the bytes of code and of stack on a Cortex-M4.
set -eu
cd "$(dirname "$0")/../.."

mode=check
case ${1:-} in
  --table | --write-budgets) mode=${1#--}; shift ;;
esac
targets=${*:-cortex-m4 cortex-m4:-Os cortex-m7 cortex-m7:-Os cortex-m55 cortex-m55:-Os}
[ "$mode" != table ] || targets="cortex-m3 cortex-m4 cortex-m7 cortex-m55"
out=build/counts
mkdir -p $out
ln -sfn "$(pkg-config --variable=includedir libhwy)/hwy" $out/hwy

# Of the shapes that are drawn anew in each run.
seed=${ETCH_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}

# Of a target's cross file: a list as words, or a number.
words() { sed -n "s/^$2 = //p" "targets/$1/cross.ini" | tr -d "[],'"; }

# build TARGET SOURCE OUTPUT ARGUMENTS...
build() {
  target=$1 source=$2 program=$3
  shift 3
  # shellcheck disable=SC2046
  arm-none-eabi-g++ -std=c++20 $(words "$target" flags) "$@" -DETCH_HEADER_ONLY \
    -DHWY_COMPILE_ONLY_SCALAR -DNDEBUG "-DETCH_TICKS_PER_SECOND=$(words "$target" ticks_per_second)" \
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

# count TARGET[:LEVEL]: the lines of all kernels; the level is -O2 unless given.
level() { case $1 in *:*) echo "${1#*:}" ;; *) echo -O2 ;; esac; }
count() {
  build "${1%:*}" counts.cpp "$out/$1.elf" "$(level "$1")" && run "${1%:*}" "$out/$1.elf"
}

check() {
  build "${1%:*}" conv2d.cpp "$out/$1-conv2d.elf" "$(level "$1")" "-DETCH_SEED=$seed" || return 1
  run "${1%:*}" "$out/$1-conv2d.elf" || return 1
  count "$1" >"$out/$1.txt" || return 1
  awk -v target="$1" '
    NR == FNR { if ($1 == target) most[$2] = $3; next }
    { per = $2 / $3; seen[$1] = 1; bad = ""
      if (!($1 in most)) bad = "has no budget"
      else if ($2 == 0 && $1 != "nothing") bad = "was not counted"
      else if (per > most[$1]) bad = "is above its budget " most[$1]
      printf "%-13s %-26s %9.3f %s\n", target, $1, per, bad
      if (bad != "") failed = 1 }
    END { for (n in most) if (!(n in seen)) { print target, n, "did not run"; failed = 1 }
          exit failed }' tests/firmware/counts.budget "$out/$1.txt"
}

write() {
  count "$1" >"$out/$1.txt" || return 1
  awk -v target="$1" '
    { printf "%-13s %-26s %.3f\n", target, $1, $2 / $3 * 1.02 }' "$out/$1.txt"
}

# The table's kernels, and the targets of which it has bytes.
kernels="conv3x3 conv3x3-unrolled conv3x3-loops conv3x3-dx conv3x3-dx-loops conv3x3-dw
  conv3x3-dw-loops conv5x5-gray conv5x5-gray-unrolled linear-one linear-batch depthwise3x3
  depthwise3x3-dx depthwise3x3-dw max-pool max-pool-dx avg-pool batch-norm batch-norm-dx dropout
  softmax cross-entropy mean-squared-error sgd-momentum adam mlp-training-step
  mlp-training-step-loops mlp-training-step-plain"
sized="cortex-m4"

# alone TARGET:LEVEL KERNEL: code and stack, without what a program takes that does nothing.
alone() {
  index=$(awk -v name="$2" '$1 == name { print NR - 1 }' "$out/$1.txt")
  program=$out/$1-$index.elf
  build "${1%:*}" counts.cpp "$program" "$(level "$1")" "-DETCH_ONE=$index"
  echo "$(run "${1%:*}" "$program")" "$(arm-none-eabi-size "$program" | awk 'NR == 2 { print $1 }')"
}

table() {
  for l in -O2 -Os; do
    for t in $targets; do count "$t:$l" >"$out/$t:$l.txt" || return 1; done
  done
  for l in -O2 -Os; do
    for t in $targets; do sed "s|^|$t $l |" "$out/$t:$l.txt"; done
    for t in $sized; do
      for kernel in nothing $kernels; do echo "alone $t $l $(alone "$t:$l" "$kernel")"; done
    done
  done | awk -v targets="$targets" -v sized="$sized" -v kernels="$(echo $kernels)" '
    $1 == "alone" { stack[$2, $3, $4] = $7; code[$2, $3, $4] = $8; next }
    { per[$1, $2, $3] = $4 / $5 }
    function both(t, kernel, values) {
      return values[t, "-O2", kernel] - values[t, "-O2", "nothing"] " / " \
             values[t, "-Os", kernel] - values[t, "-Os", "nothing"]
    }
    END {
      n = split(targets, t, " "); m = split(sized, s, " ")
      head = "| kernel |"; rule = "|---|"
      for (i = 1; i <= n; ++i) { head = head " " t[i] " |"; rule = rule "---|" }
      for (i = 1; i <= m; ++i) {
        head = head " code, " s[i] " | stack |"; rule = rule "---|---|"
      }
      print head; print rule
      k = split(kernels, kernel, " ")
      for (j = 1; j <= k; ++j) {
        line = "| " kernel[j] " |"
        for (i = 1; i <= n; ++i) {
          line = line sprintf(" %.2f / %.2f |", per[t[i], "-O2", kernel[j]],
                              per[t[i], "-Os", kernel[j]])
        }
        for (i = 1; i <= m; ++i) {
          line = line " " both(s[i], kernel[j], code) " | " both(s[i], kernel[j], stack) " |"
        }
        print line
      }
    }'
}

failed=0
case $mode in
  check) for t in $targets; do check "$t" || failed=1; done ;;
  table) table || failed=1 ;;
  write-budgets)
    { echo "# target kernel instructions-per-work; written by tests/firmware/counts.sh"
      for t in $targets; do write "$t" || exit 1; done; } >$out/budget
    mv $out/budget tests/firmware/counts.budget ;;
esac
exit $failed
