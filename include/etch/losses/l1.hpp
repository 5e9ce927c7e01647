// Mean absolute error. PyTorch equivalent: torch.nn.L1Loss
// https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
#pragma once
#include <etch/loss.hpp>

namespace etch {

// |output - target|, the mean over all outputs of all images. Targets: as the output, (N, H, W, C).
// The gradient is 0 where output and target are equal.
struct L1Loss {
  using Target = float;
  static constexpr std::size_t targets_per_image(std::size_t outputs) { return outputs; }

  float operator()(const LossCall<Target>& c) const {
    return kernels::mean_absolute_error(
        {c.batch * c.outputs, c.threads, c.scale, c.output, c.target, c.doutput});
  }
};

}  // namespace etch
