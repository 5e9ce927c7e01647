// The same network in plain loops: names, shapes and parameters stay, scratch goes, and the numbers
// agree.
#include <etch/inference.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

using namespace etch;

namespace {

inline constexpr auto looped_lenet = with_algorithm<Algorithm::loops>(lenet<10>);
inline constexpr auto looped_resnet8 = with_algorithm<Algorithm::loops>(resnet8<10>);
inline constexpr auto looped_resnet50 = with_algorithm<Algorithm::loops>(resnet50<10>);

using Fast = Network<lenet<10>, Shape{1, 28, 28}>;
using Looped = Network<looped_lenet, Shape{1, 28, 28}>;
static_assert(Looped::num_parameters == Fast::num_parameters && Looped::macs == Fast::macs);
static_assert(Conv2d{.algorithm = Algorithm::gemm}.algorithm ==
              with_algorithm<Algorithm::gemm>(Conv2d{.algorithm = Algorithm::loops}).algorithm);
// What has no algorithm stays as it is.
static_assert(
    std::is_same_v<decltype(with_algorithm<Algorithm::loops>(Frozen<ReLU{}>{})), Frozen<ReLU{}>>);

bool same_names(GraphView a, GraphView b) {
  bool same = a.size == b.size;
  for (int i = 0; same && i < a.size.scopes; ++i) {
    const Scope &s = a.scopes[i], &t = b.scopes[i];
    same = s.parent == t.parent && s.index == t.index && (s.name == nullptr) == (t.name == nullptr);
    if (same && s.name != nullptr) same = std::strcmp(s.name, t.name) == 0;
  }
  for (int i = 0; same && i < a.size.tensors; ++i) {
    same = std::strcmp(a.tensors[i].name, b.tensors[i].name) == 0 &&
           a.offset_of(a.tensors[i]) == b.offset_of(b.tensors[i]);
  }
  return same;
}

// Of convolutions and fully connected layers.
std::size_t scratch_bytes(GraphView g) {
  std::size_t bytes = 0;
  for (int i = 0; i < g.size.ops; ++i) {
    const OpKernels k = g.ops[i].kernels_of(g.ops[i], {.batch = 4, .threads = 2});
    if (g.ops[i].macs > 0) bytes += k.forward_scratch + k.backward_scratch;
  }
  return bytes;
}

}  // namespace

TEST_CASE("Loops reach every layer of a network") {
  constexpr GraphView fast = Network<resnet50<10>, Shape{3, 64, 64}>::graph;
  constexpr GraphView looped = Network<looped_resnet50, Shape{3, 64, 64}>::graph;
  CHECK(same_names(fast, looped));
  CHECK(scratch_bytes(fast) > 0);
  CHECK(scratch_bytes(looped) == 0);
  CHECK(scratch_bytes(Looped::graph) == 0);
  CHECK(scratch_bytes(Network<looped_resnet8, Shape{3, 32, 32}>::graph) == 0);
}

// Of a fused residual sum the skip lies where the output goes.
TEST_CASE("A network in loops infers as the implicit GEMM does") {
  using Fast = Network<resnet8<10>, Shape{3, 32, 32}>;
  using Looped = Network<looped_resnet8, Shape{3, 32, 32}>;
  const auto trained = std::make_unique<Trainer<Fast, CrossEntropyLoss{}, SGD{}>>(3);
  const auto same = std::make_unique<Parameters<Looped>>();
  std::ranges::copy(trained->parameters().values, same->values);
  const auto fast = std::make_unique<Inference<Fast>>(trained->parameters());
  const auto looped = std::make_unique<Inference<Looped>>(*same);
  constexpr std::size_t pixels = 3 * 32 * 32;
  std::vector<float> image(pixels);
  Generator random{4};
  for (float& x : image) x = random.uniform();
  const std::span<const float, pixels> x(image);
  const auto want = (*fast)(x);
  const auto got = (*looped)(x);
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(got[i] == Approx(want[i]).epsilon(1e-4));
}

TEST_CASE("A network in loops trains as the implicit GEMM does") {
  constexpr std::size_t batch = 4;
  constexpr Training options{.batch = batch};
  auto fast = std::make_unique<Trainer<Network<resnet8<10>, Shape{3, 32, 32}>, CrossEntropyLoss{},
                                       SGD{.lr = 0.01}, options>>(1);
  auto looped = std::make_unique<Trainer<Network<looped_resnet8, Shape{3, 32, 32}>,
                                         CrossEntropyLoss{}, SGD{.lr = 0.01}, options>>(1);
  std::vector<float> images(batch * 3 * 32 * 32);
  Generator random{2};
  for (float& x : images) x = random.uniform();
  const std::vector<std::int32_t> labels = {1, 5, 0, 9};
  for (int step = 0; step < 5; ++step) {
    const float want = fast->step(images, labels);
    CHECK(looped->step(images, labels) == Approx(want).epsilon(1e-4));
  }
}
