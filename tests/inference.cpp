#include <etch/models/lenet.hpp>
#include <etch/models/resnet8.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <vector>

using namespace etch;

using Net = Network<resnet8<10>, Shape{3, 32, 32}>;

// The object is its arena, a pointer, and the number of threads.
static_assert(sizeof(Inference<Net>) - Inference<Net>::arena_bytes <= 128);

TEST_CASE("one image, a batch, and a smaller batch give the same bits on any number of threads") {
  const auto parameters = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, parameters->values, 2);
  std::vector<float> images(5 * Net::input_shape.elements());
  Generator random{3};
  for (float& v : images) v = random.uniform();
  const auto single = std::make_unique<Inference<Net>>(*parameters);
  const auto batched =
      std::make_unique<Inference<Net, InferenceOptions{.batch = 5, .threads = 3}>>(*parameters);
  const auto answers = batched->batch(images);
  const std::vector<float> all(answers.begin(), answers.end());
  REQUIRE(all.size() == 50);
  for (std::size_t i = 0; i < 5; ++i) {
    const std::span<const float, 3072> image(images.data() + i * 3072, 3072);
    const std::span<const float, 10> one = (*single)(image);
    CHECK(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(i * 10)));
  }
  batched->set_threads(1);
  const auto fewer = batched->batch(std::span(images).first(2 * 3072));
  REQUIRE(fewer.size() == 20);
  CHECK(std::equal(fewer.begin(), fewer.end(), all.begin()));
}

namespace {

// Every way in and out of a fused step: a bias before a norm, a sum whose other side comes later
// or earlier, the network's input as a shortcut, a value that two read, a norm after a Flatten.
constexpr auto odd = Sequential<
    Residual<Sequential<Conv2d{.out_channels = 3, .kernel_size = 3, .padding = 1}, BatchNorm2d{},
                        ReLU{}>{}>{},
    Conv2d{.out_channels = 20, .kernel_size = 1, .bias = false}, BatchNorm2d{},
    Residual<Sequential<ReLU{}, Conv2d{.out_channels = 20, .kernel_size = 3, .padding = 1}>{}>{},
    Residual<Conv2d{.out_channels = 4, .kernel_size = 1, .bias = false},
             Conv2d{.out_channels = 4, .kernel_size = 1, .bias = false}>{},
    ReLU{}, Conv2d{.out_channels = 4, .kernel_size = 3, .groups = 4, .bias = false},
    BatchNorm2d{.affine = false}, Dropout{}, ReLU{},
    Conv2d{.out_channels = 2, .kernel_size = 2, .bias = false, .algorithm = Algorithm::loops},
    Flatten{}, BatchNorm1d{}, ReLU{}, Linear{.out_features = 5, .bias = false}, BatchNorm1d{},
    Residual<Identity{}>{}, Linear{.out_features = 5}>{};

template <class N, InferenceOptions options>
void check_against_plain(double epsilon) {
  const auto parameters = std::make_unique<Parameters<N>>();
  initialize(N::graph, parameters->values, 5);
  // Statistics as if something had been learned.
  Generator random{6};
  float* buffers = parameters->values + N::graph.num_trainable + N::graph.num_frozen;
  for (std::size_t i = 0; i < N::graph.num_buffers; ++i) buffers[i] = 0.5f + random.uniform() / 4;
  std::vector<float> images(2 * N::input_shape.elements());
  for (float& v : images) v = random.uniform();
  using Fast = Inference<N, options>;
  using Plain = Inference<N, InferenceOptions{.batch = 2, .fuse = false}>;
  const auto fast = std::make_unique<Fast>(*parameters);
  const auto plain = std::make_unique<Plain>(*parameters);
  const auto got = fast->batch(images), want = plain->batch(images);
  REQUIRE(got.size() == 2 * N::output_shape.elements());
  float size = 0;
  for (const float v : want) size = std::max(size, std::abs(v));
  CHECK(size > 0.01f);
  for (std::size_t i = 0; i < want.size(); ++i)
    CHECK(got[i] == Approx(want[i]).epsilon(epsilon).margin(epsilon / 10 * size));
}

}  // namespace

TEST_CASE("fused steps answer as the layers one by one") {
  constexpr InferenceOptions fused{.batch = 2};
  check_against_plain<Net, fused>(1e-5);
  check_against_plain<Network<odd, Shape{3, 6, 5}>, fused>(1e-5);
}

TEST_CASE("Winograd's weights are prepared once, and again when asked") {
  constexpr InferenceOptions winograd{.batch = 2, .threads = 2, .winograd = true};
  check_against_plain<Net, winograd>(1e-4);
  using Fast = Inference<Net, winograd>;
  static_assert(Fast::prepared_bytes > 0 && Inference<Net>::prepared_bytes == 0);
  const auto parameters = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, parameters->values, 2);
  const std::vector<float> image(Net::input_shape.elements(), 0.25f);
  const auto first = std::make_unique<Fast>(*parameters);
  const auto answer = [](Fast& net, const std::vector<float>& x) {
    const auto y = net.batch(x);
    return std::vector<float>(y.begin(), y.end());
  };
  const std::vector<float> before = answer(*first, image);
  initialize(Net::graph, parameters->values, 3);
  first->prepare();
  const auto second = std::make_unique<Fast>(*parameters);
  CHECK(answer(*first, image) == answer(*second, image));
  CHECK(answer(*first, image) != before);
}

// Nine convolutions, seven of them with a norm to fold, a pool and a Linear are all that is left.
static_assert(Inference<Net>::steps.size() == 9 + 7 + 2);
static_assert(Inference<Net>::arena_bytes <
              Inference<Net, InferenceOptions{.fuse = false}>::arena_bytes);
