#!/bin/sh
# Every file here must compile, and with -DREJECT must not: the compiler then says the sentence and
# the numbers of the file's first two lines, and the names of its third. Every sentence
# of include/etch must have a file.
# usage: check.sh COMPILER SOURCE_ROOT
set -u
compiler=$1
root=$2
failures=0
fail() {
  echo "$1"
  failures=$((failures + 1))
}

# The header is read once, except by a file that sets its macros.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '#include <etch/etch.hpp>' >"$work/etch.hpp"
alone="$compiler -std=c++20 -I$root/include"
case "$compiler" in
  *clang*) precompiled=$work/etch.pch read_header="-include-pch $work/etch.pch" ;;
  *) precompiled=$work/etch.hpp.gch read_header="-include $work/etch.hpp" ;;
esac
$alone -x c++-header "$work/etch.hpp" -o "$precompiled" || exit 1

for file in "$root"/tests/rejects/*.cpp; do
  name=$(basename "$file")
  sentence=$(sed -n '1s|^// expect: ||p' "$file")
  numbers=$(sed -n '2s|^// numbers:||p' "$file")
  names=$(sed -n '3s|^// names: ||p' "$file")
  compile="$alone -fsyntax-only"
  grep -q '^#define ETCH_' "$file" || compile="$compile $read_header"
  $compile "$file" || fail "$name: does not compile without the mistake"
  if said=$($compile -DREJECT "$file" 2>&1); then
    fail "$name: compiles with the mistake"
    continue
  fi
  # However large the network is.
  [ "$(echo "$said" | wc -c)" -le 9000 ] || fail "$name: $(echo "$said" | wc -c) bytes are said"
  echo "$said" | grep -qF "$sentence" || fail "$name: the sentence is missing: $sentence"
  # clang prints 'f', 'c'.
  letters=$(echo "$names" | sed "s/./'&', /g; s/, \$//")
  echo "$said" | grep -qF -e "$names" -e "$letters" || fail "$name: the names are missing: $names"
  # The comparison that failed: "(784 == 5408)" or "[with b = 5408; a = 784]".
  set -- $numbers
  [ $# -eq 0 ] && continue
  echo "$said" | grep -qE "\\(?$1(u|UL|ul|ULL)? (==|<=|>=) $2|b = $2(u|ul)?; a = $1|'$1(UL|U)?, $2" ||
    echo "$said" | grep -qE "\"(\[0\])?\}?, $1(ul)?, $2(ul)?[,)]" ||
    fail "$name: the numbers $1 and $2 are missing"
done

# A sentence may be broken over lines: whitespace is squeezed before the comparison.
sentences=$(cd "$root/include/etch" && cat ./*.hpp layers/*.hpp losses/*.hpp optimizers/*.hpp | tr '\n' ' ' |
  sed 's/"  *"//g' |
  grep -oE '(static_assert|refuse|g\.saved|\.(equal|at_least|at_most|holds))\([^;"]*"[A-Z][A-Za-z0-9]*: [^"]*"' |
  sed 's/.*"\([^"]*\)"$/\1/' | sort -u)
echo "$sentences" | while read -r sentence; do
  grep -qF "// expect: $sentence" "$root"/tests/rejects/*.cpp || echo "$sentence"
done >"$work/sentences"
while read -r sentence; do fail "no file in tests/rejects for: $sentence"; done <"$work/sentences"

count=$(ls "$root"/tests/rejects/*.cpp | wc -l)
echo "$compiler: $count sentences, $failures failures"
[ "$failures" -eq 0 ]
