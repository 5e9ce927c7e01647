// Samples without targets.
#include "data/unlabelled.hpp"

#include "data/array_source.hpp"
#include "data/csv.hpp"
#include "data/image.hpp"
#include "data/layout.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>

namespace etch::host {

static Dataset read(const std::filesystem::path& path, const Reading& reading) {
  const FileBytes file(path);
  if (path.extension() == ".npy") {
    return samples(parse_npy(file.bytes(), path.string()), reading);
  }
  if (path.extension() == ".csv" || path.extension() == ".tsv") {
    return fitted(read_csv(file.bytes(), path.string(), reading, Labelled::no), reading);
  }
  Image image = fitted(decode_image(file.bytes(), path.string()), reading);
  Dataset data{.origin = path.string(), .shape = image.shape};
  data.pixels = std::move(image.pixels);
  return data;
}

static std::string name_of(const std::filesystem::path& path, std::size_t index) {
  if (path.extension() == ".npy") return text(path.string(), " sample ", index);
  if (path.extension() == ".csv" || path.extension() == ".tsv") {
    return text(path.string(), " row ", index + 1);
  }
  return path.string();
}

Unlabelled read_unlabelled(const std::filesystem::path& file, const Description& description,
                           Shape input) {
  Reading reading = description.reading;
  if (description.resize) reading.size = Pair{input.height, input.width};
  Unlabelled all{read(file, reading), {}};
  check(description.normalization, all.data.shape.channels);
  all.data.normalization = description.normalization;
  for (std::size_t i = 0; i < all.data.size(); ++i) all.names.push_back(name_of(file, i));
  return all;
}

}  // namespace etch::host
