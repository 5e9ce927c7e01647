// idx files, plain or gzip.
#include "data/idx.hpp"

#include "checked.hpp"
#include "data/layout.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <regex>

namespace etch::host {

namespace fs = std::filesystem;

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
  explicit IdxFile(const fs::path& path) : path_(path) {
    Descriptor file = open_to_read(path_);
    file_.reset(gzdopen(file.number(), "rb"));
    if (!file_) throw std::bad_alloc();
    file.release();
    gzbuffer(file_.get(), 1 << 18);
  }

  std::string path() const { return path_.string(); }

  // Reads the magic number and the sizes, of which there are `least` to `most`.
  std::vector<std::size_t> sizes(unsigned least, unsigned most) {
    const std::uint32_t magic = number(), first = 0x800 + least, last = 0x800 + most;
    if (magic < first || magic > last) {
      throw Error(path(), ": the magic number is ", magic, ", but ", first,
                  most > least ? text(" or ", last) : "", " is expected: an idx file of bytes in ",
                  least, most > least ? text(" or ", most) : "",
                  most == 1 ? " dimension" : " dimensions");
    }
    std::vector<std::size_t> all(magic - 0x800);
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
    std::uint8_t more;
    if (read(&more, 1) == 0) return all;
    throw Error(path(), ": has more data than the ", count, " bytes that its header promises");
  }

 private:
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
  fs::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
};

// What a file's name says.
struct IdxName {
  std::string prefix;  // "emnist-letters-"
  Part part = Part::train;
  bool images = true, zipped = false;
};

std::optional<IdxName> parse_name(const std::string& name) {
  static const std::regex form(
      "(.*)(train|t10k|test|val|validation)-(?:(images)[-.]idx[34]|labels[-.]idx1)-ubyte(\\.gz)?");
  std::smatch m;
  if (!std::regex_match(name, m, form)) return std::nullopt;
  const std::string part = m[2];
  return IdxName{m[1],
                 part == "train"                    ? Part::train
                 : part == "t10k" || part == "test" ? Part::test
                                                    : Part::validation,
                 m[3].matched, m[4].matched};
}

struct IdxPaths {
  fs::path images, labels;
};
using IdxParts = std::map<Part, IdxPaths>;

// By prefix. Of a plain file and its gzip, the plain one is taken.
std::map<std::string, IdxParts> found_in(const fs::path& folder) {
  std::map<std::string, IdxParts> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto name = parse_name(entry.path().filename());
    if (!name) continue;
    IdxPaths& paths = all[name->prefix][name->part];
    fs::path& path = name->images ? paths.images : paths.labels;
    if (path.empty() || !name->zipped) path = entry.path();
  }
  return all;
}

class IdxSource : public Source {
 public:
  IdxSource(const fs::path& folder, IdxParts parts) : folder_(folder), parts_(std::move(parts)) {}

  bool has(Part part) const override {
    return parts_.contains(part) && !parts_.at(part).images.empty();
  }

  Dataset read(Part part, const Reading& reading) const override {
    const IdxPaths paths = parts_.contains(part) ? parts_.at(part) : IdxPaths{};
    IdxFile images(checked(paths.images, images_name(part)));
    IdxFile labels(checked(paths.labels, labels_name(part)));
    const std::vector<std::size_t> sizes = images.sizes(3, 4);
    const Shape shape = sample_shape(std::span(sizes).subspan(1), reading.layout);
    check_images(images, sizes[0], shape);
    const std::size_t count = labels.sizes(1, 1)[0];
    if (sizes[0] != count) {
      throw Error(images.path(), ": holds ", sizes[0], " images, but ", labels.path(), " holds ",
                  count, " labels");
    }
    Dataset data{.origin = labels.path(), .shape = shape};
    data.pixels = images.bytes(checked_product(
        {count, shape.elements()}, images.path() + ": its bytes of pixels", most_pixels));
    if (sizes.size() == 4) to_nhwc(data.pixels, shape, reading.layout);
    const std::vector<std::uint8_t> all = labels.bytes(count);
    data.targets.labels.assign(all.begin(), all.end());
    data.targets.names = reading.classes;
    return fitted(std::move(data), reading);
  }

 private:
  fs::path checked(const fs::path& path, const char* name) const {
    if (!path.empty()) return path;
    throw Error(folder_.string(), ": has no ", name, " and no ", name,
                ".gz (`etch data fetch mnist --data ", folder_.string(), "` fetches MNIST's)");
  }

  static void check_images(const IdxFile& file, std::size_t count, Shape shape) {
    if (count == 0) throw Error(file.path(), ": holds no images");
    for (const std::size_t length : {shape.height, shape.width}) {
      if (length >= 1 && length <= 4096) continue;
      throw Error(file.path(), ": images of ", shape.height, "x", shape.width,
                  " pixels, but 1 to 4096 a side are expected");
    }
    if (shape.channels >= 1 && shape.channels <= 4096) return;
    throw Error(file.path(), ": images of ", shape.channels,
                " channels, but 1 to 4096 are expected");
  }

  fs::path folder_;
  IdxParts parts_;
};

}  // namespace

bool is_idx(const fs::path& path) {
  if (!fs::is_directory(path)) return parse_name(path.filename()).has_value();
  return !found_in(path).empty();
}

std::unique_ptr<Source> open_idx(const fs::path& path) {
  if (const auto name = parse_name(path.filename()); name && !fs::is_directory(path)) {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
    return std::make_unique<IdxSource>(folder, found_in(folder)[name->prefix]);
  }
  std::map<std::string, IdxParts> all = found_in(path);
  if (all.size() <= 1 || all.contains("")) {
    return std::make_unique<IdxSource>(
        path, all.contains("") || all.empty() ? all[""] : all.begin()->second);
  }
  std::string names;
  for (const auto& [prefix, parts] : all) names += (names.empty() ? "" : ", ") + prefix;
  throw Error(path.string(), ": has several data sets of idx files (", names,
              "): name a file of the one that is meant, such as ",
              (path / all.begin()->first).string(), "train-images-idx3-ubyte");
}

}  // namespace etch::host
