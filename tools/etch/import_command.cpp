// etch import: brings in what other libraries trained.
#include "commands.hpp"
#include "error.hpp"
#include "format.hpp"
#include "import.hpp"

#include <iostream>

namespace etch::host {

namespace {

struct ImportOptions {
  std::string file, model, output;
};

int import(const ImportOptions& o) {
  if (!o.file.ends_with(".safetensors")) {
    throw Error(o.file, ": only .safetensors files can be imported; tools/torch_to_safetensors.py ",
                "makes one of a .pt or .pth state dict");
  }
  if (o.model.empty()) throw Error("a state dict needs a --model MODEL that it is fitted to");
  const Model& model = import_state_dict(o.file, o.model, o.output);
  std::cout << model.name << ": " << grouped(model.graph.num_parameters) << " parameters in "
            << model.graph.size.tensors << " tensors -> " << o.output << std::endl;
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("import", "bring in what other libraries trained");
  auto o = std::make_shared<ImportOptions>();
  command->add_option("FILE", o->file, "a state dict of PyTorch as .safetensors")->required();
  command->add_option("--model", o->model, "the model it belongs to: one of those below");
  command->add_option("-o,--output", o->output, "the file to write")->required();
  command->footer("Models:\n" + list_models());
  command->callback([o, &action] { action = [o] { return import(*o); }; });
}

}  // namespace etch::host
