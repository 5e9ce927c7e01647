// Arrays of features and of targets by name, as NPY files in a folder or in an NPZ file.
#pragma once
#include "data/npy_array.hpp"

#include <etch/host/block.hpp>
#include <etch/host/data/source.hpp>

namespace etch::host {

// Samples of two arrays: features (N), (N, F), (N, H, W) or (N, H, W, C); with Layout::nchw
// (N, C, H, W). uint8 of 3 or 4 dimensions are pixels and stand for byte / 255; other numbers are
// taken as they are. Targets (N) or (N, 1) of whole numbers or bools are classes; others, (N) or
// (N, K), are vectors. Throws an Error where that doesn't fit, or a number isn't finite.
// Without targets, an array of features alone.
Dataset samples(const NpyArray& features, const Reading& reading);
Dataset joined(const NpyArray& features, const NpyArray& targets, const Reading& reading);

// x and y, or x_train, y_train, x_test, y_test, x_val and y_val; in small letters or large ones.
class ArraySource : public Source {
 public:
  explicit ArraySource(const std::filesystem::path& path) : path_(path) {}
  bool has(Part part) const override;
  Dataset read(Part part, const Reading& reading) const override;

 protected:
  const std::filesystem::path& path() const { return path_; }
  // Whether there is an array of that name ("x_train").
  virtual bool contains(const std::string& array) const = 0;
  // Where it is, for errors, and the bytes of its NPY file.
  virtual std::string place(const std::string& array) const = 0;
  virtual std::vector<std::byte> bytes(const std::string& array) const = 0;

 private:
  // "_train", "_test", "_val", or nothing.
  std::string suffix(Part part) const;
  std::string found(const std::string& first, const std::string& suffix) const;

  std::filesystem::path path_;
};

}  // namespace etch::host
