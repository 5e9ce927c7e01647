// Every layer's gradients against numeric ones: central differences of a float64 forward pass.
// Nobody's backward pass is believed here.
#include "harness.hpp"

using namespace etch;
namespace p = parity;

namespace {

// sum(y * dy): the number whose gradients backward gives.
double value(p::Module& torch, const p::Problem& problem) {
  const p::Run run = torch.run(problem.x, problem.dy);
  double sum = 0;
  for (std::size_t i = 0; i < run.y.values.size(); ++i)
    sum += run.y.values[i] * problem.dy.values[i];
  return sum;
}

// The numeric gradient of one array of the problem, element by element.
p::Array numeric(p::Module& torch, p::Problem& problem, p::Array& at) {
  constexpr double step = 1e-5;
  p::Array gradient{at.shape, std::vector<double>(at.values.size())};
  for (std::size_t i = 0; i < at.values.size(); ++i) {
    const double before = at.values[i];
    double sides[2];
    for (const int side : {0, 1}) {
      at.values[i] = before + (side == 0 ? step : -step);
      torch.load(problem.parameters);
      sides[side] = value(torch, problem);
    }
    at.values[i] = before;
    gradient.values[i] = (sides[0] - sides[1]) / (2 * step);
  }
  torch.load(problem.parameters);
  return gradient;
}

template <auto layer, Shape input>
void check(const std::string& name, const p::LayerSpec& spec) {
  using Net = p::Probed<layer, input>;
  constexpr std::size_t batch = 3;
  const Shape out = Net::graph.values[Net::graph.output];
  const p::Case c{"numeric " + name, batch, p::Input::normal};
  p::Module torch(spec, p::Precision::float64, 2);
  torch.train(true);
  const bool vector = input.height * input.width == 1;
  p::Problem problem = p::random_problem(
      c,
      vector ? std::vector<std::size_t>{batch, input.channels}
             : std::vector<std::size_t>{batch, input.channels, input.height, input.width},
      {batch, out.channels, out.height, out.width}, torch);
  const p::Outcome ours = p::etch_outcome<Net, Training{.batch = batch}>(c, problem);
  // The differences are good to about 1e-9, etch's floats to 1e-6.
  const p::Tolerance tolerance{.atol = 4e-6, .rtol = 2e-5};
  INFO(name);
  torch.load(problem.parameters);
  CHECK(p::difference(ours.dx, numeric(torch, problem, problem.x), tolerance).ratio <= 1);
  for (std::size_t i = 0; i < ours.gradients.size(); ++i) {
    INFO(ours.gradients[i].name);
    const p::Array wanted = numeric(torch, problem, problem.parameters[i].array);
    CHECK(p::difference(ours.gradients[i].array, wanted, tolerance).ratio <= 1);
  }
}

}  // namespace

TEST_CASE("numeric gradients") {
  check<Conv2d{.out_channels = 3, .kernel_size = {3, 2}, .stride = {2, 1}, .padding = 1},
        Shape{2, 5, 4}>(
      "Conv2d",
      p::conv2d({.in = 2, .out = 3, .kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}}));
  check<Conv2d{.out_channels = 4,
               .kernel_size = 3,
               .padding = 1,
               .groups = 2,
               .algorithm = Algorithm::loops},
        Shape{2, 4, 4}>(
      "Conv2d by loops",
      p::conv2d({.in = 2, .out = 4, .groups = 2, .kernel = {3, 3}, .padding = {1, 1}}));
  check<Conv2d{.out_channels = 3, .kernel_size = 3, .dilation = 2, .groups = 3}, Shape{3, 6, 5}>(
      "depthwise",
      p::conv2d({.in = 3, .out = 3, .groups = 3, .kernel = {3, 3}, .dilation = {2, 2}}));
  check<Conv2d{.out_channels = 3, .kernel_size = 3, .stride = 2, .extra_padding = 1},
        Shape{2, 6, 4}>(
      "extra padding",
      p::sequential(
          {p::pad({1, 1}), p::conv2d({.in = 2, .out = 3, .kernel = {3, 3}, .stride = {2, 2}})}));
  check<ConvTranspose2d{.out_channels = 3,
                        .kernel_size = {3, 2},
                        .stride = 2,
                        .padding = {1, 0},
                        .output_padding = {1, 0}},
        Shape{2, 3, 2}>("ConvTranspose2d", p::conv_transpose2d({.in = 2,
                                                                .out = 3,
                                                                .kernel = {3, 2},
                                                                .stride = {2, 2},
                                                                .padding = {1, 0},
                                                                .extra = {1, 0}}));
  check<ReflectionPad2d{{1, 2, 0, 1}}, Shape{2, 3, 4}>("ReflectionPad2d",
                                                       p::border("reflect", {1, 2, 0, 1}));
  check<Upsample{.scale_factor = 2, .mode = Interpolation::bilinear}, Shape{2, 3, 2}>(
      "Upsample", p::upsample("bilinear", {6, 4}));
  check<Linear{.out_features = 4}, Shape{6}>("Linear", p::linear(6, 4));
  check<BatchNorm2d{}, Shape{3, 3, 2}>("BatchNorm2d", p::batch_norm2d({.in = 3}));
  check<BatchNorm1d{}, Shape{4}>("BatchNorm1d", p::batch_norm1d({.in = 4}));
  check<MaxPool2d{.kernel_size = 2}, Shape{2, 4, 4}>(
      "MaxPool2d", p::max_pool2d({.kernel = {2, 2}, .stride = {2, 2}}));
  check<AvgPool2d{.kernel_size = 3, .stride = 2, .padding = 1}, Shape{2, 5, 5}>(
      "AvgPool2d", p::avg_pool2d({.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}));
  check<GlobalAvgPool2d{}, Shape{3, 4, 4}>("GlobalAvgPool2d", p::simple("global_avg_pool"));
  check<ReLU{}, Shape{2, 3, 3}>("ReLU", p::simple("relu"));
  check<LeakyReLU{.negative_slope = 0.25f}, Shape{2, 3, 3}>("LeakyReLU", p::leaky_relu(0.25));
  check<Sigmoid{}, Shape{2, 3, 3}>("Sigmoid", p::simple("sigmoid"));
  check<Tanh{}, Shape{2, 3, 3}>("Tanh", p::simple("tanh"));
  check<Softmax{}, Shape{5}>("Softmax", p::simple("softmax"));
  check<LogSoftmax{}, Shape{5}>("LogSoftmax", p::simple("log_softmax"));
  check<ELU{.alpha = 0.5f}, Shape{2, 3, 3}>("ELU", p::elu(0.5));
  check<Hardswish{}, Shape{2, 3, 3}>("Hardswish", p::simple("hardswish"));
  check<SiLU{}, Shape{2, 3, 3}>("SiLU", p::simple("silu"));
  check<GELU{}, Shape{2, 3, 3}>("GELU", p::simple("gelu"));
  check<GELU{.approximate = Approximate::tanh}, Shape{2, 3, 3}>("GELU tanh",
                                                                p::simple("gelu_tanh"));
  check<PReLU{.num_parameters = 2}, Shape{2, 3, 3}>("PReLU", p::prelu(2));
  check<Sequential<Flatten{}, Linear{.out_features = 3}>{}, Shape{2, 3, 2}>(
      "Flatten", p::sequential({p::simple("flatten"), p::linear(12, 3)}));
  check<Concat<Multiply<Identity{}, Sequential<GlobalAvgPool2d{}, Tanh{}>{}>{}, Tanh{}>{},
        Shape{2, 3, 3}>(
      "joins",
      p::concat({p::multiply({p::sequential({}),
                              p::sequential({p::simple("global_avg_pool"), p::simple("tanh")})}),
                 p::simple("tanh")}));
  check<Residual<Sequential<Conv2d{.out_channels = 2, .kernel_size = 1}, Tanh{}>{}>{},
        Shape{2, 3, 3}>(
      "Residual", p::residual(p::sequential({p::conv2d({.in = 2, .out = 2}), p::simple("tanh")}),
                              p::sequential({})));
}
