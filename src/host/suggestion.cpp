// The name that a misspelt one is nearest to.
#include "suggestion.hpp"

#include <etch/host/error.hpp>

#include <algorithm>
#include <vector>

namespace etch::host {

// https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance: optimal string alignment.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string suggestion(std::string_view given, std::span<const std::string> names) {
  static constexpr std::size_t longest = 64;  // no name is longer: nothing to be near to
  if (given.empty() || given.size() > longest) return "";
  std::size_t nearest = std::max<std::size_t>(1, given.size() / 3) + 1;
  const std::string* best = nullptr;
  for (const std::string& name : names) {
    const bool begins = given.size() >= 3 && name.starts_with(given);
    const std::size_t distance = begins ? 1 : edit_distance(given, name);
    if (distance >= nearest) continue;
    nearest = distance;
    best = &name;
  }
  return best == nullptr ? "" : "; did you mean " + *best + "?";
}

std::string no_such(std::string_view kind, std::string_view given,
                    std::span<const std::string> names) {
  const std::string near = suggestion(given, names);
  return text("there is no ", kind, " '", given, "'", near,
              near.empty() ? "; there are:" : " There are:");
}

}  // namespace etch::host
