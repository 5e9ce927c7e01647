// Settings are checked, and are the same after a way through JSON.
#include <etch/host/training/settings.hpp>

#include "training/run_json.hpp"

#include <etch/host/error.hpp>

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
  for (const char* later :
       {"winograd", "patience", "warmup", "class-weights", "early-stopping", "keep"}) {
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
       "--class-weights 1,x: must be none, balanced, or a number of at least 0 a class, such as "
       "1,0.5,2"},
      {"class-weights", "1,-1",
       "--class-weights 1,-1: must be none, balanced, or a number of at least 0 a class, such as "
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
  const std::uint64_t sizes[] = {10, 30, 0, 20};
  CHECK(class_weights(s, sizes).empty());
  s.class_weights = "balanced";
  CHECK(class_weights(s, sizes) == std::vector<float>{1.5f, 0.5f, 0, 0.75f});
  s.class_weights = "1,0.5,2,1e-3";
  CHECK(class_weights(s, sizes) == std::vector<float>{1, 0.5f, 2, 1e-3f});
  s.class_weights = "1,2";
  CHECK_THROWS_WITH(class_weights(s, sizes), "--class-weights 1,2: 2 numbers for 4 classes");
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
