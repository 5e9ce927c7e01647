// MNIST digits that are streamed in while the device learns: the file `digits` is read a batch at
// a time, as samples would come from a sensor.
#pragma once
#include "networks.hpp"
#include "report.hpp"

namespace firmware {

// Memory of one batch.
template <std::size_t size>
struct Batch {
  float images[size * digit.elements()];
  std::int32_t labels[size];

  // Digits [first, first + size) of the file; false where it can't be read.
  bool read(std::size_t first, void (*prepare)(Digit&) = nullptr) {
    for (std::size_t i = 0; i < size; ++i) {
      if (!machine::read_file("digits", (first + i) * sizeof(Digit), &one, sizeof one)) {
        print("the file digits can't be read\n");
        return false;
      }
      if (prepare != nullptr) prepare(one);
      to_input(one, images + i * digit.elements());
      labels[i] = one.label;
    }
    return true;
  }
  Digit one;
};

// Epochs over the training digits with their mean loss, as PyTorch's tutorials print them.
template <class Trainer, std::size_t size>
float learn(Trainer& trainer, Batch<size>& batch, std::size_t count, std::size_t epochs,
            void (*prepare)(Digit&) = nullptr) {
  float mean = 0;
  for (std::size_t e = 0; e < epochs; ++e) {
    float sum = 0;
    for (std::size_t first = 0; first < count; first += size) {
      if (!batch.read(first, prepare)) return NAN;
      sum += trainer.step(batch.images, batch.labels);
    }
    mean = sum * static_cast<float>(size) / static_cast<float>(count);
    print("epoch ", e + 1, " loss ", mean, "\n");
  }
  return mean;
}

// How many of the test digits are right.
template <class Inference, std::size_t size>
unsigned count_right(Inference& net, Batch<size>& batch, std::size_t count,
                     void (*prepare)(Digit&) = nullptr) {
  unsigned right = 0;
  for (std::size_t first = 0; first < count; first += size) {
    if (!batch.read(train_digits + first, prepare)) return 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::span<const float, digit.elements()> image(batch.images + i * digit.elements(),
                                                           digit.elements());
      right += argmax(net(image)) == static_cast<std::size_t>(batch.labels[i]);
    }
  }
  print("right ", right, " of ", count, "\n");
  return right;
}

// Instructions of one more step.
template <class Trainer, std::size_t size>
std::uint64_t count_step(Trainer& trainer, Batch<size>& batch) {
  const std::uint64_t before = machine::instructions();
  trainer.step(batch.images, batch.labels);
  return machine::instructions() - before;
}

}  // namespace firmware
