// Images and labels as idx files, plain or gzip. The input has both, behind a byte that says which
// of them have the name of a gzip file, and two that say how long the images' is.
#include "fuzz.hpp"
#include "host/idx_files.hpp"
#include "process.hpp"

#include <etch/host/data/batch_reader.hpp>
#include <etch/host/data/order.hpp>

#include <zlib.h>

#include <algorithm>

using namespace etch;
using namespace etch::host;

namespace etch::fuzz {

namespace {

constexpr Part part = Part::test;

void write(const std::filesystem::path& folder, const std::string& name, bool zipped,
           std::span<const std::byte> bytes) {
  std::filesystem::remove(folder / name);
  std::filesystem::remove(folder / (name + ".gz"));
  write_file(folder / (name + (zipped ? ".gz" : "")),
             {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string zipped(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "gz";
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// `which` have the name of a gzip file: 1 images, 2 labels.
std::string joined(const std::string& images, const std::string& labels, unsigned which) {
  const std::size_t length = images.size();
  const std::string begin{static_cast<char>(which), static_cast<char>(length & 255),
                          static_cast<char>(length >> 8)};
  return begin + images + labels;
}

}  // namespace

void read(std::span<const std::byte> input) {
  static const TemporaryFolder folder;
  if (input.size() < 3) return;
  const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(input[i]); };
  const std::span<const std::byte> files = input.subspan(3);
  const std::size_t images = std::min(byte(1) + 256 * byte(2), files.size());
  write(folder.path(), images_name(part), (byte(0) & 1) != 0, files.first(images));
  write(folder.path(), labels_name(part), (byte(0) & 2) != 0, files.subspan(images));
  accepted([] {
    const Dataset data = open_idx(folder.path())->read(part, {});
    check_targets(data, 10);
    data.checksum();
    const BatchReader reader(data, data.shape);
    std::vector<float> pixels(data.shape.elements() * data.size());
    std::vector<std::int32_t> labels(data.size());
    reader.read(in_order(data.size()), pixels, std::span(labels));
  });
}

std::vector<std::string> seeds() {
  const std::string images = idx_images(2, 3, std::string(18, '\7')), labels = idx_labels("\1\2");
  return {joined(images, labels, 0), joined(zipped(images), zipped(labels), 3),
          joined(zipped(images), labels, 1), joined(images, zipped(labels), 2)};
}

}  // namespace etch::fuzz
