// ResNet-8, a residual network with batch norm, learns on the device: MNIST digits in 3x32x32.
#include "stream.hpp"

using namespace firmware;

static constexpr std::size_t batch_size = 4;
static Trainer<
    ResNet8, CrossEntropyLoss{}, SGD{.lr = 0.05, .momentum = 0.9},
    Training{.batch = batch_size, .update = Update::fused, .recompute = Recompute::elementwise}>
    trainer{1};
static Batch<batch_size> batch;
static float images[batch_size * ResNet8::input_shape.elements()];

// A digit in the middle of the image, in all three channels.
static void enlarge() {
  constexpr Shape to = ResNet8::input_shape;
  for (std::size_t n = 0; n < batch_size; ++n) {
    for (std::size_t r = 0; r < digit.height; ++r) {
      for (std::size_t c = 0; c < digit.width; ++c) {
        const float v = batch.images[(n * digit.height + r) * digit.width + c];
        const std::size_t pixel = (n * to.height + r + 2) * to.width + c + 2;
        for (std::size_t i = 0; i < to.channels; ++i) images[pixel * to.channels + i] = v;
      }
    }
  }
}

int main() {
  report_trainer<decltype(trainer)>("trainer");
  std::uint64_t spent = 0;
  float first = 0, last = 0;
  for (std::size_t step = 0; step < ETCH_FIRMWARE_STEPS; ++step) {
    if (!batch.read(step % 2 * batch_size)) return 1;
    enlarge();
    const std::uint64_t before = machine::instructions();
    const float loss = trainer.step(images, batch.labels);
    spent = machine::instructions() - before;
    print("step ", step + 1, " loss ", loss, "\n");
    if (step == 0) first = loss;
    last = loss;
  }
  report_run("training step of 4 images", spent);
  return last < 0.5f * first ? 0 : 1;
}
