// A step of each optimizer over the 42 million parameters of ResNet-101 with 10 classes: bound by
// memory.
#include "row.hpp"
#include "with_torch.hpp"

#include <etch/optimizers/adabound.hpp>
#include <etch/optimizers/adam.hpp>
#include <etch/optimizers/sgd.hpp>

namespace bench {
namespace {

constexpr std::size_t size = 42'409'034;

struct State {
  Values parameters{size}, gradients{size}, state{2 * size};
  std::uint64_t steps = 0;

  State() {  // second moments aren't negative
    for (std::size_t i = 0; i < 2 * size; ++i) state.data()[i] *= state.data()[i];
  }
};

template <class Optimizer>
void add(const std::string& name, const Optimizer& optimizer, bool torch) {
  // Parameters and each state are read and written, gradients read.
  const double passes = 3 + 2 * static_cast<double>(optimizer.states());
  const Work work{.bytes = passes * static_cast<double>(size * sizeof(float))};
  const std::string row = name + ", 42.4 M parameters/";
  add_row(row + "etch", work, [optimizer] {
    return Run([optimizer, s = std::make_shared<State>()] {
      optimizer(etch::OptimizerCall{size, threads(), ++s->steps, static_cast<float>(optimizer.lr),
                                    s->parameters.data(), s->gradients.data(), s->state.data(),
                                    size});
    });
  });
  if (torch && with_torch) {
    add_row(row + "torch", work, [name] { return torch_optimizer(name, size); });
  }
}

}  // namespace

void add_optimizers() {
  add("Adam", etch::Adam{}, true);
  add("AdamW", etch::AdamW{}, true);
  add("SGD", etch::SGD{.lr = 0.01, .momentum = 0.9}, true);
  add("AdaBound", etch::AdaBound{}, false);
}

}  // namespace bench
