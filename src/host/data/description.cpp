// How a data set is read, split and prepared.
#include <etch/host/data/description.hpp>

#include "data/description_json.hpp"
#include "json.hpp"

#include <etch/host/error.hpp>

#include <nlohmann/json.hpp>

namespace etch::host {

// Calls f(name, field) for every field.
template <class D, class F>
static void each_choice(D& d, const F& f) {
  f("format", d.format);
  f("features", d.reading.features);
  f("targets", d.reading.targets);
  f("label", d.reading.label);
  f("layout", d.reading.layout);
  f("color", d.reading.color);
  f("classes", d.reading.classes);
  f("resize", d.resize);
  f("validation", d.validation);
  f("test", d.test);
  f("split-seed", d.split_seed);
  f("normalize", d.normalize);
  f("mean", d.normalization.mean);
  f("std", d.normalization.std);
}

bool Description::operator==(const Description& other) const {
  return to_json(*this) == to_json(other);
}

const char* layout_name(Layout layout) { return layout == Layout::nhwc ? "nhwc" : "nchw"; }
const char* color_name(Color color) {
  return color == Color::as_is ? "as-is" : color == Color::gray ? "gray" : "rgb";
}

Layout layout_from_text(const std::string& text) {
  if (text == "nhwc") return Layout::nhwc;
  if (text == "nchw") return Layout::nchw;
  throw Error("--layout ", text, ": must be nhwc or nchw");
}

Color color_from_text(const std::string& text) {
  for (const Color color : {Color::as_is, Color::gray, Color::rgb}) {
    if (text == color_name(color)) return color;
  }
  throw Error("--color ", text, ": must be gray, rgb or as-is");
}

namespace {

void write(nlohmann::json& json, Layout layout) { json = layout_name(layout); }
void write(nlohmann::json& json, Color color) { json = color_name(color); }
void write(nlohmann::json& json, const auto& field) { json = field; }

void read(const JsonValue& j, Layout& field) { field = layout_from_text(j.text()); }
void read(const JsonValue& j, Color& field) { field = color_from_text(j.text()); }
template <class T>
void read(const JsonValue& j, std::vector<T>& field) {
  field.resize(j.size());
  for (std::size_t i = 0; i < field.size(); ++i) read(j.at(i), field[i]);
}

void check_share(const char* option, double share) {
  if (share >= 0 && share < 1) return;
  throw Error(option, " ", share, ": must be in [0, 1)");
}

}  // namespace

nlohmann::json to_json(const Description& description) {
  nlohmann::json json;
  each_choice(description, [&](const char* name, const auto& field) { write(json[name], field); });
  return json;
}

Description description_from_json(const nlohmann::json& json) {
  const JsonValue j(json);
  Description d;
  each_choice(d, [&](const char* name, auto& field) { read(j.at(name), field); });
  check(d);
  return d;
}

void check(const Description& d) {
  check_share("--validation", d.validation);
  check_share("--test", d.test);
  if (!d.reading.label.empty() && !d.reading.targets.empty()) {
    throw Error("--label and --targets: only one of both");
  }
  if (d.normalization.mean.size() != d.normalization.std.size()) {
    throw Error("--mean has ", d.normalization.mean.size(), " and --std ",
                d.normalization.std.size(), " numbers: as many are expected");
  }
}

}  // namespace etch::host
