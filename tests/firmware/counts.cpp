// How many instructions each kernel takes on a core, counted by the emulator: one line a kernel,
// "name instructions work stack". tests/firmware/counts.sh compares them with their budgets. Work
// is multiply-adds (those that meet padding included), elements or parameters.
#include <etch/etch.hpp>

#include <algorithm>
#include <cstdint>

#include "../../targets/programs/print.hpp"
#include "plain_mlp.hpp"

using namespace etch;
using namespace etch::kernels;

namespace {

constexpr std::size_t most = 32 * 32 * 16;
float a[most], b[most], c[4096], d[most];
std::uint8_t bytes[most];
std::int32_t labels[256];
alignas(64) std::byte scratch[16 * 1024];

void fill(float* x, std::size_t size, std::uint32_t seed) {
  for (std::size_t i = 0; i < size; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = static_cast<float>(static_cast<std::int32_t>(seed)) * 0x1p-31f;
  }
}

constexpr ConvGeometry conv(Shape input, std::size_t outputs, Window w, std::size_t groups = 1) {
  return {input, w.output(input, outputs), w, groups};
}
constexpr ConvGeometry linear(std::size_t in, std::size_t out) {
  return {{in}, {out}, {.kernel_size = 1}};
}
constexpr Window w3x3{.kernel_size = 3, .padding = 1}, w5x5{.kernel_size = 5, .padding = 2};
constexpr ConvGeometry conv3x3 = conv({16, 32, 32}, 16, w3x3);
constexpr ConvGeometry strided = conv({16, 32, 32}, 16, {3, 2, 1});
constexpr ConvGeometry deep = conv({32, 8, 8}, 32, w3x3);
constexpr ConvGeometry pointwise = conv({32, 12, 12}, 32, {.kernel_size = 1});
constexpr ConvGeometry rgb = conv({3, 32, 32}, 16, w3x3), gray = conv({1, 28, 28}, 6, w5x5);
constexpr ConvGeometry depthwise = conv({16, 32, 32}, 16, w3x3, 16);

template <ConvGeometry g, std::size_t batch>
constexpr std::size_t macs = batch* g.weights() * g.output.height* g.output.width;

struct Count {
  const char* name;
  std::size_t work;
  void (*run)();
  void (*prepare)() = nullptr;  // not counted
};

template <ConvGeometry g, std::size_t batch = 1, auto kernel = ConvKernels<g>::forward>
constexpr Count forward(const char* name) {
  static_assert(conv2d_forward_scratch(g, batch, 1) <= sizeof scratch);
  return {name, macs<g, batch>, [] {
            kernel({g, batch, 1, a, d, b, {.shift = c, .relu = true}, scratch});
          }};
}
template <ConvGeometry g, std::size_t batch = 1, auto kernel = ConvKernels<g>::input_gradient>
constexpr Count input_gradient(const char* name) {
  static_assert(conv2d_input_gradient_scratch(g, batch, 1) <= sizeof scratch);
  return {name, macs<g, batch>, [] { kernel({g, batch, 1, a, d, b, false, scratch}); }};
}
template <ConvGeometry g, std::size_t batch = 1, auto kernel = ConvKernels<g>::weight_gradient>
constexpr Count weight_gradient(const char* name) {
  static_assert(conv2d_weight_gradient_scratch(g, batch, 1) <= sizeof scratch);
  return {name, macs<g, batch>, [] { kernel({g, batch, 1, a, b, d, c, false, scratch}); }};
}

constexpr Shape image{16, 32, 32};
constexpr Window w2x2{.kernel_size = 2, .stride = 2}, whole{.kernel_size = 32};
constexpr std::size_t rows = 1024, channels = 16, size = 4096;

inline constexpr auto mlp =
    Sequential<Linear{.out_features = 64}, ReLU{}, Linear{.out_features = 64}, ReLU{},
               Linear{.out_features = 4}>{};
template <Algorithm algorithm>
using Mlp = Network<with_algorithm<algorithm>(mlp), Shape{16}>;
template <Algorithm algorithm>
auto& trainer() {
  static Trainer<Mlp<algorithm>, MSELoss{}, etch::Adam{}, Training{.batch = 16}> t;
  return t;
}

// Steps of an MLP 16-64-64-4 on a batch of 16, forward, backward and Adam; the work is parameters.
template <Algorithm algorithm>
void train_etch() {
  trainer<algorithm>().step({a, 16 * 16}, {b, 16 * 4});
}
template <Algorithm algorithm>
constexpr Count training(const char* name) {
  return {name, Mlp<algorithm>::num_parameters, train_etch<algorithm>,
          [] { static_cast<void>(trainer<algorithm>()); }};
}
void train_plain() { plain::train(a, b); }

constexpr Count all[] = {
    {"nothing", 1, [] {}},
    forward<conv3x3>("conv3x3"),
    forward<conv3x3, 1, ConvKernels<conv3x3, Images::any, true>::forward>("conv3x3-unrolled"),
    forward<conv3x3, 1, conv2d_forward_loops>("conv3x3-loops"),
    input_gradient<conv3x3>("conv3x3-dx"),
    input_gradient<conv3x3, 1, conv2d_input_gradient_loops>("conv3x3-dx-loops"),
    weight_gradient<conv3x3>("conv3x3-dw"),
    weight_gradient<conv3x3, 1, conv2d_weight_gradient_loops>("conv3x3-dw-loops"),
    input_gradient<strided>("conv3x3-stride2-dx"),
    forward<deep>("conv3x3-deep"),
    forward<pointwise>("conv1x1"),
    forward<rgb>("conv3x3-rgb"),
    forward<rgb, 1, ConvKernels<rgb, Images::any, true>::forward>("conv3x3-rgb-unrolled"),
    forward<gray>("conv5x5-gray"),
    forward<gray, 1, ConvKernels<gray, Images::any, true>::forward>("conv5x5-gray-unrolled"),
    weight_gradient<gray>("conv5x5-gray-dw"),
    forward<linear(256, 64)>("linear-one"),
    forward<linear(64, 64), 16>("linear-batch"),
    input_gradient<linear(64, 64), 16>("linear-batch-dx"),
    weight_gradient<linear(64, 64), 16>("linear-batch-dw"),
    forward<depthwise>("depthwise3x3"),
    input_gradient<depthwise>("depthwise3x3-dx"),
    weight_gradient<depthwise>("depthwise3x3-dw"),
    {"max-pool", most,
     [] {
       max_pool_forward({image, w2x2.output(image, 16), w2x2, 1, 1, a, bytes, b});
     }},
    {"max-pool-dx", most,
     [] {
       std::fill_n(bytes, most / 4, std::uint8_t{2});
       max_pool_gradient({image, w2x2.output(image, 16), w2x2, 1, 1, a, bytes, b});
     }},
    {"avg-pool", most,
     [] {
       avg_pool_forward({image, w2x2.output(image, 16), w2x2, true, 1, 1, a, b});
     }},
    {"avg-pool-dx", most,
     [] {
       avg_pool_gradient({image, w2x2.output(image, 16), w2x2, true, 1, 1, a, b});
     }},
    {"global-avg-pool", most,
     [] {
       avg_pool_forward({image, whole.output(image, 16), whole, true, 1, 1, a, b});
     }},
    {"batch-norm", most,
     [] {
       batch_norm_forward(
           {rows, channels, 1, 1e-5f, 0.1f, a, c, c + 16, c + 32, c + 48, c + 64, c + 80, b});
     }},
    {"batch-norm-dx", most,
     [] {
       batch_norm_gradient({rows, channels, 1, a, b, c, c + 64, c + 80, b, c + 96, c + 112, false});
     }},
    {"batch-norm-inference", most,
     [] {
       batch_norm_inference({rows, channels, 1, 1e-5f, a, c, c + 16, c + 32, c + 128, b});
     }},
    {"relu", size,
     [] {
       activation({Function::relu, 0, size, 1, a, b});
     }},
    {"relu-dx", size,
     [] {
       activation_gradient({Function::relu, 0, size, 1, a, b, c});
     }},
    {"sigmoid", size,
     [] {
       activation({Function::sigmoid, 0, size, 1, a, b});
     }},
    {"tanh", size,
     [] {
       activation({Function::tanh, 0, size, 1, a, b});
     }},
    {"add", size,
     [] {
       add({size, 1, a, b, c});
     }},
    {"dropout", size,
     [] {
       dropout({0.5f, 7, size, 1, a, b});
     }},
    {"softmax", size,
     [] {
       softmax({256, 16, 1, a, b});
     }},
    {"cross-entropy", size,
     [] {
       cross_entropy({256, 16, 1, 0, 1, a, labels, b});
     }},
    {"mean-squared-error", size,
     [] {
       mean_squared_error({size, 1, 1, a, b, d});
     }},
    {"sgd", size,
     [] {
       SGD{}({size, 1, 2, 1e-3f, a, b, nullptr, size});
     }},
    {"sgd-momentum", size,
     [] {
       SGD{.momentum = 0.9f}({size, 1, 2, 1e-3f, a, b, c, size});
     }},
    {"adam", size,
     [] {
       etch::Adam{}({size, 1, 1, 1e-3f, a, b, d, size});
     }},
    training<Algorithm::gemm>("mlp-training-step"),
    training<Algorithm::loops>("mlp-training-step-loops"),
    {"mlp-training-step-plain", plain::size, train_plain},
};

// One of them, for its size and stack (the first is what a program takes without a kernel); or all.
#if defined(ETCH_ONE)
constexpr Count counts[] = {all[ETCH_ONE]};
#else
constexpr const Count (&counts)[std::size(all)] = all;
#endif

std::uint64_t instructions_of(void (*run)()) {
  const std::uint64_t before = machine::instructions();
  run();
  return machine::instructions() - before;
}

}  // namespace

int main() {
  for (const Count& count : counts) {
    if (count.prepare != nullptr) count.prepare();
    fill(a, most, 1);
    fill(b, most, 2);
    fill(c, std::size(c), 3);
    fill(d, most, 4);
    std::fill_n(c + 32, 128, 0.5f);  // variances
    const std::uint64_t nothing = instructions_of([] {});
    print(count.name, " ", instructions_of(count.run) - nothing, " ", count.work, " ",
          machine::stack_used(), "\n");
  }
}
