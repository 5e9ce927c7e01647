// ONNX's files. https://onnx.ai/onnx/intro
#pragma once
#include "import/imported.hpp"

#include <filesystem>

namespace etch::host {

// Reads a float network of fixed shape (its batch may be any). Throws an Error that names the node:
// one whose operator isn't supported, or whatever doesn't fit.
ImportedNetwork read_onnx(const std::filesystem::path& path);

}  // namespace etch::host
