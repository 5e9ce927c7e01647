// Losses, clipping, and whole training runs by torch::optim. See torch.hpp.
//
// Built on Module's public interface: the optimizer owns the parameters, the module is given them
// before each pass and hands back gradients. Doubles hold floats exactly, so nothing is lost.
#include "torch_arrays.hpp"

namespace parity {
namespace {

namespace optim = torch::optim;

std::vector<double> values_of(const torch::Tensor& t) {
  const torch::Tensor d = t.detach().to(torch::kFloat64).contiguous();
  return {d.data_ptr<double>(), d.data_ptr<double>() + d.numel()};
}

// A module doesn't tell its precision: a third that comes back whole was kept as a double.
torch::Dtype type_of(Module& m) {
  const Named before = m.parameters();
  if (before.empty()) throw std::invalid_argument("train_steps: the module has no parameters");
  Named probe{before.front()};
  probe[0].array.values[0] = 1.0 / 3;
  m.load(probe);
  const bool kept = m.parameters().front().array.values[0] == 1.0 / 3;
  m.load({before.front()});
  return kept ? torch::kFloat64 : torch::kFloat32;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const OptimizerSpec& s,
                                                 const std::vector<torch::Tensor>& parameters) {
  if (s.kind == "sgd") {
    return std::make_unique<optim::SGD>(parameters, optim::SGDOptions(s.lr)
                                                        .momentum(s.momentum)
                                                        .dampening(s.dampening)
                                                        .weight_decay(s.weight_decay)
                                                        .nesterov(s.nesterov));
  }
  const auto options = [&s](auto o) {
    o.betas({s.beta1, s.beta2}).eps(s.eps).weight_decay(s.weight_decay);
    return o;
  };
  if (s.kind == "adam") {
    return std::make_unique<optim::Adam>(parameters, options(optim::AdamOptions(s.lr)));
  }
  if (s.kind == "adamw") {
    return std::make_unique<optim::AdamW>(parameters, options(optim::AdamWOptions(s.lr)));
  }
  throw std::invalid_argument("no such optimizer: " + s.kind);
}

// run() wants the output gradient, and MSE's needs the output: a first pass finds it, after which
// the running statistics are put back.
Run run_mse(Module& m, const Batch& b, torch::Dtype type) {
  const Named buffers = m.buffers();
  const Array first = m.run(b.x, b.targets).y;
  m.load(buffers);
  if (first.shape != b.targets.shape) {
    throw std::invalid_argument("train_steps: targets and output differ in shape");
  }
  torch::Tensor y = to_torch(first, type).set_requires_grad(true);
  const torch::Tensor loss = torch::mse_loss(y, to_torch(b.targets, type));
  loss.backward();
  Run r = m.run(b.x, {b.targets.shape, values_of(y.grad())});
  r.loss = loss.item<double>();
  return r;
}

Run run_batch(Module& m, const TrainSpec& s, const Batch& b, torch::Dtype type) {
  return b.labels.empty() ? run_mse(m, b, type) : m.cross_entropy(b.x, b.labels, s.smoothing);
}

// The optimizer's side of a module: a torch tensor for each parameter, in the module's order.
class Parameters {
 public:
  explicit Parameters(Module& m) : module_(m), named_(m.parameters()), type_(type_of(m)) {
    for (const NamedArray& n : named_) {
      tensors_.push_back(to_torch(n.array, type_).set_requires_grad(true));
    }
  }

  torch::Dtype type() const { return type_; }
  const std::vector<torch::Tensor>& tensors() const { return tensors_; }

  // Without a gradient a parameter is passed over, as torch does with frozen ones.
  void clear_gradients() {
    for (torch::Tensor& t : tensors_) t.mutable_grad() = torch::Tensor();
  }

  void add_gradients(const Named& gradients, std::size_t divisor) {
    std::size_t i = 0;  // gradients are in the order of the parameters, less the frozen
    for (const NamedArray& g : gradients) {
      while (named_.at(i).name != g.name) ++i;
      torch::Tensor& sum = tensors_[i].mutable_grad();
      const torch::Tensor part = to_torch(g.array, type_) / static_cast<double>(divisor);
      sum = sum.defined() ? sum + part : part;
    }
  }

  void store() {
    for (std::size_t i = 0; i < named_.size(); ++i) {
      named_[i].array.values = values_of(tensors_[i]);
    }
    module_.load(named_);
  }

 private:
  Module& module_;
  Named named_;
  torch::Dtype type_;
  std::vector<torch::Tensor> tensors_;
};

}  // namespace

std::vector<double> train_steps(Module& m, const TrainSpec& s, const std::vector<Batch>& batches) {
  if (s.accumulate == 0 || batches.size() % s.accumulate != 0) {
    throw std::invalid_argument("train_steps: batches.size() is no multiple of accumulate");
  }
  Parameters parameters(m);
  const auto optimizer = make_optimizer(s.optimizer, parameters.tensors());
  // Without StepLR, one whose turn never comes.
  const std::size_t never = batches.size() + 1;
  optim::StepLR schedule(*optimizer, static_cast<unsigned>(s.lr_step > 0 ? s.lr_step : never),
                         s.lr_gamma);
  schedule.step();  // Python's constructor does it; without it every change comes one step late
  std::vector<double> losses;
  for (std::size_t first = 0; first < batches.size(); first += s.accumulate) {
    parameters.clear_gradients();
    double loss = 0;
    for (std::size_t i = first; i < first + s.accumulate; ++i) {
      const Run r = run_batch(m, s, batches[i], parameters.type());
      parameters.add_gradients(r.gradients, s.accumulate);
      loss += r.loss / static_cast<double>(s.accumulate);
    }
    if (s.max_norm > 0) torch::nn::utils::clip_grad_norm_(parameters.tensors(), s.max_norm);
    optimizer->step();
    schedule.step();
    parameters.store();
    losses.push_back(loss);
  }
  return losses;
}

namespace {

torch::Tensor weights(const std::vector<double>& values) {
  return values.empty() ? torch::Tensor() : torch::tensor(values, torch::kFloat32);
}

torch::Tensor loss_of(const std::string& kind, const torch::Tensor& x, const torch::Tensor& target,
                      double number, const std::vector<double>& weight) {
  if (kind == "mse") return torch::mse_loss(x, target);
  if (kind == "l1") return torch::l1_loss(x, target);
  if (kind == "smooth_l1") return torch::smooth_l1_loss(x, target, at::Reduction::Mean, number);
  if (kind == "huber") return torch::huber_loss(x, target, at::Reduction::Mean, number);
  if (kind == "bce_with_logits") {
    return torch::binary_cross_entropy_with_logits(x, target, {}, weights(weight));
  }
  throw std::invalid_argument("no such loss: " + kind);
}

}  // namespace

LossResult cross_entropy(const Array& logits, const std::vector<std::int64_t>& labels,
                         double smoothing, const std::vector<double>& weight,
                         std::int64_t ignore_index) {
  torch::Tensor x = to_torch(logits, torch::kFloat32).set_requires_grad(true);
  const torch::Tensor loss =
      torch::nn::functional::cross_entropy(x, torch::tensor(labels),
                                           torch::nn::functional::CrossEntropyFuncOptions()
                                               .label_smoothing(smoothing)
                                               .weight(weights(weight))
                                               .ignore_index(ignore_index));
  loss.backward();
  return {loss.item<double>(), from_torch(x.grad())};
}

LossResult loss(const std::string& kind, const Array& output, const Array& target, double number,
                const std::vector<double>& weight) {
  torch::Tensor x = to_torch(output, torch::kFloat32).set_requires_grad(true);
  const torch::Tensor loss = loss_of(kind, x, to_torch(target, torch::kFloat32), number, weight);
  loss.backward();
  return {loss.item<double>(), from_torch(x.grad())};
}

double clip_grad_norm(std::vector<float>& gradients, double max_norm) {
  torch::Tensor p =
      torch::zeros({static_cast<std::int64_t>(gradients.size())}).set_requires_grad(true);
  p.mutable_grad() = torch::tensor(gradients);
  const double norm = torch::nn::utils::clip_grad_norm_(p, max_norm);
  gradients.assign(p.grad().data_ptr<float>(), p.grad().data_ptr<float>() + p.numel());
  return norm;
}

}  // namespace parity
