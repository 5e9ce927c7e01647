// etch import: brings in what other libraries trained.
#include "import/import.hpp"
#include "commands.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <iostream>

namespace etch::host {

namespace {

struct ImportOptions {
  std::string file, model, name, output;
  bool overwrite = false;
};

int import_weights(const ImportOptions& o) {
  if (o.model.empty()) throw Error("a state dict needs a --model MODEL that it is fitted to");
  if (!o.name.empty()) throw Error("--name ", o.name, ": a state dict has no name in C++");
  std::error_code ignored;
  if (std::filesystem::equivalent(o.file, o.output, ignored)) {
    throw Error("-o ", o.output, ": is the state dict itself, which would be overwritten");
  }
  const Safetensors state_dict(o.file);
  const Model& model = import_state_dict(state_dict, o.model, o.output, Overwrite{o.overwrite});
  note_unchecked(o.file, state_dict.has_checksum());
  std::cout << model.name << ": " << grouped(model.graph.num_parameters) << " parameters in "
            << model.graph.size.tensors << " tensors -> " << o.output << std::endl;
  return 0;
}

bool holds_network(const std::string& file) {
  return Safetensors(file).metadata().contains(network_key);
}

int import(const ImportOptions& o) {
  if (o.file.ends_with(".safetensors") && !(o.model.empty() && holds_network(o.file))) {
    return import_weights(o);
  }
  if (!o.file.ends_with(".safetensors") && !o.file.ends_with(".onnx") &&
      !o.file.ends_with(".tflite")) {
    throw Error(o.file, ": must be a .safetensors, .onnx or .tflite file; ",
                "tools/torch_to_safetensors.py makes the first of a .pt or .pth state dict");
  }
  if (!o.model.empty()) throw Error("--model ", o.model, ": the file has a network of its own");
  const WrittenNetwork written = import_network(o.file, o.output, o.name, Overwrite{o.overwrite});
  std::cout << grouped(written.parameters) << " parameters -> " << written.header.string() << ", "
            << written.weights.string() << std::endl;
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("import", "bring in what other libraries trained");
  auto o = std::make_shared<ImportOptions>();
  command
      ->add_option("FILE", o->file,
                   "a state dict as .safetensors, or a network as .onnx, .tflite, or a checkpoint")
      ->required();
  command->add_option("--model", o->model, "a state dict's model: one of those below");
  command->add_option("--name", o->name, "of the network in C++ [the file's]");
  command->add_option("-o,--output", o->output, "the file to write; of a network, the folder")
      ->required();
  add_overwrite(*command, o->overwrite);
  command->footer("Models:\n" + list_models());
  command->callback([o, &action] { action = [o] { return import(*o); }; });
}

}  // namespace etch::host
