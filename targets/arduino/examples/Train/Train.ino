// A network that learns on the board: it tells horizontal bars from vertical ones.
#include <etch.h>

using namespace etch;

inline constexpr auto network =
    Sequential<Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1}, ReLU{},
               MaxPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 2}>{};
using Net = Network<network, Shape{.channels = 1, .height = 8, .width = 8}>;

// All the memory there is to it: parameters, optimizer state and arena.
static Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.05}, Training{.update = Update::fused}> trainer{
    7};
static_assert(sizeof(trainer) < 8 * 1024);

void setup() {
  Serial.begin(115200);
}

void loop() {
  float image[8 * 8] = {};
  const std::int32_t bar = rand() % 8, vertical = rand() % 2;
  for (int i = 0; i < 8; ++i) image[vertical ? 8 * i + bar : 8 * bar + i] = 1.0f;
  Serial.println(trainer.step(image, {&vertical, 1}));
}
