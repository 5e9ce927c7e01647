// Batch normalisation. PyTorch equivalents: torch.nn.BatchNorm2d, torch.nn.BatchNorm1d
// https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
#pragma once
#include <etch/kernels/batch_norm.hpp>
#include <etch/layer.hpp>
#include <etch/text.hpp>

namespace etch {

// y = (x - mean) / sqrt(var + eps) * weight + bias, a channel at a time. Training takes mean and
// variance from the batch and moves the running ones by momentum; evaluation takes the running
// ones. Parameters: weight, bias (channels). Buffers: running_mean, running_var (channels).
struct BatchNorm2d {
  std::size_t num_features = 0;  // derived; where given, checked
  float eps = 1e-5f;
  float momentum = 0.1f;
  bool affine = true;

  constexpr Shape output(Shape x) const { return x; }
};

// The same over vectors (N, C), or over sequences (N, C, L) with Shape{C, 1, L}.
struct BatchNorm1d {
  std::size_t num_features = 0;
  float eps = 1e-5f;
  float momentum = 0.1f;
  bool affine = true;

  constexpr Shape output(Shape x) const { return x; }
};

template <Text kind, auto layer, Shape input>
struct BatchNormModule {
  static constexpr std::size_t channels = input.channels, pixels = input.height * input.width;
  static_assert(layer.eps > 0, "BatchNorm: eps must be positive");

  static const float* bias(const Call& c) {
    return layer.affine ? c.parameters + channels : nullptr;
  }
  static const float* weight(const Call& c) { return layer.affine ? c.parameters : nullptr; }
  static float* mean(const Call& c) { return reinterpret_cast<float*>(c.saved); }
  static float* inv_std(const Call& c) { return mean(c) + channels; }

  static void forward(const Call& c) {
    const std::size_t rows = c.batch * pixels;
    if (c.mode == Mode::evaluate) {
      kernels::batch_norm_inference({rows, channels, c.threads, layer.eps, c.x, weight(c), bias(c),
                                     c.buffers, c.buffers + channels, c.y});
    } else if (c.mode == Mode::train) {
      kernels::batch_norm_forward({rows, channels, c.threads, layer.eps, layer.momentum, c.x,
                                   weight(c), bias(c), c.moving_buffers,
                                   c.moving_buffers + channels, mean(c), inv_std(c), c.y});
    } else {
      kernels::batch_norm_apply(
          {rows, channels, c.threads, c.x, weight(c), bias(c), mean(c), inv_std(c), c.y});
    }
  }
  static void backward(const Call& c) {
    const std::size_t rows = c.batch * pixels;
    if (c.mode == Mode::evaluate) {
      kernels::batch_norm_inference_gradient(
          {rows, channels, c.threads, layer.eps, c.dy, weight(c), c.buffers + channels, c.dx});
      return;
    }
    float* dweight = layer.affine ? c.gradients : nullptr;
    float* dbias = dweight != nullptr ? dweight + channels : nullptr;
    kernels::batch_norm_gradient({rows, channels, c.threads, c.x, c.dy, weight(c), mean(c),
                                  inv_std(c), c.dx, dweight, dbias, c.accumulate});
  }
  static void fold(const Call& c) {
    kernels::batch_norm_fold({channels, layer.eps, weight(c), bias(c), c.buffers,
                              c.buffers + channels, c.y, c.y + channels});
  }
  static constexpr std::size_t saved(std::size_t) { return 2 * channels * sizeof(float); }

  static constexpr int lower(Graph& g, int x) {
    const Shape from = g.layout(x, input);
    // After a Flatten the features lie as (height, width, channel); without one, only channels do.
    const Shape features = pixels == 1 ? from : Shape{channels};
    const Shape affine = layer.affine ? features : Shape{0};
    Tensor mean = Tensor::vector("running_mean", features, Initial::zeros);
    Tensor var = Tensor::vector("running_var", features, Initial::ones);
    mean.buffer = var.buffer = true;
    return g.add({.kind = StaticText<kind>::value,
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .dx_needs = g.frozen() ? Needs::nothing : Needs::input,
                  .dw_needs = Needs::input,
                  .in_place = true,
                  .elementwise = true,
                  .fusion = Fusion::norm,
                  .fold = fold,
                  .eps = layer.eps,
                  .saved = saved},
                 from,
                 {Tensor::vector("weight", affine, Initial::ones),
                  Tensor::vector("bias", affine, Initial::zeros), mean, var});
  }
};

template <BatchNorm2d layer, Shape input>
struct Module<layer, input> : BatchNormModule<"BatchNorm2d", layer, input> {
  static_assert(Equal<(layer.num_features ? layer.num_features : input.channels), input.channels>,
                "BatchNorm2d: num_features must equal the channels of the input");
};

template <BatchNorm1d layer, Shape input>
struct Module<layer, input> : BatchNormModule<"BatchNorm1d", layer, input> {
  static_assert(Equal<(layer.num_features ? layer.num_features : input.channels), input.channels>,
                "BatchNorm1d: num_features must equal the channels of the input");
  static_assert(Equal<input.height, 1u>,
                "BatchNorm1d: the input must be a vector or a sequence: its height must be 1");
};

}  // namespace etch
