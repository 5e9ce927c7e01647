// TensorFlow Lite's files.
#pragma once
#include "import/imported.hpp"

#include <filesystem>

namespace etch::host {

// Reads a float network. Weights that are stored as float16 or in 8 bits become floats. Throws an
// Error that names the operator: one that isn't supported, or whatever doesn't fit. A network of
// 8-bit integers is refused.
ImportedNetwork read_tflite(const std::filesystem::path& path);

}  // namespace etch::host
