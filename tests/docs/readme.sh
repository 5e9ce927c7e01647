#!/bin/sh
# readme.sh SOURCE: README's C++ compiles without warnings as it stands, with what its text takes for
# granted declared before it.
set -eu
source=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# block N: the N-th of the page.
block() {
  awk -v wanted="$1" '/^```cpp$/ { inside = ++n == wanted; next } /^```$/ { inside = 0 } inside' \
    "$source/README.md"
}
compiles() {
  ${CXX:-c++} -std=c++20 -fsyntax-only -I"$source/include" -Wall -Wextra -Wpedantic -Wconversion \
    -Wshadow -Wno-unused-variable -Werror "$folder/$1.cpp"
}
[ "$(awk '/^```cpp$/ { ++n } END { print n }' "$source/README.md")" = 6 ]

{ block 1; block 2; cat; block 3; } >"$folder/network.cpp" <<'END'
extern std::span<const float, 28 * 28> image;
extern std::span<const float> images;
extern std::span<const std::int32_t> labels;
END
compiles network

{ block 4 | grep '^#'; cat; block 4 | grep -v '^#'; echo '}'; } >"$folder/host.cpp" <<'END'
#include <etch/models/lenet.hpp>
using namespace etch;
using LeNet = Network<lenet<10>, Shape{.channels = 1, .height = 28, .width = 28}>;
void save_and_load(Parameters<LeNet>* parameters, std::span<const float> images,
                   Trainer<LeNet, CrossEntropyLoss{}, Adam{}, Training{.batch = 32}>* trainer) {
END
compiles host

{ block 1; echo 'namespace mine { using Net = LeNet; }'; } >"$folder/mine.hpp"
block 5 >"$folder/command.cpp"
compiles command

{ block 1; cat; block 6; } >"$folder/board.cpp" <<'END'
namespace model {
using Net = LeNet;
}
template <class Net>
const Parameters<Net>& weights();
END
compiles board
