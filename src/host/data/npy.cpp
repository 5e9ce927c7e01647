// NumPy's arrays in a folder.
#include "data/npy.hpp"

#include "data/array_source.hpp"

#include <etch/host/file.hpp>

namespace etch::host {

namespace fs = std::filesystem;

namespace {

class NpyFolder : public ArraySource {
 public:
  using ArraySource::ArraySource;

 private:
  bool contains(const std::string& array) const override { return fs::exists(place(array)); }
  std::string place(const std::string& array) const override { return path() / (array + ".npy"); }
  std::vector<std::byte> bytes(const std::string& array) const override {
    const FileBytes file(place(array));
    return {file.bytes().begin(), file.bytes().end()};
  }
};

}  // namespace

bool is_npy(const fs::path& path) {
  if (!fs::is_directory(path)) return path.extension() == ".npy";
  for (const char* name : {"x.npy", "X.npy", "x_train.npy", "X_train.npy"}) {
    if (fs::exists(path / name)) return true;
  }
  return false;
}

std::unique_ptr<Source> open_npy(const fs::path& path) {
  if (fs::is_directory(path)) return std::make_unique<NpyFolder>(path);
  return std::make_unique<NpyFolder>(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace etch::host
