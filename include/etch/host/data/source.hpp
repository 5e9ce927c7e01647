// Where samples come from. One file a kind of source, and one row each in `all_formats`.
#pragma once
#include <etch/host/data/dataset.hpp>
#include <etch/host/data/reading.hpp>

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace etch::host {

// Files that were found at a path; their samples are read when they are asked for.
class Source {
 public:
  virtual ~Source() = default;
  // Whether it has files of this part. One that isn't split has all samples in Part::train.
  virtual bool has(Part part) const = 0;
  // All samples of a part. Throws an Error that names the file, and the row, column, index or image
  // in it. Where reading.classes names classes, other ones are refused; else they are those of this
  // part.
  virtual Dataset read(Part part, const Reading& reading) const = 0;
};

// A kind of data: how it is recognised and opened.
struct Format {
  std::string_view name;        // for --format
  std::string_view understood;  // "train.csv", for the sentence that says what would be understood
  // Whether what is at the path looks like it.
  bool (*recognises)(const std::filesystem::path&);
  // Finds the files; throws an Error where some are missing.
  std::unique_ptr<Source> (*open)(const std::filesystem::path&);
};

// All there are, in the order that they are tried.
std::span<const Format> all_formats();

// The format of that name, or where it is empty the first that recognises the path. Throws an Error
// that says what there is.
const Format& find_format(const std::filesystem::path& path, std::string_view name);

}  // namespace etch::host
