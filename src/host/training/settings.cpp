// What decides the outcome of a training run: the hyperparameters.
#include <etch/host/training/settings.hpp>

#include "json.hpp"
#include "suggestion.hpp"
#include "training/run_json.hpp"

#include <etch/host/data/augmentation.hpp>
#include <etch/host/error.hpp>
#include <etch/optimizers/lr_schedule.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <sstream>
#include <string_view>

namespace etch::host {

// Calls f(name, field) for every field.
template <class S, class F>
static void each_setting(S& s, const F& f) {
  f("model", s.model);
  f("epochs", s.epochs);
  f("batch", s.batch);
  f("optimizer", s.optimizer);
  f("lr", s.lr);
  f("momentum", s.momentum);
  f("nesterov", s.nesterov);
  f("weight-decay", s.weight_decay);
  f("final-lr", s.final_lr);
  f("schedule", s.schedule);
  f("step-size", s.step_size);
  f("gamma", s.gamma);
  f("patience", s.patience);
  f("t-max", s.t_max);
  f("eta-min", s.eta_min);
  f("warmup", s.warmup);
  f("init", s.init);
  f("label-smoothing", s.label_smoothing);
  f("class-weights", s.class_weights);
  f("early-stopping", s.early_stopping);
  f("keep", s.keep);
  f("clip-grad-norm", s.clip_grad_norm);
  f("seed", s.seed);
  f("winograd", s.winograd);
  f("augment", s.augment);
}

nlohmann::json to_json(const Settings& settings) {
  nlohmann::json json;
  each_setting(settings, [&](const char* name, const auto& field) { json[name] = field; });
  return json;
}

// Older checkpoints are without these.
static bool is_later(const std::string& name) {
  constexpr std::string_view later[] = {"winograd",       "patience", "warmup", "class-weights",
                                        "early-stopping", "keep",     "augment"};
  return std::find(std::begin(later), std::end(later), name) != std::end(later);
}

Settings settings_from_json(const nlohmann::json& json) {
  const JsonValue j(json);
  Settings settings;
  each_setting(settings, [&](const char* name, auto& field) {
    if (!is_later(name) || j.has(name)) read(j.at(name), field);
  });
  check(settings);
  return settings;
}

static void expect(bool right, const char* option, const auto& value, const char* expected) {
  if (!right) throw Error(option, " ", value, ": ", expected);
}

static void expect_one_of(const char* option, const std::string& value,
                          std::initializer_list<const char*> allowed) {
  std::string all;
  std::vector<std::string> names;
  for (const char* a : allowed) {
    if (value == a) return;
    all += (all.empty() ? "" : ", ") + std::string(a);
    names.push_back(a);
  }
  throw Error(option, " ", value, ": must be one of ", all, suggestion(value, names));
}

static bool lists_weights(const Settings& s) {
  return s.class_weights != "none" && s.class_weights != "balanced";
}

static std::vector<float> listed_weights(const Settings& s) {
  std::vector<float> weights;
  std::istringstream list(s.class_weights);
  for (std::string word; std::getline(list, word, ',');) {
    float weight = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), weight);
    if (error != std::errc{} || end != word.data() + word.size() || !(weight >= 0) ||
        !std::isfinite(weight)) {
      throw Error("--class-weights ", s.class_weights, ": must be none, balanced, or a number of ",
                  "at least 0 a class, such as 1,0.5,2");
    }
    weights.push_back(weight);
  }
  return weights;
}

void check(const Settings& s) {
  expect_one_of("--optimizer", s.optimizer, {"sgd", "adam", "adamw", "adabound"});
  expect_one_of("--schedule", s.schedule, {"none", "step", "cosine", "plateau"});
  expect_one_of("--init", s.init, {"uniform", "normal", "file"});
  expect_one_of("--keep", s.keep, {"last", "best"});
  expect(s.epochs >= 1, "--epochs", s.epochs, "must be at least 1");
  expect(s.batch >= 1 && s.batch <= 65536, "--batch", s.batch, "must be from 1 to 65536");
  expect(s.lr > 0 && std::isfinite(s.lr), "--lr", s.lr, "must be more than 0");
  expect(s.momentum >= 0 && s.momentum < 1, "--momentum", s.momentum, "must be in [0, 1)");
  expect(s.weight_decay >= 0 && std::isfinite(s.weight_decay), "--weight-decay", s.weight_decay,
         "must be at least 0");
  expect(s.final_lr > 0 && std::isfinite(s.final_lr), "--final-lr", s.final_lr,
         "must be more than 0");
  expect(s.step_size >= 1, "--step-size", s.step_size, "must be at least 1");
  expect(s.gamma > 0 && std::isfinite(s.gamma), "--gamma", s.gamma, "must be more than 0");
  expect(s.schedule != "plateau" || s.gamma < 1, "--gamma", s.gamma,
         "must be less than 1 for --schedule plateau");
  expect(s.eta_min >= 0 && s.eta_min <= s.lr, "--eta-min", s.eta_min, "must be from 0 to --lr");
  expect(s.label_smoothing >= 0 && s.label_smoothing < 1, "--label-smoothing", s.label_smoothing,
         "must be in [0, 1)");
  expect(s.clip_grad_norm >= 0 && std::isfinite(s.clip_grad_norm), "--clip-grad-norm",
         s.clip_grad_norm, "must be at least 0");
  if (lists_weights(s)) listed_weights(s);
  augmentation_from_text(s.augment);
  if (s.nesterov && s.momentum == 0) throw Error("--nesterov needs a --momentum");
  if (s.optimizer != "sgd" && s.momentum != 0) {
    throw Error("--momentum ", s.momentum, ": only --optimizer sgd has it, not ", s.optimizer);
  }
}

AnyOptimizer make_optimizer(const Settings& s) {
  if (s.optimizer == "sgd") {
    return SGD{
        .lr = s.lr, .momentum = s.momentum, .weight_decay = s.weight_decay, .nesterov = s.nesterov};
  }
  if (s.optimizer == "adamw") return AdamW{.lr = s.lr, .weight_decay = s.weight_decay};
  if (s.optimizer == "adabound") {
    return AdaBound{.lr = s.lr, .final_lr = s.final_lr, .weight_decay = s.weight_decay};
  }
  return Adam{.lr = s.lr, .weight_decay = s.weight_decay};
}

Initialization make_initialization(const Settings& s) {
  return s.init == "normal" ? Initialization::kaiming_normal : Initialization::kaiming_uniform;
}

double lr_at(const Settings& s, std::size_t epoch) {
  if (s.schedule == "step") return StepLR{s.step_size, s.gamma}.at(s.lr, epoch);
  if (s.schedule != "cosine") return s.lr;
  return CosineAnnealingLR{cosine_epochs(s), s.eta_min}.at(s.lr, epoch);
}

double warmed_up(const Settings& s, double epoch_lr, std::uint64_t step) {
  const double steps = static_cast<double>(s.warmup);
  return LinearLR{1 / (steps + 1), 1, s.warmup}.at(epoch_lr, step);
}

// Balanced as scikit-learn's class_weight: images / (classes * images of the class).
std::vector<float> class_weights(const Settings& s, std::span<const std::uint64_t> images) {
  if (s.class_weights == "none") return {};
  std::vector<float> weights(images.size());
  if (lists_weights(s)) {
    weights = listed_weights(s);
    if (weights.size() == images.size()) return weights;
    throw Error("--class-weights ", s.class_weights, ": ", weights.size(), " numbers for ",
                images.size(), " classes");
  }
  const auto all =
      static_cast<double>(std::accumulate(images.begin(), images.end(), std::uint64_t{0}));
  for (std::size_t c = 0; c < weights.size(); ++c) {
    const double expected = static_cast<double>(images.size()) * static_cast<double>(images[c]);
    weights[c] = images[c] > 0 ? static_cast<float>(all / expected) : 0;
  }
  return weights;
}

std::size_t cosine_epochs(const Settings& s) { return s.t_max > 0 ? s.t_max : s.epochs; }

void set_epochs(Settings& s, std::size_t epochs) {
  if (s.t_max == s.epochs) s.t_max = 0;
  s.epochs = epochs;
}

}  // namespace etch::host
