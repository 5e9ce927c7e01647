// Whether an imported network runs the steps of a model of include/etch/models, whose norms are
// folded as the file's are: compiled with -DHEADER='"net.hpp"' -DNET=net::Net -DMODEL=layers.
#include HEADER

#include <etch/models/autoencoder.hpp>
#include <etch/models/ds_cnn.hpp>
#include <etch/models/mobilenet.hpp>
#include <etch/models/resnet8.hpp>

#include <cstdio>

using namespace etch;

using Model = Folded<Network<Sequential<MODEL>{}, NET::input_shape>>;

// All but the numbers of ops: a Dropout takes one, and makes no step.
static bool same(const Step& a, const Step& b) {
  return a.run == b.run && a.x == b.x && a.skip == b.skip && a.y == b.y && a.scratch == b.scratch &&
         a.norm == b.norm && a.parameters == b.parameters && a.count == b.count &&
         a.kind == b.kind && a.relu == b.relu;
}

int main() {
  const auto& imported = Inference<NET>::steps;
  const auto& model = Inference<Model>::steps;
  std::printf("%zu steps, the model has %zu; %zu bytes of parameters, the model has %zu\n",
              imported.size(), model.size(), NET::parameter_bytes, Model::parameter_bytes);
  if (imported.size() != model.size() || NET::parameter_bytes != Model::parameter_bytes) return 1;
  for (std::size_t i = 0; i < imported.size(); ++i) {
    if (same(imported[i], model[i])) continue;
    std::printf("step %zu differs\n", i);
    return 1;
  }
  return 0;
}
