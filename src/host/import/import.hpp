// Networks and weights that other libraries trained.
#pragma once
#include "import/lowering.hpp"
#include "import/network_writer.hpp"

#include <etch/host/network/models.hpp>
#include <etch/host/overwrite.hpp>

#include <filesystem>

namespace etch::host {

// Fits a state dict to a model and writes it to `output`: all of the
// model's tensors in its order, and its name. `model` means that model or, where only this one
// fits, its `-imagenet`. Returns the one that fits; throws an Error that lists every tensor which
// doesn't, and then writes nothing.
const Model& import_state_dict(const Safetensors& state_dict, std::string_view model,
                               const std::filesystem::path& output,
                               Overwrite overwrite = Overwrite::no);

// Reads an .onnx or .tflite file. Throws an Error.
ImportedNetwork read_network_file(const std::filesystem::path& file);

// Reads an .onnx or .tflite file, or a .safetensors file that holds its network, and writes it into
// a folder, see write_network. `name` is made of the file's where it is empty. Throws an Error.
WrittenNetwork import_network(const std::filesystem::path& file,
                              const std::filesystem::path& folder, const std::string& name,
                              Overwrite overwrite = Overwrite::no);

}  // namespace etch::host
