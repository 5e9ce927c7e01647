// Training runs stop, go on and end in the same file, byte for byte; files that don't fit are
// refused and change nothing.
#include "training/checkpoint.hpp"

#include "network/models.hpp"
#include "network/names.hpp"
#include "process.hpp"
#include "tools/idx_files.hpp"
#include "training/training_run.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

namespace {

// 90 images in batches of 16: the last batch has 10.
const Dataset train_data = bars(90, 1), test_data = bars(40, 2);

Settings small_settings() {
  Settings s;
  s.model = "lenet";
  s.epochs = 2;
  s.batch = 16;
  s.schedule = "step";
  s.seed = 3;
  return s;
}

TrainingRun make_run(const Settings& s, RunOptions options = {}) {
  return TrainingRun(find_model(s.model).graph, s, options, train_data, test_data);
}

// Trains until the end, or until so many steps were made.
void train(TrainingRun& run, std::uint64_t steps = ~std::uint64_t{0}) {
  while (!run.finished()) {
    while (!run.epoch_trained()) {
      if (run.steps() >= steps) return;
      run.step();
    }
    const auto test = evaluate(run.session(), test_data, [](const Metrics&) { return false; });
    run.finish_epoch(test->scores());
  }
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string file_of(const fs::path& path, const TrainingRun& run) {
  run.save(path);
  return contents(path);
}

std::string uninterrupted(const fs::path& path, const Settings& s, RunOptions options = {}) {
  TrainingRun run = make_run(s, options);
  train(run);
  return file_of(path, run);
}

std::vector<float> copy(std::span<const float> x) { return {x.begin(), x.end()}; }

}  // namespace

TEST_CASE("The same seed makes the same file, whatever threads and memory modes") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  const Settings s = small_settings();
  const std::string file = uninterrupted(path, s);
  CHECK(uninterrupted(path, s) == file);
  CHECK(uninterrupted(path, s, {.threads = 3}) == file);
  CHECK(uninterrupted(path, s, {.update = Update::fused}) == file);
  CHECK(uninterrupted(path, s, {.recompute = Recompute::elementwise}) == file);
  Settings other = s;
  other.seed = 4;
  CHECK(uninterrupted(path, other) != file);
}

TEST_CASE("A resumed run ends in the bytes of an uninterrupted one") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors", part = folder.path() / "part";
  for (const char* optimizer : {"sgd", "adam", "adamw", "adabound"}) {
    for (const char* model : {"lenet", "convnet"}) {
      Settings s = small_settings();
      s.model = model;
      s.optimizer = optimizer;
      s.momentum = s.optimizer == "sgd" ? 0.9 : 0;
      s.clip_grad_norm = 1;
      s.label_smoothing = 0.1;
      const std::string file = uninterrupted(path, s);
      for (const std::uint64_t steps : {0u, 1u, 4u, 6u, 9u, 12u}) {
        TrainingRun first = make_run(s);
        train(first, steps);
        first.save(part);
        TrainingRun second = make_run(Checkpoint(part).settings(), {.threads = 2});
        second.restore(Checkpoint(part));
        CHECK(second.steps() == steps);
        CHECK(file_of(folder.path() / "same", second) == contents(part));
        train(second);
        CHECK(file_of(part, second) == file);
      }
    }
  }
}

TEST_CASE("A stop after an epoch's last batch, before its test, is resumed as well") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors", part = folder.path() / "part";
  const Settings s = small_settings();
  const std::string file = uninterrupted(path, s);
  TrainingRun first = make_run(s);
  while (!first.epoch_trained()) first.step();
  first.save(part);
  TrainingRun second = make_run(s);
  second.restore(Checkpoint(part));
  CHECK(second.epoch_trained());
  train(second);
  CHECK(file_of(part, second) == file);
}

TEST_CASE("A checkpoint holds PyTorch's names and shapes, settings and history") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  uninterrupted(path, small_settings());
  const Safetensors file(path);
  const std::vector<std::size_t> shape{16, 6, 5, 5};
  CHECK(file.find("3.weight")->shape == shape);
  CHECK(file.find("optimizer.exp_avg.3.weight")->shape == shape);
  CHECK(file.find("optimizer.exp_avg_sq.3.weight")->shape == shape);
  CHECK(file.metadata().at("etch.model") == "lenet");
  const auto settings = nlohmann::json::parse(file.metadata().at("etch.settings"));
  CHECK(settings.at("batch") == 16);
  const auto history = nlohmann::json::parse(file.metadata().at("etch.history"));
  CHECK(history.size() == 2);
  CHECK(history.at(1).at("test").at("macro_f1").is_number());
  CHECK(history.at(1).at("train").at("loss") < history.at(0).at("train").at("loss"));
}

TEST_CASE("A checkpoint restores the model for evaluation") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  Settings s = small_settings();
  s.model = "convnet";
  TrainingRun run = make_run(s);
  train(run);
  run.save(path);
  SessionOptions options;
  options.evaluates_only = true;
  options.training.batch = 7;
  Session session(find_model("convnet").graph, options);
  Checkpoint(path).restore_model(session);
  CHECK(copy(session.parameters()) == copy(run.session().parameters()));
  const auto never = [](const Metrics&) { return false; };
  const Metrics metrics = *evaluate(session, test_data, never);
  CHECK(metrics.accuracy() == run.progress().history.back().test.accuracy);
  CHECK_FALSE(evaluate(session, test_data, [](const Metrics&) { return true; }));
}

TEST_CASE("A checkpoint of another network is refused and changes nothing") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  uninterrupted(path, small_settings());
  Settings s = small_settings();
  s.model = "convnet";
  TrainingRun run = make_run(s);
  const std::vector<float> before = copy(run.session().parameters());
  CHECK_THROWS_WITH(run.restore(Checkpoint(path)),
                    Catch::Contains(path.string() + ": doesn't fit the network") &&
                        Catch::Contains("0.weight: is [6, 1, 5, 5], but the network has "
                                        "[16, 1, 3, 3]") &&
                        Catch::Contains("1.running_mean: is missing; the network has [16]") &&
                        Catch::Contains("7.weight: is [120, 400], but the network has no such "
                                        "tensor"));
  CHECK(copy(run.session().parameters()) == before);
  CHECK(run.steps() == 0);
}

TEST_CASE("Tensors that are missing, extra or mis-shaped are named") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  const Settings s = small_settings();
  TrainingRun run = make_run(s);
  const GraphView graph = run.session().graph();
  const std::vector<float> zeros(1 << 16);
  std::vector<TensorSource> tensors = model_tensors(graph, run.session().parameters().data());
  const std::vector<float> before = copy(run.session().parameters());

  const auto expect = [&](const std::string& message) {
    write_safetensors(path, tensors);
    CHECK_THROWS_WITH(Checkpoint(path).restore_model(run.session()), Catch::Contains(message));
    CHECK(copy(run.session().parameters()) == before);
  };
  SECTION("missing") {
    tensors.erase(tensors.begin() + 1);
    expect("0.bias: is missing; the network has [6]");
  }
  SECTION("extra") {
    tensors.push_back(source("extra", {2, 2}, zeros.data()));
    expect("extra: is [2, 2], but the network has no such tensor");
  }
  SECTION("mis-shaped, of the same size") {
    tensors[0] = source(tensors[0].name, {6, 1, 25}, zeros.data());
    expect("0.weight: is [6, 1, 25], but the network has [6, 1, 5, 5]");
  }
  SECTION("of another type") {
    const std::vector<double> doubles(6);
    tensors[1] = source(tensors[1].name, {6}, doubles.data());
    expect("0.bias: is F64, but F32 is expected");
  }
  SECTION("what PyTorch adds is no error") {
    const std::int64_t batches = 1;
    tensors.push_back(source("bn1.num_batches_tracked", {}, &batches));
    write_safetensors(path, tensors);
    CHECK_NOTHROW(Checkpoint(path).restore_model(run.session()));
    CHECK_THROWS_WITH(run.restore(Checkpoint(path)),
                      Catch::Contains("it isn't a checkpoint of `etch train`"));
  }
}

TEST_CASE("A truncated checkpoint is refused, wherever it ends") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  uninterrupted(path, small_settings());
  const std::string whole = contents(path);
  for (std::size_t i = 0; i < 64; ++i) {
    write_file(path, whole.substr(0, whole.size() * i / 64));
    CHECK_THROWS_AS(Checkpoint(path), std::runtime_error);
  }
}

TEST_CASE("Damaged metadata is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  TrainingRun run = make_run(small_settings());
  const auto tensors = model_tensors(run.session().graph(), run.session().parameters().data());
  const auto with = [&](const char* settings, const char* progress) {
    write_safetensors(path, tensors,
                      {{"etch.format", "1"},
                       {"etch.settings", settings},
                       {"etch.progress", progress},
                       {"etch.history", "[]"}});
  };
  with("{", "{}");
  CHECK_THROWS_WITH(Checkpoint(path).settings(), Catch::Contains("etch.settings is damaged"));
  CHECK_THROWS_WITH(Checkpoint(path).progress(), Catch::Contains("etch.progress"));
  with("{}", R"({"epoch":1,"position":9,"runs":0,"updates":0,"images":90,"data_checksum":0,)"
             R"("classes":2,"running_loss":0,"running_confusion":[0,0,0,0]})");
  CHECK_THROWS_WITH(Checkpoint(path).progress(), Catch::Contains("has results of 0"));
}

TEST_CASE("A run doesn't go on with other data") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  uninterrupted(path, small_settings());
  const Dataset other = bars(90, 9);
  const Settings s = small_settings();
  TrainingRun run(find_model(s.model).graph, s, {}, other, test_data);
  CHECK_THROWS_WITH(run.restore(Checkpoint(path)), Catch::Contains("trained on other data"));
}
