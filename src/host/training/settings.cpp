// What decides the outcome of a training run: the hyperparameters.
#include <etch/host/training/settings.hpp>

#include "json.hpp"
#include "network/names.hpp"
#include "suggestion.hpp"
#include "training/run_json.hpp"

#include <etch/host/data/augmentation.hpp>
#include <etch/host/error.hpp>
#include <etch/optimizers/lr_schedule.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
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
  f("decay", s.decay);
  f("lr-factors", s.lr_factors);
  f("final-lr", s.final_lr);
  f("schedule", s.schedule);
  f("step-size", s.step_size);
  f("gamma", s.gamma);
  f("patience", s.patience);
  f("t-max", s.t_max);
  f("eta-min", s.eta_min);
  f("warmup", s.warmup);
  f("init", s.init);
  f("loss", s.loss);
  f("beta", s.beta);
  f("delta", s.delta);
  f("label-smoothing", s.label_smoothing);
  f("class-weights", s.class_weights);
  f("pos-weight", s.pos_weight);
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
  constexpr std::string_view later[] = {
      "winograd", "patience", "warmup", "class-weights", "early-stopping", "keep",      "augment",
      "loss",     "beta",     "decay",  "lr-factors",    "delta",          "pos-weight"};
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

static bool lists_weights(const std::string& text) { return text != "none" && text != "balanced"; }

static std::vector<float> listed_weights(const char* option, const std::string& text) {
  std::vector<float> weights;
  std::istringstream list(text);
  for (std::string word; std::getline(list, word, ',');) {
    float weight = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), weight);
    if (error != std::errc{} || end != word.data() + word.size() || !(weight >= 0) ||
        !std::isfinite(weight)) {
      throw Error(option, " ", text, ": must be none, balanced, or a number of at least 0 each, ",
                  "such as 1,0.5,2");
    }
    weights.push_back(weight);
  }
  return weights;
}

struct LrFactor {
  std::string name;
  double factor;
};

static std::vector<LrFactor> lr_factors(const Settings& s) {
  std::vector<LrFactor> all;
  if (s.lr_factors == "none") return all;
  std::istringstream list(s.lr_factors);
  for (std::string word; std::getline(list, word, ',');) {
    const std::size_t equal = word.find('=');
    const char* end = word.data() + word.size();
    double factor = -1;
    if (equal != 0 && equal != word.npos) {
      const auto [at, error] = std::from_chars(word.data() + equal + 1, end, factor);
      if (error != std::errc{} || at != end) factor = -1;
    }
    if (!(factor >= 0) || !std::isfinite(factor)) {
      throw Error("--lr-factors ", s.lr_factors,
                  ": must be none, or names of layers with a number of at least 0 each, such as "
                  "fc=10,layer1=0.1");
    }
    all.push_back({word.substr(0, equal), factor});
  }
  return all;
}

// "fc" of "fc.weight", and "fc.weight" itself.
static bool is_in(const std::string& tensor, const std::string& name) {
  return tensor == name || tensor.starts_with(name + ".");
}

// What only some losses have.
static void check_loss(const Settings& s) {
  expect_one_of("--loss", s.loss,
                {"cross_entropy", "bce_with_logits", "mse", "l1", "smooth_l1", "huber"});
  const auto only = [&](const char* loss, bool given, const char* option) {
    if (given && s.loss != loss) {
      throw Error(option, ": only --loss ", loss, " has it, not ", s.loss);
    }
  };
  const Settings own;
  only("smooth_l1", s.beta != own.beta, "--beta");
  only("huber", s.delta != own.delta, "--delta");
  only("cross_entropy", s.label_smoothing != 0, "--label-smoothing");
  only("cross_entropy", s.class_weights != "none", "--class-weights");
  only("bce_with_logits", s.pos_weight != "none", "--pos-weight");
  expect(s.beta > 0 && std::isfinite(s.beta), "--beta", s.beta, "must be more than 0");
  expect(s.delta > 0 && std::isfinite(s.delta), "--delta", s.delta, "must be more than 0");
  if (lists_weights(s.class_weights)) listed_weights("--class-weights", s.class_weights);
  if (lists_weights(s.pos_weight)) listed_weights("--pos-weight", s.pos_weight);
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
  check_loss(s);
  expect_one_of("--decay", s.decay, {"all", "weights"});
  lr_factors(s);
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

std::vector<TensorRule> tensor_rules(const Settings& s, GraphView graph) {
  const std::vector<LrFactor> factors = lr_factors(s);
  if (factors.empty() && s.decay == "all") return {};
  std::vector<TensorRule> rules;
  std::vector<bool> known(factors.size());
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    TensorRule rule{.decays = s.decay == "all" || t.rank > 1};
    for (std::size_t k = 0; k < factors.size(); ++k) {
      if (!is_in(tensor_name(graph, t), factors[k].name)) continue;
      rule.lr_factor = factors[k].factor;
      known[k] = true;
    }
    rules.push_back(rule);
  }
  for (std::size_t k = 0; k < factors.size(); ++k) {
    if (known[k]) continue;
    throw Error("--lr-factors ", s.lr_factors, ": the network has no layer ", factors[k].name,
                "; `etch summary` lists their names");
  }
  return rules;
}

AnyLoss make_loss(const Settings& s) {
  if (s.loss == "bce_with_logits") return BCEWithLogitsLoss{};
  if (s.loss == "mse") return MSELoss{};
  if (s.loss == "l1") return L1Loss{};
  if (s.loss == "smooth_l1") return SmoothL1Loss{static_cast<float>(s.beta)};
  if (s.loss == "huber") return HuberLoss{static_cast<float>(s.delta)};
  return CrossEntropyLoss{.label_smoothing = static_cast<float>(s.label_smoothing)};
}

// As scikit-learn's class_weight: images / (classes * images of the class).
static std::vector<float> balanced_classes(const Targets& targets, std::size_t classes) {
  std::vector<double> images(classes);
  for (const std::int32_t label : targets.labels) ++images[static_cast<std::size_t>(label)];
  std::vector<float> weights;
  const double all = static_cast<double>(targets.labels.size());
  for (const double n : images) {
    weights.push_back(n > 0 ? static_cast<float>(all / (static_cast<double>(classes) * n)) : 0);
  }
  return weights;
}

// Of each label, those without for each with it, as PyTorch's page recommends; 1 where all or none
// have it.
static std::vector<float> balanced_labels(const Targets& targets, std::size_t labels) {
  std::vector<double> with(labels);
  for (std::size_t i = 0; i < targets.values.size(); ++i) {
    with[i % labels] += static_cast<double>(targets.values[i]);
  }
  std::vector<float> weights;
  const double all = static_cast<double>(targets.values.size()) / static_cast<double>(labels);
  for (const double n : with) {
    weights.push_back(n > 0 && n < all ? static_cast<float>((all - n) / n) : 1);
  }
  return weights;
}

std::vector<float> loss_weights(const Settings& s, const Targets& targets, std::size_t outputs) {
  const bool classes = targets.are_classes();
  const std::string& text = classes ? s.class_weights : s.pos_weight;
  if (text == "none") return {};
  if (!lists_weights(text)) {
    return classes ? balanced_classes(targets, outputs) : balanced_labels(targets, outputs);
  }
  const char* option = classes ? "--class-weights" : "--pos-weight";
  std::vector<float> weights = listed_weights(option, text);
  if (weights.size() == outputs) return weights;
  throw Error(option, " ", text, ": ", weights.size(), " numbers for ", outputs,
              classes ? " classes" : " labels");
}

std::size_t cosine_epochs(const Settings& s) { return s.t_max > 0 ? s.t_max : s.epochs; }

void set_epochs(Settings& s, std::size_t epochs) {
  if (s.t_max == s.epochs) s.t_max = 0;
  s.epochs = epochs;
}

}  // namespace etch::host
