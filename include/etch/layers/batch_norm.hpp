// Batch normalisation. PyTorch equivalents: torch.nn.BatchNorm2d, torch.nn.BatchNorm1d
// https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
#pragma once
#include <etch/kernels/batch_norm.hpp>
#include <etch/kernels/typed.hpp>
#include <etch/layer.hpp>

namespace etch {

// Internal: what both have in common. Channels of the input; a row is a pixel.
struct BatchNorm {
  const char* kind;
  float eps, momentum;
  bool affine;

  constexpr Value lower(Graph& g, Value x) const {
    const std::size_t channels = x.shape.channels;
    // After a Flatten the features lie as (height, width, channel); without one, only channels do.
    const Shape features = x.shape.height * x.shape.width == 1 ? x.layout : Shape{channels};
    const Shape learned = affine ? features : Shape{0};
    Tensor mean = Tensor::vector("running_mean", features, Initial::zeros);
    Tensor var = Tensor::vector("running_var", features, Initial::ones);
    mean.buffer = var.buffer = true;
    return g.add({.kind = kind,
                  .attributes = {.geometry = {.input = x.shape},
                                 .affine = affine,
                                 .eps = eps,
                                 .momentum = momentum},
                  .forward = forward,
                  .backward = backward,
                  .fold = fold,
                  .x = x.id,
                  .dx_needs = g.frozen() ? Needs::nothing : Needs::input,
                  .dw_needs = Needs::input,
                  .in_place = true,
                  .elementwise = true,
                  .fusion = Fusion::norm,
                  .saved = 2 * channels * sizeof(float)},
                 x,
                 {Tensor::vector("weight", learned, Initial::ones),
                  Tensor::vector("bias", learned, Initial::zeros), mean, var});
  }

  // Operands of a step.
  struct Operands {
    std::size_t rows, channels;
    const float *weight, *bias;
    float* mean;  // of the batch, saved; null in evaluation

    [[gnu::always_inline]] Operands(const Call& call, const Attributes& of)
        : rows(call.batch * of.geometry.input.height * of.geometry.input.width),
          channels(of.geometry.input.channels),
          weight(of.affine ? call.parameters : nullptr),
          bias(of.affine ? call.parameters + channels : nullptr),
          mean(kernels::typed<float>(call.saved)) {}
    [[gnu::always_inline]] float* inv_std() const { return mean + channels; }
  };
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    const Operands o(c, a);
    if (c.mode == Mode::evaluate) {
      kernels::batch_norm_inference({o.rows, o.channels, c.threads, a.eps, c.x, o.weight, o.bias,
                                     c.buffers, c.buffers + o.channels, c.y});
    } else if (c.mode == Mode::train) {
      kernels::batch_norm_forward({o.rows, o.channels, c.threads, a.eps, a.momentum, c.x, o.weight,
                                   o.bias, c.moving_buffers, c.moving_buffers + o.channels, o.mean,
                                   o.inv_std(), c.y});
    } else {
      kernels::batch_norm_apply(
          {o.rows, o.channels, c.threads, c.x, o.weight, o.bias, o.mean, o.inv_std(), c.y});
    }
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    const Operands o(c, a);
    if (c.mode == Mode::evaluate) {
      kernels::batch_norm_inference_gradient(
          {o.rows, o.channels, c.threads, a.eps, c.dy, o.weight, c.buffers + o.channels, c.dx});
      return;
    }
    float* dweight = a.affine ? c.gradients : nullptr;
    float* dbias = dweight != nullptr ? dweight + o.channels : nullptr;
    kernels::batch_norm_gradient({o.rows, o.channels, c.threads, c.x, c.dy, o.weight, o.mean,
                                  o.inv_std(), c.dx, dweight, dbias, c.accumulate});
  }
  [[gnu::always_inline]] static void fold(const Call& c, const Attributes& a) {
    const Operands o(c, a);
    kernels::batch_norm_fold({o.channels, a.eps, o.weight, o.bias, c.buffers,
                              c.buffers + o.channels, c.y, c.y + o.channels});
  }
};

// Batch norm: y = (x - mean) / sqrt(var + eps) * weight + bias, a channel at a time. Training takes
// mean and variance from the batch and moves the running ones by momentum; evaluation takes the
// running ones. Parameters: weight, bias (channels). Buffers: running_mean, running_var (channels).
struct BatchNorm2d {
  std::size_t num_features = 0;  // channels: derived; where given, checked
  float eps = 1e-5f;             // above 0
  float momentum = 0.1f;         // of the running statistics: the share of the batch's
  bool affine = true;            // false: without weight and bias

  static constexpr const char* name = "BatchNorm2d";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("num_features", l.num_features);
    visit("eps", l.eps);
    visit("momentum", l.momentum);
    visit("affine", l.affine);
  }
  constexpr Shape output(Shape x) const { return x; }
  constexpr Problem check(Value x) const {
    const std::size_t features = num_features ? num_features : x.shape.channels;
    return Rules()
        .holds(eps > 0, "BatchNorm2d: eps must be positive")
        .equal(features, x.shape.channels,
               "BatchNorm2d: num_features must equal the channels of the input");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return BatchNorm{name, eps, momentum, affine}.lower(g, x);
  }
};

// Batch norm over vectors (N, C), or over sequences (N, C, L) with Shape{C, 1, L}.
struct BatchNorm1d {
  std::size_t num_features = 0;  // channels: derived; where given, checked
  float eps = 1e-5f;             // above 0
  float momentum = 0.1f;         // of the running statistics: the share of the batch's
  bool affine = true;            // false: without weight and bias

  static constexpr const char* name = "BatchNorm1d";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("num_features", l.num_features);
    visit("eps", l.eps);
    visit("momentum", l.momentum);
    visit("affine", l.affine);
  }
  constexpr Shape output(Shape x) const { return x; }
  constexpr Problem check(Value x) const {
    const std::size_t features = num_features ? num_features : x.shape.channels;
    return Rules()
        .holds(eps > 0, "BatchNorm1d: eps must be positive")
        .equal(features, x.shape.channels,
               "BatchNorm1d: num_features must equal the channels of the input")
        .equal(x.shape.height, 1,
               "BatchNorm1d: the input must be a vector or a sequence: its height must be 1");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return BatchNorm{name, eps, momentum, affine}.lower(g, x);
  }
};

}  // namespace etch
