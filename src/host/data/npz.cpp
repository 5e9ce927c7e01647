// NumPy's arrays in one file.
#include "data/npz.hpp"

#include "checked.hpp"
#include "data/array_source.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>

#include <zip.h>

#include <memory>

namespace etch::host {

namespace fs = std::filesystem;

namespace {

// Of an array, unpacked: a file of 8 MB can hold so many bytes of zeros.
constexpr std::size_t most_unpacked = std::size_t{1} << 33;

class NpzFile : public ArraySource {
 public:
  explicit NpzFile(const fs::path& path) : ArraySource(path), file_(path) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source =
        zip_source_buffer_create(file_.bytes().data(), file_.bytes().size(), 0, &error);
    if (source == nullptr) throw std::bad_alloc();
    zip_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (zip_) return;
    zip_source_free(source);
    throw Error(path.string(), ": isn't an NPZ file: ", why);
  }

 private:
  bool contains(const std::string& array) const override { return index(array) >= 0; }
  std::string place(const std::string& array) const override {
    return text(path().string(), ": ", array, ".npy");
  }

  std::vector<std::byte> bytes(const std::string& array) const override {
    const auto at = static_cast<zip_uint64_t>(index(array));
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat_index(zip_.get(), at, 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0) {
      fail(array, zip_strerror(zip_.get()));
    }
    checked_size(status.size, place(array) + ": its unpacked size", most_unpacked);
    struct Close {
      void operator()(zip_file_t* f) const { zip_fclose(f); }
    };
    const std::unique_ptr<zip_file_t, Close> member(zip_fopen_index(zip_.get(), at, 0));
    if (!member) fail(array, zip_strerror(zip_.get()));
    return unpacked(array, member.get(), status.size);
  }

  // In pieces, as far as there is something: the size is only what the file says. At the end
  // libzip compares the checksum.
  std::vector<std::byte> unpacked(const std::string& array, zip_file_t* member,
                                  std::size_t size) const {
    constexpr std::size_t piece = std::size_t{1} << 24;
    std::vector<std::byte> all;
    for (;;) {
      const std::size_t before = all.size();
      all.resize(before + std::min(piece, size - before + 1));
      const zip_int64_t got = zip_fread(member, all.data() + before, all.size() - before);
      if (got < 0) fail(array, zip_file_strerror(member));
      all.resize(before + static_cast<std::size_t>(got));
      if (got == 0 && all.size() == size) return all;
      if (got == 0 || all.size() > size) fail(array, "its size isn't what the file says");
    }
  }

  [[noreturn]] void fail(const std::string& array, const char* why) const {
    throw Error(place(array), ": can't be unpacked: ", why);
  }

  zip_int64_t index(const std::string& array) const {
    return zip_name_locate(zip_.get(), (array + ".npy").c_str(), 0);
  }

  struct Discard {
    void operator()(zip_t* z) const { zip_discard(z); }
  };
  FileBytes file_;
  std::unique_ptr<zip_t, Discard> zip_;
};

}  // namespace

bool is_npz(const fs::path& path) { return !fs::is_directory(path) && path.extension() == ".npz"; }

std::unique_ptr<Source> open_npz(const fs::path& path) { return std::make_unique<NpzFile>(path); }

}  // namespace etch::host
