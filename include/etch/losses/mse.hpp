// Mean squared error. PyTorch equivalent: torch.nn.MSELoss
// https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
#pragma once
#include <etch/loss.hpp>

namespace etch {

// (output - target)^2, the mean over all outputs of all images. Targets: as the output, (N, H, W,
// C).
struct MSELoss {
  using Target = float;
  static constexpr std::size_t targets_per_image(std::size_t outputs) { return outputs; }

  float operator()(const LossCall<Target>& c) const {
    return kernels::mean_squared_error(
        {c.batch * c.outputs, c.threads, c.scale, c.output, c.target, c.doutput});
  }
};

}  // namespace etch
