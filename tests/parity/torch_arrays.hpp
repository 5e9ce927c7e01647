// Arrays as LibTorch has them: for the files that include LibTorch.
#pragma once
#include <torch/torch.h>

#include "torch.hpp"

namespace parity {

inline torch::Tensor to_torch(const Array& a, torch::Dtype type) {
  std::vector<std::int64_t> shape(a.shape.begin(), a.shape.end());
  return torch::tensor(a.values, torch::kFloat64).reshape(shape).to(type);
}

inline Array from_torch(const torch::Tensor& t) {
  const torch::Tensor d = t.detach().to(torch::kFloat64).contiguous();
  Array a;
  a.shape.assign(d.sizes().begin(), d.sizes().end());
  a.values.assign(d.data_ptr<double>(), d.data_ptr<double>() + d.numel());
  return a;
}

}  // namespace parity
