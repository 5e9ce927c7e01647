// 1000 times forward and backward of a very small convolution: 4 -> 2 channels, 3x3, padding 3,
// eight images of 3 columns and 5 rows. What a call costs beside its arithmetic.
#include "row.hpp"
#include "with_torch.hpp"

#include <etch/kernels/conv_work.hpp>
#include <etch/layers/conv2d.hpp>
#include <etch/network.hpp>

#include <algorithm>

namespace bench {
namespace {

using namespace etch;

constexpr Shape input{4, 5, 3};
constexpr std::size_t batch = 8;

template <Algorithm algorithm>
struct Layer {
  static constexpr Conv2d conv{
      .out_channels = 2, .kernel_size = 3, .padding = 3, .algorithm = algorithm};
  using Net = Network<conv, input>;
  static constexpr OpKernels step(std::size_t threads) {
    const Op& op = bound_graph<Net>.ops[0];
    return op.kernels_of(op, {.batch = batch, .threads = threads});
  }
  static constexpr Shape output = conv.output(input);

  // As a step of a program calls it.
  void once() const {
    Call c;
    c.batch = batch;
    c.threads = threads();
    c.x = x.data();
    c.y = y.data();
    c.dy = dy.data();
    c.dx = dx.data();
    c.parameters = parameters.data();
    c.gradients = gradients.data();
    c.scratch = work.get();
    kernels_of_step.forward(c);
    kernels_of_step.backward(c);
  }

  Values x{batch * input.elements()}, dx{batch * input.elements()};
  Values y{batch * output.elements()}, dy{batch * output.elements()};
  Values parameters{Net::graph.total()}, gradients{Net::graph.total()};
  OpKernels kernels_of_step = step(threads());
  std::shared_ptr<std::byte> work =
      scratch(std::max(kernels_of_step.forward_scratch, kernels_of_step.backward_scratch));
};

template <Algorithm algorithm>
Run thousand() {
  return [layer = std::make_shared<Layer<algorithm>>()] {
    for (int i = 0; i < 1000; ++i) layer->once();
  };
}

}  // namespace

void add_small_convolution() {
  constexpr kernels::ConvGeometry g = Layer<Algorithm::gemm>::Net::graph.ops[0].attributes.geometry;
  constexpr double times = 3 * 1000 * static_cast<double>(batch);
  const Work work{.macs = times * static_cast<double>(kernels::counted_macs(g)),
                  .real = times * static_cast<double>(kernels::real_macs(g))};
  const std::string name = "small convolution, 1000 x forward and backward/";
  add_row(name + "etch, gemm", work, thousand<Algorithm::gemm>);
  add_row(name + "etch, loops", work, thousand<Algorithm::loops>);
  if (!with_torch) return;
  const TorchConvolution c{batch, input.channels, input.height, input.width, 2, 3, 3, 1, 3};
  add_row(name + "torch, oneDNN", work, [c] { return torch_layer(c, true); });
  add_row(name + "torch", work, [c] { return torch_layer(c, false); });
}

}  // namespace bench
