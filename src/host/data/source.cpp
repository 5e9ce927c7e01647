// Where samples come from.
#include <etch/host/data/source.hpp>

#include "data/csv.hpp"
#include "data/idx.hpp"
#include "data/image_folder.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "suggestion.hpp"

#include <etch/host/error.hpp>

#include <array>

namespace etch::host {

namespace fs = std::filesystem;

static constexpr std::array formats{
    Format{"idx", "idx files (train-images-idx3-ubyte and train-labels-idx1-ubyte, or .gz)", is_idx,
           open_idx},
    Format{"csv", "a CSV file, or a folder with train.csv", is_csv, open_csv},
    Format{"npz", "an NPZ file with x and y, or x_train and y_train", is_npz, open_npz},
    Format{"npy", "a folder with x.npy and y.npy, or x_train.npy and y_train.npy", is_npy,
           open_npy},
    Format{"images", "a folder with a folder of PNG or JPEG images a class", is_image_folder,
           open_image_folder},
};

std::span<const Format> all_formats() { return formats; }

static const Format& named(std::string_view name) {
  std::vector<std::string> names;
  std::string all;
  for (const Format& f : formats) {
    if (f.name == name) return f;
    names.emplace_back(f.name);
    all += (all.empty() ? " " : ", ") + names.back();
  }
  throw Error("--format ", no_such("format", name, names), all);
}

const Format& find_format(const fs::path& path, std::string_view name) {
  const Format* asked = name.empty() ? nullptr : &named(name);
  if (!fs::exists(path)) {
    throw Error(path.string(), ": isn't there (`etch data fetch mnist --data ", path.string(),
                "` would put MNIST there)");
  }
  if (asked != nullptr) return *asked;
  for (const Format& f : formats) {
    if (f.recognises(path)) return f;
  }
  std::string all;
  for (const Format& f : formats) {
    all += (all.empty() ? "" : "; ") + std::string(f.understood);
  }
  throw Error(path.string(), ": has no data that is understood: expected is ", all);
}

}  // namespace etch::host
