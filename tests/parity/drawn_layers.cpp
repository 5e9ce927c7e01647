// Layers at shapes drawn by lot beside LibTorch in double: a graph of one op, whose kernels run as
// a program runs them. Shapes, scratch, parameters and their names are the layer's own.
#include "../drawn.hpp"

#include "harness.hpp"
#include "network/fields.hpp"

#include <etch/host/network/run_time_graph.hpp>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <new>

using namespace etch;
using namespace etch::host;
namespace p = parity;
using drawn::pick;

namespace {

using Floats = std::vector<float>;

// Memory as a program has it.
template <class T>
class Aligned {
 public:
  explicit Aligned(std::size_t size)
      : at_(static_cast<T*>(::operator new (size * sizeof(T) + 64, std::align_val_t{64}))) {
    std::memset(at_.get(), 0xff, size * sizeof(T));  // of floats NaN
  }
  T* data() { return at_.get(); }

 private:
  struct Free {
    void operator()(T* at) const { ::operator delete (at, std::align_val_t{64}); }
  };
  std::unique_ptr<T, Free> at_;
};

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

// Sums of terms of this size together: their rounding is as the terms', and not as what is left of
// them (Higham 2002, section 4.2). Sums of blocks round four times or so.
double sum_of(double terms) { return std::max(1.0, 4 * 0x1p-24 / 1e-6 * terms); }

void check(const std::string& what, const std::vector<double>& got, const std::vector<double>& want,
           double terms, double times = 1) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double wanted = times * want[i];
    if (!(std::abs(got[i] - wanted) <= times * 1e-6 * terms + 1e-5 * std::abs(wanted))) {
      FAIL(what << " at " << i << " of " << want.size() << ": " << got[i] << " instead of "
                << wanted);
    }
  }
}

std::vector<double> to_nchw(const float* from, std::size_t batch, Shape shape) {
  Floats to(batch * shape.elements());
  kernels::nhwc_to_nchw(batch, shape, from, to.data());
  return {to.begin(), to.end()};
}

// The sizes of what sums are made of.
struct Terms {
  double output = 1, input_gradient = 1, gradient = 1;
};

// Forward, and backward twice: the second time onto what the first has made.
void compare(const AnyLayer& layer, const p::LayerSpec& spec, Shape input, Terms terms,
             Generator& random) {
  const std::size_t batch = pick(random, 1, 5), threads = pick(random, 1, 4);
  const RunTimeGraph owner("drawn", {.kind = Tree::layer, .leaf = layer}, input);
  const GraphView g = owner.view();
  REQUIRE(g.size.ops == 1);
  const Op& op = g.ops[0];
  const Shape output = owner.output();
  INFO(batch << " images of " << input.channels << "x" << input.height << "x" << input.width
             << " to " << output.channels << "x" << output.height << "x" << output.width
             << ", threads " << threads);
  const double pixels = static_cast<double>(batch * output.height * output.width);
  const p::Array x = draw_images(batch, input, 1, random);
  const p::Array dy = draw_images(batch, output, 1 / std::sqrt(pixels), random);

  p::Module torch(spec, p::Precision::float64, random.below(1000));
  p::Named parameters = torch.parameters();
  for (p::NamedArray& n : parameters) {
    for (double& v : n.array.values) v = static_cast<float>(v);
  }
  torch.load(parameters);
  const p::Run want = torch.run(x, dy);
  REQUIRE(want.y.values.size() == batch * output.elements());

  Aligned<float> values(g.total()), gradients(g.total());
  REQUIRE(parameters.size() == static_cast<std::size_t>(g.size.tensors));
  for (int t = 0; t < g.size.tensors; ++t) {
    const p::NamedArray& n = parameters[static_cast<std::size_t>(t)];
    REQUIRE(n.array.values.size() == g.tensors[t].size());
    REQUIRE(n.name == std::string("layer.") + g.tensors[t].name);
    from_torch(g.tensors[t], p::floats(n.array).data(), values.data() + g.offset_of(g.tensors[t]));
  }
  const OpKernels kernels = op.kernels_of(op, {batch, threads});
  const std::size_t bytes = std::max(kernels.forward_scratch, kernels.backward_scratch);
  const Floats from = p::to_nhwc(x, batch, input), down = p::to_nhwc(dy, batch, output);
  Aligned<float> y(down.size()), dx(from.size());
  Aligned<std::byte> scratch(bytes), saved(op.saved + batch * op.saved_an_image);
  OpCall c;
  c.op = &op;
  c.batch = batch;
  c.threads = threads;
  c.mode = Mode::train;
  c.x = from.data();
  c.y = y.data();
  c.parameters = values.data() + g.parameters_of(op);
  c.saved = saved.data();
  c.scratch = scratch.data();
  kernels.forward(c);
  check("output", to_nchw(y.data(), batch, output), want.y.values, terms.output);
  c.dy = down.data();
  c.dx = dx.data();
  c.gradients = op.num_parameters > 0 ? gradients.data() + g.parameters_of(op) : nullptr;
  for (const int times : {1, 2}) {
    INFO("backward, time " << times);
    c.accumulate = times == 2;
    c.accumulate_dx = times == 2 && op.accumulates;
    kernels.backward(c);
    check("input gradient", to_nchw(dx.data(), batch, input), want.dx.values, terms.input_gradient,
          c.accumulate_dx ? 2 : 1);
    for (int t = 0; t < g.size.tensors; ++t) {
      const p::Array got = p::tensor_array(g.tensors[t], gradients.data() + g.tensors[t].offset);
      check(g.tensors[t].name, got.values, want.gradients[static_cast<std::size_t>(t)].array.values,
            terms.gradient, times);
    }
  }
}

p::Two two(Pair pair) { return {pair.height, pair.width}; }

}  // namespace

TEST_CASE("ConvTranspose2d at shapes drawn by lot") {
  drawn::for_each_case(40, [](Generator& random, unsigned i) {
    ConvTranspose2d layer;
    Shape input;
    do {
      layer = {.kernel_size = {pick(random, 1, 5), pick(random, 1, 5)}};
      layer.groups = random.below(3) == 0 ? pick(random, 2, 6) : 1;
      const bool depthwise = random.below(2) == 0;
      const auto channels = [&] {
        return layer.groups *
               (depthwise && layer.groups > 1 ? 1 : drawn::size(random, 40 / layer.groups));
      };
      input = {channels(), pick(random, 1, 9), pick(random, 1, 9)};
      layer.out_channels = channels();
      if (i % 4 == 0) layer.kernel_size = 2, layer.stride = 2;  // a U-Net's
      if (random.below(2) == 0) layer.stride = {pick(random, 1, 3), pick(random, 1, 3)};
      if (random.below(3) == 0) layer.dilation = {pick(random, 1, 3), pick(random, 1, 3)};
      if (random.below(2) == 0) layer.padding = {pick(random, 0, 3), pick(random, 0, 3)};
      layer.output_padding = {random.below(layer.stride.height), random.below(layer.stride.width)};
      layer.bias = random.below(4) > 0;
      if (random.below(4) == 0) layer.algorithm = Algorithm::loops;
    } while (layer.check({0, input, input}).found());
    INFO(layer_code(layer));
    const p::LayerSpec spec = p::conv_transpose2d({.in = input.channels,
                                                   .out = layer.out_channels,
                                                   .groups = layer.groups,
                                                   .kernel = two(layer.kernel_size),
                                                   .stride = two(layer.stride),
                                                   .padding = two(layer.padding),
                                                   .dilation = two(layer.dilation),
                                                   .bias = layer.bias,
                                                   .extra = two(layer.output_padding)});
    // Operands are normal with deviation 1, weights within 1 / sqrt(outputs * taps of a group).
    const auto count = [](std::size_t n) { return static_cast<double>(n); };
    const std::size_t taps = layer.kernel_size.area();
    const double in = count(input.channels / layer.groups * taps);
    const double out = count(layer.out_channels / layer.groups * taps);
    const double pixels = count(5 * layer.output(input).height * layer.output(input).width);
    compare(layer, spec, input,
            {sum_of(in / std::sqrt(out)), sum_of(std::sqrt(out)), sum_of(pixels)}, random);
  });
}

TEST_CASE("borders and Upsample at shapes drawn by lot") {
  drawn::for_each_case(60, [](Generator& random, unsigned i) {
    const Shape in{drawn::size(random, 40), pick(random, 1, 9), pick(random, 1, 9)};
    if (i % 2 == 0) {
      const auto how = i / 2 % 3;
      const auto side = [&](std::size_t n) { return random.below(how == 1 ? n : 5); };
      const Sides s{side(in.width), side(in.width), side(in.height), side(in.height)};
      const std::array<std::size_t, 4> sides{s.left, s.right, s.top, s.bottom};
      const Terms terms{1, sum_of(8), 1};
      if (how == 0) compare(ZeroPad2d{s}, p::border("constant", sides), in, terms, random);
      if (how == 1) compare(ReflectionPad2d{s}, p::border("reflect", sides), in, terms, random);
      if (how == 2) compare(ReplicationPad2d{s}, p::border("replicate", sides), in, terms, random);
      return;
    }
    // Places up to 30 are rounded to floats, and so the weights of what is there.
    const Terms terms{sum_of(32), sum_of(32), 1};
    const Pair factor = {pick(random, 1, 4), pick(random, 1, 4)};
    const auto times = [&](Pair f) { return p::Two{in.height * f.height, in.width * f.width}; };
    if (i % 6 == 1) {
      return compare(Upsample{.scale_factor = factor}, p::upsample("nearest", times(factor)), in,
                     terms, random);
    }
    const Pair size = {pick(random, 1, 20), pick(random, 1, 20)};
    const bool corners = i % 6 == 3;
    Upsample layer{.mode = Interpolation::bilinear, .align_corners = corners};
    (random.below(2) == 0 ? layer.size = size : layer.scale_factor = factor);
    const p::Two to = layer.size == size ? p::Two{size.height, size.width} : times(factor);
    compare(layer, p::upsample(corners ? "corners" : "bilinear", to), in, terms, random);
  });
}
