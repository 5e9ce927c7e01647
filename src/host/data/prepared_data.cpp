// A data set as a description says.
#include <etch/host/data/prepared_data.hpp>

#include "data/statistics.hpp"

#include <etch/host/data/split.hpp>
#include <etch/host/error.hpp>
#include <etch/random.hpp>

namespace etch::host {

PreparedData::PreparedData(const std::filesystem::path& path, const Description& description,
                           std::optional<Shape> input)
    : path_(path), description_(description) {
  check(description_);
  const Format& format = find_format(path, description_.format);
  description_.format = format.name;
  if (description_.resize && input) description_.reading.size = Pair{input->height, input->width};
  source_ = format.open(path);
}

bool PreparedData::has(Part part) const {
  if (part == Part::train || source_->has(part)) return true;
  return (part == Part::test ? description_.test : description_.validation) > 0;
}

// Whether it stays in the files' training part, or is taken out of it.
static std::pair<Dataset, Dataset> halves(const Dataset& data, const char* option, double share,
                                          std::uint64_t seed) {
  const Split s = split(data, share, seed);
  if (s.kept.empty() || s.aside.empty()) {
    throw Error(option, " ", share, ": sets ", s.aside.size(), " of ", data.size(),
                " samples aside, but some are to be set aside and some are to stay");
  }
  return {data.taken(s.kept), data.taken(s.aside)};
}

Dataset PreparedData::divided(Part part) {
  const bool tests = description_.test > 0 && !source_->has(Part::test);
  const bool validates = description_.validation > 0 && !source_->has(Part::validation);
  if (!tests && !validates) return source_->read(Part::train, description_.reading);
  if (!whole_) whole_ = source_->read(Part::train, description_.reading);
  Dataset rest;
  if (tests) {
    auto [kept, aside] = halves(*whole_, "--test", description_.test, mix(description_.split_seed));
    if (part == Part::test) return aside;
    rest = std::move(kept);
  }
  if (!validates) return rest;
  auto [kept, aside] = halves(tests ? rest : *whole_, "--validation", description_.validation,
                              description_.split_seed);
  return part == Part::train ? kept : aside;
}

Dataset PreparedData::read_raw(Part part) {
  if (part != Part::train && source_->has(part)) return source_->read(part, description_.reading);
  if (has(part)) return divided(part);
  const bool is_test = part == Part::test;
  throw Error(path_.string(), ": has no ", part_name(part), " part: --", part_name(part), " 0.2 ",
              "sets a fifth of its samples aside", is_test ? "" : " for it");
}

Dataset PreparedData::read(Part part) {
  const bool unmeasured = description_.normalize && description_.normalization.mean.empty();
  if (part != Part::train && unmeasured) read(Part::train);
  Dataset data = read_raw(part);
  if (part == Part::train) {
    if (data.targets.are_classes()) description_.reading.classes = data.targets.names;
    description_.reading.features = data.features;
    Normalization& n = description_.normalization;
    if (description_.normalize && n.mean.empty()) n = measured(data);
  }
  check(description_.normalization, data.shape.channels);
  data.normalization = description_.normalization;
  return data;
}

}  // namespace etch::host
