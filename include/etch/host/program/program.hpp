// A program made at run time, for any batch, threads and memory mode: what Trainer and Inference
// have the compiler make.
#pragma once
#include <etch/schedule.hpp>

#include <string>
#include <vector>

namespace etch::host {

// The steps of inference or of a training step, and the arena that they need.
struct Program {
  std::vector<Step> steps;         // in their order
  std::vector<Buffer> buffers;     // of the arena, with their lifetimes
  std::size_t num_forward = 0;     // steps before the loss
  std::size_t num_prepare = 0;     // of these, the first so many run once
  std::size_t prepared_bytes = 0;  // of weights that these transform
  std::uint32_t output = absent;   // where the network's output is: an operand
  Peak peak{};                     // bytes of the arena
  std::size_t recompute_macs = 0;  // an image
};

// What a Session takes of the host's memory, by its use.
struct Bytes {
  std::size_t parameters = 0, prepared = 0, gradients = 0, optimizer = 0, arena = 0;  // bytes
  // Their sum.
  std::size_t total() const { return parameters + prepared + gradients + optimizer + arena; }
};

// Recompute of a text: "nothing", "elementwise", "blocks", or the bytes of an arena to fit:
// "60MiB", "512K", "1000000". Throws an Error.
Recompute recompute_from_text(const std::string& text);

// The program of a graph. Throws an Error where Recompute::budget can't be met, or the arena is
// larger than a program's offsets reach (16 GiB).
Program make_program(GraphView graph, InferenceOptions options);
Program make_program(GraphView graph, Training options);

}  // namespace etch::host
