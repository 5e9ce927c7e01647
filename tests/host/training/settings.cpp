// Settings are checked, and are the same after a way through JSON.
#include <etch/host/training/settings.hpp>

#include "network/names.hpp"
#include "training/run_json.hpp"

#include <etch/host/error.hpp>
#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace etch;
using namespace etch::host;

TEST_CASE("Settings keep their values in JSON") {
  Settings s;
  s.model = "resnet18";
  s.lr = 0.1;
  s.seed = ~std::uint64_t{0};
  s.optimizer = "sgd";
  s.momentum = 0.9;
  s.nesterov = true;
  s.winograd = true;
  CHECK(to_json(settings_from_json(nlohmann::json::parse(to_json(s).dump()))) == to_json(s));
}

TEST_CASE("Settings of a checkpoint from before some were there") {
  nlohmann::json json = to_json(Settings{});
  for (const char* later : {"winograd", "patience", "warmup", "class-weights", "early-stopping",
                            "keep", "loss", "beta", "delta", "pos-weight", "decay", "lr-factors"}) {
    json.erase(later);
  }
  CHECK(to_json(settings_from_json(json)) == to_json(Settings{}));
  json.erase("seed");
  CHECK_THROWS(settings_from_json(json));
}

TEST_CASE("Wrong settings are refused by a sentence") {
  struct Case {
    const char* name;
    nlohmann::json value;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"batch", 0, "--batch 0: must be from 1 to 65536"},
      {"epochs", 0, "--epochs 0: must be at least 1"},
      {"lr", -0.5, "--lr -0.5: must be more than 0"},
      {"momentum", 1, "--momentum 1: must be in [0, 1)"},
      {"momentum", 0.5, "--momentum 0.5: only --optimizer sgd has it, not adam"},
      {"nesterov", true, "--nesterov needs a --momentum"},
      {"weight-decay", -1, "--weight-decay -1: must be at least 0"},
      {"label-smoothing", 1, "--label-smoothing 1: must be in [0, 1)"},
      {"clip-grad-norm", -1, "--clip-grad-norm -1: must be at least 0"},
      {"optimizer", "lion", "--optimizer lion: must be one of sgd, adam, adamw, adabound"},
      {"schedule", "linear", "--schedule linear: must be one of none, step, cosine, plateau"},
      {"keep", "all", "--keep all: must be one of last, best"},
      {"class-weights", "1,x",
       "--class-weights 1,x: must be none, balanced, or a number of at least 0 each, such as "
       "1,0.5,2"},
      {"loss", "l0",
       "--loss l0: must be one of cross_entropy, bce_with_logits, mse, l1, smooth_l1, "
       "huber; did you mean l1?"},
      {"decay", "none", "--decay none: must be one of all, weights"},
      {"lr-factors", "fc",
       "--lr-factors fc: must be none, or names of layers with a number of at least 0 each, such "
       "as "
       "fc=10,layer1=0.1"},
      {"beta", 0.5, "--beta: only --loss smooth_l1 has it, not cross_entropy"},
      {"delta", 0.5, "--delta: only --loss huber has it, not cross_entropy"},
      {"pos-weight", "balanced",
       "--pos-weight: only --loss bce_with_logits has it, not cross_entropy"},
      {"class-weights", "1,-1",
       "--class-weights 1,-1: must be none, balanced, or a number of at least 0 each, such as "
       "1,0.5,2"},
  };
  Settings plateau;
  plateau.schedule = "plateau";
  plateau.gamma = 1;
  CHECK_THROWS_WITH(check(plateau), "--gamma 1: must be less than 1 for --schedule plateau");
  for (const Case& c : cases) {
    nlohmann::json json = to_json(Settings{});
    json[c.name] = c.value;
    CHECK_THROWS_WITH(settings_from_json(json), c.message);
  }
}

TEST_CASE("Schedules of the learning rate") {
  Settings s;
  s.lr = 1;
  s.epochs = 4;
  CHECK(lr_at(s, 3) == 1);
  s.schedule = "step";
  s.step_size = 2;
  CHECK(lr_at(s, 1) == 1);
  CHECK(lr_at(s, 2) == Approx(0.1));
  s.schedule = "cosine";
  CHECK(lr_at(s, 0) == 1);
  CHECK(lr_at(s, 2) == Approx(0.5));
}

TEST_CASE("A cosine ends with the last epoch, also with a later last one") {
  Settings s;
  s.lr = 1;
  s.schedule = "cosine";
  s.epochs = 3;
  set_epochs(s, 5);
  CHECK(lr_at(s, 3) == Approx((1 + std::cos(0.6 * std::numbers::pi)) / 2));
  CHECK(lr_at(s, 4) > 0);
  // Checkpoints of 0.1.0 name the last epoch of then.
  s.epochs = s.t_max = 3;
  set_epochs(s, 5);
  CHECK(cosine_epochs(s) == 5);
  // An end that was asked for stays.
  s.t_max = 8;
  set_epochs(s, 6);
  CHECK(cosine_epochs(s) == 8);
}

TEST_CASE("A warm-up comes before every schedule's rate") {
  Settings s;
  CHECK(warmed_up(s, 0.5, 0) == 0.5);
  s.warmup = 4;
  for (std::uint64_t step = 0; step < 6; ++step) {
    const double part = std::min(static_cast<double>(step + 1) / 5, 1.0);
    CHECK(warmed_up(s, 0.5, step) == Approx(0.5 * part));
  }
}

TEST_CASE("Weights of classes, by their sizes or by a list") {
  Settings s;
  Targets targets;
  for (const int label : {0, 1, 1, 1, 3, 3}) targets.labels.push_back(label);
  CHECK(loss_weights(s, targets, 4).empty());
  s.class_weights = "balanced";
  CHECK(loss_weights(s, targets, 4) == std::vector<float>{1.5f, 0.5f, 0, 0.75f});
  s.class_weights = "1,0.5,2,1e-3";
  CHECK(loss_weights(s, targets, 4) == std::vector<float>{1, 0.5f, 2, 1e-3f});
  s.class_weights = "1,2";
  CHECK_THROWS_WITH(loss_weights(s, targets, 4), "--class-weights 1,2: 2 numbers for 4 classes");
}

TEST_CASE("Weights of labels, by how many have them or by a list") {
  Settings s;
  s.loss = "bce_with_logits";
  const Targets targets{.values = {1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1}, .width = 3};
  CHECK(loss_weights(s, targets, 3).empty());
  s.pos_weight = "balanced";
  // One in four has the first, none the second, all the third.
  CHECK(loss_weights(s, targets, 3) == std::vector<float>{3, 1, 1});
  s.pos_weight = "8,0,1";
  CHECK(loss_weights(s, targets, 3) == std::vector<float>{8, 0, 1});
  s.pos_weight = "1,2";
  CHECK_THROWS_WITH(loss_weights(s, targets, 3), "--pos-weight 1,2: 2 numbers for 3 labels");
}

TEST_CASE("Tensors have rules by their rank and their names") {
  Settings s;
  const GraphView graph = find_model("resnet8").graph;
  CHECK(tensor_rules(s, graph).empty());
  s.decay = "weights";
  s.lr_factors = "layer1=0.5,layer1.0.conv1.weight=2,fc=0";
  const std::vector<TensorRule> rules = tensor_rules(s, graph);
  REQUIRE(rules.size() == static_cast<std::size_t>(graph.size.tensors));
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string name = tensor_name(graph, graph.tensors[i]);
    CHECK(rules[i].decays == (graph.tensors[i].rank > 1));
    CHECK(rules[i].lr_factor == (name == "layer1.0.conv1.weight" ? 2
                                 : name.starts_with("layer1.")   ? 0.5
                                 : name.starts_with("fc.")       ? 0
                                                                 : 1));
  }
  s.lr_factors = "layer=1";
  CHECK_THROWS_WITH(tensor_rules(s, graph),
                    "--lr-factors layer=1: the network has no layer layer; `etch summary` lists "
                    "their names");
}

TEST_CASE("Losses take their settings") {
  Settings s;
  s.label_smoothing = 0.25;
  CHECK(std::get<CrossEntropyLoss>(make_loss(s)).label_smoothing == 0.25f);
  CHECK(std::get<CrossEntropyLoss>(unweighted(make_loss(s))).label_smoothing == 0);
  s = {.loss = "huber", .delta = 2};
  CHECK(std::get<HuberLoss>(make_loss(s)).delta == 2);
  CHECK(std::get<HuberLoss>(unweighted(make_loss(s))).delta == 2);
  s = {.loss = "smooth_l1", .beta = 0.5};
  CHECK(std::get<SmoothL1Loss>(make_loss(s)).beta == 0.5f);
  CHECK(task_of(make_loss(s)) == Task::numbers);
  CHECK(task_of(make_loss({.loss = "bce_with_logits"})) == Task::labels);
  CHECK(std::holds_alternative<MSELoss>(make_loss({.loss = "mse"})));
  CHECK(std::holds_alternative<L1Loss>(make_loss({.loss = "l1"})));
}

TEST_CASE("Optimizers take their settings") {
  Settings s;
  s.optimizer = "sgd";
  s.momentum = 0.9;
  CHECK(std::get<SGD>(make_optimizer(s)).momentum == 0.9);
  CHECK(state_names(make_optimizer(s)).size() == 1);
  s.optimizer = "adamw";
  s.weight_decay = 0.05;
  CHECK(std::get<AdamW>(make_optimizer(s)).weight_decay == 0.05);
  CHECK(std::string(optimizer_name(make_optimizer(s))) == "adamw");
}
