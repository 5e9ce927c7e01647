// A data set as a description says: found, read, split and prepared for a network.
#pragma once
#include <etch/host/data/description.hpp>
#include <etch/host/data/source.hpp>

#include <optional>

namespace etch::host {

// A data set as a description says. Reads a part when it is asked for. Read the training part
// first: its classes and columns apply to the others. For one thread.
class PreparedData {
 public:
  // Finds files at the path; nothing is read yet. `input` is the shape that images are scaled to
  // where the description asks for it. Throws an Error that says what would be understood.
  PreparedData(const std::filesystem::path& path, const Description& description,
               std::optional<Shape> input);

  // Whether the files have this part, or the description sets samples aside for it.
  bool has(Part part) const;
  // The samples of a part. Files that aren't split are: first a share of them all for the test,
  // then one of the rest for validation. Throws an Error that names the file, or the option and how
  // many samples there are where it leaves a part empty.
  Dataset read(Part part);

  // Frees what it keeps of files that aren't split, for other parts to be read.
  void forget() { whole_.reset(); }

  // What was asked for with what was found: the format's name and, once the training part was read,
  // its classes and columns, and its mean and std where they were to be measured.
  const Description& description() const { return description_; }

 private:
  Dataset read_raw(Part part);
  Dataset divided(Part part);

  std::filesystem::path path_;
  Description description_;
  std::unique_ptr<Source> source_;
  std::optional<Dataset> whole_;  // files that aren't split
};

}  // namespace etch::host
