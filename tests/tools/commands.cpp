// The etch command as a user runs it.
#include "tools/etch_command.hpp"

#include <etch/etch.hpp>
#include <etch/host/save.hpp>
#include <etch/host/training/checkpoint.hpp>
#include <etch/initialize.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

TEST_CASE("Train, evaluate, and refuse to overwrite") {
  if (skipped()) return;
  const Place place;
  const Words train = {"train", "lenet",    "--data", place.folder.path(), "--batch",
                       "16",    "--epochs", "2",      "--checkpoint",      place.file("a")};
  const Outcome first = etch_run(train);
  CHECK(first.status == 0);
  CHECK(first.errors == "");  // no bar where there is no terminal, and no escape codes
  CHECK_THAT(first.output, Catch::Contains("epoch 2/2  train loss"));
  CHECK_THAT(first.output, !Catch::Contains("\x1b"));

  const Outcome again = etch_run(train);
  CHECK(again.status == 1);
  CHECK_THAT(again.errors, Catch::Contains("is there already; --resume goes on with it"));
  CHECK(etch_run(train + Words{"--overwrite"}).status == 0);
  CHECK(etch_run(train + Words{"--resume"}).status == 0);

  const Outcome eval = etch_run(
      {"eval", "lenet", "--data", place.folder.path(), "--checkpoint", place.file("a"), "--quiet"});
  CHECK(eval.status == 0);
  CHECK_THAT(eval.output, Catch::StartsWith("lenet on 50 test images: loss "));
}

TEST_CASE("Ctrl-C saves, and a resumed run ends in the same bytes") {
  if (skipped()) return;
  const Place place;
  // In the foreground: else timeout signals the process and its group, and the second signal kills.
  const Words timeout = {"timeout", "--foreground", "--preserve-status", "-s", "INT",
                         "1",       command()};
  const Outcome stopped = run_program(timeout + place.train("stopped"), ".");
  CHECK(stopped.status == 130);
  CHECK_THAT(stopped.output, Catch::Contains("go on with: etch train lenet --data"));
  const std::uint64_t steps = Checkpoint(place.file("stopped")).progress().updates + 7;
  const Words until = {"--max-steps", std::to_string(steps)};
  CHECK(etch_run(place.train("stopped") + until + Words{"--resume"}).status == 0);
  CHECK(etch_run(place.train("whole") + until).status == 0);
  CHECK(contents(place.file("stopped")) == contents(place.file("whole")));
}

TEST_CASE("The command that goes on is for a shell, whatever the paths") {
  if (skipped()) return;
  const Place place;
  const fs::path odd = place.folder.path() / "it's; $(touch here) \"a b\"";
  fs::create_directory(odd);
  for (const Part part : {Part::train, Part::test}) write_part(odd, part, bars(400, 1));
  const std::string checkpoint = odd / "run 1";
  const Words train = {"train", "lenet",   "--data",       odd,       "--batch", "16", "--epochs",
                       "1000",  "--quiet", "--checkpoint", checkpoint};
  const Words timeout = {"timeout", "--foreground", "--preserve-status", "-s", "INT",
                         "1",       command()};
  const Outcome stopped = run_program(timeout + train, ".");
  REQUIRE(stopped.status == 130);
  const std::string before = "go on with: etch ";
  const std::size_t at = stopped.output.find(before);
  REQUIRE(at != std::string::npos);
  const std::string words = stopped.output.substr(at + before.size());
  const std::uint64_t steps = Checkpoint(checkpoint).progress().updates + 3;
  const std::string line = "\"$0\" " + words.substr(0, words.find('\n')) + " --quiet --max-steps " +
                           std::to_string(steps);
  CHECK(run_program({"sh", "-c", line, command()}, place.folder.path()).status == 0);
  CHECK(Checkpoint(checkpoint).progress().updates == steps);
  CHECK_FALSE(fs::exists(place.folder.path() / "here"));
}

TEST_CASE("More epochs of a cosine go on learning") {
  if (skipped()) return;
  const Place place;
  const Words run = {"train", "lenet",   "--data",       place.folder.path(), "--batch",
                     "16",    "--quiet", "--checkpoint", place.file("a")};
  const Words cosine = {"--schedule", "cosine", "--epochs"};
  CHECK(etch_run(run + cosine + Words{"2"}).status == 0);
  const Outcome more = etch_run(run + Words{"--resume", "--epochs", "4"});
  CHECK(more.status == 0);
  CHECK_THAT(more.output, Catch::Contains("learning rate: half a cosine over 4 epochs, 0.0005 in "
                                          "epoch 3 and 0.000146447 in epoch 4"));
  // Both epochs changed the weights, and an unchanged number of epochs changes nothing.
  CHECK(Checkpoint(place.file("a")).settings().epochs == 4);
  const std::string finished = contents(place.file("a"));
  CHECK(etch_run(run + Words{"--resume"}).status == 0);
  CHECK(contents(place.file("a")) == finished);
}

TEST_CASE("A resumed run keeps its settings") {
  if (skipped()) return;
  const Place place;
  const Words few = {"--max-steps", "3"};
  CHECK(etch_run(place.train("a") + few).status == 0);
  const Outcome other = etch_run({"train", "lenet", "--data", place.folder.path(), "--checkpoint",
                                  place.file("a"), "--resume", "--lr", "0.5"});
  CHECK(other.status == 1);
  CHECK_THAT(other.errors,
             Catch::Contains("--lr 0.5: ") && Catch::Contains("was trained with 0.002"));
  const Outcome model = etch_run({"train", "convnet", "--data", place.folder.path(), "--checkpoint",
                                  place.file("a"), "--resume"});
  CHECK_THAT(model.errors, Catch::Contains("was trained with \"lenet\""));
}

TEST_CASE("Wrong options end with a sentence and a status") {
  if (skipped()) return;
  struct Case {
    Words arguments;
    int status;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{}, 1, "etch: a command is missing; there are: train eval predict plan"},
      {{"data"}, 1, "`etch data` needs a PATH, or `fetch NAME`"},
      {{"trian", "lenet"},
       1,
       "there is no command 'trian'; did you mean train? There are: train eval predict plan"},
      {{"data", "fetc"}, 1, "there is no command 'fetc'; did you mean fetch?"},
      {{"--verion"}, 1, "`etch` has no option --verion; did you mean --version?"},
      {{"train"}, 1, "MODEL is required (`etch train --help` tells more)"},
      {{"train", "lenet", "--optimzer=sgd"},
       1,
       "`etch train` has no option --optimzer; did you mean --optimizer?"},
      {{"plan", "--optimzer", "sgd", "lenet"},
       1,
       "`etch plan` has no option --optimzer; did you mean --optimizer?"},
      {{"data", "fetch", "--date", "x"},
       1,
       "`etch data fetch` has no option --date; did you mean --data?"},
      {{"plan", "lenet", "resnet8"}, 1, "`etch plan` has no use for 'resnet8'"},
      {{"plan", "lenet", "--train", "--optimizer", "adm"},
       1,
       "--optimizer adm: must be sgd, adam, adamw or adabound; did you mean adam?"},
      {{"train", "lenet", "--schedule", "cosin"},
       1,
       "--schedule cosin: must be one of none, step, cosine, plateau; did you mean cosine?"},
      {{"train", "lenet", "--lr", "fast"}, 1, "--lr fast: must be a number"},
      {{"train", "lenet", "--batch"}, 1, "--batch needs a value"},
      {{"profile", "lenet", "--seconds", "-1"}, 1, "--seconds -1: must not be negative"},
      {{"train", "lenet", "--epochs", "2.5"}, 1, "--epochs 2.5: must be a whole number"},
      {{"train", "ds_cnn", "--data", "nowhere"}, 1, "nowhere: isn't there"},
      {{"train", "resnet99"}, 1, "there is no model 'resnet99'"},
      {{"plan", "ds-cnn"}, 1, "there is no model 'ds-cnn'; did you mean ds_cnn?"},
      {{"train", "lenet", "--batch", "0"}, 1, "--batch 0: must be from 1 to 65536"},
      {{"train", "lenet", "--batch", "-3"}, 1, "--batch -3: must not be negative"},
      {{"train", "lenet", "--threads", "65"}, 1, "--threads 65: must be from 1 to 64"},
      {{"train", "lenet", "--update", "x"}, 1, "--update x: must be accumulate or fused"},
      {{"train", "lenet", "--resume"}, 1, "need a --checkpoint FILE"},
      {{"train", "lenet", "--data", "nowhere"}, 1, "nowhere: isn't there"},
      {{"eval", "lenet", "--checkpoint", "nowhere"}, 1, "nowhere: can't be opened"},
      {{"train", "lenet", "--checkpoint", ".", "--overwrite"}, 1, ".: is a folder, but"},
      {{"plan", "lenet", "--train", "--recompute", "99999999999999999999"},
       1,
       "--recompute 99999999999999999999: must be nothing, elementwise, blocks"},
      {{"plan", "lenet", "--train", "--recompute", "99999999999GiB"},
       1,
       "--recompute 99999999999GiB: must be nothing, elementwise, blocks"},
      {{"import", "m.safetensors", "--model", "lenet", "--name", "net", "-o", "x.safetensors"},
       1,
       "--name net: a state dict has no name in C++"},
      {{"bench"}, 1, "MODEL is required (`etch bench --help` tells more)"},
      {{"bench", "resnet99"}, 1, "there is no model 'resnet99'"},
      {{"bench", "lenet", "--batch", "0"}, 1, "--batch 0: must be from 1 to 65536"},
      {{"bench", "lenet", "--mode", "both"}, 1, "--mode both: must be inference or training"},
      {{"bench", "lenet", "--threads", "65"}, 1, "--threads 65: must be from 1 to 64"},
      {{"bench", "lenet", "--update", "fused"}, 1, "--update: only --mode training has it"},
      {{"bench", "lenet", "--mode", "training", "--recompute", "some"},
       1,
       "--recompute some: must be nothing, elementwise, blocks"},
      {{"bench", "lenet", "--repeat", "-1"}, 1, "--repeat -1: must be from 0 to 100000"},
      {{"bench", "lenet", "--size", "5"},
       1,
       "lenet at 1x5x5: 3: Conv2d: the kernel must not be higher than the padded input (5, 2)"},
      {{"plan", "nowhere.onnx"}, 1, "nowhere.onnx: can't be opened"},
      {{"train", "nowhere.safetensors"}, 1, "nowhere.safetensors: can't be opened"},
      {{"eval", "lenet"}, 1, "lenet: has no weights of its own: give --checkpoint FILE"},
      {{"train", "lenet", "--init", "file"}, 1, "--init file: lenet has no weights of its own"},
      {{"bench", "lenet", "--algorithm", "loops", "--winograd"}, 1, "not with --algorithm loops"},
      {{"data", "fetch", "cifar"}, 1, "there is no data set 'cifar'"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = etch_run(c.arguments);
    CHECK(outcome.status == c.status);
    CHECK_THAT(outcome.errors, Catch::StartsWith("etch: ") && Catch::Contains(c.message));
    CHECK(outcome.output == "");
  }
  CHECK(etch_run({"train", "--help"}).status == 0);
}

TEST_CASE("The version, and the models that README names") {
  if (skipped()) return;
  const Outcome version = etch_run({"--version"});
  CHECK(version.status == 0);
  CHECK_THAT(version.output, Catch::Matches("etch [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  const std::string help = etch_run({"plan", "--help"}).output;
  for (const char* model : {"lenet", "convnet", "resnet8", "ds_cnn", "mobilenet_025", "autoencoder",
                            "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"}) {
    CHECK_THAT(help, Catch::Contains(model));
    CHECK(etch_run({"plan", model, "--summary"}).status == 0);
  }
}

TEST_CASE("A plan in text and in JSON") {
  if (skipped()) return;
  const Outcome text = etch_run({"plan", "resnet101-imagenet"});
  CHECK_THAT(text.output, Catch::Contains("44,549,160") && Catch::Contains("<- peak"));
  const Outcome outcome = etch_run({"plan", "lenet", "--train", "--batch", "8", "--json"});
  const auto plan = nlohmann::json::parse(outcome.output);
  CHECK(plan.at("parameters") == 61706);
  CHECK(plan.at("gradient_bytes").get<std::size_t>() >= 61706 * 4);
  std::size_t live = 0;
  for (const auto& b : plan.at("peak").at("buffers")) live += b.at("bytes").get<std::size_t>();
  CHECK(plan.at("peak").at("live_bytes") == live);
  const std::size_t peak = plan.at("peak").at("step");
  CHECK(plan.at("steps").at(peak).at("live_bytes") == live);
}

TEST_CASE("A benchmark in text and in JSON") {
  if (skipped()) return;
  const Outcome text = etch_run({"bench", "lenet", "--repeat", "3"});
  CHECK(text.status == 0);
  CHECK_THAT(text.output,
             Catch::StartsWith("lenet, input 1x28x28, inference, batch 1, 1 thread\n"));
  CHECK_THAT(text.output, Catch::Contains("median") && Catch::Contains("peak RSS"));

  const auto json = [](const Words& options) {
    const Outcome o = etch_run(Words{"bench", "lenet", "--json", "--repeat", "3"} + options);
    CHECK(o.status == 0);
    return nlohmann::json::parse(o.output);
  };
  const auto inference = json({"--batch", "4", "--threads", "2", "--winograd"});
  CHECK(inference.at("mode") == "inference");
  CHECK(inference.at("batch") == 4);
  CHECK(inference.at("threads") == 2);
  CHECK(inference.at("winograd") == true);
  CHECK(inference.at("samples") == 3);
  CHECK(inference.at("gradient_bytes") == 0);
  CHECK_FALSE(inference.contains("update"));

  const auto training = json({"--mode", "training", "--update", "fused", "--optimizer", "sgd"});
  CHECK(training.at("update") == "fused");
  CHECK(training.at("gradient_bytes") == 0);
  const auto loops = json({"--algorithm", "loops"});
  CHECK(loops.at("algorithm") == "loops");
  CHECK(loops.at("macs") == inference.at("macs"));
  for (const auto& j : {inference, training, loops}) {
    const double ms = j.at("median_ms"), images = j.at("images_per_second");
    CHECK(j.at("min_ms").get<double>() <= ms);
    CHECK(images == Approx(j.at("batch").get<double>() / ms * 1e3));
    CHECK(j.at("gflops").get<double>() == Approx(images * 2e-9 * j.at("macs").get<double>()));
    CHECK(j.at("real_macs") <= j.at("macs"));
    std::size_t total = 0;
    for (const char* part : {"parameter_bytes", "prepared_bytes", "gradient_bytes",
                             "optimizer_bytes", "arena_bytes"}) {
      total += j.at(part).get<std::size_t>();
    }
    CHECK(j.at("total_bytes") == total);
    CHECK(j.at("peak_rss_bytes").get<std::size_t>() > total);
  }
}

// In characters, of UTF-8.
static std::size_t width_of(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST_CASE("A summary in text and in JSON") {
  if (skipped()) return;
  const Outcome text = etch_run({"summary", "resnet18-imagenet"});
  CHECK_THAT(text.output, Catch::Contains("│  ├─ 0") && Catch::Contains("11,689,512") &&
                              Catch::Contains("\ninput ") && Catch::Contains("3x224x224\n") &&
                              Catch::Contains("conv1 Conv2d  ") && Catch::Contains("  7x7/2 "));
  std::istringstream lines(text.output);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(width_of(line) <= 80);
  }
  const Outcome shallow = etch_run({"summary", "resnet18-imagenet", "--depth", "1"});
  CHECK_THAT(shallow.output, !Catch::Contains("│") && Catch::Contains("├─ layer1"));
  const auto json = nlohmann::json::parse(etch_run({"summary", "lenet", "--json"}).output);
  CHECK(json.at("parameters") == 61706);
  CHECK(json.at("modules").size() == 12);
  CHECK(etch_run({"summary", "lenet", "--batch", "0"}).status != 0);
}

TEST_CASE("Winograd's weights stand in a plan, and a profile is without their making") {
  if (skipped()) return;
  const Words resnet = {"resnet18-imagenet", "--winograd", "--json"};
  const auto plan = nlohmann::json::parse(etch_run(Words{"plan"} + resnet).output);
  CHECK(plan.at("prepared_bytes").get<std::size_t>() > 0);
  CHECK(plan.at("steps").at(0).at("pass") == "prepare");
  const auto profile =
      nlohmann::json::parse(etch_run(Words{"profile", "--seconds", "0"} + resnet).output);
  for (const auto& s : profile.at("steps")) CHECK(s.at("pass") != "prepare");
  // Training makes them in each step, in scratch.
  const auto arena = [&](const Words& more) {
    const Words words = Words{"plan", "resnet18-imagenet", "--train", "--json"} + more;
    return nlohmann::json::parse(etch_run(words).output).at("arena_bytes").get<std::size_t>();
  };
  CHECK(arena({"--winograd"}) > arena({}));
}

TEST_CASE("A profile, the slowest step first") {
  if (skipped()) return;
  const Words lenet = {"profile", "lenet", "--seconds", "0.01"};
  CHECK_THAT(etch_run(lenet + Words{"--top", "2"}).output,
             Catch::Contains("GFLOP/s") && Catch::Contains("and 5 more"));
  const auto json = nlohmann::json::parse(etch_run(lenet + Words{"--train", "--json"}).output);
  double before = 1e9;
  for (const auto& s : json.at("steps")) {
    CHECK(s.at("seconds") <= before);
    before = s.at("seconds");
  }
  const Outcome wrong = etch_run(lenet + Words{"--update", "fused"});
  CHECK(wrong.status == 1);
  CHECK_THAT(wrong.errors, Catch::Contains("--update requires --train"));
}

TEST_CASE("A plan and a training run as pictures") {
  if (skipped()) return;
  const Place place;
  const Outcome plan = etch_run({"plan", "lenet", "--summary", "--svg", place.file("map.svg")});
  CHECK(plan.status == 0);
  CHECK_THAT(contents(place.file("map.svg")), Catch::StartsWith("<svg"));
  CHECK_THAT(etch_run({"plan", "lenet", "--svg", place.file("none/map.svg")}).errors,
             Catch::Contains("can't be written"));
  etch_run(place.train("a") + Words{"--max-steps", "60"});
  const Words plot = {"plot", place.file("a"), place.file("a"), "-o", place.file("a.svg")};
  const Outcome drawn = etch_run(plot);
  if (drawn.errors.find("gnuplot isn't installed") == std::string::npos) {
    CHECK(drawn.errors == "");
    CHECK(drawn.status == 0);
    CHECK_THAT(contents(place.file("a.svg")), Catch::Contains("accuracy in %"));
  }
  CHECK_THAT(etch_run({"plot", place.file("map.svg"), "-o", place.file("b.svg")}).errors,
             Catch::Contains("map.svg: "));
}

TEST_CASE("Commands take a checkpoint as a model, and train it further") {
  if (skipped()) return;
  const Place place;
  REQUIRE(etch_run(place.train("a.safetensors", "1")).status == 0);
  const std::string model = place.file("a.safetensors");
  const Words data = {"--data", place.folder.path(), "--quiet"};
  // The same numbers by the checkpoint alone as by the model's name.
  const Outcome alone = etch_run(Words{"eval", model} + data);
  const Outcome named = etch_run(Words{"eval", "lenet", "--checkpoint", model} + data);
  CHECK(alone.errors == "");
  CHECK_THAT(alone.output, Catch::StartsWith(model + " on 50 test images: loss "));
  CHECK(alone.output.substr(model.size()) == named.output.substr(std::string("lenet").size()));
  for (const Words& command :
       {Words{"plan", model}, Words{"summary", model}, Words{"profile", model, "--seconds", "0.01"},
        Words{"bench", model, "--repeat", "1"}}) {
    const Outcome outcome = etch_run(command);
    CHECK(outcome.errors == "");
    CHECK_THAT(outcome.output, Catch::Contains("1x28x28"));
  }
  // It begins with the file's weights: a rate of nothing leaves them as they are.
  const std::string tuned = place.file("b.safetensors");
  const Outcome still = etch_run(
      Words{"train", model, "--epochs", "1", "--lr", "1e-30", "--checkpoint", tuned} + data);
  CHECK(still.errors == "");
  CHECK(etch_run(Words{"eval", tuned} + data).output.substr(tuned.size()) ==
        alone.output.substr(model.size()));
  CHECK(etch_run(Words{"embed", tuned, "-o", place.file("weights.hpp")}).status == 0);
}

TEST_CASE("A file of tensors that doesn't hold its network is no model") {
  if (skipped()) return;
  const Place place;
  const std::string file = place.file("x.safetensors");
  const float x = 1;
  write_safetensors(file, {source("x", {1}, &x)});
  const Outcome outcome = etch_run({"plan", file});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors, Catch::Contains("x.safetensors: doesn't hold its network"));
  write_safetensors(file, {source("x", {1}, &x)}, {{"etch.network", "{}"}});
  CHECK_THAT(etch_run({"plan", file}).errors,
             Catch::Contains("metadata etch.network is damaged: input is missing"));
  write_safetensors(
      file, {source("x", {1}, &x)},
      {{"etch.network",
        R"({"input": [1, 2, 2], "layers": {"layer": "Linear", "out_features": 2}})"}});
  CHECK_THAT(etch_run({"plan", file}).errors,
             Catch::Contains("Linear: the input must be a vector: put a Flatten before it (4, 1)"));
  write_safetensors(
      file, {source("x", {1}, &x)},
      {{"etch.network",
        R"({"input": [99999, 99999, 99999], "layers": {"layer": "Conv2d", "out_channels": 2}})"}});
  CHECK_THAT(etch_run({"plan", file}).errors, Catch::Contains("the size of the input"));
}

TEST_CASE("A checkpoint becomes C++: a network with the same topology and weights") {
  if (skipped()) return;
  const Place place;
  const Words data = {"--data", place.folder.path(), "--quiet", "--max-steps", "1"};
  for (const char* name : {"lenet", "resnet8"}) {
    const std::string checkpoint = place.file((std::string(name) + ".safetensors").c_str());
    Words train = Words{"train", name, "--checkpoint", checkpoint} + data;
    if (name == std::string("resnet8")) train = train + Words{"--batch", "2"};
    REQUIRE(etch_run(train).errors == "");
    const std::string folder = place.file("cpp");
    REQUIRE(etch_run({"import", checkpoint, "-o", folder}).errors == "");
    const std::string weights = folder + "/" + name + ".safetensors";
    CHECK(Safetensors(weights).metadata().at("etch.topology") ==
          Safetensors(checkpoint).metadata().at("etch.topology"));
    CHECK(Safetensors(weights).tensors().size() < Safetensors(checkpoint).tensors().size());
    const Outcome embedded =
        etch_run({"embed", weights, "-o", folder + "/weights.hpp", "--overwrite"});
    REQUIRE(embedded.errors == "");
    // weights<Net>() exists for the topology that the file has, and for no other.
    write_file(folder + "/main.cpp", std::string("#include \"") + name + ".hpp\"\n" +
                                         "#include \"weights.hpp\"\nusing " + name +
                                         "::Net;\nint main() {\n  return "
                                         "weights<Net>().values[0] == 2;\n}\n");
    const Outcome compiled = run_program(
        {std::getenv("ETCH_COMPILER"), "-std=c++20", "-Wall", "-Wextra", "-Werror",
         std::string("-I") + std::getenv("ETCH_INCLUDE"), "-fsyntax-only", folder + "/main.cpp"},
        ".");
    CHECK(compiled.errors == "");
  }
}

// Three features, of which the labels and the numbers are functions.
static void write_rows(const fs::path& path) {
  std::ofstream file(path);
  file << "a,b,c,high,even,sum,twice\n";
  Generator random{4};
  for (int i = 0; i < 400; ++i) {
    const float a = random.uniform(), b = random.uniform(), c = random.uniform();
    file << a << ',' << b << ',' << c << ',' << (a > 0.5f) << ',' << (b > c) << ',' << a + b << ','
         << 2 * c << '\n';
  }
}

TEST_CASE("Labels and numbers are learned, evaluated and answered") {
  if (skipped()) return;
  const Place place;
  const std::string rows = place.file("rows.csv");
  write_rows(rows);
  using Two = Network<Sequential<Linear{.out_features = 16}, Tanh{}, Linear{.out_features = 2}>{},
                      Shape{3}>;
  const auto two = std::make_unique<Parameters<Two>>();
  initialize<Initialization::kaiming_uniform>(*two, 1);
  const std::string net = place.file("two.safetensors");
  save(net, *two);
  const std::string labelled = place.file("labels.safetensors");
  const std::string measured = place.file("numbers.safetensors");
  const auto train = [&](const std::string& loss, const std::string& targets,
                         const std::string& checkpoint, const Words& more) {
    const Outcome outcome = etch_run(
        Words{"train", net,      "--data",  rows,     "--features",   "a,b,c",    "--targets",
              targets, "--loss", loss,      "--test", "0.25",         "--epochs", "30",
              "--lr",  "0.02",   "--batch", "20",     "--checkpoint", checkpoint} +
        more);
    CHECK(outcome.status == 0);
    return outcome;
  };
  CHECK_THAT(train("bce_with_logits", "high,even", labelled, {"--pos-weight", "balanced"}).output,
             Catch::Contains("epoch 30/30  train loss ") && Catch::Contains("accuracy  9"));
  CHECK_THAT(
      train("mse", "sum,twice", measured, {"--decay", "weights", "--lr-factors", "0=2"}).output,
      Catch::Contains("R2 0.9") && Catch::Contains("  MAE 0.0"));

  const Outcome labels = etch_run({"eval", labelled, "--data", rows, "--quiet"});
  CHECK_THAT(labels.output, Catch::Contains("on 100 test images: loss ") &&
                                Catch::Contains("\nlabel  precision  recall") &&
                                Catch::Contains("\nhigh  ") && Catch::Contains("\neven  "));
  const Outcome numbers = etch_run({"eval", measured, "--data", rows, "--quiet"});
  CHECK_THAT(numbers.output, Catch::Contains("\nnumber ") && Catch::Contains("\nsum  "));
  // By another loss of the same task, and of none that the targets aren't of.
  CHECK_THAT(etch_run({"eval", measured, "--data", rows, "--loss", "l1", "--quiet"}).output,
             Catch::Contains("R2 0.9"));
  CHECK_THAT(etch_run({"eval", measured, "--data", rows, "--loss", "cross_entropy"}).errors,
             Catch::Contains("rows.csv: its targets are numbers, and --loss cross_entropy"));

  const std::string asked = place.file("asked.csv");
  std::ofstream(asked) << "a,b,c\n0.9,0.1,0.8\n";
  const std::string answer = etch_run({"predict", measured, asked}).output;
  CHECK_THAT(answer, Catch::Contains("row 1: sum ") && Catch::Contains("  twice 1."));
  CHECK(std::stod(answer.substr(answer.find("sum ") + 4)) == Approx(1.0).margin(0.1));
  const std::string held = etch_run({"predict", labelled, asked}).output;
  CHECK(std::stod(held.substr(held.find("high ") + 5)) > 0.9);
  CHECK(std::stod(held.substr(held.find("even ") + 5)) < 0.1);

  CHECK_THAT(etch_run({"plot", measured, "-o", place.file("h.svg")}).output,
             Catch::Contains("1 run"));
  const Outcome both = etch_run({"plot", measured, labelled, "-o", place.file("x.svg")});
  CHECK_THAT(both.errors, Catch::Contains("was trained on labels, but"));
}
