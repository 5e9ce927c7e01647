// What one step of a program hands to a layer: pointers into memory that was planned at compile
// time. A layer's forward and backward are functions of a Call.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>

namespace etch {

// How a step treats batch norm and dropout.
enum class Mode : unsigned char {
  evaluate,  // module.eval() in PyTorch
  train,     // module.train()
  replay,    // forward once more in the backward pass: the same bits, no statistics moved
};

// The operands of one step. A pointer is null where the step has no such operand. Activations are
// (batch, H, W, C).
struct Call {
  std::size_t batch = 0, threads = 1;  // `batch` images, on at most `threads` threads
  Mode mode = Mode::evaluate;          // of the step: frozen layers are always in evaluate
  bool accumulate = false;             // gradients += instead of =
  bool accumulate_dx = false;          // dx += instead of =; only where Op::accumulates
  std::size_t count = 0;               // numbers of this layer's parameters
  // Of this step's random numbers, where Op::draws: differs by layer and training step.
  std::uint64_t key = 0;

  const float* x = nullptr;     // input (in backward: where Op::dx_needs or dw_needs says so)
  const float* skip = nullptr;  // second input
  float* y = nullptr;           // output (in backward: to be read where these say so)
  const float* dy = nullptr;    // gradient of the output
  float* dx = nullptr;          // gradient of the input; null: nobody wants it

  const float* parameters = nullptr;  // this layer's, in the order they were added
  float* gradients = nullptr;         // as parameters; null: the layer is frozen
  const float* buffers = nullptr;     // this layer's running statistics
  float* moving_buffers = nullptr;    // the same in Mode::train, else null

  // What a convolution of a fused program does before it stores (Fusion::takes): with `norm`, which
  // holds the scale and then the shift of each output channel, with `skip` and with `relu`. A bias
  // is added to the shift.
  float* norm = nullptr;
  bool relu = false;  // max(x, 0) last
  // Op::prepared bytes: written by OpKernels::prepare, read by forward_prepared.
  float* prepared = nullptr;

  std::byte* saved = nullptr;    // Op::saved bytes, kept from forward to backward
  std::byte* scratch = nullptr;  // Op::forward_scratch or backward_scratch bytes
};

// What a step runs: one op, forward or backward. It may use c.threads threads; calls of one program
// never overlap.
using Kernel = void (*)(const Call&);

}  // namespace etch
