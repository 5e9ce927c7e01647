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

struct Format {
  std::string_view name;        // for --format
  std::string_view understood;  // "train.csv", for the sentence that says what would be understood
  bool (*recognises)(const std::filesystem::path&);
  std::unique_ptr<Source> (*open)(const std::filesystem::path&);
};

std::span<const Format> all_formats();

// The format of that name, or where it is empty the first that recognises the path. Throws an Error
// that says what there is.
const Format& find_format(const std::filesystem::path& path, std::string_view name);

}  // namespace etch::host
