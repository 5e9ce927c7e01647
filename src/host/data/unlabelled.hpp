// Samples without targets: what a trained network is asked about.
#pragma once
#include <etch/host/data/dataset.hpp>
#include <etch/host/data/description.hpp>

#include <filesystem>
#include <optional>

namespace etch::host {

struct Unlabelled {
  Dataset data;                    // without targets
  std::vector<std::string> names;  // of each sample: "a.png", "a.csv row 1", "x.npy sample 0"
};

// A PNG or JPEG image, the rows of a CSV file (.csv, .tsv), or the samples of an NPY array (.npy,
// (N, ...)), read and prepared as the description says for a network of this input. Columns that
// the description has no use for are skipped. Throws an Error that names the file and the place in
// it.
Unlabelled read_unlabelled(const std::filesystem::path& file, const Description& description,
                           Shape input);

}  // namespace etch::host
