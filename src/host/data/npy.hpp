// NumPy's arrays in a folder: x.npy and y.npy.
#pragma once
#include <etch/host/data/source.hpp>

namespace etch::host {

// A folder with x.npy and y.npy, or x_train.npy, y_train.npy, ... (see ArraySource), or one of its
// NPY files.
bool is_npy(const std::filesystem::path& path);
std::unique_ptr<Source> open_npy(const std::filesystem::path& path);

}  // namespace etch::host
