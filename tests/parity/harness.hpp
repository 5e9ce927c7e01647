// A network of etch beside the same one of LibTorch: parameters taken from torch, random input,
// random output gradient; then output, input gradient, every parameter gradient and the running
// statistics are compared. What fails is written to a file that --replay runs again.
#pragma once
#include <etch/etch.hpp>
#include <etch/kernels/layout.hpp>

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "network/names.hpp"
#include "torch.hpp"

namespace parity {

struct Tolerance {
  double atol = 1e-6, rtol = 1e-5;
};

enum class Input { uniform, normal };  // [0, 1), or N(0, 1)

struct Case {
  std::string name;
  std::size_t batch = 1;
  Input input = Input::uniform;
  bool train = true;
  Tolerance tolerance{};
};

// Numbers of one run in PyTorch's layouts and etch's names.
struct Outcome {
  Array y, dx;
  Named gradients, buffers;
};

// One case with its numbers, so that it can be written and run again.
struct Problem {
  Array x, dy;
  Named parameters;  // and buffers, as they are before
};

// Fills in what a replay file holds instead of drawing at random; see main.cpp.
struct Replay {
  static Problem* of(const std::string& name);
};

// Compares and, where they differ, writes the replay file and fails the test.
void require_equal(const Case&, const Problem&, const Outcome& etch, const Outcome& torch);

// The worst error of two arrays: |a - b| / (atol + rtol * |b|), at most 1 where they agree. NaN
// never agrees.
struct Difference {
  double ratio = 0, error = 0;
  std::size_t index = 0;
};
Difference difference(const Array& a, const Array& b, Tolerance);

Problem random_problem(const Case&, std::vector<std::size_t> x, std::vector<std::size_t> y,
                       const Module&);
// The torch run, with its tensors under the names that etch gives them (they come in one order).
Outcome torch_outcome(Module&, const Case&, const Problem&);

// The layer in front of every network under test: y = x. It learns one number that is never
// used, so that a gradient flows to it, and keeps that: the network's input gradient.
struct Probe {
  constexpr etch::Shape output(etch::Shape x) const { return x; }
  constexpr etch::Value lower(etch::Graph& g, etch::Value x) const {
    return g.add({.kind = "Probe",
                  .attributes = {.geometry = {.input = x.shape}},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id},
                 x, {etch::Tensor::vector("probe", {1}, etch::Initial::zeros)});
  }
  static void forward(const etch::Call& c, const etch::Attributes& a) {
    for (std::size_t i = 0; i < c.batch * a.inputs(); ++i) c.y[i] = c.x[i];
  }
  static void backward(const etch::Call& c, const etch::Attributes& a) {
    dx.assign(c.dy, c.dy + c.batch * a.inputs());
    c.gradients[0] = 0;
  }

  static inline std::vector<float> dx;
};

// A loss whose gradient is given: the targets are it.
struct GivenGradient {
  using Target = float;
  static constexpr std::size_t targets_per_image(std::size_t outputs) { return outputs; }
  float operator()(const etch::LossCall<float>& c) const {
    for (std::size_t i = 0; i < c.batch * c.outputs; ++i) c.doutput[i] = c.scale * c.target[i];
    return 0;
  }
};

inline std::vector<float> floats(const Array& a) { return {a.values.begin(), a.values.end()}; }

// PyTorch's (N, C, H, W) to (N, H, W, C) and back.
inline std::vector<float> to_nhwc(const Array& a, std::size_t batch, etch::Shape shape) {
  const std::vector<float> from = floats(a);
  std::vector<float> to(from.size());
  etch::kernels::nchw_to_nhwc(batch, shape, from.data(), to.data());
  return to;
}
inline Array from_nhwc(const float* x, std::size_t batch, etch::Shape shape) {
  std::vector<float> to(batch * shape.elements());
  etch::kernels::nhwc_to_nchw(batch, shape, x, to.data());
  return {{batch, shape.channels, shape.height, shape.width}, {to.begin(), to.end()}};
}

// All tensors of a graph but the probe's, in order.
inline std::vector<etch::Tensor> tensors_of(etch::GraphView g) {
  return {g.tensors + 1, g.tensors + g.size.tensors};
}

inline Array tensor_array(const etch::Tensor& t, const float* values) {
  std::vector<float> torch(t.size());
  etch::host::to_torch(t, values, torch.data());
  return {etch::host::torch_shape(t), {torch.begin(), torch.end()}};
}

// Puts values into a network's parameters: parameters and buffers, each in their order.
inline void load(etch::GraphView g, const Named& values, float* parameters) {
  std::size_t next = 0;
  for (const bool buffer : {false, true}) {
    for (const etch::Tensor& t : tensors_of(g)) {
      if (t.buffer != buffer) continue;
      REQUIRE(next < values.size());
      REQUIRE(values[next].array.values.size() == t.size());
      const std::vector<float> from = floats(values[next++].array);
      etch::host::from_torch(t, from.data(), parameters + g.offset_of(t));
    }
  }
  REQUIRE(next == values.size());
}

template <auto layer, etch::Shape input>
using Probed = etch::Network<etch::Sequential<Probe{}, layer>{}, input>;

// One forward and backward pass of etch.
template <class Net, etch::Training options>
Outcome etch_outcome(const Case& c, const Problem& problem) {
  using namespace etch;
  constexpr GraphView g = Net::graph;
  auto trainer = std::make_unique<Trainer<Net, GivenGradient{}, SGD{.lr = 0}, options>>();
  float* parameters = trainer->parameters().values;
  load(g, problem.parameters, parameters);
  const std::vector<float> x = to_nhwc(problem.x, c.batch, Net::input_shape);
  const Shape out = g.values[g.output];
  Outcome o;
  if (!c.train) {
    Inference<Net, InferenceOptions{.batch = options.batch, .threads = options.threads}> net(
        trainer->parameters());
    o.y = from_nhwc(net.batch(x).data(), c.batch, out);
    return o;
  }
  trainer->backward(x, to_nhwc(problem.dy, c.batch, out));
  o.y = from_nhwc(trainer->output().data(), c.batch, out);
  o.dx = from_nhwc(Probe::dx.data(), c.batch, Net::input_shape);
  for (const Tensor& t : tensors_of(g)) {
    if (t.frozen && !t.buffer) continue;
    const float* values = t.buffer ? parameters + g.offset_of(t) : trainer->gradients() + t.offset;
    (t.buffer ? o.buffers : o.gradients)
        .push_back({host::tensor_name(g, t), tensor_array(t, values)});
  }
  return o;
}

// Compares a layer (or a stack) at an input shape with its description for torch. LibTorch runs in
// double on the same float numbers: the tolerance then measures etch's rounding alone, and not
// that of the two together.
template <auto layer, etch::Shape input, std::size_t batch = 3>
void compare(const std::string& name, const LayerSpec& spec, Tolerance tolerance = {}) {
  using Net = Probed<layer, input>;
  constexpr etch::GraphView g = Net::graph;
  const etch::Shape out = g.values[g.output];
  for (const Input kind : {Input::uniform, Input::normal}) {
    for (const bool train : {true, false}) {
      for (const std::size_t n : {batch, std::size_t{1}}) {
        // One row has no variance: PyTorch refuses to normalise it.
        if (n == 1 && train && g.num_buffers > 0) continue;
        Case c{name + (kind == Input::normal ? ", normal" : ", uniform") +
                   (train ? ", train" : ", eval") + ", batch " + std::to_string(n),
               n, kind, train, tolerance};
        Module torch(spec, Precision::float64, 1);
        torch.train(train);
        const std::vector<std::size_t> x =
            input.height * input.width == 1 && spec.kind != "conv2d"
                ? std::vector<std::size_t>{n, input.channels}
                : std::vector<std::size_t>{n, input.channels, input.height, input.width};
        Problem problem = random_problem(c, x, {n, out.channels, out.height, out.width}, torch);
        if (const Problem* stored = Replay::of(c.name)) problem = *stored;
        const Outcome ours =
            etch_outcome<Net, etch::Training{.batch = batch, .threads = 2}>(c, problem);
        require_equal(c, problem, ours, torch_outcome(torch, c, problem));
      }
    }
  }
}

}  // namespace parity
