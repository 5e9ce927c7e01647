// MNIST's format: idx files, plain or gzip. http://yann.lecun.com/exdb/mnist/
#pragma once
#include <etch/host/data/source.hpp>

namespace etch::host {

// The file names of MNIST's parts, without ".gz".
const char* images_name(Part part);
const char* labels_name(Part part);

// A folder with PREFIXtrain-images-idx3-ubyte (or idx4: (N, H, W, C)),
// PREFIXtrain-labels-idx1-ubyte and the same of t10k, test, val or validation, or one of these
// files: of several prefixes, as EMNIST has them, it says which. Images of 1 to 4096 pixels a side,
// at most 2 GiB of them.
bool is_idx(const std::filesystem::path& path);
std::unique_ptr<Source> open_idx(const std::filesystem::path& path);

}  // namespace etch::host
