// A folder with a folder of images a class.
#include "data/image_folder.hpp"

#include "data/image.hpp"
#include "error.hpp"
#include "format.hpp"
#include "suggestion.hpp"

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
    for (const fs::path& folder : folders) read_class(folder, reading, data);
    if (data.size() == 0) throw Error(data.origin, ": has no folder with PNG or JPEG images");
    return data;
  }

 private:
  static std::int32_t label_of(const fs::path& folder, const std::vector<std::string>& classes) {
    const auto at = std::find(classes.begin(), classes.end(), folder.filename());
    if (at != classes.end()) return static_cast<std::int32_t>(at - classes.begin());
    throw Error(folder.string(), ": the training data has no class of this name",
                suggestion(folder.filename().string(), classes));
  }

  static void read_class(const fs::path& folder, const Reading& reading, Dataset& data) {
    const std::int32_t label = label_of(folder, data.targets.names);
    const std::vector<fs::path> files = entries(folder);
    if (files.empty()) throw Error(folder.string(), ": holds no images");
    for (const fs::path& file : files) {
      const Image image = fitted(read_image(file), reading);
      if (data.size() == 0) {
        data.shape = image.shape;
        data.origin = file.string();
      }
      check_same(file, image.shape, data);
      data.pixels.insert(data.pixels.end(), image.pixels.begin(), image.pixels.end());
      data.targets.labels.push_back(label);
    }
  }

  static void check_same(const fs::path& file, Shape shape, const Dataset& data) {
    if (shape == data.shape) return;
    const bool color = shape.channels != data.shape.channels;
    throw Error(file.string(), ": is an image of ", shape_of(shape), ", but ", data.origin,
                " is of ", shape_of(data.shape), ": ", color ? "--color gray or rgb" : "--resize",
                " makes them alike");
  }

  static std::string shape_of(Shape s) { return text(s.channels, "x", s.height, "x", s.width); }

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
