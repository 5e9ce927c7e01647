// Losses, optimizers, clipping, and several steps of training against LibTorch.
#include <etch/random.hpp>

#include "harness.hpp"

using namespace etch;
namespace p = parity;

namespace {

p::Array normal_array(std::vector<std::size_t> shape, std::uint64_t seed, double scale = 1) {
  Generator random{seed};
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  p::Array a{std::move(shape), std::vector<double>(size)};
  for (double& v : a.values) v = static_cast<float>(scale * random.normal());
  return a;
}

void require_close(const p::Array& a, const p::Array& b) {
  const p::Difference d = p::difference(a, b, {});
  INFO("off by " << d.error << " at " << d.index);
  REQUIRE(d.ratio <= 1);
}

p::Array array_of(const std::vector<float>& x) { return {{x.size()}, {x.begin(), x.end()}}; }

// 20 steps over the same gradients; a third as long to see every tail of the vectors.
template <class Etch>
void compare_optimizer(const Etch& optimizer, const p::OptimizerSpec& spec) {
  constexpr std::size_t steps = 20;
  for (const std::size_t size : {1003u, 17u, 1u}) {
    std::vector<float> parameters = p::floats(normal_array({size}, 1));
    std::vector<std::vector<float>> gradients;
    for (std::size_t s = 0; s < steps; ++s) {
      gradients.push_back(p::floats(normal_array({size}, 100 + s, 0.3)));
    }
    const auto torch = p::optimizer_steps(spec, parameters, gradients);
    std::vector<float> state(optimizer.states() * size);
    for (std::size_t s = 0; s < steps; ++s) {
      optimizer(OptimizerCall{size, 2, s + 1, static_cast<float>(optimizer.lr), parameters.data(),
                              gradients[s].data(), state.data(), size});
      INFO(spec.kind << " step " << s);
      require_close(array_of(parameters), array_of(torch[s]));
    }
  }
}

}  // namespace

TEST_CASE("SGD") {
  compare_optimizer(SGD{.lr = 0.1}, {.kind = "sgd", .lr = 0.1});
  compare_optimizer(SGD{.lr = 0.05, .momentum = 0.9}, {.kind = "sgd", .lr = 0.05, .momentum = 0.9});
  compare_optimizer(
      SGD{.lr = 0.05, .momentum = 0.8, .dampening = 0.3, .weight_decay = 0.01},
      {.kind = "sgd", .lr = 0.05, .momentum = 0.8, .dampening = 0.3, .weight_decay = 0.01});
  compare_optimizer(
      SGD{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true},
      {.kind = "sgd", .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
}

TEST_CASE("Adam") {
  compare_optimizer(Adam{}, {.kind = "adam"});
  compare_optimizer(
      Adam{.lr = 0.01, .betas = {0.8, 0.99}, .eps = 1e-6, .weight_decay = 0.02},
      {.kind = "adam", .lr = 0.01, .weight_decay = 0.02, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-6});
}

TEST_CASE("AdamW") {
  compare_optimizer(AdamW{.lr = 0.01}, {.kind = "adamw", .lr = 0.01, .weight_decay = 0.01});
}

// LibTorch has no AdaBound: the paper's algorithm in double, a number at a time.
TEST_CASE("AdaBound") {
  constexpr AdaBound optimizer{.lr = 0.01, .final_lr = 0.05, .gamma = 0.01, .weight_decay = 0.001};
  constexpr std::size_t size = 101;
  std::vector<float> parameters = p::floats(normal_array({size}, 1));
  std::vector<double> want(parameters.begin(), parameters.end()), m(size), v(size);
  std::vector<float> state(2 * size);
  for (std::size_t s = 1; s <= 20; ++s) {
    const std::vector<float> gradient = p::floats(normal_array({size}, 50 + s, 0.3));
    optimizer(OptimizerCall{size, 1, s, static_cast<float>(optimizer.lr), parameters.data(),
                            gradient.data(), state.data(), size});
    const double t = static_cast<double>(s);
    const double rate = 0.01 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
    const double lower = 0.05 * (1 - 1 / (0.01 * t + 1)), upper = 0.05 * (1 + 1 / (0.01 * t));
    for (std::size_t i = 0; i < size; ++i) {
      const double g = gradient[i] + 0.001 * want[i];
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.999 * v[i] + 0.001 * g * g;
      want[i] -= std::clamp(rate / (std::sqrt(v[i]) + 1e-8), lower, upper) * m[i];
    }
    require_close(array_of(parameters), {{size}, want});
  }
}

TEST_CASE("CrossEntropyLoss") {
  for (const double smoothing : {0.0, 0.1}) {
    for (const std::size_t classes : {2u, 10u, 1000u}) {
      const std::size_t rows = 7;
      const p::Array logits = normal_array({rows, classes}, classes, 4);
      std::vector<std::int32_t> labels;
      Generator random{9};
      for (std::size_t r = 0; r < rows; ++r) {
        labels.push_back(static_cast<std::int32_t>(random.below(classes)));
      }
      const auto torch = p::cross_entropy(logits, {labels.begin(), labels.end()}, smoothing);
      const std::vector<float> x = p::floats(logits);
      std::vector<float> dx(x.size());
      const float loss = CrossEntropyLoss{static_cast<float>(smoothing)}(
          LossCall<std::int32_t>{rows, classes, 1, 1.0f, x.data(), labels.data(), dx.data()});
      CHECK(loss == Approx(torch.loss).epsilon(1e-6));
      require_close(array_of(dx), torch.doutput);
    }
  }
}

TEST_CASE("MSELoss") {
  const p::Array output = normal_array({5, 13}, 1), target = normal_array({5, 13}, 2);
  const auto torch = p::loss("mse", output, target);
  const std::vector<float> x = p::floats(output), t = p::floats(target);
  std::vector<float> dx(x.size());
  const float loss = MSELoss{}(LossCall<float>{5, 13, 1, 1.0f, x.data(), t.data(), dx.data()});
  CHECK(loss == Approx(torch.loss).epsilon(1e-6));
  require_close(array_of(dx), torch.doutput);
}

namespace {

constexpr bool is_last(const ParameterTensor& t) { return t.is_in("2"); }

}  // namespace

// A torch optimizer a tensor, as its group has it.
TEST_CASE("ParameterGroups") {
  constexpr auto net = Sequential<Linear{.out_features = 40}, Tanh{}, Linear{.out_features = 7}>{};
  using Net = Network<net, Shape{30}>;
  constexpr ParameterGroups<
      AdamW{.lr = 0.01, .eps = 1e-4, .weight_decay = 0.1},
      Group<is_last, AdamW{.lr = 0.03, .eps = 1e-4, .weight_decay = 0.2}>,
      Group<biases_and_norms, AdamW{.lr = 0.01, .eps = 1e-4, .weight_decay = 0}>>
      optimizer;
  const auto trainer =
      std::make_unique<Trainer<Net, p::GivenGradient{}, optimizer, Training{.batch = 4}>>();
  const float* values = trainer->parameters().values;
  const std::vector<float> begin(values, values + Net::graph.total());
  constexpr std::uint64_t steps = 6;
  std::vector<std::vector<float>> gradients;
  for (std::uint64_t s = 0; s < steps; ++s) {
    trainer->backward(p::floats(normal_array({4, 30}, s)), p::floats(normal_array({4, 7}, 50 + s)));
    gradients.emplace_back(trainer->gradients(), trainer->gradients() + Net::graph.num_trainable);
    trainer->update();
  }
  const auto part = [](const std::vector<float>& all, const Tensor& t) {
    return std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(t.offset),
                              all.begin() + static_cast<std::ptrdiff_t>(t.offset + t.size()));
  };
  const std::vector<float> end(values, values + Net::graph.total());
  for (int i = 0; i < Net::graph.size.tensors; ++i) {
    const Tensor& t = Net::graph.tensors[i];
    p::OptimizerSpec spec{.kind = "adamw", .lr = 0.01, .weight_decay = 0.1, .eps = 1e-4};
    if (i >= 2) {
      spec.lr = 0.03, spec.weight_decay = 0.2;
    } else if (t.rank == 1) {
      spec.weight_decay = 0;
    }
    std::vector<std::vector<float>> own;
    for (const auto& g : gradients) own.push_back(part(g, t));
    INFO("tensor " << i);
    require_close(array_of(part(end, t)),
                  array_of(p::optimizer_steps(spec, part(begin, t), own).back()));
  }
}

TEST_CASE("clip_grad_norm") {
  using Net = Network<Linear{.out_features = 40}, Shape{30}>;
  const auto trainer =
      std::make_unique<Trainer<Net, p::GivenGradient{}, SGD{}, Training{.batch = 4}>>();
  for (const float most : {0.5f, 1e6f}) {
    trainer->backward(p::floats(normal_array({4, 30}, 1)), p::floats(normal_array({4, 40}, 2)));
    const std::size_t size = Net::graph.num_trainable;
    std::vector<float> torch(trainer->gradients(), trainer->gradients() + size);
    const double norm = p::clip_grad_norm(torch, most);
    CHECK(trainer->clip_grad_norm(most) == Approx(norm).epsilon(1e-5));
    require_close(array_of({trainer->gradients(), trainer->gradients() + size}), array_of(torch));
    trainer->update();
  }
}

namespace {

constexpr auto small =
    Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1, .bias = false},
               BatchNorm2d{}, Tanh{}, AvgPool2d{.kernel_size = 2},
               Residual<Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1},
                                   BatchNorm2d{}, Tanh{}>{}>{},
               Flatten{}, Linear{.out_features = 10}>{};

p::LayerSpec small_spec() {
  return p::sequential(
      {p::conv2d({.in = 2, .out = 8, .kernel = {3, 3}, .padding = {1, 1}, .bias = false}),
       p::batch_norm2d({.in = 8}), p::simple("tanh"),
       p::avg_pool2d({.kernel = {2, 2}, .stride = {2, 2}}),
       p::residual(
           p::sequential({p::conv2d({.in = 8, .out = 8, .kernel = {3, 3}, .padding = {1, 1}}),
                          p::batch_norm2d({.in = 8}), p::simple("tanh")}),
           p::sequential({})),
       p::simple("flatten"), p::linear(8 * 4 * 4, 10)});
}

constexpr auto conv8 = Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1};
constexpr auto dense = Concat<Identity{}, Sequential<BatchNorm2d{}, Tanh{}, conv8>{}>{};

// A dense block, squeeze and excitation, and a U-Net's skip.
constexpr auto joined =
    Sequential<conv8, Save<"skip">{}, dense, dense,
               Multiply<Identity{}, Sequential<GlobalAvgPool2d{}, Linear{.out_features = 4}, Tanh{},
                                               Linear{.out_features = 24}, Sigmoid{}>{}>{},
               AvgPool2d{.kernel_size = 3, .stride = 1, .padding = 1}, conv8, ConcatWith<"skip">{},
               Add<conv8, conv8>{}, Flatten{}, Linear{.out_features = 10}>{};

p::LayerSpec joined_spec() {
  const auto conv = [](std::size_t in) {
    return p::conv2d({.in = in, .out = 8, .kernel = {3, 3}, .padding = {1, 1}});
  };
  const auto dense_spec = [&](std::size_t in) {
    return p::concat({p::sequential({}),
                      p::sequential({p::batch_norm2d({.in = in}), p::simple("tanh"), conv(in)})});
  };
  return p::sequential(
      {conv(2), p::save(0), dense_spec(8), dense_spec(16),
       p::multiply({p::sequential({}),
                    p::sequential({p::simple("global_avg_pool"), p::linear(24, 4),
                                   p::simple("tanh"), p::linear(4, 24), p::simple("sigmoid")})}),
       p::avg_pool2d({.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}}), conv(24),
       p::with_saved("concat", 0), p::add({conv(16), conv(16)}), p::simple("flatten"),
       p::linear(8 * 8 * 8, 10)});
}

// |a - b| / |b| over all of a state dict.
double distance(const p::Named& a, const p::Named& b) {
  double squares = 0, of = 0;
  REQUIRE(a.size() == b.size());
  for (std::size_t t = 0; t < a.size(); ++t) {
    REQUIRE(a[t].array.values.size() == b[t].array.values.size());
    for (std::size_t i = 0; i < a[t].array.values.size(); ++i) {
      const double want = b[t].array.values[i], d = a[t].array.values[i] - want;
      squares += d * d;
      of += want * want;
    }
  }
  return std::sqrt(squares / of);
}

p::Named with_buffers(const p::Module& m) {
  p::Named all = m.parameters();
  for (const p::NamedArray& b : m.buffers()) all.push_back(b);
  return all;
}

// Ten steps of a whole network in etch, LibTorch, and LibTorch in float64. Every loss agrees, and
// in the end parameters and running statistics are as near to float64 as LibTorch's floats are
// (at most twice as far).
template <auto net, auto optimizer>
void compare_training(const p::LayerSpec& layers, const p::OptimizerSpec& spec) {
  using Net = p::Probed<Named<"", net>{}, Shape{2, 8, 8}>;
  constexpr std::size_t batch = 6, steps = 10;
  constexpr GraphView g = Net::graph;
  p::Module torch(layers, p::Precision::float32, 4);
  p::Module exact(layers, p::Precision::float64, 4);
  const p::Named begin = with_buffers(torch);
  exact.load(begin);
  std::vector<p::Array> images;
  std::vector<std::vector<std::int64_t>> labels;
  Generator random{5};
  for (std::size_t s = 0; s < steps; ++s) {
    images.push_back(normal_array({batch, 2, 8, 8}, s));
    labels.emplace_back();
    for (std::size_t i = 0; i < batch; ++i) {
      labels.back().push_back(static_cast<std::int64_t>(random.below(10)));
    }
  }
  const auto trainer = std::make_unique<
      Trainer<Net, CrossEntropyLoss{}, optimizer, Training{.batch = batch, .threads = 2}>>();
  float* values = trainer->parameters().values;
  p::load(g, begin, values);
  const std::vector<double> losses = exact.train_steps(spec, images, labels);
  torch.train_steps(spec, images, labels);
  for (std::size_t s = 0; s < steps; ++s) {
    const std::vector<std::int32_t> targets(labels[s].begin(), labels[s].end());
    const float loss = trainer->step(p::to_nhwc(images[s], batch, Net::input_shape), targets);
    INFO(spec.kind << " step " << s);
    CHECK(loss == Approx(losses[s]).epsilon(1e-5));
  }
  p::Named ours;
  for (const bool buffer : {false, true}) {
    for (const Tensor& t : p::tensors_of(g)) {
      if (t.buffer == buffer) ours.push_back({"", p::tensor_array(t, values + g.offset_of(t))});
    }
  }
  const p::Named truth = with_buffers(exact);
  const double etch = distance(ours, truth), theirs = distance(with_buffers(torch), truth);
  INFO(spec.kind << ": etch " << etch << ", LibTorch " << theirs);
  CHECK(etch <= 2 * theirs + 1e-7);
}

}  // namespace

TEST_CASE("ten training steps of a whole network") {
  compare_training<small, SGD{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01}>(
      small_spec(), {.kind = "sgd", .lr = 0.1, .momentum = 0.9, .weight_decay = 0.01});
  compare_training<small, Adam{.lr = 0.01, .eps = 1e-4}>(small_spec(),
                                                         {.kind = "adam", .lr = 0.01, .eps = 1e-4});
  compare_training<small, AdamW{.lr = 0.01, .eps = 1e-4}>(
      small_spec(), {.kind = "adamw", .lr = 0.01, .weight_decay = 0.01, .eps = 1e-4});
  compare_training<joined, SGD{.lr = 0.05, .momentum = 0.9}>(
      joined_spec(), {.kind = "sgd", .lr = 0.05, .momentum = 0.9});
}
