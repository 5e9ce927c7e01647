#!/bin/sh
# The API page is made, and would not be if a declaration of any kind had no comment.
set -eu
cd "$(dirname "$0")/../.."
tools/api
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/header.hpp" <<'END'
// A header.
#pragma once
namespace etch {

struct MissingType {};
struct MissingStruct {
  int said;  // here
};
enum class MissingEnum { one };
template <class T>
concept MissingConcept = true;
using MissingAlias = int;
template <int n>
inline constexpr int missing_constant = n;
int missing_function(int);

// Has a comment.
struct SaidType {
  int missing_field = 0;
  int said_field = 0;  // is said
  int said_one, said_two;  // are said

  // Is said, and for the overload.
  int said_member() const { return 1; }
  int said_member(int) const { return 1; }
  int missing_member() const { return 1; }
  bool operator==(const SaidType&) const = default;
};

// Internal: is not shown.
int hidden_function(int);

}  // namespace etch
END
if (cat tools/doxygen/Doxyfile; echo "INPUT = $folder"; echo "OUTPUT_DIRECTORY = $folder") |
  doxygen - 2>"$folder/log"; then
  echo "a header without comments passed" >&2
  exit 1
fi
for name in Type Struct Enum Concept Alias _constant _function _field _member; do
  grep -qi "missing$name\b" "$folder/log" || { echo "missing$name was not noticed" >&2; exit 1; }
done
if grep -E 'said_|SaidType|hidden' "$folder/log" | grep -v 'missing_' >&2; then exit 1; fi
