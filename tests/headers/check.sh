#!/bin/sh
# A header on its own, without a warning from any compiler.
# usage: tests/headers/check.sh include/etch/NAME.hpp FOLDER-WITH-hwy
set -u
name=${1#include/}
one=build/headers/$(echo "$name" | tr / _).cpp
echo "#include <$name>" >"$one"
warnings="-std=c++20 -fsyntax-only -Iinclude -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
status=0
for compiler in g++ clang++-14 clang++-19; do
  command -v $compiler >/dev/null || continue
  # shellcheck disable=SC2086
  $compiler $warnings "$one" || { echo "$compiler: $1"; status=1; }
done
# shellcheck disable=SC2086
arm-none-eabi-g++ -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -fno-exceptions \
  -fno-rtti --specs=nano.specs -DETCH_HEADER_ONLY -DHWY_COMPILE_ONLY_SCALAR -isystem "$2" \
  $warnings "$one" || { echo "arm-none-eabi-g++: $1"; status=1; }
exit $status
