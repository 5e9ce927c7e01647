// etch embed: a model's parameters as source text for firmware.
#include "commands.hpp"
#include "weights/folding.hpp"

#include <etch/host/block.hpp>
#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/training/checkpoint.hpp>
#include <etch/host/weights/embed.hpp>
#include <etch/host/weights/fit.hpp>
#include <etch/host/weights/safetensors.hpp>

#include <iostream>

namespace etch::host {

namespace {

struct EmbedOptions {
  std::string file, model, output, name = "weights";
  bool fold = false, overwrite = false;
};

struct Layouts {
  ParameterLayout own;
  FoldedLayout folded;
};

Layouts layouts_of(GraphView graph, bool fold) {
  return {layout_of(graph), fold ? folded_layout_of(graph) : FoldedLayout{}};
}

// The named model's, or that which the file holds, or names.
Layouts find_layouts(const Safetensors& file, const std::string& model, bool fold) {
  if (!model.empty()) return layouts_of(open_model(model).graph, fold);
  const Metadata& all = file.metadata();
  if (const auto at = all.find(network_key); at != all.end()) {
    return layouts_of(read_network(file.path(), at->second)->view(), fold);
  }
  if (all.contains("etch.layout")) {
    throw Error(file.path(),
                ": was written by an `etch import` that didn't keep the network in it: ",
                "import the network again");
  }
  if (const auto at = all.find("etch.model"); at != all.end()) {
    return layouts_of(find_model(at->second).graph, fold);
  }
  throw Error(file.path(), ": doesn't say which network it belongs to: give --model MODEL");
}

int embed(const EmbedOptions& o) {
  const Safetensors file(o.file);
  note_unchecked(file.path(), file.has_checksum());
  const auto [layout, folded] = find_layouts(file, o.model, o.fold);
  const std::vector<TensorPlace> unset = layout.places(nullptr);
  const auto state = [](const std::string& name) { return name.starts_with("optimizer."); };
  check_fit(file, misfits(file, layout.topology, unset, state),
            o.model.empty() ? "its own layout" : o.model);
  if (o.fold && folded.norms.empty()) {
    throw Error(file.path(), ": --fold: there is no batch norm behind a convolution or a fully ",
                "connected layer");
  }
  check_finite(file, unset);
  // Zeros between the tensors, where they are aligned.
  Block<float> values = Block<float>::zeros(layout.total);
  fill(file, layout.places(values.data()));
  if (o.fold) values = fold(layout, values.data(), folded);
  const ParameterLayout& written = o.fold ? folded.layout : layout;
  const Description data = Checkpoint(o.file).data();
  write_embedding({written, values.span(), o.name, file.path(), o.fold, data.normalization.mean,
                   data.normalization.std, data.reading.classes},
                  o.output, Overwrite{o.overwrite});
  std::cout << grouped(written.num_parameters) << " parameters, "
            << bytes_text(written.total * sizeof(float)) << " -> " << o.output << ": " << o.name
            << (o.fold ? "<etch::Folded<Net>>()" : "<Net>()");
  if (o.fold) std::cout << ", with " << folded.norms.size() << " batch norms folded";
  std::cout << std::endl;
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
  command->add_flag("--fold", o->fold,
                    "with batch norms folded into the layers before them: for Folded<Net>");
  add_overwrite(*command, o->overwrite);
  command->footer("Models:\n" + list_models());
  command->callback([o, &action] { action = [o] { return embed(*o); }; });
}

}  // namespace etch::host
