// Trains a small network, saves it and what it answers: save_net WEIGHTS ANSWERS. ANSWERS gets "x"
// (N, C, H, W) as in PyTorch, and "y" (N, outputs).
#include <etch/etch.hpp>
#include <etch/host/error.hpp>
#include <etch/host/save.hpp>
#include <etch/kernels/layout.hpp>

#include <iostream>
#include <memory>

using namespace etch;
using namespace etch::host;

static constexpr auto layers = Sequential<
    Named<"conv", Conv2d{.out_channels = 6, .kernel_size = 3, .stride = 2, .padding = 1}>{},
    Named<"norm", BatchNorm2d{}>{}, ReLU{},
    Named<"depthwise", Conv2d{.out_channels = 6, .kernel_size = 3, .groups = 6, .bias = false}>{},
    Tanh{}, Flatten{}, Named<"fc", Linear{.out_features = 4}>{}>{};
using Net = Network<layers, Shape{2, 12, 10}>;

static void run(const char* weights, const char* answers) {
  constexpr std::size_t batch = 8;
  const auto trainer = std::make_unique<
      Trainer<Net, CrossEntropyLoss{}, AdamW{.lr = 1e-2}, Training{.batch = batch}>>(3);
  std::vector<float> images(batch * Net::input_shape.elements()), nchw(images.size());
  Generator random{5};
  for (float& v : images) v = random.uniform();
  const std::int32_t labels[batch] = {0, 1, 2, 3, 0, 1, 2, 3};
  for (int i = 0; i < 10; ++i) trainer->step(images, labels);
  save(weights, trainer->parameters());
  const auto inference =
      std::make_unique<Inference<Net, InferenceOptions{.batch = batch}>>(trainer->parameters());
  const std::span<const float> y = inference->batch(images);
  for (std::size_t n = 0; n < batch; ++n) {
    for (std::size_t i = 0; i < 120; ++i) {
      for (std::size_t c = 0; c < 2; ++c)
        nchw[(n * 2 + c) * 120 + i] = images[(n * 120 + i) * 2 + c];
    }
  }
  write_safetensors(
      answers, {source("x", {batch, 2, 12, 10}, nchw.data()), source("y", {batch, 4}, y.data())});
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
