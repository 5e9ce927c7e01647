// LibTorch's kernels behind plain numbers and functions: only torch.cpp includes it, which takes a
// minute to compile. Each makes its own random tensors; threads are those of set_torch_threads.
#pragma once
#include <cstddef>
#include <functional>
#include <string>

namespace bench {

// Without, none of the rest may be called but set_torch_threads and torch_version.
extern const bool with_torch;

struct TorchConvolution {
  std::size_t batch = 1, in = 1, height = 1, width = 1, out = 1, kernel_height = 1,
              kernel_width = 1;
  std::size_t stride = 1, padding = 0;
  bool channels_last = false;
};

// at::conv2d and the two halves of at::convolution_backward, without autograd.
std::function<void()> torch_forward(const TorchConvolution&);
std::function<void()> torch_input_gradient(const TorchConvolution&);
std::function<void()> torch_weight_gradient(const TorchConvolution&);

// (m, k) by (k, n).
std::function<void()> torch_gemm(std::size_t m, std::size_t n, std::size_t k);

// Forward alone, or with backward; channels last. Norms in training mode.
struct TorchNorm {
  std::size_t batch = 1, channels = 1, side = 1;
  bool backward = false;
};
std::function<void()> torch_batch_norm(const TorchNorm&);

struct TorchPool {
  std::size_t batch = 1, channels = 1, side = 1, kernel = 1, stride = 1, padding = 0;
  bool maximum = true, backward = false;
};
std::function<void()> torch_pool(const TorchPool&);

// A step of torch::optim over as many tensors as ResNet-101 has convolutions, `size` numbers in
// all: "Adam", "AdamW", "SGD" (momentum 0.9).
std::function<void()> torch_optimizer(const std::string& name, std::size_t size);

// torch::nn::Conv2d through autograd: 1000 times forward and backward, with the input's gradient.
std::function<void()> torch_layer(const TorchConvolution&, bool onednn);

void set_torch_threads(std::size_t threads);
std::string torch_version();

}  // namespace bench
