// A whole network from another library's file.
#include "identifier.hpp"
#include "import/import.hpp"
#include "import/onnx.hpp"
#include "import/tflite.hpp"

namespace etch::host {

ImportedNetwork read_network_file(const std::filesystem::path& file) {
  return file.extension() == ".onnx" ? read_onnx(file) : read_tflite(file);
}

WrittenNetwork import_network(const std::filesystem::path& file,
                              const std::filesystem::path& folder, const std::string& name,
                              Overwrite overwrite) {
  if (!name.empty()) check_name(name);
  const std::string own = name.empty() ? identifier(file.stem().string()) : name;
  if (file.extension() == ".safetensors") {
    return write_network(open_model(file.string()), folder, own, overwrite);
  }
  return write_network(read_network_file(file), folder, own, overwrite);
}

}  // namespace etch::host
