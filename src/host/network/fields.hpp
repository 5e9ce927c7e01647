// The fields of a layer that is chosen at run time, by their names in C++ and in PyTorch.
#pragma once
#include "json.hpp"

#include <etch/layers/any_layer.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <variant>
#include <vector>

namespace etch::host {

using FieldValue =
    std::variant<std::size_t, Pair, bool, float, Algorithm, Approximate, Sides, Interpolation>;
struct Field {
  const char* name;
  FieldValue value, otherwise;  // `otherwise`: what it is where nobody gives it
  bool is_default() const { return value == otherwise; }
};

std::vector<Field> fields_of(const AnyLayer& layer);
const char* name_of(const AnyLayer& layer);

// The layer in C++: "Conv2d{.out_channels = 8, .kernel_size = 3}".
std::string layer_code(const AnyLayer& layer);

// The layer as JSON, {"layer": "Conv2d", "out_channels": 8, "kernel_size": [3, 3]}, without the
// fields that nobody gave; and back. An Error names what isn't a layer, or isn't one of its fields.
nlohmann::json layer_json(const AnyLayer& layer);
AnyLayer layer_from(const JsonValue& json);

}  // namespace etch::host
