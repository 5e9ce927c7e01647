// What a user chooses of inference and of training: the second argument of Inference and the last
// of Trainer.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch {

// When the optimizer moves the parameters.
enum class Update : unsigned char {
  accumulate,  // a gradient block like PyTorch's; the optimizer runs after the backward pass
  fused,       // a layer's gradient is applied and dropped as soon as it is known
};

// What backward recomputes instead of forward keeping it: recompute.hpp. The same bits come out.
struct Recompute {
  // How much.
  enum Kind : unsigned char {
    nothing,      // all that backward needs is kept
    elementwise,  // outputs of batch norm, activations and dropout are recomputed
    blocks,       // all but the inputs of blocks, such as a Residual and its ReLU
    to_fit,       // as few blocks as let the arena take at most `bytes`: Recompute::budget{bytes}
  };
  // As little as lets the arena fit: Recompute::budget{60 << 20}. Where it can't fit, the Trainer
  // doesn't compile.
  struct budget {
    std::size_t bytes;  // of the arena
  };

  Kind kind = nothing;    // how much
  std::size_t bytes = 0;  // of the arena, where kind is to_fit
  // Of to_fit, chosen so that the arena fits: BudgetSearch. See Schedule::mark_blocks.
  int blocks_dropped = 0;
  std::size_t limit = 0;  // bytes: the longest stretch, with what is kept before it

  // What the arena may take.
  constexpr std::size_t budget_or_all() const {
    return kind == to_fit ? bytes : static_cast<std::size_t>(-1);
  }

  // Implicitly, so that Training{.recompute = Recompute::blocks} is one.
  constexpr Recompute(Kind what = nothing) : kind(what) {}
  // The same of Recompute::budget{bytes}.
  constexpr Recompute(budget most) : kind(to_fit), bytes(most.bytes) {}
};

// What an Inference is made for. Arena and steps follow from it in the compiler.
struct InferenceOptions {
  std::size_t batch = 1, threads = 1;  // at most this many
  bool winograd = false;  // kernels/winograd.hpp where it pays: faster, less exact, more memory
  bool fuse = true;       // a convolution, its norm, a sum and a ReLU after it are one step
  bool guarded = false;   // guard.hpp: to find a layer that writes beyond its buffers
};

// Initial values of the parameters: initialize.hpp.
enum class Initialization : unsigned char {
  kaiming_uniform,  // PyTorch's default: weights and biases within +-1 / sqrt(fan_in)
  kaiming_normal,   // convolutions with N(0, 2 / fan_out), as torchvision's ResNets; others default
};

// What a Trainer is made for, beside network, loss and optimizer.
struct Training {
  std::size_t batch = 1;               // at most this many images
  Update update = Update::accumulate;  // fused saves the gradients' memory
  Recompute recompute{};               // less memory for more time, with the same bits
  std::size_t threads = 1;             // at most this many
  Initialization initialization = Initialization::kaiming_uniform;  // of parameters, by the seed
  // Parameters come from outside, and what is frozen stays there, as in flash: the trainer has only
  // the trainable parameters.
  bool frozen_in_place = false;
  // kernels/winograd.hpp for forward and input gradients, where it pays for `batch` images: faster,
  // less exact, and a layer's transformed weights in the scratch.
  bool winograd = false;
  bool guarded = false;  // guard.hpp: to find a layer that writes beyond its buffers
};

}  // namespace etch
