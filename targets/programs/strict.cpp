// Strict mode: scalar kernels and -ffp-contract=off. The weights after these steps of training are
// the same bits on every machine; so is the line that this prints.
#include "networks.hpp"
#include "report.hpp"

using namespace firmware;

static constexpr auto layers =
    Sequential<Conv2d{.out_channels = 6, .kernel_size = 3, .bias = false}, BatchNorm2d{}, ReLU{},
               MaxPool2d{.kernel_size = 2},
               Conv2d{.out_channels = 6, .kernel_size = 3, .padding = 1, .groups = 6}, Tanh{},
               Dropout{.p = 0.25f}, Flatten{}, Linear{.out_features = 16}, Sigmoid{},
               Linear{.out_features = 4}>{};
using Net = Network<layers, Shape{1, 12, 12}>;

static constexpr std::size_t batch_size = 4, size = Net::input_shape.elements();
static Trainer<Net, CrossEntropyLoss{.label_smoothing = 0.1f}, AdamW{.lr = 1e-2},
               Training{.batch = batch_size}>
    trainer{1};
static float images[batch_size * size];

// Noise with a bright column: which one is the class.
static void draw(float* image, std::int32_t label, Generator& random) {
  for (std::size_t i = 0; i < size; ++i) {
    const bool bright = i % Net::input_shape.width == 2 * static_cast<std::size_t>(label) + 2;
    image[i] = 0.25f * random.uniform() + (bright ? 1.0f : 0.0f);
  }
}

int main() {
  Generator random{7};
  constexpr std::int32_t labels[batch_size] = {0, 1, 2, 3};
  report_trainer<decltype(trainer)>("trainer");
  std::uint64_t spent = 0;
  float first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    for (std::size_t n = 0; n < batch_size; ++n) draw(images + n * size, labels[n], random);
    const std::uint64_t before = machine::instructions();
    last = trainer.step(images, labels);
    spent = machine::instructions() - before;
    if (step == 0) first = last;
  }
  print("strict ", hash(trainer.parameters().values), "\n");
  report_run("training step of 4 images", spent);
  return last < 0.7f * first ? 0 : 1;
}
