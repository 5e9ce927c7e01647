// MNIST and Fashion-MNIST: idx files, plain or gzip.
#include "training/dataset.hpp"

#include "checked.hpp"
#include "error.hpp"
#include "file.hpp"

#include <etch/random.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

namespace etch::host {

const char* images_name(Part part) {
  return part == Part::train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte";
}
const char* labels_name(Part part) {
  return part == Part::train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte";
}

namespace {

// A gzip file of 2 MB can hold so many bytes.
constexpr std::size_t most_pixels = std::size_t{1} << 31;

// An idx file of bytes: magic 0x0000080r, r sizes, data; all big-endian.
class IdxFile {
 public:
  IdxFile(const std::filesystem::path& folder, const char* name) : path_(find(folder, name)) {
    Descriptor file = open_to_read(path_);
    file_.reset(gzdopen(file.number(), "rb"));
    if (!file_) throw std::bad_alloc();
    file.release();
    gzbuffer(file_.get(), 1 << 18);
  }

  std::string path() const { return path_.string(); }

  // Reads the magic number and `rank` sizes.
  std::vector<std::size_t> sizes(unsigned rank) {
    const std::uint32_t magic = number(), expected = 0x800 + rank;
    if (magic != expected) {
      throw Error(path(), ": the magic number is ", magic, ", but ", expected,
                  " is expected: an "
                  "idx file of bytes in ",
                  rank, rank == 1 ? " dimension" : " dimensions");
    }
    std::vector<std::size_t> all(rank);
    for (std::size_t& n : all) n = number();
    return all;
  }

  // In pieces: a damaged header's huge count must not become an allocation.
  std::vector<std::uint8_t> bytes(std::size_t count) {
    constexpr std::size_t piece = std::size_t{1} << 24;
    std::vector<std::uint8_t> all;
    while (all.size() < count) {
      const std::size_t before = all.size(), want = std::min(count - before, piece);
      all.resize(before + want);
      const std::size_t got = read(all.data() + before, want);
      if (got == want) continue;
      throw Error(path(), ": ends after ", before + got, " bytes of data, but its header promises ",
                  count);
    }
    return all;
  }

  void expect_end(std::size_t count) {
    std::uint8_t more;
    if (read(&more, 1) == 0) return;
    throw Error(path(), ": has more data than the ", count, " bytes that its header promises");
  }

 private:
  static std::filesystem::path find(const std::filesystem::path& folder, const char* name) {
    for (const char* suffix : {"", ".gz"}) {
      std::filesystem::path path = folder / (std::string(name) + suffix);
      if (std::filesystem::exists(path)) return path;
    }
    throw Error(folder.string(), ": has no ", name, " and no ", name,
                ".gz (`etch data fetch mnist --data ", folder.string(), "` fetches them)");
  }

  // gzread takes an unsigned int; a damaged gzip stream is an error of its own.
  std::size_t read(std::uint8_t* to, std::size_t count) {
    std::size_t got = 0;
    while (got < count) {
      const auto want = static_cast<unsigned>(std::min<std::size_t>(count - got, 1u << 30));
      const int n = gzread(file_.get(), to + got, want);
      if (n < 0) {
        int code = 0;
        throw Error(path(), ": can't be unpacked: ", gzerror(file_.get(), &code));
      }
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  std::uint32_t number() {
    std::array<std::uint8_t, 4> b{};
    if (read(b.data(), 4) != 4) throw Error(path(), ": ends within its header");
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
  }

  struct Close {
    void operator()(gzFile_s* f) const { gzclose(f); }
  };
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

std::vector<std::uint8_t> read_labels(IdxFile file, std::size_t classes, std::size_t limit) {
  const std::size_t count = file.sizes(1)[0];
  const std::size_t wanted = limit == 0 ? count : std::min(limit, count);
  std::vector<std::uint8_t> labels = file.bytes(wanted);
  if (wanted == count) file.expect_end(count);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      throw Error(file.path(), ": label ", i, " is ", int{labels[i]},
                  ", but the network has classes 0 to ", classes - 1);
    }
  }
  return labels;
}

void check_images(const IdxFile& file, const std::vector<std::size_t>& sizes) {
  if (sizes[0] == 0) throw Error(file.path(), ": holds no images");
  for (const std::size_t length : {sizes[1], sizes[2]}) {
    if (length >= 1 && length <= 4096) continue;
    throw Error(file.path(), ": images of ", sizes[1], "x", sizes[2],
                " pixels, but 1 to 4096 a side are expected");
  }
}

std::size_t count_labels(const std::filesystem::path& folder, Part part) {
  return IdxFile(folder, labels_name(part)).sizes(1)[0];
}

}  // namespace

Dataset read_dataset(const std::filesystem::path& folder, Part part, std::size_t classes,
                     std::size_t limit) {
  IdxFile images(folder, images_name(part));
  const std::vector<std::size_t> sizes = images.sizes(3);
  check_images(images, sizes);
  const std::size_t count = sizes[0], labels = count_labels(folder, part);
  if (count != labels) {
    throw Error(images.path(), ": holds ", count, " images, but ",
                IdxFile(folder, labels_name(part)).path(), " holds ", labels, " labels");
  }
  Dataset data;
  data.height = sizes[1];
  data.width = sizes[2];
  const std::size_t wanted = limit == 0 ? count : std::min(limit, count);
  data.pixels = images.bytes(checked_product({wanted, data.height, data.width},
                                             images.path() + ": its bytes of pixels", most_pixels));
  if (wanted == count) images.expect_end(data.pixels.size());
  data.labels = read_labels(IdxFile(folder, labels_name(part)), classes, limit);
  return data;
}

std::uint32_t Dataset::checksum() const {
  uLong sum = crc32_z(0, pixels.data(), pixels.size());
  sum = crc32_z(sum, labels.data(), labels.size());
  return static_cast<std::uint32_t>(sum);
}

BatchReader::BatchReader(const Dataset& data, Shape input)
    : data_(&data), input_(input), padding_((input.height - data.height) / 2) {
  const bool fits = input.channels == 1 && input.height == data.height + 2 * padding_ &&
                    input.width == data.width + 2 * padding_ && padding_ <= 2;
  if (!fits) {
    throw Error("the network takes images of ", input.channels, "x", input.height, "x", input.width,
                ", but the data's are 1x", data.height, "x", data.width,
                " (up to 2 pixels a side are padded)");
  }
}

void BatchReader::read(std::span<const std::uint32_t> indices, std::span<float> images,
                       std::span<std::int32_t> labels) const {
  const std::size_t height = data_->height, width = data_->width;
  std::fill(images.begin(), images.end(), 0.0f);
  for (std::size_t n = 0; n < indices.size(); ++n) {
    const std::uint8_t* from = data_->pixels.data() + indices[n] * height * width;
    float* to = images.data() + n * input_.elements() + padding_ * (input_.width + 1);
    for (std::size_t r = 0; r < height; ++r, from += width, to += input_.width) {
      for (std::size_t c = 0; c < width; ++c) to[c] = static_cast<float>(from[c]) / 255.0f;
    }
    labels[n] = data_->labels[indices[n]];
  }
}

std::vector<std::uint32_t> in_order(std::size_t size) {
  std::vector<std::uint32_t> all(size);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

std::vector<std::uint32_t> shuffled(std::size_t size, std::uint64_t seed, std::uint64_t epoch) {
  // A seed of its own: not the numbers that the parameters began with.
  Generator random{mix(~seed) + epoch};
  std::vector<std::uint32_t> all = in_order(size);
  for (std::size_t i = size; i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
  return all;
}

}  // namespace etch::host
