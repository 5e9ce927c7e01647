// The LibTorch wrapper itself, against numbers worked out by hand: what the other parity tests take
// for the truth.
#include <algorithm>
#include <cmath>
#include <limits>

#include "harness.hpp"

namespace p = parity;

namespace {

const p::Array* find(const p::Named& all, const std::string& name) {
  for (const p::NamedArray& n : all) {
    if (n.name == name) return &n.array;
  }
  return nullptr;
}

std::size_t count(const p::Named& all) {
  std::size_t sum = 0;
  for (const p::NamedArray& n : all) sum += n.array.values.size();
  return sum;
}

// Numbers without a pattern in [-1, 1] that floats hold exactly.
p::Array wave(std::vector<std::size_t> shape, double phase) {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  p::Array a{std::move(shape), std::vector<double>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    a.values[i] = static_cast<float>(std::sin(phase + 12.9898 * static_cast<double>(i)));
  }
  return a;
}

void require_close(const p::Array& a, const p::Array& b, p::Tolerance tolerance = {}) {
  REQUIRE(a.shape == b.shape);
  const p::Difference d = p::difference(a, b, tolerance);
  INFO("off by " << d.error << " at " << d.index);
  REQUIRE(d.ratio <= 1);
}

void require_close(const p::Named& a, const p::Named& b, p::Tolerance tolerance = {}) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(a[i].name);
    REQUIRE(a[i].name == b[i].name);
    require_close(a[i].array, b[i].array, tolerance);
  }
}

constexpr p::Tolerance exactly{.atol = 1e-300, .rtol = 0};

const p::ResNetSpec resnet101{
    .blocks = {3, 4, 23, 3}, .bottleneck = true, .in_channels = 3, .classes = 1000};

p::LayerSpec convnet() {
  return p::sequential(
      {p::conv2d({.in = 2, .out = 4, .kernel = {3, 3}, .padding = {1, 1}, .bias = false}),
       p::batch_norm2d({.in = 4}), p::simple("tanh"), p::simple("flatten"), p::linear(64, 3)});
}

}  // namespace

TEST_CASE("the wrapper's ResNet-101 is torchvision's") {
  const p::Module torch(resnet101, p::Precision::float32, 1);
  const p::Named parameters = torch.parameters(), buffers = torch.buffers();
  CHECK(count(parameters) == 44549160);
  const auto shape_of = [&](const std::string& name) {
    const p::Array* a = find(parameters, name);
    return a == nullptr ? std::vector<std::size_t>{} : a->shape;
  };
  using Shape = std::vector<std::size_t>;
  CHECK(shape_of("conv1.weight") == Shape{64, 3, 7, 7});
  CHECK(shape_of("layer1.0.downsample.0.weight") == Shape{256, 64, 1, 1});
  CHECK(shape_of("layer1.0.downsample.1.bias") == Shape{256});
  CHECK(shape_of("layer3.22.conv2.weight") == Shape{256, 256, 3, 3});
  CHECK(shape_of("layer4.2.bn3.weight") == Shape{2048});
  CHECK(shape_of("fc.weight") == Shape{1000, 2048});
  CHECK(shape_of("fc.bias") == Shape{1000});
  CHECK(find(parameters, "conv1.bias") == nullptr);
  CHECK(find(buffers, "layer3.22.bn2.running_var") != nullptr);
  CHECK(find(buffers, "bn1.num_batches_tracked") == nullptr);
}

TEST_CASE("the wrapper's ResNet-101 without batch norm") {
  p::ResNetSpec spec = resnet101;
  spec.batch_norm = false;
  const p::Module torch(spec, p::Precision::float32, 1);
  CHECK(torch.buffers().empty());
  // 52,672 channels are normalised, with a weight and a bias each.
  CHECK(count(torch.parameters()) == 44549160 - 2 * 52672);
}

TEST_CASE("the wrapper's ResNet-18 and ResNet-8") {
  const p::Module torch({.in_channels = 3, .classes = 1000}, p::Precision::float32, 1);
  CHECK(count(torch.parameters()) == 11689512);
  // 78,666 is what Keras prints for MLPerf Tiny's model; it counts running statistics.
  const p::Module tiny({.resnet8 = true, .classes = 10}, p::Precision::float32, 1);
  CHECK(count(tiny.parameters()) + count(tiny.buffers()) == 78666);
  CHECK(find(tiny.parameters(), "layer1.0.downsample.weight") == nullptr);
  CHECK(find(tiny.parameters(), "layer2.0.downsample.weight") != nullptr);
  CHECK(find(tiny.parameters(), "conv1.bias") != nullptr);
}

TEST_CASE("where the stride of the wrapper's bottleneck sits") {
  p::ResNetSpec spec{.blocks = {1, 1, 1, 1}, .bottleneck = true};
  p::Module v15(spec, p::Precision::float32, 1);
  spec.stride_on_first = true;
  p::Module v1(spec, p::Precision::float32, 1);
  v1.load(v15.parameters());
  const p::Array x = wave({2, 3, 64, 64}, 0), dy = wave({2, 10}, 1);
  const p::Run a = v15.run(x, dy), b = v1.run(x, dy);
  CHECK(a.y.shape == b.y.shape);
  CHECK(p::difference(a.y, b.y, {}).ratio > 1);
}

TEST_CASE("the wrapper's seed decides the initial values, at either precision") {
  const p::Module one(convnet(), p::Precision::float32, 7),
      same(convnet(), p::Precision::float64, 7), other(convnet(), p::Precision::float32, 8);
  require_close(one.parameters(), same.parameters(), exactly);
  CHECK(p::difference(one.parameters()[0].array, other.parameters()[0].array, {}).ratio > 1);
}

TEST_CASE("the wrapper's Linear by hand") {
  p::Module torch(p::linear(2, 1), p::Precision::float64, 1);
  const p::Named start = torch.parameters();
  torch.load({{start[0].name, {{1, 2}, {3, -2}}}, {start[1].name, {{1}, {0.5}}}});
  const p::Run r = torch.run({{2, 2}, {1, 2, 4, 5}}, {{2, 1}, {10, 100}});
  require_close(r.y, {{2, 1}, {-0.5, 2.5}}, exactly);
  require_close(r.dx, {{2, 2}, {30, -20, 300, -200}}, exactly);
  require_close(r.gradients[0].array, {{1, 2}, {410, 520}}, exactly);
  require_close(r.gradients[1].array, {{1}, {110}}, exactly);
  CHECK_THROWS(torch.load({{"no such name", {{1}, {0}}}}));
  CHECK_THROWS(p::Module(p::simple("no such layer"), p::Precision::float32, 1));
}

TEST_CASE("the wrapper's BatchNorm1d by hand, in training, evaluation and frozen") {
  const p::LayerSpec spec = p::batch_norm1d({.in = 1, .eps = 0, .momentum = 0.25});
  const p::Array x{{2, 1}, {1, 5}}, dy{{2, 1}, {1, 0}};
  p::Module torch(spec, p::Precision::float64, 1);
  const p::Run r = torch.run(x, dy);
  require_close(r.y, {{2, 1}, {-1, 1}});
  // 0.75 * 0 + 0.25 * 3; 0.75 * 1 + 0.25 * 8, the unbiased variance.
  require_close(r.buffers[0].array, {{1}, {0.75}});
  require_close(r.buffers[1].array, {{1}, {2.75}});
  torch.train(false);
  const p::Run eval = torch.run(x, dy);
  require_close(eval.y, {{2, 1}, {0.25 / std::sqrt(2.75), 4.25 / std::sqrt(2.75)}});
  require_close(eval.buffers, r.buffers, exactly);

  p::Module held(p::frozen(spec), p::Precision::float64, 1);
  held.train(true);
  const p::Run frozen = held.run(x, dy);
  require_close(frozen.y, x, exactly);
  CHECK(frozen.gradients.empty());
  require_close(frozen.buffers[0].array, {{1}, {0}}, exactly);
}

TEST_CASE("the wrapper's residual adds body and shortcut") {
  const auto conv = p::conv2d({.in = 1, .out = 1, .bias = false});
  const p::Array x = wave({2, 1, 3, 2}, 0), dy = wave({2, 1, 3, 2}, 1);
  const auto times = [](p::Array a, double by) {
    for (double& v : a.values) v *= by;
    return a;
  };
  p::Module identity(p::residual(conv, p::sequential({})), p::Precision::float64, 1);
  identity.load({{identity.parameters()[0].name, {{1, 1, 1, 1}, {2}}}});
  const p::Run one = identity.run(x, dy);
  require_close(one.y, times(x, 3), exactly);
  require_close(one.dx, times(dy, 3), exactly);

  p::Module both(p::residual(conv, conv), p::Precision::float64, 1);
  both.load({{both.parameters()[0].name, {{1, 1, 1, 1}, {2}}},
             {both.parameters()[1].name, {{1, 1, 1, 1}, {-0.5}}}});
  const p::Run two = both.run(x, dy);
  require_close(two.y, times(x, 1.5), exactly);
  require_close(two.dx, times(dy, 1.5), exactly);
}

TEST_CASE("the wrapper's losses by hand") {
  // Two equal logits: softmax 1/2 each, loss log 2, half a row's share of the mean to each side.
  const p::LossResult ce = p::cross_entropy({{2, 2}, {0, 0, 0, 0}}, {0, 1}, 0);
  CHECK(ce.loss == Approx(std::log(2)).epsilon(1e-6));
  require_close(ce.doutput, {{2, 2}, {-0.25, 0.25, 0.25, -0.25}});
  // Smoothing 0.2 over 2 classes wants 0.9 and 0.1.
  const p::LossResult smooth = p::cross_entropy({{1, 2}, {0, 0}}, {0}, 0.2);
  require_close(smooth.doutput, {{1, 2}, {-0.4, 0.4}});
  // Weights 1 and 3: the rows count as a quarter and three quarters. One ignored leaves the other.
  const p::LossResult weighted = p::cross_entropy({{2, 2}, {0, 0, 0, 0}}, {0, 1}, 0, {1, 3});
  require_close(weighted.doutput, {{2, 2}, {-0.125, 0.125, 0.375, -0.375}});
  const p::LossResult ignored = p::cross_entropy({{2, 2}, {0, 0, 0, 0}}, {0, 1}, 0, {}, 1);
  require_close(ignored.doutput, {{2, 2}, {-0.5, 0.5, 0, 0}});
  const p::Array output{{1, 2}, {1, 5}}, target{{1, 2}, {0, 2}};
  const p::LossResult mse = p::loss("mse", output, target);
  CHECK(mse.loss == Approx(5));
  require_close(mse.doutput, {{1, 2}, {1, 3}});
  const p::LossResult l1 = p::loss("l1", output, target);
  CHECK(l1.loss == Approx(2));
  require_close(l1.doutput, {{1, 2}, {0.5, 0.5}});
  // Differences 1 and 3 with 2 between the parts: 0.5 and 2 (3 - 1) = 4; halved for smooth_l1.
  const p::LossResult huber = p::loss("huber", output, target, 2);
  CHECK(huber.loss == Approx(2.25));
  require_close(huber.doutput, {{1, 2}, {0.5, 1}});
  const p::LossResult smooth_l1 = p::loss("smooth_l1", output, target, 2);
  CHECK(smooth_l1.loss == Approx(1.125));
  require_close(smooth_l1.doutput, {{1, 2}, {0.25, 0.5}});
  const p::LossResult bce =
      p::loss("bce_with_logits", {{1, 2}, {0, 0}}, {{1, 2}, {0, 1}}, 1, {5, 3});
  CHECK(bce.loss == Approx(2 * std::log(2)));
  require_close(bce.doutput, {{1, 2}, {0.25, -0.75}});
}

TEST_CASE("the wrapper's float32 and float64 agree, and aren't the same") {
  p::Module single(convnet(), p::Precision::float32, 3), exact(convnet(), p::Precision::float64, 4);
  exact.load(single.parameters());
  const p::Array x = wave({5, 2, 4, 4}, 0), dy = wave({5, 3}, 1);
  const p::Run a = single.run(x, dy), b = exact.run(x, dy);
  require_close(a.y, b.y, {.atol = 1e-5, .rtol = 1e-5});
  require_close(a.dx, b.dx, {.atol = 1e-5, .rtol = 1e-5});
  require_close(a.gradients, b.gradients, {.atol = 1e-5, .rtol = 1e-5});
  CHECK(p::difference(a.y, b.y, exactly).ratio > 1);
}

TEST_CASE("difference() refuses wrong numbers, NaN, infinities and sizes") {
  const p::Array right{{3}, {1, -2, 1000}};
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  CHECK(p::difference(right, right, {}).ratio == 0);
  CHECK(p::difference({{3}, {1, -2, 1000.009}}, right, {}).ratio <= 1);
  const p::Difference wrong = p::difference({{3}, {1, -2.1, 1000.02}}, right, {});
  CHECK(wrong.ratio > 1);
  CHECK(wrong.index == 1);
  CHECK(wrong.error == Approx(0.1));
  CHECK(p::difference({{3}, {nan, -2, 1000}}, right, {}).ratio > 1);
  CHECK(p::difference(right, {{3}, {1, -2, nan}}, {}).ratio > 1);
  CHECK(p::difference({{1}, {nan}}, {{1}, {nan}}, {}).ratio > 1);
  CHECK(p::difference({{1}, {inf}}, {{1}, {1}}, {}).ratio > 1);
  CHECK(p::difference({{1}, {1}}, {{1}, {inf}}, {}).ratio > 1);
  CHECK(p::difference({{2}, {1, -2}}, right, {}).ratio > 1);
}

namespace {

p::Batch labelled(double phase) {
  return {wave({4, 2, 4, 4}, phase), {0, 1, 2, static_cast<std::int64_t>(phase) % 3}, {}};
}

// What convnet() becomes by a way of training it.
template <class Train>
p::Named trained(p::Precision precision, Train train) {
  p::Module m(convnet(), precision, 5);
  train(m);
  p::Named all = m.parameters();
  for (const p::NamedArray& b : m.buffers()) all.push_back(b);
  return all;
}

}  // namespace

TEST_CASE("train_steps is Module::train_steps, bit for bit") {
  std::vector<p::Batch> batches;
  std::vector<p::Array> images;
  std::vector<std::vector<std::int64_t>> labels;
  for (const double phase : {1, 2, 3, 4, 5}) {
    batches.push_back(labelled(phase));
    images.push_back(batches.back().x);
    labels.push_back(batches.back().labels);
  }
  for (const p::Precision precision : {p::Precision::float32, p::Precision::float64}) {
    for (const char* kind : {"sgd", "adam", "adamw"}) {
      INFO(kind);
      const p::OptimizerSpec spec{.kind = kind, .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01};
      std::vector<double> a, b;
      require_close(
          trained(precision,
                  [&](p::Module& m) { a = p::train_steps(m, {.optimizer = spec}, batches); }),
          trained(precision, [&](p::Module& m) { b = m.train_steps(spec, images, labels); }),
          exactly);
      CHECK(a == b);
    }
  }
}

TEST_CASE("train_steps by hand: MSE, accumulation, clipping, StepLR") {
  // y = w * x with w = 1, x = 2, target 0: loss 4, gradient 2 * 2 * 2 = 8.
  const p::Batch batch{{{1, 1}, {2}}, {}, {{1, 1}, {0}}};
  const auto train = [&](const p::TrainSpec& spec, std::size_t batches, double& weight) {
    p::Module m(p::linear(1, 1, false), p::Precision::float64, 1);
    const std::string name = m.parameters()[0].name;
    m.load({{name, {{1, 1}, {1}}}});
    const auto losses = p::train_steps(m, spec, std::vector<p::Batch>(batches, batch));
    weight = m.parameters()[0].array.values[0];
    return losses;
  };
  double w = 0;
  CHECK(train({.optimizer = {.lr = 1.0 / 16}}, 2, w) == std::vector<double>{4, 1});
  CHECK(w == 0.25);
  CHECK(train({.optimizer = {.lr = 1.0 / 16}, .accumulate = 2}, 4, w) == std::vector<double>{4, 1});
  CHECK(w == 0.25);
  CHECK_THROWS(train({.accumulate = 2}, 3, w));
  CHECK_THROWS(train({.accumulate = 0}, 3, w));
  // Norm 8 becomes 2.
  train({.optimizer = {.lr = 0.25}, .max_norm = 2}, 1, w);
  CHECK(w == Approx(0.5).epsilon(1e-6));
  // Steps at 1/16, and after that at half the rate: 1 - 8/16, then 0.5 - 4/32.
  train({.optimizer = {.lr = 1.0 / 16}, .lr_step = 1, .lr_gamma = 0.5}, 2, w);
  CHECK(w == 0.375);
  // Two at 1/16, then one at half: 1, 0.5, 0.25, 0.25 - 2/32.
  train({.optimizer = {.lr = 1.0 / 16}, .lr_step = 2, .lr_gamma = 0.5}, 3, w);
  CHECK(w == 0.1875);
}

TEST_CASE("train_steps leaves frozen parameters and updates running statistics once for MSE") {
  p::Module m(
      p::sequential({p::frozen(p::linear(1, 1)), p::batch_norm1d({.in = 1}), p::linear(1, 1)}),
      p::Precision::float64, 1);
  const p::Named before = m.parameters();
  // The frozen layer is made y = x; then the mean is 3, of which momentum takes a tenth.
  m.load({{before[0].name, {{1, 1}, {1}}}, {before[1].name, {{1}, {0}}}});
  p::train_steps(m, {.optimizer = {.lr = 0.1}}, {{{{2, 1}, {1, 5}}, {}, {{2, 1}, {9, 7}}}});
  require_close(m.parameters()[0].array, {{1, 1}, {1}}, exactly);
  CHECK(p::difference(m.parameters()[4].array, before[4].array, {}).ratio > 1);
  require_close(m.buffers()[0].array, {{1}, {0.3}});
  CHECK_THROWS(p::train_steps(m, {}, {{{{2, 1}, {1, 5}}, {}, {{2}, {9, 7}}}}));
}
