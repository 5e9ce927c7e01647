// What somebody who depends on etch writes: LeNet, trained until it knows two images.
#include <etch/models/lenet.hpp>

#include <cstdio>

using LeNet = etch::Network<etch::lenet<10>, etch::Shape{1, 28, 28}>;
static etch::Trainer<LeNet, etch::CrossEntropyLoss{}, etch::SGD{.lr = 0.05},
                     etch::Training{.batch = 2}>
    trainer{7};

int main() {
  static const float images[2 * 28 * 28] = {1, 2, 3, 4};
  const std::int32_t labels[] = {3, 5};
  const float first = trainer.step(images, labels);
  for (int i = 0; i < 100; ++i) trainer.step(images, labels);
  const float last = trainer.step(images, labels);
  std::printf("loss %.4f, then %.4f\n", static_cast<double>(first), static_cast<double>(last));
  return first > 2 && last < 1 ? 0 : 1;
}
