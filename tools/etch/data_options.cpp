// Options of the commands that read a data set.
#include "data_options.hpp"

#include "commands.hpp"
#include "data/description_json.hpp"

#include <etch/host/data/order.hpp>
#include <etch/host/error.hpp>

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <charconv>
#include <cmath>

namespace etch::host {

namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t comma = 0; !text.empty() && comma != text.npos;) {
    comma = text.find(',');
    all.emplace_back(text.substr(0, comma));
    if (comma != text.npos) text.remove_prefix(comma + 1);
  }
  return all;
}

std::vector<float> numbers(const char* option, const std::string& text) {
  std::vector<float> all;
  for (const std::string& word : words(text)) {
    float value = 0;
    const char* end = word.data() + word.size();
    const auto [at, error] = std::from_chars(word.data(), end, value);
    if (error != std::errc{} || at != end || !std::isfinite(value)) {
      throw Error(option, " ", text, ": numbers with commas between them are expected");
    }
    all.push_back(value);
  }
  return all;
}

std::string format_names() {
  std::string all;
  for (const Format& f : all_formats()) all += (all.empty() ? "" : ", ") + std::string(f.name);
  return all;
}

}  // namespace

void add_data_options(CLI::App& c, DataOptions& o) {
  Description& d = o.description;
  c.add_option("--format", d.format, "of the data: " + format_names() + " [recognised]");
  c.add_option("--label", d.reading.label, "column of classes of a CSV file [label]");
  c.add_option("--targets", o.targets, "columns A,B,... of numbers to be learned instead");
  c.add_option("--features", o.features, "columns A,B,... of features [all others]");
  c.add_option("--layout", o.layout, "of arrays: nhwc or nchw [nhwc]");
  c.add_flag("--resize", d.resize, "scale images to the network's input, cut around the middle");
  c.add_option("--color", o.color, "make images gray or rgb [as they are]");
  c.add_option("--validation", d.validation, "share set aside to validate with, such as 0.1")
      ->check(number);
  c.add_option("--test", d.test, "share set aside for the test, where the files have none")
      ->check(number);
  c.add_option("--split-seed", d.split_seed, "draws what is set aside [0]")->check(not_negative);
  c.add_flag("--normalize", d.normalize, "(x - mean) / std, measured on the training part");
  c.add_option(
       "--memory", o.memory,
       "images that take more, such as 4GiB, stay in their files [a quarter of the machine's]")
      ->transform(CLI::AsSizeValue(false));
  c.add_option("--mean", o.mean, "of each channel, or one for all: normalize with these");
  c.add_option("--std", o.std, "of each channel, or one for all");
}

void add_data_set(CLI::App& command, DataOptions& o) {
  command.add_option("--data", o.path, "folder or file of the data [" + o.path + "]");
  add_data_options(command, o);
}

// While parts are made of files that aren't split, there are two of each image.
static std::size_t quarter_of_memory() {
  return static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) / 4 *
         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void complete(const CLI::App& command, DataOptions& o) {
  Description& d = o.description;
  d.reading.memory = o.memory > 0 ? o.memory : quarter_of_memory();
  d.reading.targets = words(o.targets);
  d.reading.features = words(o.features);
  d.reading.layout = layout_from_text(o.layout);
  d.reading.color = color_from_text(o.color);
  d.normalization = {numbers("--mean", o.mean), numbers("--std", o.std)};
  const nlohmann::json names = to_json(d);
  for (const auto& [name, value] : names.items()) {
    if (name != "classes" && command.count("--" + name) > 0) o.given.push_back(name);
  }
  if (d.normalize && !d.normalization.mean.empty()) {
    throw Error("--normalize measures what --mean and --std give: only one of both");
  }
  check(d);
}

Description with_given(const DataOptions& o, const Description& stored) {
  nlohmann::json all = to_json(stored);
  const nlohmann::json is = to_json(o.description);
  for (const std::string& name : o.given) all[name] = is.at(name);
  Description d = description_from_json(all);
  d.reading.memory = o.description.reading.memory;
  return d;
}

Description same_as_stored(const DataOptions& o, const Description& stored,
                           const std::string& checkpoint) {
  const nlohmann::json was = to_json(stored), is = to_json(o.description);
  for (const std::string& name : o.given) {
    if (was.at(name) == is.at(name)) continue;
    throw Error("--", name, " ", is.at(name).dump(), ": ", checkpoint, " was trained with ",
                was.at(name).dump(), "; leave it out to go on with that");
  }
  Description d = stored;
  d.reading.memory = o.description.reading.memory;
  return d;
}

Dataset first(Dataset data, std::size_t limit, const char* option, const std::string& path) {
  if (limit == 0 || limit == data.size()) return data;
  if (limit < data.size()) return data.taken(in_order(limit));
  throw Error(option, " ", limit, ": ", path, " has only ", data.size());
}

Part part_from_text(const std::string& text) {
  for (const Part part : {Part::train, Part::validation, Part::test}) {
    if (text == part_name(part)) return part;
  }
  throw Error("--part ", text, ": must be test, validation or train");
}

}  // namespace etch::host
