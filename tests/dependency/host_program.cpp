// What somebody writes who saves, loads, and has the etch command for a network of their own.
#include <etch/etch.hpp>
#include <etch/host/command.hpp>
#include <etch/host/save.hpp>

#include <cstdio>
#include <memory>

inline constexpr auto mine =
    etch::Sequential<etch::Flatten{}, etch::Named<"fc1", etch::Linear{.out_features = 16}>{},
                     etch::ReLU{}, etch::Named<"fc2", etch::Linear{.out_features = 10}>{}>{};
using Net = etch::Network<mine, etch::Shape{1, 28, 28}>;
using Trainer = etch::Trainer<Net, etch::CrossEntropyLoss{}, etch::Adam{.lr = 1e-2},
                              etch::Training{.batch = 2}>;

static int save_and_load(const char* path) {
  static const float images[2 * 28 * 28] = {1, 2, 3, 4};
  const std::int32_t labels[] = {3, 5};
  const auto trainer = std::make_unique<Trainer>(7), other = std::make_unique<Trainer>(8);
  for (int i = 0; i < 3; ++i) trainer->step(images, labels);
  etch::host::save(path, *trainer, {{"epoch", "3"}});
  const etch::host::Metadata more = etch::host::load(path, *other);
  const float first = trainer->step(images, labels), second = other->step(images, labels);
  std::printf("loss %.4f and %.4f\n", static_cast<double>(first), static_cast<double>(second));
  return first == second && more.at("epoch") == "3" ? 0 : 1;
}

int main(int n, char** a) {
  if (n == 3 && std::string_view(a[1]) == "save") return save_and_load(a[2]);
  return etch::host::command<Net>(n, a);
}
