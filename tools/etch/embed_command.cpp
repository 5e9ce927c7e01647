// etch embed: a model's parameters as source text for firmware.
#include "commands.hpp"
#include "embed.hpp"
#include "error.hpp"
#include "fit.hpp"
#include "format.hpp"
#include "models.hpp"
#include "safetensors.hpp"
#include "session.hpp"

#include <iostream>

namespace etch::host {

namespace {

struct EmbedOptions {
  std::string file, model, output, name = "weights";
};

// The named model's, or that which the file names, or which it describes.
ParameterLayout find_layout(const Safetensors& file, const std::string& model) {
  if (!model.empty()) return layout_of(find_model(model).graph);
  const Metadata& all = file.metadata();
  if (const auto at = all.find("etch.layout"); at != all.end()) {
    return read_layout(file.path(), at->second);
  }
  if (const auto at = all.find("etch.model"); at != all.end()) {
    return layout_of(find_model(at->second).graph);
  }
  throw Error(file.path(), ": doesn't say which network it belongs to: give --model MODEL");
}

int embed(const EmbedOptions& o) {
  const Safetensors file(o.file);
  const ParameterLayout layout = find_layout(file, o.model);
  const std::vector<TensorPlace> unset = layout.places(nullptr);
  const auto state = [](const std::string& name) { return name.starts_with("optimizer."); };
  check_fit(file, misfits(file, unset, state), o.model.empty() ? "its own layout" : o.model);
  // Zeros between the tensors, where they are aligned.
  Block<float> values = Block<float>::zeros(layout.total);
  fill(file, layout.places(values.data()));
  write_embedding({layout, values.span(), o.name, file.path()}, o.output);
  std::cout << grouped(layout.num_parameters) << " parameters, "
            << bytes_text(layout.total * sizeof(float)) << " -> " << o.output << ": " << o.name
            << "<Net>()" << std::endl;
  return 0;
}

}  // namespace

void add_embed(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("embed", "write a model's parameters as source text");
  auto o = std::make_shared<EmbedOptions>();
  command->add_option("FILE", o->file, "a file of `etch train` or `etch import`")->required();
  command->add_option("--model", o->model, "one of those below [the one that FILE names]");
  command->add_option("-o,--output", o->output, "weights.hpp, or weights.S (and weights.hpp)")
      ->required();
  command->add_option("--name", o->name, "of the function that returns them [weights]");
  command->footer("Models:\n" + list_models());
  command->callback([o, &action] { action = [o] { return embed(*o); }; });
}

}  // namespace etch::host
