// Training runs stop, go on and end in the same file, byte for byte; files that don't fit are
// refused and change nothing.
#include <etch/host/training/checkpoint.hpp>

#include "host/idx_files.hpp"
#include "network/names.hpp"
#include "process.hpp"
#include "training/run_json.hpp"

#include <etch/etch.hpp>
#include <etch/host/error.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/training/training_run.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>

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

// Ten numbers a sample instead of its class: 1 for it, 0 for the others.
Dataset with_values(Dataset data) {
  const std::vector<std::int32_t> labels = std::exchange(data.targets.labels, {});
  data.targets.width = 10;
  for (const std::int32_t label : labels) {
    for (std::int32_t c = 0; c < 10; ++c) data.targets.values.push_back(c == label ? 1.0f : 0.0f);
  }
  return data;
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

TEST_CASE("What test losses decide goes on in a resumed run") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors", part = folder.path() / "part";
  Settings s = small_settings();
  s.epochs = 6;
  s.optimizer = "sgd";
  s.lr = 0.5;  // so much that losses jump
  s.schedule = "plateau";
  s.patience = 0;
  s.gamma = 0.5;
  s.warmup = 7;
  s.class_weights = "balanced";
  s.clip_grad_norm = 1;
  s.keep = "best";
  const std::string file = uninterrupted(path, s);
  for (const std::uint64_t steps : {0u, 4u, 6u, 15u, 20u, 33u}) {
    TrainingRun first = make_run(s);
    train(first, steps);
    first.save(part);
    TrainingRun second = make_run(Checkpoint(part).settings());
    second.restore(Checkpoint(part));
    CHECK(file_of(folder.path() / "same", second) == contents(part));
    train(second);
    CHECK(file_of(part, second) == file);
  }
}

TEST_CASE("The parameters kept are those of the best epoch") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  Settings s = small_settings();
  s.epochs = 5;
  s.optimizer = "sgd";
  s.lr = 0.5;
  s.keep = "best";
  TrainingRun run = make_run(s);
  std::vector<std::vector<float>> after;
  for (std::size_t epoch = 0; epoch < s.epochs; ++epoch) {
    while (!run.epoch_trained()) run.step();
    const auto test = evaluate(run.session(), test_data, [](const Metrics&) { return false; });
    after.push_back(copy(run.session().parameters()));
    // Losses of our own: the third is the lowest.
    Scores scores = test->scores();
    scores.loss = std::abs(static_cast<double>(epoch) - 2);
    run.finish_epoch(scores);
    run.save(path);
    SessionOptions options;
    options.evaluates_only = true;
    Session kept(find_model(s.model).graph, options);
    Checkpoint(path).restore_model(kept);
    CHECK(copy(kept.parameters()) == after[std::min<std::size_t>(epoch, 2)]);
    TrainingRun again = make_run(s);
    again.restore(Checkpoint(path));
    CHECK(copy(again.session().parameters()) == after[epoch]);
  }
  CHECK(after[2] != after[4]);
}

TEST_CASE("A run that stops early is finished") {
  Settings s = small_settings();
  s.epochs = 9;
  s.early_stopping = 2;
  TrainingRun run = make_run(s);
  for (const double loss : {1.0, 0.5, 0.6, 0.7}) {
    REQUIRE_FALSE(run.finished());
    while (!run.epoch_trained()) run.step();
    run.finish_epoch({loss, Task::classes, {0, 0}});
  }
  CHECK(run.finished());
  CHECK(run.stopped_early());
}

TEST_CASE("Weights of classes are those of the loss") {
  Settings s = small_settings();
  TrainingRun plain = make_run(s);
  s.class_weights = "balanced";
  TrainingRun balanced = make_run(s);
  s.class_weights = "1,1,1,1,1,1,1,1,1,1";
  TrainingRun ones = make_run(s);
  const float loss = plain.step();
  CHECK(ones.step() == Approx(loss));
  CHECK(balanced.step() != Approx(loss));
  s.class_weights = "1,2,3";
  CHECK_THROWS_WITH(make_run(s), "--class-weights 1,2,3: 3 numbers for 10 classes");
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

TEST_CASE("Runs on labels and on numbers stop and go on as well, in the same file") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors", part = folder.path() / "part";
  for (const char* loss : {"bce_with_logits", "mse", "l1", "smooth_l1", "huber"}) {
    INFO(loss);
    Settings s = small_settings();
    s.loss = loss;
    const Task task = task_of(make_loss(s));
    if (task == Task::labels) s.pos_weight = "balanced";
    const Dataset data = with_values(train_data), tested = with_values(test_data);
    const auto made = [&] { return TrainingRun(find_model(s.model).graph, s, {}, data, tested); };
    const auto go_on = [&](TrainingRun&& run, std::uint64_t steps) {
      while (!run.finished()) {
        while (!run.epoch_trained()) {
          if (run.steps() >= steps) return file_of(part, run);
          run.step();
        }
        const auto test = evaluate(run.session(), tested, [](const Metrics&) { return false; });
        run.finish_epoch(test->scores());
      }
      const auto& history = run.progress().history;
      CHECK(history[1].train.task == task);
      CHECK(history[1].train.loss < history[0].train.loss);
      return file_of(part, run);
    };
    const std::string whole = go_on(made(), ~std::uint64_t{0});
    go_on(made(), 3);
    TrainingRun second = made();
    second.restore(Checkpoint(part));
    CHECK(go_on(std::move(second), ~std::uint64_t{0}) == whole);
    s.loss = "cross_entropy", s.pos_weight = "none";
    CHECK_THROWS_WITH(made(), Catch::Contains(": its targets are numbers, and --loss "
                                              "cross_entropy takes classes"));
    TrainingRun other(find_model(s.model).graph, s, {}, train_data, test_data);
    CHECK_THROWS_WITH(other.restore(Checkpoint(part)), Catch::Contains("other data"));
  }
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
  CHECK(metrics.scores().figures == run.progress().history.back().test.figures);
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

namespace {

using Small =
    Network<Sequential<Conv2d{.out_channels = 2, .kernel_size = 3, .stride = 2}, BatchNorm2d{},
                       ReLU{}, MaxPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 3}>{},
            Shape{1, 9, 9}>;

Settings momentum_settings() {
  Settings s;
  s.model = "small";
  s.optimizer = "sgd";
  s.momentum = 0.9;
  return s;
}

Session session_of(GraphView graph) {
  SessionOptions options;
  options.optimizer = make_optimizer(momentum_settings());
  return Session(graph, options);
}

// A checkpoint of few bytes, with all that one has.
void write_small(const fs::path& path) {
  Session session = session_of(Small::graph);
  Generator random{5};
  for (float& x : session.parameters()) x = random.normal();
  for (float& x : session.optimizer_state()) x = random.normal();
  Progress progress(Task::classes, 3);
  progress.images = 10;
  progress.epoch = 1;
  progress.history.push_back(
      {{0.5, Task::classes, {0.25, 0.125}}, {0.75, Task::classes, {0.5, 0.25}}});
  save_checkpoint(path, session, momentum_settings(), progress);
}

// All that a training run takes from a checkpoint, as bytes.
std::string meaning(const fs::path& path) {
  const Checkpoint checkpoint(path);
  Session session = session_of(Small::graph);
  checkpoint.restore_training(session);
  const Progress p = checkpoint.progress();
  std::string all = to_json(checkpoint.settings()).dump() + to_json(p).dump() +
                    to_json(p.history).dump() + std::to_string(session.runs()) + "," +
                    std::to_string(session.updates());
  for (const TensorPlace& place : model_places(Small::graph, session.parameters().data())) {
    all.append(reinterpret_cast<const char*>(place.values), place.tensor->size() * sizeof(float));
  }
  for (const float& x : session.optimizer_state()) {
    all.append(reinterpret_cast<const char*>(&x), sizeof x);
  }
  return all;
}

// False where the file was refused by a sentence; else it must mean what it did.
bool taken(const fs::path& path, const std::string& expected) {
  try {
    const std::string now = meaning(path);
    CHECK(now == expected);
    return true;
  } catch (const Error& e) {
    CHECK_THAT(e.what(), Catch::StartsWith(path.string() + ": "));
    return false;
  }
}

}  // namespace

TEST_CASE("A small checkpoint that is cut at any byte is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  write_small(path);
  const std::string whole = contents(path), expected = meaning(path);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_file(path, whole.substr(0, length));
    CHECK_FALSE(taken(path, expected));
  }
}

TEST_CASE("10,000 flipped bits of a checkpoint are refused, or change nothing") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  write_small(path);
  const std::string whole = contents(path), expected = meaning(path);
  Generator random{11};
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t bit = random.below(8 * whole.size());
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    write_file(path, flipped);
    INFO("bit " << bit);
    accepted += taken(path, expected);
  }
  CHECK(accepted < 20);  // those of the spaces behind the header's JSON
}

TEST_CASE("A checkpoint of another variant of a network, with the same tensors, is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  write_small(path);
  constexpr Conv2d conv{.out_channels = 2, .kernel_size = 3, .stride = 2};
  constexpr Conv2d padded{.out_channels = 2, .kernel_size = 3, .stride = 2, .padding = 1};
  constexpr Conv2d other_stride{.out_channels = 2, .kernel_size = 3, .stride = {2, 1}};
  constexpr MaxPool2d pool{.kernel_size = 2};
  constexpr MaxPool2d wide_pool{.kernel_size = 3, .stride = 2, .padding = 1};
  constexpr Shape in{1, 9, 9};
  constexpr Linear linear{.out_features = 3};
  const GraphView variants[] = {
      Network<Sequential<padded, BatchNorm2d{}, ReLU{}, pool, Flatten{}, linear>{}, in>::graph,
      Network<Sequential<conv, BatchNorm2d{}, ReLU{}, wide_pool, Flatten{}, linear>{}, in>::graph,
      Network<Sequential<conv, BatchNorm2d{}, ReLU6{}, pool, Flatten{}, linear>{}, in>::graph,
      Network<Sequential<conv, BatchNorm2d{}, pool, Flatten{}, linear>{}, in>::graph,
      Network<Sequential<conv, BatchNorm2d{.eps = 0.1f}, ReLU{}, pool, Flatten{}, linear>{},
              in>::graph,
      Network<
          Sequential<conv, BatchNorm2d{}, ReLU{}, AvgPool2d{.kernel_size = 2}, Flatten{}, linear>{},
          in>::graph,
      Network<Sequential<conv, BatchNorm2d{}, LeakyReLU{}, pool, Flatten{}, linear>{}, in>::graph,
      Network<Sequential<conv, BatchNorm2d{}, ReLU{}, pool, Flatten{}, linear, Softmax{}>{},
              in>::graph,
      Network<Sequential<other_stride, BatchNorm2d{}, ReLU{}, MaxPool2d{.kernel_size = {2, 3}},
                         Flatten{}, linear>{},
              in>::graph};
  const Checkpoint checkpoint(path);
  for (const GraphView& graph : variants) {
    INFO("variant " << &graph - variants);
    REQUIRE(graph.num_parameters == Small::graph.num_parameters);
    Session session = session_of(graph);
    const std::vector<float> before = copy(session.parameters());
    CHECK_THROWS_WITH(
        checkpoint.restore_model(session),
        Catch::Contains(path.string() + ": doesn't fit the network: it holds small") &&
            Catch::Contains("the layers: differ in kind, order, shape, stride"));
    CHECK_THROWS_WITH(checkpoint.restore_training(session), Catch::Contains("the layers: differ"));
    CHECK(copy(session.parameters()) == before);
  }
}

TEST_CASE("Numbers that aren't finite are named, and taken only where they may be") {
  const TemporaryFolder folder;
  const fs::path saved = folder.path() / "saved.safetensors";
  const fs::path path = folder.path() / "run.safetensors";
  save_checkpoint(saved, session_of(Small::graph), momentum_settings(), Progress(Task::classes, 3));
  {  // None is saved with such numbers: they come from elsewhere.
    const Safetensors file(saved);
    std::vector<TensorSource> tensors;
    for (const auto& [name, tensor] : file.tensors()) {
      tensors.push_back({name, tensor.dtype, tensor.shape, [&file, &name = name](std::byte* to) {
                           std::ranges::copy(file.find(name)->bytes, to);
                           if (name != "5.weight") return;
                           auto* weight = reinterpret_cast<float*>(to);
                           weight[2 * 8 + 7] = std::numeric_limits<float>::quiet_NaN();
                           weight[2 * 8 + 5] = -std::numeric_limits<float>::infinity();
                         }});
    }
    write_safetensors(path, tensors, file.metadata());
  }
  const Checkpoint checkpoint(path);
  Session other = session_of(Small::graph);
  const std::vector<float> before = copy(other.parameters());
  const std::string message =
      path.string() + ": 5.weight[2, 5] is -inf; 2 of 55 numbers aren't finite";
  CHECK_THROWS_WITH(checkpoint.restore_model(other), message);
  CHECK_THROWS_WITH(checkpoint.restore_training(other), Catch::Contains("5.weight[2, 5] is -inf"));
  CHECK(copy(other.parameters()) == before);
  checkpoint.restore_model(other, NonFinite::taken);
  CHECK(copy(other.parameters()) != before);
}

TEST_CASE("Damaged metadata is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run.safetensors";
  TrainingRun run = make_run(small_settings());
  const auto tensors = model_tensors(run.session().graph(), run.session().parameters().data());
  const auto with = [&](const char* settings, const char* progress) {
    write_safetensors(
        path, tensors,
        {{"etch.settings", settings}, {"etch.progress", progress}, {"etch.history", "[]"}});
  };
  with("{", "{}");
  CHECK_THROWS_WITH(Checkpoint(path).settings(),
                    Catch::Contains("etch.settings is damaged: it isn't JSON at byte 2"));
  CHECK_THROWS_WITH(Checkpoint(path).progress(), Catch::Contains("etch.progress"));
  with("{}", R"({"epoch":1,"position":9,"runs":0,"updates":0,"images":90,"data_checksum":0,)"
             R"("classes":2,"running_loss":0,"running_confusion":[0,0,0,0]})");
  CHECK_THROWS_WITH(Checkpoint(path).progress(), Catch::Contains("has results of 0"));
  with("{}", R"({"epoch":-1,"position":0,"classes":1,"running_confusion":[0]})");
  CHECK_THROWS_WITH(Checkpoint(path).progress(),
                    Catch::Contains("epoch is -1, but a whole number is expected"));
  with("{}", R"({"classes":4294967296,"running_confusion":[]})");
  CHECK_THROWS_WITH(Checkpoint(path).progress(), Catch::Contains("has 0 numbers for 4294967296"));
}

TEST_CASE("Scores without their figures are refused, not written") {
  CHECK_THROWS_WITH(to_json(std::vector<EpochScores>(1)),
                    "scores of classes have 2 figures, not 0");
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
