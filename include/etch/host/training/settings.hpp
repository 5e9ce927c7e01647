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
  std::string model;                   // its name
  std::size_t epochs = 5;              // in all
  std::size_t batch = 64;              // images; the last of an epoch may have fewer
  std::string optimizer = "adam";      // sgd, adam, adamw, adabound
  double lr = 1e-3;                    // of the first epoch
  double momentum = 0;                 // sgd
  bool nesterov = false;               // sgd
  double weight_decay = 0;             // see the optimizers
  double final_lr = 0.1;               // adabound
  std::string schedule = "none";       // none, step, cosine, plateau
  std::size_t step_size = 1;           // step: epochs
  double gamma = 0.1;                  // step, plateau
  std::size_t patience = 10;           // plateau: epochs
  std::size_t t_max = 0;               // cosine: epochs; 0: all of them
  double eta_min = 0;                  // cosine, plateau
  std::size_t warmup = 0;              // steps
  std::string init = "uniform";        // uniform, normal; file: the weights of the model's
  double label_smoothing = 0;          // see CrossEntropyLoss
  std::string class_weights = "none";  // none, balanced, or a number a class: "1,0.5,2"
  std::size_t early_stopping = 0;      // epochs without a lower test loss; 0: don't
  std::string keep = "last";           // last, best: whose parameters the file has
  double clip_grad_norm = 0;           // 0: don't
  std::uint64_t seed = 0;              // of initial values, order of images and random draws
  bool winograd = false;               // Training::winograd
  std::string augment = "none";        // see augmentation_from_text()
};

// Checks all of them. Throws an Error that names the option, its value and what is allowed.
void check(const Settings& settings);

// The optimizer of these settings, which are checked.
AnyOptimizer make_optimizer(const Settings& settings);
// What parameters begin with.
Initialization make_initialization(const Settings& settings);
// The learning rate of an epoch, counted from 0; not of schedule plateau, which its losses decide.
double lr_at(const Settings& settings, std::size_t epoch);
// That of a step, counted from 0 over all epochs: less than its epoch's in the warm-up.
double warmed_up(const Settings& settings, double epoch_lr, std::uint64_t step);
// One a class for class_weights, of which there are so many images; empty for none. Throws an Error
// where the classes are not as many.
std::vector<float> class_weights(const Settings& settings, std::span<const std::uint64_t> images);
// The epochs that schedule cosine takes to fall to eta_min.
std::size_t cosine_epochs(const Settings& settings);
// Another number of epochs: a cosine that ended with the last of them ends with the new last.
void set_epochs(Settings& settings, std::size_t epochs);

}  // namespace etch::host
