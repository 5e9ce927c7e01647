// Modules of LibTorch from specifications. See torch.hpp.
#include "torch_arrays.hpp"

#include <map>

namespace parity {
namespace {

namespace nn = torch::nn;

std::vector<std::int64_t> two(const Two& t) {
  return {static_cast<std::int64_t>(t[0]), static_cast<std::int64_t>(t[1])};
}
std::int64_t signed_of(std::size_t n) { return static_cast<std::int64_t>(n); }

// A module whose forward is virtual: a node of any tree.
struct Node : nn::Module {
  virtual torch::Tensor forward(torch::Tensor x) = 0;
};
using NodePtr = std::shared_ptr<Node>;

template <class Holder>
struct Leaf : Node {
  Holder layer;
  explicit Leaf(Holder l) : layer(register_module("layer", l)) {}
  torch::Tensor forward(torch::Tensor x) override { return layer->forward(x); }
};
template <class Holder>
NodePtr leaf(Holder layer) {
  return std::make_shared<Leaf<Holder>>(layer);
}

struct Sequence : Node {
  std::vector<NodePtr> children;
  void add(const std::string& name, NodePtr child) {
    children.push_back(register_module(name, std::move(child)));
  }
  torch::Tensor forward(torch::Tensor x) override {
    for (const NodePtr& child : children) x = child->forward(x);
    return x;
  }
};

struct Sum : Node {
  NodePtr body, shortcut;
  Sum(NodePtr b, NodePtr s)
      : body(register_module("body", b)), shortcut(register_module("shortcut", s)) {}
  torch::Tensor forward(torch::Tensor x) override {
    return body->forward(x) + shortcut->forward(x);
  }
};

// (N, C) beside (N, C, H, W) is one number a channel.
torch::Tensor product(torch::Tensor a, torch::Tensor b) {
  if (a.dim() < b.dim()) a = a.unsqueeze(-1).unsqueeze(-1);
  if (b.dim() < a.dim()) b = b.unsqueeze(-1).unsqueeze(-1);
  return a * b;
}
torch::Tensor joined(const std::string& how, torch::Tensor a, torch::Tensor b) {
  if (how == "add") return a + b;
  if (how == "multiply") return product(a, b);
  if (how == "concat") return torch::cat({a, b}, 1);
  if (how == "load") return b;
  throw std::invalid_argument("no such join: " + how);
}

struct Joined : Node {
  std::string how;
  std::vector<NodePtr> branches;
  explicit Joined(std::string kind) : how(std::move(kind)) {}
  void add(const std::string& name, NodePtr branch) {
    branches.push_back(register_module(name, std::move(branch)));
  }
  torch::Tensor forward(torch::Tensor x) override {
    torch::Tensor y = branches[0]->forward(x);
    for (std::size_t i = 1; i < branches.size(); ++i) y = joined(how, y, branches[i]->forward(x));
    return y;
  }
};

// Of one forward pass; there is one thread of them.
std::map<std::size_t, torch::Tensor> saved_values;

struct Held : Node {  // frozen
  NodePtr child;
  explicit Held(NodePtr c) : child(register_module("child", c)) {
    for (auto& p : child->parameters()) p.set_requires_grad(false);
  }
  void train(bool) override { nn::Module::train(false); }
  torch::Tensor forward(torch::Tensor x) override { return child->forward(x); }
};

struct Function : Node {
  std::function<torch::Tensor(torch::Tensor)> f;
  explicit Function(std::function<torch::Tensor(torch::Tensor)> g) : f(std::move(g)) {}
  torch::Tensor forward(torch::Tensor x) override { return f(x); }
};

NodePtr activation_of(const LayerSpec& s) {
  const auto wrap = [](auto f) { return std::make_shared<Function>(f); };
  if (s.kind == "relu") return wrap([](torch::Tensor x) { return torch::relu(x); });
  if (s.kind == "relu6") return wrap([](torch::Tensor x) { return torch::relu6(x); });
  if (s.kind == "sigmoid") return wrap([](torch::Tensor x) { return torch::sigmoid(x); });
  if (s.kind == "tanh") return wrap([](torch::Tensor x) { return torch::tanh(x); });
  if (s.kind == "softmax") return wrap([](torch::Tensor x) { return torch::softmax(x, 1); });
  if (s.kind == "flatten") return wrap([](torch::Tensor x) { return x.flatten(1); });
  if (s.kind == "global_avg_pool") {
    return wrap([](torch::Tensor x) { return torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1); });
  }
  if (s.kind == "hardsigmoid") return wrap([](torch::Tensor x) { return at::hardsigmoid(x); });
  if (s.kind == "hardswish") return wrap([](torch::Tensor x) { return at::hardswish(x); });
  if (s.kind == "silu") return wrap([](torch::Tensor x) { return torch::silu(x); });
  if (s.kind == "gelu") return wrap([](torch::Tensor x) { return at::gelu(x, "none"); });
  if (s.kind == "gelu_tanh") return wrap([](torch::Tensor x) { return at::gelu(x, "tanh"); });
  if (s.kind == "log_softmax")
    return wrap([](torch::Tensor x) { return torch::log_softmax(x, 1); });
  if (s.kind == "elu") {
    return wrap([alpha = s.slope](torch::Tensor x) { return at::elu(x, alpha); });
  }
  if (s.kind == "hardtanh") {
    return wrap(
        [low = s.slope, high = s.value](torch::Tensor x) { return at::hardtanh(x, low, high); });
  }
  if (s.kind == "leaky_relu") {
    const double slope = s.slope;
    return wrap([slope](torch::Tensor x) { return torch::leaky_relu(x, slope); });
  }
  if (s.kind == "pad") {
    const auto options =
        nn::functional::PadFuncOptions({0, signed_of(s.extra[1]), 0, signed_of(s.extra[0])})
            .value(s.value);
    return wrap([options](torch::Tensor x) { return nn::functional::pad(x, options); });
  }
  const std::vector<std::int64_t> sides = {signed_of(s.padding[0]), signed_of(s.padding[1]),
                                           signed_of(s.extra[0]), signed_of(s.extra[1])};
  if (s.kind == "border, constant") {
    return wrap([sides](torch::Tensor x) { return at::constant_pad_nd(x, sides); });
  }
  if (s.kind == "border, reflect") {
    return wrap([sides](torch::Tensor x) { return at::reflection_pad2d(x, sides); });
  }
  if (s.kind == "border, replicate") {
    return wrap([sides](torch::Tensor x) { return at::replication_pad2d(x, sides); });
  }
  if (s.kind == "upsample, nearest") {
    return wrap([to = two(s.kernel)](torch::Tensor x) { return at::upsample_nearest2d(x, to); });
  }
  if (s.kind == "upsample, bilinear" || s.kind == "upsample, corners") {
    const bool corners = s.kind == "upsample, corners";
    return wrap([to = two(s.kernel), corners](torch::Tensor x) {
      return at::upsample_bilinear2d(x, to, corners);
    });
  }
  if (s.kind == "save") {
    return wrap([n = s.in](torch::Tensor x) { return saved_values[n] = x; });
  }
  const std::string with = "with saved, ";
  if (s.kind.rfind(with, 0) == 0) {
    return wrap([n = s.in, how = s.kind.substr(with.size())](torch::Tensor x) {
      return joined(how, x, saved_values.at(n));
    });
  }
  throw std::invalid_argument("no such layer: " + s.kind);
}

NodePtr node_of(const LayerSpec& s) {
  if (s.kind == "conv2d") {
    return leaf(nn::Conv2d(nn::Conv2dOptions(signed_of(s.in), signed_of(s.out), two(s.kernel))
                               .stride(two(s.stride))
                               .padding(two(s.padding))
                               .dilation(two(s.dilation))
                               .groups(signed_of(s.groups))
                               .bias(s.bias)));
  }
  if (s.kind == "conv_transpose2d") {
    return leaf(nn::ConvTranspose2d(
        nn::ConvTranspose2dOptions(signed_of(s.in), signed_of(s.out), two(s.kernel))
            .stride(two(s.stride))
            .padding(two(s.padding))
            .output_padding(two(s.extra))
            .dilation(two(s.dilation))
            .groups(signed_of(s.groups))
            .bias(s.bias)));
  }
  if (s.kind == "linear") {
    return leaf(nn::Linear(nn::LinearOptions(signed_of(s.in), signed_of(s.out)).bias(s.bias)));
  }
  if (s.kind == "prelu") {
    return leaf(nn::PReLU(nn::PReLUOptions().num_parameters(signed_of(s.in)).init(s.slope)));
  }
  const auto norm =
      nn::BatchNormOptions(signed_of(s.in)).eps(s.eps).momentum(s.momentum).affine(s.affine);
  if (s.kind == "batch_norm2d") return leaf(nn::BatchNorm2d(norm));
  if (s.kind == "batch_norm1d") return leaf(nn::BatchNorm1d(norm));
  if (s.kind == "max_pool2d") {
    return leaf(nn::MaxPool2d(nn::MaxPool2dOptions(two(s.kernel))
                                  .stride(two(s.stride))
                                  .padding(two(s.padding))
                                  .dilation(two(s.dilation))));
  }
  if (s.kind == "avg_pool2d") {
    return leaf(nn::AvgPool2d(nn::AvgPool2dOptions(two(s.kernel))
                                  .stride(two(s.stride))
                                  .padding(two(s.padding))
                                  .count_include_pad(s.count_include_pad)));
  }
  if (s.kind == "sequential") {
    auto all = std::make_shared<Sequence>();
    for (std::size_t i = 0; i < s.children.size(); ++i) {
      all->add(std::to_string(i), node_of(s.children[i]));
    }
    return all;
  }
  if (s.kind == "add" || s.kind == "multiply" || s.kind == "concat") {
    auto all = std::make_shared<Joined>(s.kind);
    for (std::size_t i = 0; i < s.children.size(); ++i) {
      all->add(std::to_string(i), node_of(s.children[i]));
    }
    return all;
  }
  if (s.kind == "residual") {
    return std::make_shared<Sum>(node_of(s.children[0]), node_of(s.children[1]));
  }
  if (s.kind == "frozen") return std::make_shared<Held>(node_of(s.children[0]));
  return activation_of(s);
}

// torchvision.models.resnet, module by module.
nn::Conv2d conv(std::size_t in, std::size_t out, std::int64_t kernel, std::int64_t stride,
                bool bias, bool padded = true) {
  return nn::Conv2d(nn::Conv2dOptions(signed_of(in), signed_of(out), kernel)
                        .stride(stride)
                        .padding(padded ? kernel / 2 : 0)
                        .bias(bias));
}

struct Block : nn::Module {
  nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr}, plain_downsample{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
  nn::Sequential downsample{nullptr};
  bool norm, pad_after;  // pad_after: TensorFlow's "same" of a strided 3x3

  Block(const ResNetSpec& s, std::size_t in, std::size_t width, std::int64_t stride)
      : norm(s.batch_norm), pad_after(s.resnet8 && stride == 2) {
    const std::size_t out = s.bottleneck ? 4 * width : width;
    const bool bias = s.resnet8;
    if (s.bottleneck) {
      conv1 = register_module("conv1", conv(in, width, 1, s.stride_on_first ? stride : 1, bias));
      conv2 = register_module("conv2", conv(width, width, 3, s.stride_on_first ? 1 : stride, bias));
      conv3 = register_module("conv3", conv(width, out, 1, 1, bias));
    } else {
      conv1 = register_module("conv1", conv(in, width, 3, stride, bias, !pad_after));
      conv2 = register_module("conv2", conv(width, width, 3, 1, bias));
    }
    if (norm) {
      bn1 = register_module("bn1", nn::BatchNorm2d(signed_of(width)));
      bn2 = register_module("bn2", nn::BatchNorm2d(signed_of(width)));
      if (s.bottleneck) bn3 = register_module("bn3", nn::BatchNorm2d(signed_of(out)));
    }
    if (stride == 1 && in == out) return;
    if (s.resnet8) {
      plain_downsample = register_module("downsample", conv(in, out, 1, stride, bias));
      return;
    }
    downsample = nn::Sequential(conv(in, out, 1, stride, bias));
    if (norm) downsample->push_back(nn::BatchNorm2d(signed_of(out)));
    register_module("downsample", downsample);
  }

  torch::Tensor forward(torch::Tensor x) {
    torch::Tensor y = conv1->forward(pad_after ? torch::constant_pad_nd(x, {0, 1, 0, 1}) : x);
    if (norm) y = bn1->forward(y);
    y = conv2->forward(torch::relu(y));
    if (norm) y = bn2->forward(y);
    if (conv3) {
      y = conv3->forward(torch::relu(y));
      if (norm) y = bn3->forward(y);
    }
    if (downsample) x = downsample->forward(x);
    if (plain_downsample) x = plain_downsample->forward(x);
    return torch::relu(y + x);
  }
};

struct ResNet : Node {
  nn::Conv2d conv1{nullptr};
  nn::BatchNorm2d bn1{nullptr};
  std::vector<std::vector<std::shared_ptr<Block>>> layers;
  nn::Linear fc{nullptr};
  bool resnet8;

  explicit ResNet(const ResNetSpec& s) : resnet8(s.resnet8) {
    const std::size_t first = resnet8 ? 16 : 64, stages = resnet8 ? 3 : 4;
    conv1 = register_module("conv1", resnet8 ? conv(s.in_channels, first, 3, 1, true)
                                             : conv(s.in_channels, first, 7, 2, false));
    if (s.batch_norm) bn1 = register_module("bn1", nn::BatchNorm2d(signed_of(first)));
    std::size_t in = first;
    for (std::size_t stage = 0; stage < stages; ++stage) {
      auto holder = std::make_shared<nn::Module>();
      const std::size_t width = first << stage;
      layers.emplace_back();
      for (std::size_t i = 0; i < (resnet8 ? 1 : s.blocks[stage]); ++i) {
        auto block = std::make_shared<Block>(s, in, width, i == 0 && stage > 0 ? 2 : 1);
        layers.back().push_back(holder->register_module(std::to_string(i), block));
        in = s.bottleneck ? 4 * width : width;
      }
      register_module("layer" + std::to_string(stage + 1), holder);
    }
    fc = register_module("fc", nn::Linear(signed_of(in), signed_of(s.classes)));
  }

  torch::Tensor forward(torch::Tensor x) override {
    x = conv1->forward(x);
    if (bn1) x = bn1->forward(x);
    x = torch::relu(x);
    if (!resnet8) x = torch::max_pool2d(x, 3, 2, 1);
    for (const auto& stage : layers) {
      for (const auto& block : stage) x = block->forward(x);
    }
    return fc->forward(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }
};

Named gradients_of(const nn::Module& m) {
  Named all;
  for (const auto& p : m.named_parameters()) {
    if (p.value().requires_grad()) all.push_back({p.key(), from_torch(p.value().grad())});
  }
  return all;
}

Named buffers_of(const nn::Module& m) {
  Named all;
  for (const auto& b : m.named_buffers()) {
    if (b.key().find("num_batches_tracked") == std::string::npos) {
      all.push_back({b.key(), from_torch(b.value())});
    }
  }
  return all;
}

}  // namespace

struct Module::State {
  NodePtr node;
  torch::Dtype type;

  State(const std::function<NodePtr()>& make, Precision precision, std::uint64_t seed)
      : type(precision == Precision::float32 ? torch::kFloat32 : torch::kFloat64) {
    torch::manual_seed(seed);
    node = make();
    node->to(type);
    node->train(true);
  }

  // Forward with gradients of everything cleared, then backward from `loss_of`.
  Run run(const Array& x, const std::function<torch::Tensor(torch::Tensor)>& loss_of) {
    node->zero_grad();
    for (auto& p : node->parameters()) p.mutable_grad() = torch::Tensor();
    torch::Tensor in = to_torch(x, type).set_requires_grad(true);
    const torch::Tensor y = node->forward(in);
    const torch::Tensor loss = loss_of(y);
    loss.backward();
    Run r;
    r.y = from_torch(y);
    r.dx = from_torch(in.grad());
    r.gradients = gradients_of(*node);
    r.buffers = buffers_of(*node);
    r.loss = loss.item<double>();
    return r;
  }
};

Module::Module(const LayerSpec& s, Precision precision, std::uint64_t seed)
    : state_(std::make_unique<State>([&] { return node_of(s); }, precision, seed)) {}
Module::Module(const ResNetSpec& s, Precision precision, std::uint64_t seed)
    : state_(
          std::make_unique<State>([&] { return std::make_shared<ResNet>(s); }, precision, seed)) {}
Module::~Module() = default;

Named Module::parameters() const {
  Named all;
  for (const auto& p : state_->node->named_parameters()) {
    all.push_back({p.key(), from_torch(p.value())});
  }
  return all;
}
Named Module::buffers() const { return buffers_of(*state_->node); }

void Module::load(const Named& values) {
  torch::NoGradGuard guard;
  auto parameters = state_->node->named_parameters();
  auto buffers = state_->node->named_buffers();
  for (const NamedArray& v : values) {
    torch::Tensor* to = parameters.find(v.name);
    if (to == nullptr) to = buffers.find(v.name);
    if (to == nullptr) throw std::invalid_argument("no such tensor: " + v.name);
    to->copy_(to_torch(v.array, state_->type));
  }
}

void Module::train(bool on) { state_->node->train(on); }

Run Module::run(const Array& x, const Array& dy) {
  const torch::Tensor g = to_torch(dy, state_->type);
  return state_->run(x, [&](torch::Tensor y) { return (y * g.reshape(y.sizes())).sum(); });
}

Run Module::cross_entropy(const Array& x, const std::vector<std::int64_t>& labels,
                          double smoothing) {
  return state_->run(x, [&](torch::Tensor y) {
    return torch::nn::functional::cross_entropy(
        y, torch::tensor(labels),
        torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(smoothing));
  });
}

static std::unique_ptr<torch::optim::Optimizer> optimizer_of(const OptimizerSpec& s,
                                                             std::vector<torch::Tensor> p) {
  namespace optim = torch::optim;
  if (s.kind == "sgd") {
    return std::make_unique<optim::SGD>(p, optim::SGDOptions(s.lr)
                                               .momentum(s.momentum)
                                               .dampening(s.dampening)
                                               .weight_decay(s.weight_decay)
                                               .nesterov(s.nesterov));
  }
  if (s.kind == "adam") {
    return std::make_unique<optim::Adam>(
        p,
        optim::AdamOptions(s.lr).betas({s.beta1, s.beta2}).eps(s.eps).weight_decay(s.weight_decay));
  }
  return std::make_unique<optim::AdamW>(
      p,
      optim::AdamWOptions(s.lr).betas({s.beta1, s.beta2}).eps(s.eps).weight_decay(s.weight_decay));
}

std::vector<std::vector<float>> optimizer_steps(const OptimizerSpec& s,
                                                std::vector<float> parameters,
                                                const std::vector<std::vector<float>>& gradients) {
  torch::Tensor p = torch::tensor(parameters).set_requires_grad(true);
  const auto optimizer = optimizer_of(s, {p});
  std::vector<std::vector<float>> after;
  for (const std::vector<float>& g : gradients) {
    p.mutable_grad() = torch::tensor(g);
    optimizer->step();
    after.emplace_back(p.data_ptr<float>(), p.data_ptr<float>() + p.numel());
  }
  return after;
}

std::vector<double> Module::train_steps(const OptimizerSpec& s, const std::vector<Array>& images,
                                        const std::vector<std::vector<std::int64_t>>& labels) {
  const auto optimizer = optimizer_of(s, state_->node->parameters());
  std::vector<double> losses;
  for (std::size_t i = 0; i < images.size(); ++i) {
    optimizer->zero_grad();
    const torch::Tensor y = state_->node->forward(to_torch(images[i], state_->type));
    const torch::Tensor loss = torch::nn::functional::cross_entropy(y, torch::tensor(labels[i]));
    loss.backward();
    optimizer->step();
    losses.push_back(loss.item<double>());
  }
  return losses;
}

void set_threads(int threads) { torch::set_num_threads(threads); }

}  // namespace parity
