#!/bin/sh
# check.sh SOURCE PAGE: the C++ blocks of a page of docs, in their order, are a program that compiles
# without warnings and ends well.
set -eu
source=$1 page=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$source/$page" >"$folder/page.cpp"
${CXX:-c++} -std=c++20 -O1 -march=native -DETCH_HEADER_ONLY -I"$source/include" -Wall -Wextra \
  -Wpedantic -Wconversion -Wshadow -Werror "$folder/page.cpp" -o "$folder/page"
"$folder/page"
