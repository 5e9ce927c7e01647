// A description as a checkpoint keeps it.
#pragma once
#include <etch/host/data/description.hpp>

#include <nlohmann/json_fwd.hpp>

namespace etch::host {

// Each field under its option's name.
nlohmann::json to_json(const Description& description);
// Throws an Error that names the field, or that of check().
Description description_from_json(const nlohmann::json& json);

}  // namespace etch::host
