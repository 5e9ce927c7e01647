// NumPy's arrays in one file: a zip file of NPY files, compressed or not, read by libzip.
#pragma once
#include <etch/host/data/source.hpp>

namespace etch::host {

// FILE.npz with x and y, or x_train, y_train, ... (see ArraySource).
bool is_npz(const std::filesystem::path& path);
std::unique_ptr<Source> open_npz(const std::filesystem::path& path);

}  // namespace etch::host
