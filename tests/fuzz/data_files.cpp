// CSV, NPY, PNG and JPEG files of strangers. The first byte says which; NPY has two arrays, whose
// lengths the two bytes after it tell.
#include "host/data_files.hpp"
#include "data/array_source.hpp"
#include "data/csv.hpp"
#include "data/image.hpp"
#include "fuzz.hpp"

#include <etch/host/data/batch_reader.hpp>
#include <etch/host/data/order.hpp>

using namespace etch;
using namespace etch::host;

namespace etch::fuzz {

namespace {

// As training would.
void use(const Dataset& data) {
  data.checksum();
  const BatchReader reader(data, data.shape);
  std::vector<float> samples(data.shape.elements() * data.size());
  std::vector<std::int32_t> labels(data.size());
  std::vector<float> targets(data.size() * data.targets.width);
  if (data.targets.are_classes()) {
    reader.read(in_order(data.size()), samples, std::span(labels));
  } else {
    reader.read(in_order(data.size()), samples, std::span(targets));
  }
}

void read_arrays(std::span<const std::byte> input, const Reading& reading) {
  if (input.size() < 2) return;
  const std::size_t length =
      std::to_integer<std::size_t>(input[0]) + 256 * std::to_integer<std::size_t>(input[1]);
  const std::span arrays = input.subspan(2);
  const std::size_t first = std::min(length, arrays.size());
  use(joined(parse_npy(arrays.first(first), "x"), parse_npy(arrays.subspan(first), "y"), reading));
}

std::string of_kind(char kind, const std::string& bytes) { return kind + bytes; }
std::string arrays(const std::string& x, const std::string& y) {
  const std::string begin{static_cast<char>(x.size() & 255), static_cast<char>(x.size() >> 8)};
  return begin + x + y;
}

}  // namespace

void read(std::span<const std::byte> input) {
  if (input.empty()) return;
  const std::span file = input.subspan(1);
  accepted([&] {
    switch (std::to_integer<int>(input[0]) % 6) {
      case 0:
        return use(read_csv(file, "a.csv", {.label = "y"}));
      case 1:
        return use(read_csv(file, "a.csv", {.targets = {"y"}}));
      case 2:
        return read_arrays(file, {});
      case 3:
        return read_arrays(file, {.layout = Layout::nchw, .color = Color::rgb, .size = Pair{3, 2}});
      default:
        fitted(decode_image(file, "a.png"), {.color = Color::gray, .size = Pair{4, 5}});
    }
  });
}

std::vector<std::string> seeds() {
  const std::string x = npy("<f4", {2, 3}, std::string(24, '\0')),
                    y = npy("<i8", {2}, std::string(16, '\0'));
  const std::string pixels = npy("|u1", {2, 3, 2, 2}, std::string(24, '\7'));
  const Image image{{3, 4, 5}, std::vector<std::uint8_t>(60, 90)};
  return {of_kind(0, "a,b,y\n1,2,cat\n\"3\",4e0,dog\n"),
          of_kind(1, "a;y\r\n1;-2\r\n3;4\r\n"),
          of_kind(2, arrays(x, y)),
          of_kind(3, arrays(pixels, y)),
          of_kind(4, png_file(image)),
          of_kind(5, jpeg_file(image))};
}

}  // namespace etch::fuzz
