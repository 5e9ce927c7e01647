// A program of your own: a network that fits its board, learns on it, and answers. It ends with 0
// if it has learned.
#include <etch/etch.hpp>

using namespace etch;

// What is left for networks on the board: RAM beside stack and drivers, flash beside code.
inline constexpr Board board{.ram = 200 * 1024, .flash = 1024 * 1024};

inline constexpr auto layers =
    Sequential<Linear{.out_features = 8}, Tanh{}, Linear{.out_features = 2}>{};
using Net = Network<layers, Shape{2}>;

inline constexpr Training training{.batch = 4, .update = Update::fused};
inline constexpr Learning learning{CrossEntropyLoss{}, Adam{.lr = 0.05}, training};
static_assert(fits<Net, learning, board>);

// All the RAM that learning and inference take; nothing else is ever allocated.
static Trainer<Net, learning.loss, learning.optimizer, training> trainer{1};
static Inference<Net> net{trainer.parameters()};

// Exclusive or.
static constexpr float inputs[4 * 2] = {0, 0, 0, 1, 1, 0, 1, 1};
static constexpr std::int32_t labels[4] = {0, 1, 1, 0};

int main() {
  for (int i = 0; i < 100; ++i) trainer.step(inputs, labels);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto logits = net(std::span<const float, 2>(inputs + 2 * i, 2));
    if ((logits[1] > logits[0]) != (labels[i] == 1)) return 1;
  }
  return 0;
}
