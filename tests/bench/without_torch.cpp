// Stands in for torch.cpp where LibTorch isn't installed: no row asks for what it has.
#include "with_torch.hpp"

#include <cstdlib>

namespace bench {

const bool with_torch = false;

std::function<void()> torch_forward(const TorchConvolution&) { std::abort(); }
std::function<void()> torch_input_gradient(const TorchConvolution&) { std::abort(); }
std::function<void()> torch_weight_gradient(const TorchConvolution&) { std::abort(); }
std::function<void()> torch_gemm(std::size_t, std::size_t, std::size_t) { std::abort(); }
std::function<void()> torch_batch_norm(const TorchNorm&) { std::abort(); }
std::function<void()> torch_pool(const TorchPool&) { std::abort(); }
std::function<void()> torch_optimizer(const std::string&, std::size_t) { std::abort(); }
std::function<void()> torch_layer(const TorchConvolution&, bool) { std::abort(); }
void set_torch_threads(std::size_t) {}
std::string torch_version() { return "isn't installed"; }

}  // namespace bench
