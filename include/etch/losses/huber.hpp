// Squared error near 0, absolute error beyond. PyTorch equivalents: torch.nn.HuberLoss,
// torch.nn.SmoothL1Loss
// https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
// https://pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
#pragma once
#include <etch/contract.hpp>
#include <etch/layer.hpp>
#include <etch/loss.hpp>

namespace etch {

// Huber's loss. Of a difference v: v^2 / 2 up to delta, delta * (|v| - delta / 2) beyond. The mean
// over all outputs of all images. Targets: as the output, (N, H, W, C).
struct HuberLoss {
  float delta = 1;  // above 0: where the square ends

  using Target = float;
  static constexpr std::size_t targets_per_image(std::size_t outputs) { return outputs; }

  float operator()(const LossCall<Target>& c) const {
    return kernels::huber(
        {{c.batch * c.outputs, c.threads, c.scale, c.output, c.target, c.doutput}, delta, 1.0f});
  }
};

// Huber's loss with a slope of 1: HuberLoss{beta} / beta. With a beta of 0 it would be L1Loss.
struct SmoothL1Loss {
  float beta = 1;  // above 0: where the square ends

  using Target = float;
  static constexpr std::size_t targets_per_image(std::size_t outputs) { return outputs; }

  float operator()(const LossCall<Target>& c) const {
    return kernels::huber({{c.batch * c.outputs, c.threads, c.scale, c.output, c.target, c.doutput},
                           beta,
                           1.0f / beta});
  }
};

template <HuberLoss loss, class Net>
struct LossOf<loss, Net> {
  static_assert(loss.delta > 0, "HuberLoss: delta must be above 0");
};

template <SmoothL1Loss loss, class Net>
struct LossOf<loss, Net> {
  static_assert(loss.beta > 0, "SmoothL1Loss: beta must be above 0 (L1Loss is that of 0)");
};

}  // namespace etch
