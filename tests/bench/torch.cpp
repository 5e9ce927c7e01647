// The only file of these benchmarks that includes LibTorch. See with_torch.hpp.
#include <torch/torch.h>

#include "with_torch.hpp"

namespace bench {

const bool with_torch = true;

namespace {

std::int64_t signed_of(std::size_t n) { return static_cast<std::int64_t>(n); }

torch::MemoryFormat format(bool channels_last) {
  return channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
}

torch::Tensor random(std::initializer_list<std::size_t> shape, bool channels_last) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end());
  return torch::rand(sizes).sub(0.5).contiguous(format(channels_last));
}

struct Convolution {
  explicit Convolution(const TorchConvolution& c)
      : stride(2, signed_of(c.stride)),
        padding(2, signed_of(c.padding)),
        x(random({c.batch, c.in, c.height, c.width}, c.channels_last)),
        weight(random({c.out, c.in, c.kernel_height, c.kernel_width}, c.channels_last)),
        dy(torch::rand_like(forward())) {}

  torch::Tensor forward() const { return at::conv2d(x, weight, {}, stride, padding); }
  void backward(bool dx, bool dweight) const {
    at::convolution_backward(dy, x, weight, c10::nullopt, stride, padding, {1, 1}, false, {0, 0}, 1,
                             {dx, dweight, false});
  }

  std::vector<std::int64_t> stride, padding;
  torch::Tensor x, weight, dy;
};

// Without autograd.
template <class Body>
std::function<void()> plain(Body body) {
  return [body] {
    torch::NoGradGuard guard;
    body();
  };
}

template <class Forward>
std::function<void()> with_backward(torch::Tensor x, Forward forward) {
  const torch::Tensor dy = torch::rand_like(forward(x));
  x.set_requires_grad(true);
  return [x, dy, forward] { forward(x).backward(dy); };
}

}  // namespace

std::function<void()> torch_forward(const TorchConvolution& c) {
  return plain([conv = Convolution(c)] { conv.forward(); });
}
std::function<void()> torch_input_gradient(const TorchConvolution& c) {
  return plain([conv = Convolution(c)] { conv.backward(true, false); });
}
std::function<void()> torch_weight_gradient(const TorchConvolution& c) {
  return plain([conv = Convolution(c)] { conv.backward(false, true); });
}

std::function<void()> torch_gemm(std::size_t m, std::size_t n, std::size_t k) {
  return plain([a = random({m, k}, false), b = random({k, n}, false)] { at::mm(a, b); });
}

std::function<void()> torch_batch_norm(const TorchNorm& n) {
  torch::nn::BatchNorm2d norm(signed_of(n.channels));
  const torch::Tensor x = random({n.batch, n.channels, n.side, n.side}, true);
  const auto forward = [norm = norm.ptr()](const torch::Tensor& t) { return norm->forward(t); };
  if (n.backward) return with_backward(x, forward);
  return plain([x, forward] { forward(x); });
}

std::function<void()> torch_pool(const TorchPool& p) {
  const torch::Tensor x = random({p.batch, p.channels, p.side, p.side}, true);
  const std::int64_t kernel = signed_of(p.kernel), stride = signed_of(p.stride);
  const std::int64_t padding = signed_of(p.padding);
  const auto forward = [=](const torch::Tensor& t) {
    return p.maximum ? torch::max_pool2d(t, kernel, stride, padding)
                     : torch::avg_pool2d(t, kernel, stride, padding);
  };
  if (p.backward) return with_backward(x, forward);
  return plain([x, forward] { forward(x); });
}

std::function<void()> torch_optimizer(const std::string& name, std::size_t size) {
  constexpr std::size_t tensors = 104;
  const std::int64_t each = signed_of(size / tensors);
  std::vector<torch::Tensor> parameters;
  for (std::size_t i = 0; i < tensors; ++i) {
    parameters.push_back(torch::rand(each).set_requires_grad(true));
    parameters.back().mutable_grad() = torch::rand(each) * 0.01;
  }
  std::shared_ptr<torch::optim::Optimizer> optimizer;
  if (name == "SGD") {
    optimizer = std::make_shared<torch::optim::SGD>(parameters,
                                                    torch::optim::SGDOptions(0.01).momentum(0.9));
  } else if (name == "AdamW") {
    optimizer = std::make_shared<torch::optim::AdamW>(parameters);
  } else {
    optimizer = std::make_shared<torch::optim::Adam>(parameters);
  }
  return [optimizer] { optimizer->step(); };
}

std::function<void()> torch_layer(const TorchConvolution& c, bool onednn) {
  torch::nn::Conv2d layer(
      torch::nn::Conv2dOptions(signed_of(c.in), signed_of(c.out), signed_of(c.kernel_height))
          .stride(signed_of(c.stride))
          .padding(signed_of(c.padding)));
  const torch::Tensor x = random({c.batch, c.in, c.height, c.width}, c.channels_last);
  const auto once =
      with_backward(x, [layer = layer.ptr()](const torch::Tensor& t) { return layer->forward(t); });
  return [once, onednn] {
    at::globalContext().setUserEnabledMkldnn(onednn);
    for (int i = 0; i < 1000; ++i) once();
    at::globalContext().setUserEnabledMkldnn(true);
  };
}

void set_torch_threads(std::size_t threads) { torch::set_num_threads(static_cast<int>(threads)); }

std::string torch_version() { return TORCH_VERSION; }

}  // namespace bench
