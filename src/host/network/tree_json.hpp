// A tree in a file.
#pragma once
#include "json.hpp"

#include <etch/host/network/tree.hpp>

namespace etch::host {

// As JSON: a layer (fields.hpp), {"sequential": [...]}, {"frozen": [...]}, {"repeat": n, "of":
// ...}, {"named": "conv1", "of": ...}, {"residual": ..., "shortcut": ...}, branches as {"add":
// [...]}, {"multiply": [...]} and {"concat": [...]}, names as {"save": "skip1"}, {"load": "skip1"},
// {"concat_with": "skip1"} and so on; and back. An Error names the part that is wrong.
nlohmann::json tree_json(const Tree& tree);
Tree tree_from(const JsonValue& json);
// Objects and arrays of it within each other, at most.
inline constexpr int tree_json_depth = 400;

}  // namespace etch::host
