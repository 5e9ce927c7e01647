// LibTorch behind an interface of plain numbers, so that only torch.cpp and torch_training.cpp
// include it (1.2 GB each to compile). Tensors cross in PyTorch's layouts, as doubles: they hold
// floats exactly.
//
//   parity::Module torch(parity::sequential({parity::conv2d({.in = 3, .out = 8, .kernel = {3, 3}}),
//                                            parity::simple("relu")}), parity::Precision::float32,
//                                            1);
//   torch.load(parameters);              // or torch.parameters(), to start etch from
//   parity::Run run = torch.run(x, dy);  // run.y, run.dx, run.gradients, run.buffers
//   std::vector<double> losses = parity::train_steps(
//       torch, {.optimizer = {.lr = 0.1, .momentum = 0.9}}, {{.x = x, .labels = {3, 1}}});
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace parity {

struct Array {
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

struct NamedArray {
  std::string name;
  Array array;
};
using Named = std::vector<NamedArray>;

using Two = std::array<std::size_t, 2>;  // height, width

// A description of a torch network: a layer and its numbers, or a tree of them.
struct LayerSpec {
  std::string kind{};
  std::size_t in = 0, out = 0, groups = 1;
  Two kernel{1, 1}, stride{1, 1}, padding{0, 0}, dilation{1, 1};
  bool bias = true, affine = true, count_include_pad = true;
  double eps = 1e-5, momentum = 0.1, slope = 0.01, value = 0;
  Two extra{0, 0};
  std::vector<LayerSpec> children{};
};

LayerSpec conv2d(LayerSpec);
LayerSpec conv_transpose2d(LayerSpec);  // extra: output_padding
LayerSpec linear(std::size_t in, std::size_t out, bool bias = true);
LayerSpec batch_norm2d(LayerSpec);
LayerSpec batch_norm1d(LayerSpec);
LayerSpec max_pool2d(LayerSpec);
LayerSpec avg_pool2d(LayerSpec);
LayerSpec leaky_relu(double slope);
LayerSpec elu(double alpha);
LayerSpec hardtanh(double low, double high);
LayerSpec prelu(std::size_t slopes, double init = 0.25);
LayerSpec pad(Two extra, double value = 0);  // F.pad below and on the right
// relu relu6 sigmoid tanh softmax flatten global_avg_pool hardsigmoid hardswish silu gelu gelu_tanh
// log_softmax
LayerSpec simple(std::string kind);
// "constant", "reflect", "replicate": left, right, above, below. "nearest", "bilinear", "corners".
LayerSpec border(std::string how, std::array<std::size_t, 4> sides);
LayerSpec upsample(std::string how, Two size);
LayerSpec sequential(std::vector<LayerSpec>);
LayerSpec residual(LayerSpec body, LayerSpec shortcut);  // body(x) + shortcut(x)
LayerSpec add(std::vector<LayerSpec> branches);
LayerSpec multiply(std::vector<LayerSpec> branches);  // (N, C) counts for all pixels
LayerSpec concat(std::vector<LayerSpec> branches);    // torch.cat(..., 1)
// A value to be used later, under a number, and what comes of it with the value at hand: "load",
// "add", "multiply", or "concat" (the saved one last).
LayerSpec save(std::size_t number);
LayerSpec with_saved(std::string how, std::size_t number);
LayerSpec frozen(LayerSpec);  // eval(), requires_grad_(False)

// torchvision's ResNet, with its names; `resnet8` is MLPerf Tiny's, with biases and
// TensorFlow's padding.
struct ResNetSpec {
  std::array<std::size_t, 4> blocks{2, 2, 2, 2};
  bool bottleneck = false, stride_on_first = false, batch_norm = true, resnet8 = false;
  std::size_t in_channels = 3, classes = 10;
};

enum class Precision { float32, float64 };

struct Run {
  Array y, dx;
  Named gradients, buffers;
  double loss = 0;
};

struct OptimizerSpec {
  std::string kind = "sgd";  // adam, adamw
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  bool nesterov = false;
};

class Module {
 public:
  Module(const LayerSpec&, Precision, std::uint64_t seed);
  Module(const ResNetSpec&, Precision, std::uint64_t seed);
  ~Module();

  Named parameters() const;
  Named buffers() const;    // running_mean and running_var
  void load(const Named&);  // parameters and buffers, by name
  void train(bool);

  Run run(const Array& x, const Array& dy);
  Run cross_entropy(const Array& x, const std::vector<std::int64_t>& labels, double smoothing);

  // Trains: a step for each batch, cross entropy. The losses, from before each update.
  std::vector<double> train_steps(const OptimizerSpec&, const std::vector<Array>& images,
                                  const std::vector<std::vector<std::int64_t>>& labels);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

// The parameters after each step, from their initial values and one gradient a step.
std::vector<std::vector<float>> optimizer_steps(const OptimizerSpec&, std::vector<float> parameters,
                                                const std::vector<std::vector<float>>& gradients);

struct LossResult {
  double loss;
  Array doutput;
};
LossResult cross_entropy(const Array& logits, const std::vector<std::int64_t>& labels,
                         double smoothing, const std::vector<double>& weight = {},
                         std::int64_t ignore_index = -100);
// kind: mse, l1, smooth_l1 (number: beta), huber (number: delta), bce_with_logits (weight:
// pos_weight, of the last dimension; or empty).
LossResult loss(const std::string& kind, const Array& output, const Array& target,
                double number = 1, const std::vector<double>& weight = {});

// What one backward pass learns from: labels for cross entropy, or else targets for MSE.
struct Batch {
  Array x;
  std::vector<std::int64_t> labels{};
  Array targets{};
};

struct TrainSpec {
  OptimizerSpec optimizer{};
  double smoothing = 0;        // of the labels
  std::size_t accumulate = 1;  // batches a step, their gradients averaged
  double max_norm = 0;         // clip_grad_norm_, where it isn't 0
  std::size_t lr_step = 0;     // StepLR, where it isn't 0: after every lr_step optimizer steps
  double lr_gamma = 0.1;       //   the rate is multiplied by this
};

// Trains the module by torch::optim, in its own precision: batches.size() / accumulate steps, the
// loss of each (the mean over its batches, before the step). Module::train_steps with clipping,
// accumulation, MSE and StepLR. Batches that don't fill a step, and targets of another shape than
// the output's, throw. MSE runs the network twice a batch.
std::vector<double> train_steps(Module&, const TrainSpec&, const std::vector<Batch>&);

// torch.nn.utils.clip_grad_norm_: the norm, and the gradients after.
double clip_grad_norm(std::vector<float>& gradients, double max_norm);

void set_threads(int);

}  // namespace parity
