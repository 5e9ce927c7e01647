// Training on the device, from scratch: a small convnet learns 300 MNIST images that are streamed
// in, and is then asked 200 others.
#include "stream.hpp"

using namespace firmware;

static constexpr std::size_t batch_size = 5;
static Trainer<Digits, CrossEntropyLoss{}, SGD{.lr = 0.02, .momentum = 0.9},
               Training{.batch = batch_size, .update = Update::fused}>
    trainer{1};
static Inference<Digits> net{trainer.parameters()};
static Batch<batch_size> batch;

int main() {
  report_trainer<decltype(trainer)>("trainer");
  report_inference<decltype(net)>("net");
  const std::size_t count = ETCH_FIRMWARE_DIGITS, epochs = ETCH_FIRMWARE_EPOCHS;
  learn(trainer, batch, count, epochs);
  const unsigned right = count_right(net, batch, test_digits);
  report_run("training step of 5 images", count_step(trainer, batch));
  return right >= test_digits * ETCH_FIRMWARE_PERCENT / 100 ? 0 : 1;
}
