#!/bin/sh
# A header on its own, in a program that has globals of one letter, without a warning from any
# compiler. etch.hpp header-only too: with all kernels in it.
# usage: tests/headers/check.sh include/etch/NAME.hpp FOLDER-WITH-hwy
set -u
name=${1#include/}
one=build/headers/$(echo "$name" | tr / _).cpp
{
  for letter in a b c d e f g h i j k l m n o p q r s t u v w x y z; do
    echo "int $letter, $(echo $letter | tr a-z A-Z);"
  done
  echo "#include <$name>"
} >"$one"
status=0

# silent COMPILER FLAGS...
silent() {
  command -v "$1" >/dev/null || return 0
  case $1 in *clang*) strict="" ;; *) strict=-Wcast-align=strict ;; esac
  # shellcheck disable=SC2086
  "$@" -std=c++20 -fsyntax-only -Iinclude -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
    -Wdouble-promotion -Wcast-align $strict -Werror "$one" || { echo "$1: $name"; status=1; }
}

for compiler in g++ clang++-14 clang++-19; do
  silent $compiler
  [ "$name" != etch/etch.hpp ] || silent $compiler -DETCH_HEADER_ONLY -march=native
done
case $name in etch/host/*) exit $status ;; esac  # hosts alone
silent arm-none-eabi-g++ -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard \
  -fno-exceptions -fno-rtti --specs=nano.specs -DETCH_HEADER_ONLY -DHWY_COMPILE_ONLY_SCALAR \
  -isystem "$2"
exit $status
