// A folder with a folder of images a class.
#include "data/image_folder.hpp"

#include "data/image.hpp"
#include "suggestion.hpp"

#include <etch/host/data/order.hpp>
#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <algorithm>
#include <map>

namespace etch::host {

namespace fs = std::filesystem;

namespace {

// What is in a folder and isn't hidden, by name.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with('.')) all.push_back(entry.path());
  }
  if (error) throw Error(folder.string(), ": can't be read: ", error.message());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> all = entries(folder);
  std::erase_if(all, [](const fs::path& path) { return !fs::is_directory(path); });
  return all;
}

bool has_image_name(const fs::path& path) {
  std::string end = path.extension();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return end == ".png" || end == ".jpg" || end == ".jpeg";
}

// Whether a folder in it has an image.
bool has_classes(const fs::path& folder) {
  for (const fs::path& inner : folders_in(folder)) {
    const std::vector<fs::path> files = entries(inner);
    if (std::any_of(files.begin(), files.end(), has_image_name)) return true;
  }
  return false;
}

// The folders of its parts; a folder of classes has all of them in Part::train.
std::map<Part, fs::path> parts_of(const fs::path& folder) {
  static const std::map<std::string, Part> names = {{"train", Part::train},
                                                    {"test", Part::test},
                                                    {"val", Part::validation},
                                                    {"valid", Part::validation},
                                                    {"validation", Part::validation}};
  std::map<Part, fs::path> parts;
  for (const fs::path& inner : folders_in(folder)) {
    const auto name = names.find(inner.filename());
    if (name != names.end() && has_classes(inner)) parts[name->second] = inner;
  }
  if (!parts.contains(Part::train)) return {{Part::train, folder}};
  return parts;
}

// Images of one shape.
class ImageFiles : public StreamedSamples {
 public:
  ImageFiles(std::vector<fs::path> files, const Reading& reading)
      : files_(std::move(files)), reading_(reading), shape_(image(0).shape) {}

  Shape shape() const { return shape_; }
  std::vector<std::uint8_t> pixels(std::size_t index) const override {
    Image one = image(index);
    if (one.shape == shape_) return std::move(one.pixels);
    const bool color = one.shape.channels != shape_.channels;
    throw Error(files_[index].string(), ": is an image of ", shape_of(one.shape), ", but ",
                files_[0].string(), " is of ", shape_of(shape_), ": ",
                color ? "--color gray or rgb" : "--resize", " makes them alike");
  }

 private:
  Image image(std::size_t index) const { return fitted(read_image(files_[index]), reading_); }
  static std::string shape_of(Shape s) { return text(s.channels, "x", s.height, "x", s.width); }

  std::vector<fs::path> files_;
  Reading reading_;
  Shape shape_;
};

class ImageFolder : public Source {
 public:
  explicit ImageFolder(const fs::path& path) : parts_(parts_of(path)) {}

  bool has(Part part) const override { return parts_.contains(part); }

  Dataset read(Part part, const Reading& reading) const override {
    Dataset data{.origin = parts_.at(part).string()};
    const std::vector<fs::path> folders = folders_in(parts_.at(part));
    data.targets.names = reading.classes;
    if (reading.classes.empty()) {
      for (const fs::path& folder : folders) data.targets.names.push_back(folder.filename());
    }
    std::vector<fs::path> files;
    for (const fs::path& folder : folders) list_class(folder, files, data.targets);
    if (files.empty()) throw Error(data.origin, ": has no folder with PNG or JPEG images");
    read_images(std::move(files), reading, data);
    return data;
  }

 private:
  static std::int32_t label_of(const fs::path& folder, const std::vector<std::string>& classes) {
    const auto at = std::find(classes.begin(), classes.end(), folder.filename());
    if (at != classes.end()) return static_cast<std::int32_t>(at - classes.begin());
    throw Error(folder.string(), ": the training data has no class of this name",
                suggestion(folder.filename().string(), classes));
  }

  static void list_class(const fs::path& folder, std::vector<fs::path>& files, Targets& targets) {
    const std::vector<fs::path> more = entries(folder);
    if (more.empty()) throw Error(folder.string(), ": holds no images");
    files.insert(files.end(), more.begin(), more.end());
    targets.labels.resize(files.size(), label_of(folder, targets.names));
  }

  // All of them, as far as there is memory for them.
  static void read_images(std::vector<fs::path> files, const Reading& reading, Dataset& data) {
    const std::size_t count = files.size();
    const auto images = std::make_shared<ImageFiles>(std::move(files), reading);
    data.shape = images->shape();
    if (data.shape.elements() > reading.memory / count) {
      data.streamed = images;
      data.streamed_indices = in_order(count);
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<std::uint8_t> pixels = images->pixels(i);
      data.pixels.insert(data.pixels.end(), pixels.begin(), pixels.end());
    }
  }

  std::map<Part, fs::path> parts_;
};

}  // namespace

bool is_image_folder(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  return has_classes(path) || (fs::is_directory(path / "train") && has_classes(path / "train"));
}

std::unique_ptr<Source> open_image_folder(const fs::path& path) {
  if (!fs::is_directory(path)) {
    throw Error(path.string(),
                ": isn't a folder, but one with a folder of images a class is expected");
  }
  return std::make_unique<ImageFolder>(path);
}

}  // namespace etch::host
