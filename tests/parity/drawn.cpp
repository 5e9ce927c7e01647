// Kernels over shapes drawn by lot beside LibTorch in double: what a table of shapes leaves out.
// Shapes of networks are constants, and so kernels are called as layers call them.
#include "../drawn.hpp"

#include <etch/kernels/batch_norm.hpp>
#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/elementwise.hpp>
#include <etch/kernels/layout.hpp>
#include <etch/kernels/pool.hpp>
#include <etch/kernels/prelu.hpp>
#include <etch/losses/bce_with_logits.hpp>
#include <etch/losses/cross_entropy.hpp>
#include <etch/losses/huber.hpp>
#include <etch/losses/l1.hpp>
#include <etch/losses/mse.hpp>
#include <etch/optimizers/adam.hpp>
#include <etch/optimizers/sgd.hpp>

#include <catch2/catch.hpp>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "torch.hpp"

using namespace etch;
using namespace etch::kernels;
namespace p = parity;
using drawn::pick;

namespace {

using Floats = std::vector<float>;

p::Array draw_array(std::vector<std::size_t> shape, double scale, Generator& random) {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  p::Array a{std::move(shape), std::vector<double>(size)};
  for (double& v : a.values) v = static_cast<float>(scale * double{random.normal()});
  return a;
}
p::Array draw_images(std::size_t batch, Shape s, double scale, Generator& random) {
  return draw_array({batch, s.channels, s.height, s.width}, scale, random);
}
Floats to_nhwc(const p::Array& a, std::size_t batch, Shape shape) {
  const Floats from(a.values.begin(), a.values.end());
  Floats to(from.size());
  nchw_to_nhwc(batch, shape, from.data(), to.data());
  return to;
}
Floats to_nchw(const Floats& from, std::size_t batch, Shape shape) {
  Floats to(from.size());
  nhwc_to_nchw(batch, shape, from.data(), to.data());
  return to;
}

// `terms` is the size of the numbers that a sum is made of.
void check(const std::string& what, const Floats& got, const std::vector<double>& want,
           double terms = 1) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!(std::abs(got[i] - want[i]) <= 1e-6 * terms + 1e-5 * std::abs(want[i]))) {
      FAIL(what << " at " << i << " of " << want.size() << ": " << got[i] << " instead of "
                << want[i]);
    }
  }
}

// The same of sums whose terms have this size together: their rounding is as the terms', and not as
// what is left of them (Higham 2002, section 4.2). Sums of blocks round four times or so.
double sum_of(double terms) { return std::max(1.0, 4 * 0x1p-24 / 1e-6 * terms); }

p::Two two(Pair pair) { return {pair.height, pair.width}; }

// Working memory of a convolution.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes)
      : at_(static_cast<std::byte*>(::operator new (bytes + 1, std::align_val_t{64}))) {}
  std::byte* data() { return at_.get(); }

 private:
  struct Free {
    void operator()(std::byte* at) const { ::operator delete (at, std::align_val_t{64}); }
  };
  std::unique_ptr<std::byte, Free> at_;
};

void compare_conv2d(const ConvGeometry& g, const p::LayerSpec& spec, std::size_t batch,
                    std::size_t threads, const p::Array& x, const p::Array& dy) {
  p::Module torch(spec, p::Precision::float64, 1);
  p::Named parameters = torch.parameters();
  for (p::NamedArray& n : parameters) {
    for (double& v : n.array.values) v = static_cast<float>(v);
  }
  torch.load(parameters);
  const p::Run want = torch.run(x, dy);

  // PyTorch's (O, I, kernel height, kernel width) to weight_index, and back.
  std::vector<std::size_t> index;
  for (std::size_t o = 0; o < g.output.channels; ++o) {
    for (std::size_t i = 0; i < g.inputs(); ++i) {
      for (std::size_t tap = 0; tap < g.taps(); ++tap) {
        const std::size_t width = g.window.kernel_size.width;
        index.push_back(g.weight_index(o, i, tap / width, tap % width));
      }
    }
  }
  Floats weight(g.weights()), bias(g.output.channels);
  for (std::size_t k = 0; k < index.size(); ++k) {
    weight[index[k]] = static_cast<float>(parameters[0].array.values[k]);
  }
  std::copy_n(parameters[1].array.values.begin(), bias.size(), bias.begin());

  const Floats from = to_nhwc(x, batch, g.input), down = to_nhwc(dy, batch, g.output);
  Floats y(down.size()), dx(from.size()), dw(weight.size()), db(bias.size());
  Scratch forward(conv2d_forward_scratch(g, batch, threads)),
      input(conv2d_input_gradient_scratch(g, batch, threads)),
      weights(conv2d_weight_gradient_scratch(g, batch, threads));
  conv2d_forward({g,
                  batch,
                  threads,
                  from.data(),
                  weight.data(),
                  y.data(),
                  {.shift = bias.data()},
                  forward.data()});
  conv2d_input_gradient(
      {g, batch, threads, down.data(), weight.data(), dx.data(), false, input.data()});
  conv2d_weight_gradient(
      {g, batch, threads, from.data(), down.data(), dw.data(), db.data(), false, weights.data()});
  Floats dw_torch;
  for (const std::size_t k : index) dw_torch.push_back(dw[k]);
  // Operands are normal with deviation 1, weights within 1 / sqrt(fan in).
  const auto count = [](std::size_t n) { return static_cast<double>(n); };
  const double fan_in = count(g.inputs() * g.taps()), fan_out = count(g.outputs() * g.taps());
  const double pixels = count(batch * g.output.height * g.output.width);
  check("output", to_nchw(y, batch, g.output), want.y.values, sum_of(std::sqrt(fan_in)));
  check("input gradient", to_nchw(dx, batch, g.input), want.dx.values,
        sum_of(fan_out / std::sqrt(fan_in)));
  check("weight gradient", dw_torch, want.gradients[0].array.values, sum_of(pixels));
  check("bias gradient", db, want.gradients[1].array.values, sum_of(pixels));
}

ConvGeometry draw_conv(Generator& random) {
  for (;;) {
    ConvGeometry g;
    g.groups = random.below(3) == 0 ? pick(random, 2, 6) : 1;
    const bool is_depthwise = g.groups > 1 && random.below(2) == 0;
    g.input = {g.groups * (is_depthwise ? 1 : drawn::size(random, 40 / g.groups)),
               pick(random, 1, 12), pick(random, 1, 12)};
    g.window.kernel_size = {pick(random, 1, 5), pick(random, 1, 5)};
    if (random.below(3) == 0) g.window.kernel_size = 3;
    if (random.below(4) == 0) g.window.kernel_size = 1;
    if (random.below(3) == 0) g.window.stride = {pick(random, 1, 3), pick(random, 1, 3)};
    if (random.below(3) == 0) g.window.dilation = {pick(random, 1, 3), pick(random, 1, 3)};
    if (random.below(2) == 0) g.window.padding = {pick(random, 0, 4), pick(random, 0, 4)};
    g.output = g.window.output(g.input,
                               g.groups * (is_depthwise ? 1 : drawn::size(random, 40 / g.groups)));
    if (g.output.elements() > 0) return g;
  }
}

}  // namespace

TEST_CASE("Conv2d and Linear at shapes drawn by lot") {
  drawn::for_each_case(30, [](Generator& random, unsigned i) {
    ConvGeometry g = draw_conv(random);
    const bool is_linear = i % 5 == 0;
    if (is_linear) {
      g = {.input = {drawn::size(random, 300)},
           .output = {drawn::size(random, 70)},
           .window = {.kernel_size = 1}};
    }
    const std::size_t batch = pick(random, 1, 9), threads = pick(random, 1, 4);
    const Window& w = g.window;
    INFO("in " << g.input.channels << "x" << g.input.height << "x" << g.input.width << ", out "
               << g.output.channels << ", groups " << g.groups << ", kernel "
               << w.kernel_size.height << "x" << w.kernel_size.width << ", stride "
               << w.stride.height << "x" << w.stride.width << ", padding " << w.padding.height
               << "x" << w.padding.width << ", dilation " << w.dilation.height << "x"
               << w.dilation.width << ", batch " << batch << ", threads " << threads);
    p::Array x = draw_images(batch, g.input, 1, random);
    // So that sums over all pixels are numbers of size 1.
    const double pixels = static_cast<double>(batch * g.output.height * g.output.width);
    p::Array dy = draw_images(batch, g.output, 1 / std::sqrt(pixels), random);
    p::LayerSpec spec = p::conv2d({.in = g.input.channels,
                                   .out = g.output.channels,
                                   .groups = g.groups,
                                   .kernel = two(w.kernel_size),
                                   .stride = two(w.stride),
                                   .padding = two(w.padding),
                                   .dilation = two(w.dilation)});
    if (is_linear) {
      spec = p::linear(g.input.channels, g.output.channels);
      x.shape = {batch, g.input.channels};
      dy.shape = {batch, g.output.channels};
    }
    compare_conv2d(g, spec, batch, threads, x, dy);
  });
}

TEST_CASE("BatchNorm2d at shapes drawn by lot") {
  drawn::for_each_case(20, [](Generator& random, unsigned) {
    const std::size_t batch = pick(random, 2, 9), threads = pick(random, 1, 4);
    const Shape s{drawn::size(random, 70), pick(random, 2, 12), pick(random, 1, 12)};
    const std::size_t rows = batch * s.height * s.width, c = s.channels;
    const float eps = random.below(2) == 0 ? 1e-5f : 1e-3f;
    const float momentum = random.below(2) == 0 ? 0.1f : 0.3f;
    INFO(batch << " images of " << c << "x" << s.height << "x" << s.width);
    const p::Array x = draw_images(batch, s, 1, random);
    const p::Array dy = draw_images(batch, s, 1 / std::sqrt(static_cast<double>(rows)), random);
    p::Module torch(p::batch_norm2d({.in = c, .eps = eps, .momentum = momentum}),
                    p::Precision::float64, 1);
    const p::Run want = torch.run(x, dy);
    const Floats from = to_nhwc(x, batch, s), down = to_nhwc(dy, batch, s);
    Floats y(from.size()), dx(from.size()), mean(c), inv_std(c), running_mean(c, 0.0f),
        running_var(c, 1.0f), dw(c), db(c), weight(c, 1.0f), bias(c, 0.0f);
    batch_norm_forward({rows, c, threads, eps, momentum, from.data(), weight.data(), bias.data(),
                        running_mean.data(), running_var.data(), mean.data(), inv_std.data(),
                        y.data()});
    batch_norm_gradient({rows, c, threads, from.data(), down.data(), weight.data(), mean.data(),
                         inv_std.data(), dx.data(), dw.data(), db.data(), false});
    check("output", to_nchw(y, batch, s), want.y.values);
    check("input gradient", to_nchw(dx, batch, s), want.dx.values);
    check("weight gradient", dw, want.gradients[0].array.values, sum_of(static_cast<double>(rows)));
    check("bias gradient", db, want.gradients[1].array.values, sum_of(static_cast<double>(rows)));
    check("running_mean", running_mean, want.buffers[0].array.values);
    check("running_var", running_var, want.buffers[1].array.values);
  });
}

TEST_CASE("pools at shapes drawn by lot") {
  drawn::for_each_case(40, [](Generator& random, unsigned i) {
    const bool is_max = i % 2, counted = i % 4 == 0;
    const std::size_t batch = pick(random, 1, 9), threads = pick(random, 1, 4);
    Shape in, out;
    Window w;
    do {
      in = {drawn::size(random, 70), pick(random, 2, 12), pick(random, 2, 12)};
      w = {};
      w.kernel_size = {pick(random, 1, 4), pick(random, 1, 4)};
      w.stride = {pick(random, 1, 3), pick(random, 1, 3)};
      w.padding = {random.below(w.kernel_size.height / 2 + 1),
                   random.below(w.kernel_size.width / 2 + 1)};
      // Then no window of two taps lies in the padding alone.
      if (is_max && w.padding == Pair(0)) w.dilation = {pick(random, 1, 3), pick(random, 1, 3)};
      out = w.output(in, in.channels);
    } while (out.elements() == 0);
    INFO((is_max ? "max" : "average")
         << " of " << batch << " images of " << in.channels << "x" << in.height << "x" << in.width
         << ", kernel " << w.kernel_size.height << "x" << w.kernel_size.width << ", stride "
         << w.stride.height << "x" << w.stride.width << ", padding " << w.padding.height << "x"
         << w.padding.width << ", dilation " << w.dilation.height << "x" << w.dilation.width);
    const p::LayerSpec spec{.kernel = two(w.kernel_size),
                            .stride = two(w.stride),
                            .padding = two(w.padding),
                            .dilation = two(w.dilation),
                            .count_include_pad = counted};
    const p::Array x = draw_images(batch, in, 1, random), dy = draw_images(batch, out, 1, random);
    p::Module torch(is_max ? p::max_pool2d(spec) : p::avg_pool2d(spec), p::Precision::float64, 1);
    const p::Run want = torch.run(x, dy);
    const Floats from = to_nhwc(x, batch, in), down = to_nhwc(dy, batch, out);
    Floats y(down.size()), dx(from.size());
    std::vector<std::uint8_t> argmax(y.size());
    if (is_max) {
      max_pool_forward({in, out, w, batch, threads, from.data(), argmax.data(), y.data()});
      max_pool_gradient({in, out, w, batch, threads, down.data(), argmax.data(), dx.data()});
    } else {
      avg_pool_forward({in, out, w, counted, batch, threads, from.data(), y.data()});
      avg_pool_gradient({in, out, w, counted, batch, threads, down.data(), dx.data()});
    }
    check("output", to_nchw(y, batch, out), want.y.values);
    check("input gradient", to_nchw(dx, batch, in), want.dx.values);
  });
}

TEST_CASE("PReLU at shapes drawn by lot") {
  drawn::for_each_case(20, [](Generator& random, unsigned i) {
    const std::size_t batch = pick(random, 1, 9), threads = pick(random, 1, 4);
    const Shape s{drawn::size(random, 70), pick(random, 1, 12), pick(random, 1, 12)};
    const std::size_t rows = batch * s.height * s.width, slopes = i % 2 ? 1 : s.channels;
    INFO(batch << " images of " << s.channels << "x" << s.height << "x" << s.width);
    const p::Array x = draw_images(batch, s, 1, random);
    const p::Array dy = draw_images(batch, s, 1 / std::sqrt(static_cast<double>(rows)), random);
    const float init = random.uniform();
    p::Module torch(p::prelu(slopes, init), p::Precision::float64, 1);
    const p::Run want = torch.run(x, dy);
    const Floats from = to_nhwc(x, batch, s), down = to_nhwc(dy, batch, s), weight(slopes, init);
    Floats y(from.size()), dx(from.size()), dw(slopes);
    const bool one = slopes == 1;
    prelu({rows, s.channels, threads, one, from.data(), weight.data(), y.data()});
    prelu_gradient({rows, s.channels, threads, one, from.data(), weight.data(), down.data(),
                    dx.data(), dw.data(), false});
    check("output", to_nchw(y, batch, s), want.y.values);
    check("input gradient", to_nchw(dx, batch, s), want.dx.values);
    const auto terms = static_cast<double>(rows * s.channels / slopes);
    check("weight gradient", dw, want.gradients[0].array.values, sum_of(terms));
  });
}

TEST_CASE("activations and Softmax at sizes drawn by lot") {
  constexpr struct {
    const char* kind;
    Function function;
  } all[] = {{"relu", Function::relu},
             {"relu6", Function::relu6},
             {"sigmoid", Function::sigmoid},
             {"tanh", Function::tanh},
             {"leaky_relu", Function::leaky_relu},
             {"elu", Function::elu},
             {"hardtanh", Function::hardtanh},
             {"hardsigmoid", Function::hardsigmoid},
             {"hardswish", Function::hardswish},
             {"silu", Function::silu},
             {"gelu", Function::gelu},
             {"gelu_tanh", Function::gelu_tanh},
             {"softmax", {}},
             {"log_softmax", {}}};
  drawn::for_each_case(70, [&](Generator& random, unsigned i) {
    const std::size_t rows = pick(random, 1, 9), columns = drawn::size(random, 300);
    const std::size_t n = rows * columns, threads = pick(random, 1, 4);
    const p::Array x = draw_array({rows, columns}, 4, random);
    const p::Array dy = draw_array({rows, columns}, 1, random);
    const Floats from(x.values.begin(), x.values.end()), down(dy.values.begin(), dy.values.end());
    const std::string kind = all[i % std::size(all)].kind;
    const float slope = (random.uniform() + 1) / 2 + 1e-3f;
    INFO(kind << ", " << rows << " rows of " << columns << ", slope " << slope);
    const float high = slope + 1.5f;
    const p::LayerSpec spec = kind == "leaky_relu" ? p::leaky_relu(slope)
                              : kind == "elu"      ? p::elu(slope)
                              : kind == "hardtanh" ? p::hardtanh(slope, high)
                                                   : p::simple(kind);
    p::Module torch(spec, p::Precision::float64, 1);
    const p::Run want = torch.run(x, dy);
    Floats y(n), dx(n);
    if (kind == "log_softmax") {
      log_softmax({rows, columns, threads, from.data(), y.data()});
      log_softmax_gradient({rows, columns, threads, y.data(), down.data(), dx.data()});
    } else if (kind == "softmax") {
      softmax({rows, columns, threads, from.data(), y.data()});
      softmax_gradient({rows, columns, threads, y.data(), down.data(), dx.data()});
    } else {
      const Function f = all[i % std::size(all)].function;
      activation({f, slope, n, threads, from.data(), y.data(), high});
      const Floats& of = needs_input(f) ? from : y;
      activation_gradient({f, slope, n, threads, of.data(), down.data(), dx.data(), high});
    }
    check("output", y, want.y.values);
    double terms = 0;  // of the sum of dy, where there is one
    for (const float g : down) terms += std::abs(double{g});
    check("input gradient", dx, want.dx.values, kind == "log_softmax" ? sum_of(terms) : 1);
  });
}

namespace {

template <class L>
void check_loss(const std::string& what, const L& loss, std::size_t rows, std::size_t columns,
                std::size_t threads, const Floats& x, const std::vector<typename L::Target>& target,
                const p::LossResult& want, double terms) {
  Floats gradient(x.size());
  const LossCall<typename L::Target> call{rows,     columns,       threads,        1,
                                          x.data(), target.data(), gradient.data()};
  check(what, {loss(call)}, {want.loss}, terms);
  check("gradient of " + what, gradient, want.doutput.values);
}

std::vector<double> draw_weights(std::size_t size, Generator& random) {
  std::vector<double> weights(size);
  for (double& w : weights)
    w = random.below(6) == 0 ? 0 : static_cast<double>(random.uniform() + 2);
  return weights;
}

}  // namespace

TEST_CASE("CrossEntropyLoss at sizes and settings drawn by lot") {
  drawn::for_each_case(40, [](Generator& random, unsigned i) {
    const std::size_t rows = pick(random, 1, 20), columns = pick(random, 2, 300);
    const std::size_t threads = pick(random, 1, 4);
    const p::Array x = draw_array({rows, columns}, 4, random);
    const float smoothing = i % 3 == 0 ? 0.0f : (random.uniform() + 1) / 2;
    const bool weighted = i % 2;
    const std::vector<double> weights = draw_weights(weighted ? columns : 0, random);
    const Floats single(weights.begin(), weights.end());
    const std::span<const float> weight = single;
    const std::int32_t ignored = i % 5 == 0   ? static_cast<std::int32_t>(random.below(columns))
                                 : i % 5 == 1 ? -7
                                              : -100;
    INFO(rows << " rows of " << columns << ", smoothing " << smoothing << ", weighted " << weighted
              << ", ignore_index " << ignored);
    std::vector<std::int32_t> labels(rows);
    double count = 0;  // of it LibTorch's mean is a part, which is NaN where there is none
    for (std::int32_t& label : labels) {
      label = random.below(4) == 0 ? ignored : static_cast<std::int32_t>(random.below(columns));
      if (label == ignored) continue;
      count += weighted ? weights[static_cast<std::size_t>(label)] : 1;
    }
    const p::LossResult want =
        p::cross_entropy(x, {labels.begin(), labels.end()}, smoothing, weights, ignored);
    REQUIRE(std::isnan(want.loss) == (count == 0));
    const CrossEntropyLoss loss{smoothing, ignored, weighted ? &weight : nullptr};
    const Floats from(x.values.begin(), x.values.end());
    if (count > 0) {
      check_loss("CrossEntropyLoss", loss, rows, columns, threads, from, labels, want, 8);
    } else {
      check_loss("CrossEntropyLoss without a label", loss, rows, columns, threads, from, labels,
                 {0, {{}, std::vector<double>(from.size(), 0)}}, 0);
    }
  });
}

TEST_CASE("losses of numbers at sizes and settings drawn by lot") {
  drawn::for_each_case(40, [](Generator& random, unsigned i) {
    const std::size_t rows = pick(random, 1, 20), columns = drawn::size(random, 300);
    const p::Array x = draw_array({rows, columns}, 4, random);
    p::Array target = draw_array({rows, columns}, 4, random);
    for (std::size_t k = 0; k < target.values.size(); ++k) {
      if (random.below(8) == 0) target.values[k] = x.values[k];
    }
    const Floats from(x.values.begin(), x.values.end());
    const Floats to(target.values.begin(), target.values.end());
    const float width = random.below(4) == 0 ? 1.0f : 4 * (random.uniform() + 1) + 1e-2f;
    INFO(rows << " rows of " << columns << ", width " << width);
    const auto check_difference = [&](const char* kind, const auto& loss) {
      check_loss(kind, loss, rows, columns, pick(random, 1, 4), from, to,
                 p::loss(kind, x, target, width), 1);
    };
    check_difference("mse", MSELoss{});
    check_difference("l1", L1Loss{});
    check_difference("smooth_l1", SmoothL1Loss{width});
    check_difference("huber", HuberLoss{width});

    for (double& t : target.values) {
      t = i % 3 == 0 ? static_cast<double>((random.uniform() + 1) / 2)
                     : static_cast<double>(random.below(2));
    }
    const Floats there(target.values.begin(), target.values.end());
    const bool weighted = i % 2;
    const std::vector<double> weights = draw_weights(weighted ? columns : 0, random);
    const Floats single(weights.begin(), weights.end());
    const std::span<const float> weight = single;
    check_loss("bce_with_logits", BCEWithLogitsLoss{weighted ? &weight : nullptr}, rows, columns,
               pick(random, 1, 4), from, there, p::loss("bce_with_logits", x, target, 1, weights),
               1);
  });
}

TEST_CASE("a NaN and infinities in a loss are LibTorch's") {
  const double infinity = HUGE_VAL;
  const p::Array x{{8}, {NAN, infinity, -infinity, infinity, -infinity, NAN, 0, 0}};
  const p::Array target{{8}, {0, 0, 0, 1, 1, 1, NAN, 0.5}};
  const auto compare = [&](const char* kind, const auto& loss) {
    for (std::size_t i = 0; i < 8; ++i) {  // alone, so that a NaN hides no other
      INFO(kind << " of " << x.values[i] << " beside " << target.values[i]);
      const p::LossResult want = p::loss(kind, {{1}, {x.values[i]}}, {{1}, {target.values[i]}});
      const float output = static_cast<float>(x.values[i]),
                  t = static_cast<float>(target.values[i]);
      float gradient = 7;
      const double got = double{loss(LossCall<float>{1, 1, 1, 1, &output, &t, &gradient})};
      const double slope = want.doutput.values[0];
      CHECK((std::isnan(want.loss) ? std::isnan(got) : got == Approx(want.loss)));
      CHECK((std::isnan(slope) ? std::isnan(gradient) : double{gradient} == Approx(slope)));
    }
  };
  compare("mse", MSELoss{});
  compare("l1", L1Loss{});
  compare("smooth_l1", SmoothL1Loss{});
  compare("huber", HuberLoss{});
  compare("bce_with_logits", BCEWithLogitsLoss{});
}

TEST_CASE("optimizers at sizes and settings drawn by lot") {
  drawn::for_each_case(30, [](Generator& random, unsigned i) {
    const std::size_t n = drawn::size(random, 300), steps = 5;
    p::OptimizerSpec spec;
    const auto one_of = [&](std::initializer_list<double> values) {
      return values.begin()[random.below(values.size())];
    };
    constexpr const char* kinds[] = {"sgd", "adam", "adamw"};
    spec.kind = kinds[i % 3];
    spec.lr = one_of({1e-2, 1e-3});
    spec.weight_decay = one_of({0, 1e-2});
    spec.momentum = one_of({0, 0.5, 0.9});
    spec.nesterov = spec.momentum > 0 && random.below(2) == 0;
    spec.dampening = spec.nesterov ? 0 : one_of({0, 0.25});
    spec.beta1 = one_of({0.9, 0.5});
    spec.beta2 = one_of({0.999, 0.9});
    spec.eps = one_of({1e-8, 1e-3});
    INFO(spec.kind << ", " << n << " numbers, lr " << spec.lr << ", momentum " << spec.momentum
                   << ", dampening " << spec.dampening << ", nesterov " << spec.nesterov
                   << ", weight decay " << spec.weight_decay << ", betas " << spec.beta1 << " "
                   << spec.beta2 << ", eps " << spec.eps);
    const auto draw = [&] {
      Floats values(n);
      for (float& v : values) v = random.normal();
      return values;
    };
    Floats ours = draw(), state(2 * n);
    std::vector<Floats> gradients;
    for (std::size_t k = 0; k < steps; ++k) gradients.push_back(draw());
    const std::vector<Floats> want = p::optimizer_steps(spec, ours, gradients);
    for (std::size_t k = 0; k < steps; ++k) {
      const OptimizerCall call{
          n,           pick(random, 1, 4),  k + 1,        static_cast<float>(spec.lr),
          ours.data(), gradients[k].data(), state.data(), n};
      const Betas betas{spec.beta1, spec.beta2};
      if (spec.kind == "sgd") {
        SGD{spec.lr, spec.momentum, spec.dampening, spec.weight_decay, spec.nesterov}(call);
      } else if (spec.kind == "adam") {
        etch::Adam{spec.lr, betas, spec.eps, spec.weight_decay}(call);
      } else {
        AdamW{spec.lr, betas, spec.eps, spec.weight_decay}(call);
      }
      check("step " + std::to_string(k + 1), ours, {want[k].begin(), want[k].end()});
    }
  });
}
