// etch data: what a data set holds, and etch data fetch: brings data sets onto this machine.
#include "commands.hpp"
#include "data/statistics.hpp"
#include "data_options.hpp"
#include "training/fetch.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/training/training_run.hpp>

#include <algorithm>
#include <iostream>

namespace etch::host {

namespace {

int fetch_data(const std::string& name, std::string folder, bool overwrite) {
  const DataSource& data = find_data(name);
  if (folder.empty()) folder = "data/" + name;
  if (is_complete(data, folder)) {
    std::cout << name << " is in " << folder << ", with the right sha256" << std::endl;
    return 0;
  }
  fetch(data, folder, Overwrite{overwrite});
  std::cout << name << " fetched into " << folder << ", sha256 checked" << std::endl;
  return 0;
}

struct ShownPart {
  Part part;
  Dataset data;
};

std::string short_name(const std::string& name) {
  constexpr std::size_t longest = 30;
  const std::string all = printable(name);
  return all.size() > longest ? all.substr(0, longest - 2) + ".." : all;
}

// Rows of a table: names on the left, then columns of 11 characters.
void print_row(const std::string& name, const std::vector<std::string>& columns) {
  std::cout << padded_right(short_name(name), 30);
  for (const std::string& c : columns) std::cout << padded_left(c, 11);
  std::cout << '\n';
}

void print_classes(const std::vector<ShownPart>& parts) {
  std::vector<std::string> heads;
  std::vector<std::vector<std::size_t>> counts;
  std::size_t classes = 0;
  for (const ShownPart& p : parts) {
    heads.emplace_back(part_name(p.part));
    counts.push_back(class_counts(p.data.targets));
    classes = std::max(classes, counts.back().size());
  }
  std::cout << '\n';
  print_row(text(classes, classes == 1 ? " class" : " classes"), heads);
  for (std::size_t c = 0; c < classes; ++c) {
    std::vector<std::string> row;
    for (const auto& count : counts) row.push_back(grouped(c < count.size() ? count[c] : 0));
    print_row(parts[0].data.targets.name(c), row);
  }
}

// Of features or targets.
void print_numbers(const char* head, const std::vector<std::string>& names,
                   const std::vector<ChannelStatistics>& all) {
  constexpr std::size_t most = 40;
  std::cout << '\n';
  print_row(head, {"least", "most", "mean", "std"});
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i) {
    const ChannelStatistics& s = all[i];
    print_row(i < names.size() ? names[i] : std::to_string(i),
              {text(s.least), text(s.most), fixed(s.mean, 4), fixed(s.std, 4)});
  }
  if (all.size() > most) std::cout << "and " << all.size() - most << " more\n";
}

// Its targets as samples.
Dataset targets_alone(const Dataset& data) {
  Dataset alone{.shape = {data.targets.width}};
  alone.values = data.targets.values;
  alone.targets = data.targets;
  return alone;
}

void print_part(const ShownPart& p) {
  std::cout << padded_right(part_name(p.part), 11) << padded_left(grouped(p.data.size()), 11)
            << (p.data.size() == 1 ? " sample" : " samples") << " of " << shape_text(p.data.shape)
            << (p.data.pixels.empty() ? "" : " (bytes / 255)") << '\n';
}

struct ShowOptions {
  DataOptions data;
  std::string model;
};

int show(const ShowOptions& o) {
  std::optional<OpenModel> model;
  if (!o.model.empty()) model = open_model(o.model);
  std::optional<Shape> input;
  if (model) input = model->input;
  if (o.data.description.resize && !input) {
    throw Error("--resize needs --for MODEL, whose input says to what size");
  }
  PreparedData source(o.data.path, o.data.description, input);
  std::vector<ShownPart> parts;
  for (const Part part : {Part::train, Part::validation, Part::test}) {
    if (source.has(part)) parts.push_back({part, source.read(part)});
  }
  std::cout << o.data.path << ": " << source.description().format << '\n';
  for (const ShownPart& p : parts) print_part(p);
  const Dataset& train = parts[0].data;
  if (train.targets.are_classes()) {
    print_classes(parts);
  } else {
    print_numbers("target", train.targets.names, statistics(targets_alone(train)));
  }
  const bool is_vector = train.shape.height == 1 && train.shape.width == 1;
  print_numbers(is_vector ? "feature" : "channel", train.features, statistics(train));
  if (!model) return 0;
  for (const ShownPart& p : parts) {
    const BatchReader fits(p.data, *input);
    check_targets(p.data, num_outputs(model->graph));
  }
  std::cout << "\nfits " << model->name << '\n';
  return 0;
}

void add_fetch(CLI::App& data, Action& action) {
  struct Options {
    std::string name, folder;
    bool overwrite = false;
  };
  CLI::App* fetch = data.add_subcommand("fetch", "fetch a data set and check it");
  auto o = std::make_shared<Options>();
  fetch->add_option("NAME", o->name, "mnist or fashion-mnist")->required();
  fetch->add_option("--data", o->folder, "the folder to put it into [data/NAME]");
  add_overwrite(*fetch, o->overwrite);
  fetch->callback(
      [o, &action] { action = [o] { return fetch_data(o->name, o->folder, o->overwrite); }; });
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("data", "what a data set holds; data fetch: fetch one");
  auto o = std::make_shared<ShowOptions>();
  command->add_option("PATH", o->data.path, "folder or file of the data");
  command->add_option("--for", o->model, "a model that the data is to fit");
  add_data_options(*command, o->data);
  add_fetch(*command, action);
  command->callback([command, o, &action] {
    if (!command->get_subcommands().empty()) return;
    if (command->count("PATH") == 0) throw Error("`etch data` needs a PATH, or `fetch NAME`");
    complete(*command, o->data);
    action = [o] { return show(*o); };
  });
}

}  // namespace etch::host
