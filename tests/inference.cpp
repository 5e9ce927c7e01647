#include <etch/models/lenet.hpp>
#include <etch/models/resnet8.hpp>

#include <catch2/catch.hpp>
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
