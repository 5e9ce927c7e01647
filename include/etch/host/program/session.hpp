// Training and evaluation of a graph with options chosen at run time. Takes the same steps in the
// same order as Trainer<> and Inference<>, so the same bits come out; its memory is heap blocks.
#pragma once
#include <etch/host/block.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/program/any_loss.hpp>
#include <etch/host/program/program.hpp>
#include <etch/initialize.hpp>
#include <etch/optimizers/adabound.hpp>
#include <etch/optimizers/adam.hpp>
#include <etch/optimizers/sgd.hpp>

#include <span>
#include <variant>

namespace etch::host {

// An optimizer that is chosen at run time.
using AnyOptimizer = std::variant<SGD, Adam, AdamW, AdaBound>;

// Its name: "sgd", "adam", "adamw", "adabound".
const char* optimizer_name(const AnyOptimizer& optimizer);
// The learning rate that it begins with.
float initial_lr(const AnyOptimizer& optimizer);
// PyTorch's names of the arrays of state that it has: "exp_avg", "exp_avg_sq".
std::vector<std::string> state_names(const AnyOptimizer& optimizer);

// What one tensor has otherwise than the optimizer says; PyTorch's param_groups.
struct TensorRule {
  double lr_factor = 1;  // of the learning rate; 0: the tensor stays as it is
  bool decays = true;    // by weight_decay

  bool operator==(const TensorRule&) const = default;
};

// What a Session is made for; all of it may be read at run time.
struct SessionOptions {
  Training training{};              // batch, threads and memory; for evaluation too
  AnyOptimizer optimizer = Adam{};  // moves the parameters
  // One for each of the graph's tensors, of which only those that learn count; or none.
  std::vector<TensorRule> rules{};
  AnyLoss loss = CrossEntropyLoss{};  // of steps
  std::uint64_t seed = 0;             // of initial values and random draws
  Initialization initialization = Initialization::kaiming_uniform;  // of parameters
  bool evaluates_only = false;  // no memory for training: step() and backward() are not allowed
};

// A network that trains and evaluates: parameters, optimizer state, gradients and one arena. For
// one thread at a time; kernels use Training::threads of their own.
class Session {
 public:
  // Begins with initial values by the seed. The graph's tables must outlive it. Throws an Error
  // where the options and the network don't fit, or memory is short.
  Session(GraphView graph, const SessionOptions& options);
  // Of a model, which it keeps; begins with the weights of its file, if it is of one.
  Session(const OpenModel& model, const SessionOptions& options);

  // One step on a batch: images (N, H, W, C), N at most the batch, and their targets, which the
  // loss must take: labels (N), or values (N, outputs). Returns the mean loss before the update.
  // max_norm > 0 clips the gradients (not with Update::fused). Where the loss, a gradient or a
  // running statistic isn't finite, no parameter is updated (with Update::fused: nothing from that
  // gradient on), and diverged() says so.
  float step(std::span<const float> images, const BatchTargets& targets, float max_norm = 0);

  // The halves of step(), for gradient accumulation; see Trainer. Not with Update::fused.
  float backward(std::span<const float> images, const BatchTargets& targets, float scale = 1);
  // Moves the parameters against the gradients of backward().
  void update();
  // Between the two; see Trainer. Returns the norm as it was.
  float clip_grad_norm(float max_norm);

  // Whether the last step met a number that isn't finite.
  bool diverged() const { return diverged_; }
  // After a step() that diverged, with what it was given: where the first NaN or infinity is, as
  // not_finite.hpp says it. Runs the step again; the session is of no more use then.
  std::string where_diverged(std::span<const float> images, const BatchTargets& targets);
  // The same of an evaluation whose outputs aren't finite.
  std::string where_evaluation_diverged(std::span<const float> images);

  // The outputs (N, outputs) in evaluation mode, which stay until the next call of anything.
  std::span<const float> evaluate(std::span<const float> images);

  // The network's outputs for the last step's batch, in training mode, (N, outputs).
  std::span<const float> output() const { return output_; }

  // What it runs.
  GraphView graph() const { return graph_; }
  // As it was made.
  const SessionOptions& options() const { return options_; }
  // As Parameters has them: see GraphView::offset_of. They may be written to between steps.
  std::span<float> parameters() { return parameters_.span(); }
  std::span<const float> parameters() const { return parameters_.span(); }
  // As the parameters that learn; empty with Update::fused.
  std::span<const float> gradients() const { return gradients_.span(); }
  // As the parameters that learn, one after the other; state_names() tells which.
  std::span<float> optimizer_state() { return state_.span(); }
  std::span<const float> optimizer_state() const { return state_.span(); }
  // How many arrays of optimizer state there are; 0 where it evaluates only.
  std::size_t states() const { return trains() ? state_names(options_.optimizer).size() : 0; }
  // Whether step() and backward() are allowed.
  bool trains() const { return !options_.evaluates_only; }

  // The learning rate from the next update on.
  void set_lr(double lr) { lr_ = static_cast<float>(lr); }
  // How many batches ran. With updates() it is what has to be kept beside the arrays for training
  // to go on.
  std::uint64_t runs() const { return runs_; }
  // How many updates were made.
  std::uint64_t updates() const { return updates_; }
  // Goes on at these counts.
  void resume_at(std::uint64_t runs, std::uint64_t updates) {
    runs_ = runs;
    updates_ = updates;
  }

 private:
  bool fused() const { return options_.training.update == Update::fused; }
  std::span<const float> statistics() const;
  Memory memory(std::span<const float> images);
  Memory training_memory(std::span<const float> images);
  void run_loss(const Step& step, const Memory& memory, const BatchTargets& targets, float scale);
  void move(std::size_t at, std::size_t count, const float* gradients);

  // Parameters that are moved alike.
  struct Slice {
    std::size_t begin, end;
    TensorRule rule;
    AnyOptimizer optimizer;
  };
  static std::vector<Slice> slices_of(GraphView graph, const SessionOptions& options);

  std::shared_ptr<const RunTimeGraph> keeps_;
  GraphView graph_;
  SessionOptions options_;
  std::vector<Slice> slices_;
  Program training_, inference_;
  Block<float> parameters_, gradients_, state_;
  Block<std::byte> arena_;  // one for both programs: they take turns
  std::size_t input_size_, output_size_;
  std::uint64_t runs_ = 0, updates_ = 0;
  float lr_;
  float loss_ = 0;
  bool pending_ = false;  // gradients hold a batch that was not applied
  bool diverged_ = false;
  std::int16_t diverged_op_ = none;  // with Update::fused: whose gradients weren't finite
  std::span<const float> output_{};
};

}  // namespace etch::host
