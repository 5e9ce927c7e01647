// A state dict of PyTorch, fitted to a model.
#include "import/import.hpp"

#include <etch/host/block.hpp>
#include <etch/host/error.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/weights/fit.hpp>
#include <etch/topology.hpp>

namespace etch::host {

namespace {

// The state dict's numbers, as Parameters of one model has them.
class Candidate {
 public:
  Candidate(const Safetensors& file, const Model& model)
      : file_(file), model_(&model), values_(Block<float>::zeros(model.graph.total())) {
    places_ = model_places(model.graph, values_.data());
    const bool checkpoint = file.metadata().contains("etch.settings");
    misfits_ = misfits(file, topology_hash(model.graph), places_, [=](const std::string& name) {
      return checkpoint && name.starts_with("optimizer.");
    });
  }

  const Model& model() const { return *model_; }
  const std::vector<std::string>& misfits_found() const { return misfits_; }

  void write(const std::filesystem::path& output, Overwrite overwrite) {
    constexpr const char* command = "etch import";
    check_fit(file_, misfits_, std::string(model_->name));
    check_finite(file_, places_);
    check_replaceable(output, command, overwrite);
    fill(file_, places_);
    write_safetensors(output, sources_of(places_),
                      {{"etch.model", std::string(model_->name)},
                       {topology_key, topology_text(model_->graph)},
                       {network_key, network_text(model_->tree(), model_->input)},
                       {writer_key, command}});
  }

 private:
  const Safetensors& file_;
  const Model* model_;
  Block<float> values_;
  std::vector<TensorPlace> places_;
  std::vector<std::string> misfits_;
};

const Model* find_variant(std::string_view name) {
  const std::string variant = std::string(name) + "-imagenet";
  for (const Model& m : all_models()) {
    if (m.name == variant) return &m;
  }
  return nullptr;
}

}  // namespace

const Model& import_state_dict(const Safetensors& state_dict, std::string_view model,
                               const std::filesystem::path& output, Overwrite overwrite) {
  Candidate named(state_dict, find_model(model));
  const Model* variant = find_variant(model);
  if (variant == nullptr || named.misfits_found().empty()) {
    named.write(output, overwrite);
    return named.model();
  }
  // Where neither fits, the complaints are about the closer one.
  Candidate other(state_dict, *variant);
  Candidate& closer = other.misfits_found().size() <= named.misfits_found().size() ? other : named;
  closer.write(output, overwrite);
  return closer.model();
}

}  // namespace etch::host
