// A folder with a folder of images a class, as torchvision's ImageFolder.
#pragma once
#include <etch/host/data/source.hpp>

namespace etch::host {

// FOLDER/CLASS/*.png or *.jpg, or FOLDER/train/CLASS/*, FOLDER/test/CLASS/* and FOLDER/val/CLASS/*
// (or valid, validation). Classes are in the order of their names' bytes, a class's images in the
// order of theirs; what begins with a dot is skipped. All images have the same shape, unless
// reading.size and .color make it so.
bool is_image_folder(const std::filesystem::path& path);
std::unique_ptr<Source> open_image_folder(const std::filesystem::path& path);

}  // namespace etch::host
