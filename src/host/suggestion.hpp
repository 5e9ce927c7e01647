// "did you mean train?": the name that a misspelt one is nearest to.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace etch::host {

// Letters to insert, delete, change or swap with their neighbour, to get from `a` to `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// "; did you mean NAME?", where a name is near enough or begins like that; or nothing.
std::string suggestion(std::string_view given, std::span<const std::string> names);

// "there is no KIND 'GIVEN'; did you mean NAME? There are:", which a list follows.
std::string no_such(std::string_view kind, std::string_view given,
                    std::span<const std::string> names);

}  // namespace etch::host
