// What decides the outcome of a training run: the hyperparameters. Two runs with the same settings
// and data end in the same bits, whatever their threads and memory options are.
#pragma once
#include <etch/host/program/session.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace etch::host {

// The options of `etch train`, with its defaults; check() says what is allowed.
struct Settings {
  std::string model{};                 // its name
  std::size_t epochs = 5;              // in all
  std::size_t batch = 64;              // images; the last of an epoch may have fewer
  std::string optimizer = "adam";      // sgd, adam, adamw, adabound
  double lr = 1e-3;                    // of the first epoch
  double momentum = 0;                 // sgd
  bool nesterov = false;               // sgd
  double weight_decay = 0;             // see the optimizers
  std::string decay = "all";           // all, weights: neither biases nor norms
  std::string lr_factors = "none";     // none, or of tensors by their names: "fc=10,layer1=0.1"
  double final_lr = 0.1;               // adabound
  std::string schedule = "none";       // none, step, cosine, plateau
  std::size_t step_size = 1;           // step: epochs
  double gamma = 0.1;                  // step, plateau
  std::size_t patience = 10;           // plateau: epochs
  std::size_t t_max = 0;               // cosine: epochs; 0: all of them
  double eta_min = 0;                  // cosine, plateau
  std::size_t warmup = 0;              // steps
  std::string init = "uniform";        // uniform, normal; file: the weights of the model's
  std::string loss = "cross_entropy";  // bce_with_logits, mse, l1, smooth_l1, huber
  double beta = 1;                     // smooth_l1
  double delta = 1;                    // huber
  double label_smoothing = 0;          // see CrossEntropyLoss
  // cross_entropy: none, balanced, or a number a class: "1,0.5,2"; bce_with_logits: a label.
  std::string class_weights = "none", pos_weight = "none";
  std::size_t early_stopping = 0;  // epochs without a lower test loss; 0: don't
  std::string keep = "last";       // last, best: whose parameters the file has
  double clip_grad_norm = 0;       // 0: don't
  std::uint64_t seed = 0;          // of initial values, order of images and random draws
  bool winograd = false;           // Training::winograd
  std::string augment = "none";    // see augmentation_from_text()
};

// Checks all of them. Throws an Error that names the option, its value and what is allowed.
void check(const Settings& settings);

// The optimizer of these settings, which are checked.
AnyOptimizer make_optimizer(const Settings& settings);
// What parameters begin with.
Initialization make_initialization(const Settings& settings);
// For decay and lr_factors. Throws an Error where a name of lr_factors is no tensor's or layer's.
std::vector<TensorRule> tensor_rules(const Settings& settings, GraphView graph);
// Without weights of classes or labels.
AnyLoss make_loss(const Settings& settings);
// The learning rate of an epoch, counted from 0; not of schedule plateau, which its losses decide.
double lr_at(const Settings& settings, std::size_t epoch);
// That of a step, counted from 0 over all epochs: less than its epoch's in the warm-up.
double warmed_up(const Settings& settings, double epoch_lr, std::uint64_t step);
// One a class for class_weights, or one a label for pos_weight, of targets of `outputs` classes or
// labels; empty for none. Throws an Error where classes or labels aren't as many as are listed.
std::vector<float> loss_weights(const Settings& settings, const Targets& targets,
                                std::size_t outputs);
// The epochs that schedule cosine takes to fall to eta_min.
std::size_t cosine_epochs(const Settings& settings);
// Another number of epochs: a cosine that ended with the last of them ends with the new last.
void set_epochs(Settings& settings, std::size_t epochs);

}  // namespace etch::host
