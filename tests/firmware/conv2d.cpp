// On a microcontroller: the convolutions against the loops, over random shapes and over constant
// ones, which have only the tiles that they need. Outputs are poisoned and guarded. What
// tests/kernels/conv2d.cpp is on the host.
#include <etch/kernels/conv2d.hpp>
#include <etch/random.hpp>

#include <limits>
#include <span>

#include "../../targets/programs/print.hpp"

using namespace etch;
using namespace etch::kernels;

namespace {

constexpr std::size_t most_floats = 8192, guard = 8;
constexpr float poison = std::numeric_limits<float>::quiet_NaN(), mark = 12345;

// Floats between guards, one off alignment.
struct Array {
  float values[1 + most_floats + guard];
  std::size_t size = 0;

  float* data() { return values + 1; }
  void fill(std::size_t n, float value) {
    size = n;
    for (std::size_t i = 0; i < n; ++i) data()[i] = value;
    for (std::size_t i = 0; i < guard; ++i) data()[n + i] = mark;
  }
  void randomize(std::size_t n, Generator& random) {
    fill(n, 0);
    for (std::size_t i = 0; i < n; ++i) data()[i] = random.uniform();
  }
  void make_absolute() {
    for (std::size_t i = 0; i < size; ++i) {
      if (data()[i] < 0) data()[i] = -data()[i];
    }
  }
  bool intact() {
    for (std::size_t i = 0; i < guard; ++i) {
      if (data()[size + i] != mark) return false;
    }
    return true;
  }
};

Array x, y, weight, bias, got, got_bias, want, want_bias, sizes, size_bias;
alignas(64) std::byte scratch[4096 + guard];

std::size_t pick(Generator& random, std::size_t low, std::size_t high) {
  return low + random.below(high - low + 1);
}

bool fits(const ConvGeometry& g, std::size_t batch) {
  return g.output.elements() > 0 && batch * g.input.elements() <= most_floats &&
         batch * g.output.elements() <= most_floats && g.weights() <= most_floats &&
         g.weights() * g.output.height * g.output.width * batch <= 120'000;
}

ConvGeometry random_geometry(Generator& random, std::size_t batch) {
  for (;;) {
    ConvGeometry g;
    Window& w = g.window;
    w.kernel_size = {pick(random, 1, 4), pick(random, 1, 4)};
    if (random.below(3) == 0) w.kernel_size = 1;
    if (random.below(2) == 0) w.stride = {pick(random, 1, 3), pick(random, 1, 3)};
    if (random.below(4) == 0) w.dilation = {pick(random, 1, 2), pick(random, 1, 3)};
    if (random.below(3) != 0) w.padding = {pick(random, 0, 3), pick(random, 0, 3)};
    if (random.below(3) == 0) w.extra_padding = {pick(random, 0, 2), pick(random, 0, 2)};
    const bool depthwise = random.below(4) == 0;
    g.groups = depthwise ? pick(random, 2, 30) : random.below(4) == 0 ? pick(random, 2, 4) : 1;
    const std::size_t in = depthwise ? 1 : pick(random, 1, 20);
    const std::size_t out = depthwise ? 1 : pick(random, 1, 37);
    g.input = {in * g.groups, pick(random, 1, 8), pick(random, 1, 13)};
    g.output = w.output(g.input, out * g.groups);
    if (fits(g, batch)) return g;
  }
}

// Within the rounding of float sums: relative to the sum of the absolute products.
bool close(Array& a, Array& b, Array& size) {
  if (!a.intact()) return false;
  for (std::size_t i = 0; i < b.size; ++i) {
    const float error = a.data()[i] - b.data()[i];
    if (!((error < 0 ? -error : error) <= 2e-6f * (size.data()[i] + 1e-2f))) return false;
  }
  return true;
}

struct Kernels {
  void (*forward)(const ConvForward&) = conv2d_forward;
  void (*input_gradient)(const ConvInputGradient&) = conv2d_input_gradient;
  void (*weight_gradient)(const ConvWeightGradient&) = conv2d_weight_gradient;
};

struct Case {
  ConvGeometry g;
  std::size_t batch;
  bool accumulate, relu, skip;
  Kernels kernels{};
  const char* failure = nullptr;

  // Runs `kernel` for what is got, `loops` for what is wanted, and again on absolute values.
  template <class Kernel, class Loops>
  void compare(const char* what, Array& out, Array& out_want, Array& out_size, std::size_t size,
               const Kernel& kernel, const Loops& loops) {
    const float start = accumulate ? 0.5f : poison;
    for (std::byte& b : scratch) b = std::byte{0xff};
    for (Array* a : {&out, &out_want, &out_size}) a->fill(size, start);
    kernel(out);
    loops(out_want);
    for (Array* a : {&x, &y, &weight, &bias}) a->make_absolute();
    loops(out_size);
    if (!close(out, out_want, out_size)) failure = what;
  }

  void fill(Generator& random) {
    x.randomize(batch * g.input.elements(), random);
    y.randomize(batch * g.output.elements(), random);
    weight.randomize(g.weights(), random);
    bias.randomize(g.output.channels, random);
  }

  void forward(Generator& random) {
    fill(random);
    const auto run = [&](auto kernel) {
      return [this, kernel](Array& to) {
        Epilogue e{.shift = bias.data(), .relu = relu};
        if (skip) e.skip = y.data();
        kernel({g, batch, 1, x.data(), weight.data(), to.data(), e, scratch});
      };
    };
    compare("forward", got, want, sizes, batch * g.output.elements(), run(kernels.forward),
            run(conv2d_forward_loops));
    guards(conv2d_forward_scratch(g, batch, 1));
  }

  void input_gradient(Generator& random) {
    fill(random);
    const auto run = [&](auto kernel) {
      return [this, kernel](Array& to) {
        kernel({g, batch, 1, y.data(), weight.data(), to.data(), accumulate, scratch});
      };
    };
    compare("input gradient", got, want, sizes, batch * g.input.elements(),
            run(kernels.input_gradient), run(conv2d_input_gradient_loops));
    guards(conv2d_input_gradient_scratch(g, batch, 1));
  }

  void weight_gradient(Generator& random) {
    fill(random);
    for (Array* a : {&got_bias, &want_bias, &size_bias}) a->fill(g.output.channels, 0.5f);
    const auto run = [&](auto kernel, Array& of_bias) {
      return [this, kernel, &of_bias](Array& to) {
        kernel({g, batch, 1, x.data(), y.data(), to.data(), of_bias.data(), accumulate, scratch});
      };
    };
    Array* biases[] = {&want_bias, &size_bias};
    std::size_t n = 0;
    compare("weight gradient", got, want, sizes, g.weights(),
            run(kernels.weight_gradient, got_bias),
            [&](Array& to) { run(conv2d_weight_gradient_loops, *biases[n++])(to); });
    guards(conv2d_weight_gradient_scratch(g, batch, 1));
    if (!close(got_bias, want_bias, size_bias)) failure = "bias gradient";
  }

  void guards(std::size_t bytes) {
    if (bytes > sizeof scratch - guard) failure = "scratch of the test";
    for (std::size_t i = bytes; i < sizeof scratch; ++i) {
      if (scratch[i] != std::byte{0xff}) failure = "more scratch than planned";
    }
  }
};

void report(const Case& c, std::size_t i) {
  const Window& w = c.g.window;
  print("case ", i, ": ", c.failure, ": batch ", c.batch, " in ", c.g.input.channels, "x",
        c.g.input.height, "x", c.g.input.width, " out ", c.g.output.channels, " groups ",
        c.g.groups, " kernel ", w.kernel_size.height, "x", w.kernel_size.width, " stride ",
        w.stride.height, "x", w.stride.width, " padding ", w.padding.height, "x", w.padding.width,
        " dilation ", w.dilation.height, "x", w.dilation.width, "\n");
}

bool passes(Case c, std::size_t i, Generator& random) {
  c.forward(random);
  c.input_gradient(random);
  c.weight_gradient(random);
  if (c.failure != nullptr) report(c, i);
  return c.failure == nullptr;
}

// Constant shapes, and the most images of each: tiles of 4 and of 3 rows are whole, or there is one
// row, or any number.
struct Constant {
  ConvGeometry g;
  std::size_t most;
};
constexpr Constant linear(std::size_t in, std::size_t out, std::size_t images) {
  return {{{in}, {out}, {.kernel_size = 1}}, images};
}
constexpr Constant conv(Shape input, std::size_t out, const Window& w, std::size_t groups = 1) {
  return {{input, w.output(input, out), w, groups}, 2};
}
constexpr Window w1x1{.kernel_size = 1}, w3x3{.kernel_size = 3, .padding = 1}, strided{3, 2, 1};
constexpr Constant constants[] = {linear(16, 64, 8),
                                  linear(16, 64, 3),
                                  linear(64, 3, 8),
                                  linear(3, 20, 8),
                                  linear(20, 10, 1),
                                  linear(5, 22, 1),
                                  linear(9, 3, 1),
                                  linear(7, 13, 5),
                                  conv({16, 5, 12}, 16, w3x3),
                                  conv({3, 5, 12}, 6, w3x3),
                                  conv({5, 6, 9}, 7, w3x3),
                                  conv({8, 6, 1}, 18, w3x3),
                                  conv({4, 6, 24}, 8, strided),
                                  conv({4, 6, 2}, 8, strided),
                                  conv({6, 3, 4}, 20, w1x1),
                                  conv({8, 4, 6}, 12, w1x1, 2),
                                  conv({6, 5, 5}, 6, w3x3, 6)};

template <std::size_t i>
bool constant_passes(Generator& random) {
  constexpr Constant c = constants[i];
  using Chosen = ConvKernels<c.g, images_of(c.g, c.most)>;
  for (std::size_t batch = 1; batch <= c.most; ++batch) {
    const Kernels kernels{Chosen::forward, Chosen::input_gradient, Chosen::weight_gradient};
    if (!passes({c.g, batch, batch % 2 == 0, i % 3 == 0, i % 5 == 0, kernels}, i, random)) {
      return false;
    }
  }
  return true;
}
template <std::size_t... i>
bool constants_pass(Generator& random, std::index_sequence<i...>) {
  return (constant_passes<i>(random) && ...);
}

bool drawn_pass(std::uint64_t seed, std::size_t cases) {
  Generator random{seed};
  for (std::size_t i = 0; i < cases; ++i) {
    const std::size_t batch = pick(random, 1, 5);
    const ConvGeometry g = random_geometry(random, batch);
    if (!passes({g, batch, i % 2 == 0, i % 3 == 0, i % 5 == 0}, i, random)) return false;
  }
  return true;
}

}  // namespace

// ETCH_SEED is a fresh one, of counts.sh.
int main() {
  constexpr std::size_t cases = 60;
  Generator random{11};
  print("seeds 1 and ", std::size_t{ETCH_SEED}, "\n");
  if (!drawn_pass(1, cases) || !drawn_pass(ETCH_SEED, cases)) return 1;
  if (!constants_pass(random, std::make_index_sequence<std::size(constants)>())) return 1;
  print(2 * cases + std::size(constants), " shapes, three kernels each: equal to the loops\n");
}
