// How long each step of a program takes, and what it computes.
#pragma once
#include <etch/host/program/program.hpp>

#include <string>

namespace etch::host {

struct StepTime {
  std::string pass, layer, kind;  // "forward", "layer1.0.conv1 Conv2d + BatchNorm2d", "Conv2d"
  std::size_t macs = 0;           // of the batch, without those that meet only padding
  double seconds = 0, best = 0;   // the median, and the shortest

  double gflops() const { return seconds > 0 ? 2e-9 * static_cast<double>(macs) / seconds : 0; }
};

struct Profile {
  std::vector<StepTime> steps;  // in the order they run
  std::size_t runs = 0;
  double seconds = 0;  // of a whole run, the median
};

// Multiply-accumulates of one image in an op's forward pass that don't meet padding: what etch's
// kernels compute.
std::size_t inside_macs(GraphView graph, int op);

// The multiply-accumulates of a step, for `batch` images.
std::size_t step_macs(GraphView graph, const Step& step, std::size_t batch);

// Runs a program, after the steps that run once, again and again, for about so long, on random
// images. Training takes a step of `Adam`, after the program or, with Update::fused, in it.
Profile profile(GraphView graph, const InferenceOptions& options, double seconds);
Profile profile(GraphView graph, const Training& options, double seconds);

}  // namespace etch::host
