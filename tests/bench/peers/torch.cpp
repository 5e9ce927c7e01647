// LibTorch running a network of tools/peers/networks.py.
//
//   peer_torch NETWORK MODE BATCH THREADS SAMPLES [channels_last]
//
// MODE: eager and frozen (TorchScript, frozen and optimised for inference) infer; training is a
// step of forward, cross entropy, backward and Adam.
#include <torch/script.h>
#include <torch/torch.h>

#include <iostream>

#include "network.hpp"
#include "timing.hpp"

namespace {

using peers::Op;
using torch::Tensor;

// What an operation learns and keeps; empty tensors are absent.
struct State {
  Tensor weight, bias, mean, variance;
};

struct Net {
  std::vector<Op> ops;
  std::vector<State> states;
  torch::MemoryFormat format = torch::MemoryFormat::Contiguous;
  bool training = false;

  void make() {
    torch::manual_seed(1);
    for (const Op& op : ops) {
      State s;
      const std::int64_t in = ops[op.x].shape.channels;
      if (op.kind == "conv") {
        const double bound = 1 / std::sqrt(static_cast<double>(in * op.kernel * op.kernel));
        s.weight = torch::empty({op.out, in, op.kernel, op.kernel}).uniform_(-bound, bound);
        s.weight = s.weight.contiguous(format);
        if (op.bias) s.bias = torch::empty(op.out).uniform_(-bound, bound);
      } else if (op.kind == "linear") {
        const double bound = 1 / std::sqrt(static_cast<double>(in));
        s.weight = torch::empty({op.out, in}).uniform_(-bound, bound);
        s.bias = torch::empty(op.out).uniform_(-bound, bound);
      } else if (op.kind == "norm") {
        s = {torch::ones(in), torch::zeros(in), torch::zeros(in), torch::ones(in)};
      }
      states.push_back(s);
    }
  }

  std::vector<Tensor> parameters() {
    std::vector<Tensor> all;
    for (State& s : states) {
      for (Tensor* t : {&s.weight, &s.bias}) {
        if (t->defined()) all.push_back(t->set_requires_grad(true));
      }
    }
    return all;
  }

  Tensor run(const Op& op, const State& s, const Tensor& x, const Tensor& y) const {
    if (op.kind == "conv") return torch::conv2d(x, s.weight, s.bias, op.stride, op.padding);
    if (op.kind == "norm") {
      return torch::batch_norm(x, s.weight, s.bias, s.mean, s.variance, training, 0.1, 1e-5, true);
    }
    if (op.kind == "relu") return torch::relu(x);
    if (op.kind == "max_pool") return torch::max_pool2d(x, op.kernel, op.stride, op.padding);
    if (op.kind == "avg_pool") return torch::adaptive_avg_pool2d(x, {1, 1});
    if (op.kind == "add") return x + y;
    if (op.kind == "flatten") return x.flatten(1);
    return torch::linear(x, s.weight, s.bias);
  }

  // Values are let go when their last reader has run, as local variables of a forward() would be.
  Tensor forward(const Tensor& input) const {
    std::vector<Tensor> values(ops.size());
    std::vector<std::size_t> left(ops.size());
    values[0] = input;
    for (std::size_t i = 0; i < ops.size(); ++i) left[i] = ops[i].uses;
    for (std::size_t i = 1; i < ops.size(); ++i) {
      const Op& op = ops[i];
      values[i] = run(op, states[i], values[op.x], op.kind == "add" ? values[op.y] : Tensor());
      if (--left[op.x] == 0) values[op.x] = Tensor();
      if (op.kind == "add" && --left[op.y] == 0) values[op.y] = Tensor();
    }
    return values.back();
  }
};

// The same as TorchScript.
std::string script_line(const Op& op, std::size_t i) {
  std::ostringstream s;
  const auto self = [&](const char* name) { return "self." + (name + std::to_string(i)); };
  s << "    v" << i << " = ";
  if (op.kind == "conv") {
    s << "torch.conv2d(v" << op.x << ", " << self("w") << ", " << (op.bias ? self("b") : "None")
      << ", [" << op.stride << ", " << op.stride << "], [" << op.padding << ", " << op.padding
      << "], [1, 1], 1)";
  } else if (op.kind == "norm") {
    s << "torch.batch_norm(v" << op.x << ", " << self("w") << ", " << self("b") << ", " << self("m")
      << ", " << self("d") << ", False, 0.1, 1e-5, True)";
  } else if (op.kind == "relu") {
    s << "torch.relu(v" << op.x << ")";
  } else if (op.kind == "max_pool") {
    s << "torch.max_pool2d(v" << op.x << ", [" << op.kernel << ", " << op.kernel << "], ["
      << op.stride << ", " << op.stride << "], [" << op.padding << ", " << op.padding
      << "], [1, 1], False)";
  } else if (op.kind == "avg_pool") {
    s << "torch.adaptive_avg_pool2d(v" << op.x << ", [1, 1])";
  } else if (op.kind == "add") {
    s << "v" << op.x << " + v" << op.y;
  } else if (op.kind == "flatten") {
    s << "torch.flatten(v" << op.x << ", 1)";
  } else {
    s << "torch.linear(v" << op.x << ", " << self("w") << ", " << self("b") << ")";
  }
  s << "\n";
  return s.str();
}

torch::jit::Module frozen(const Net& net) {
  torch::jit::Module m("Net");
  std::string source = "def forward(self, v0: Tensor):\n";
  for (std::size_t i = 1; i < net.ops.size(); ++i) {
    const State& s = net.states[i];
    const std::string n = std::to_string(i);
    if (s.weight.defined()) m.register_parameter("w" + n, s.weight, false);
    if (s.bias.defined()) m.register_parameter("b" + n, s.bias, false);
    if (s.mean.defined()) m.register_buffer("m" + n, s.mean);
    if (s.variance.defined()) m.register_buffer("d" + n, s.variance);
    source += script_line(net.ops[i], i);
  }
  m.define(source + "    return v" + std::to_string(net.ops.size() - 1) + "\n");
  m.eval();
  torch::jit::Module f = torch::jit::freeze(m);
  return torch::jit::optimize_for_inference(f);
}

Tensor images(const Net& net, long batch) {
  const peers::Shape& s = net.ops[0].shape;
  return (torch::rand({batch, s.channels, s.height, s.width}) - 0.5).contiguous(net.format);
}

void infer(Net& net, bool freeze, long batch, int samples, const std::string& name) {
  c10::InferenceMode guard;
  const Tensor x = images(net, batch);
  if (!freeze) return peers::report(name, samples, [&] { net.forward(x); });
  torch::jit::Module m = frozen(net);
  net.states.clear();
  peers::report(name, samples, [&] { m.forward({x}); });
}

void train(Net& net, long batch, int samples, const std::string& name) {
  net.training = true;
  const Tensor x = images(net, batch);
  const Tensor labels = torch::arange(batch, torch::kLong) % net.ops.back().shape.channels;
  torch::optim::Adam optimizer(net.parameters(), 1e-3);
  peers::report(name, samples, [&] {
    optimizer.zero_grad();
    torch::nn::functional::cross_entropy(net.forward(x), labels).backward();
    optimizer.step();
  });
}

int run(int argc, char** argv) {
  if (argc < 6) throw std::runtime_error("needs NETWORK MODE BATCH THREADS SAMPLES");
  peers::keep_freed_memory();
  Net net;
  net.ops = peers::read_network(argv[1]);
  const std::string mode = argv[2];
  if (argc > 6) net.format = torch::MemoryFormat::ChannelsLast;
  torch::set_num_threads(std::stoi(argv[4]));
  net.make();
  const long batch = std::stol(argv[3]);
  const int samples = std::stoi(argv[5]);
  const std::string name =
      "LibTorch " TORCH_VERSION ", " + mode + (argc > 6 ? ", channels last" : "");
  if (mode == "training") {
    train(net, batch, samples, name);
  } else if (mode == "eager" || mode == "frozen") {
    infer(net, mode == "frozen", batch, samples, name);
  } else {
    throw std::runtime_error("MODE " + mode + ": must be eager, frozen or training");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    const std::string all = e.what();  // LibTorch adds a backtrace
    std::cerr << "peer_torch: " << all.substr(0, all.find('\n')) << '\n';
    return 1;
  }
}
