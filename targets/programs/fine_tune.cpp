// Fine-tuning on the device: the host has learned upright digits; this sensor is mounted on its
// side. The features stay frozen in flash, and the last layer learns again.
#include "stream.hpp"

using namespace firmware;

extern "C" {
extern const Parameters<TunedDigits> weights;
}

static constexpr std::size_t batch_size = 5;
static Trainer<TunedDigits, CrossEntropyLoss{}, SGD{.lr = 0.02, .momentum = 0.9},
               Training{.batch = batch_size, .update = Update::fused, .frozen_in_place = true}>
    trainer{weights};
static Inference<TunedDigits> net{weights, trainer.parameters()};
static Batch<batch_size> batch;

static void turn(Digit& d) {
  for (std::size_t r = 0; r < digit.height; ++r) {
    for (std::size_t c = 0; c < r; ++c) {
      std::swap(d.pixels[r * digit.width + c], d.pixels[c * digit.width + r]);
    }
  }
}

int main() {
  report_trainer<decltype(trainer)>("trainer");
  report_inference<decltype(net)>("net");
  report_parameters<TunedDigits>("weights");
  print("upright: ");
  count_right(net, batch, test_digits);
  print("on its side: ");
  const unsigned before = count_right(net, batch, test_digits, turn);
  learn(trainer, batch, ETCH_FIRMWARE_DIGITS, ETCH_FIRMWARE_EPOCHS, turn);
  const unsigned after = count_right(net, batch, test_digits, turn);
  report_run("training step of 5 images", count_step(trainer, batch));
  return after >= before + test_digits / 4 ? 0 : 1;
}
