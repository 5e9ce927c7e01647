// Options of the commands that read a data set.
#pragma once
#include <etch/host/data/prepared_data.hpp>

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace etch::host {

struct DataOptions {
  std::string path = "data/mnist";
  // What was given, read by complete().
  Description description;
  std::string features, targets, layout = "nhwc", color = "as-is", mean, std;
  std::size_t memory = 0;          // of images; 0: a quarter of the machine's
  std::vector<std::string> given;  // names of the options on the command line, but for the path
};

// All options but the path's.
void add_data_options(CLI::App& command, DataOptions& o);
// --data PATH and all others.
void add_data_set(CLI::App& command, DataOptions& o);
// Reads what was given. Throws an Error that names the option, its value and what is allowed.
void complete(const CLI::App& command, DataOptions& o);

// Those of a checkpoint, where each that is given must be the same. Throws an Error that names the
// option and both values.
Description same_as_stored(const DataOptions& o, const Description& stored,
                           const std::string& checkpoint);
// Those of a checkpoint, but for what is given.
Description with_given(const DataOptions& o, const Description& stored);

// The first `limit` samples, or all where it is 0. Throws an Error that names the option and the
// path where there are fewer.
Dataset first(Dataset data, std::size_t limit, const char* option, const std::string& path);
// Throws an Error that says what there is.
Part part_from_text(const std::string& text);

}  // namespace etch::host
