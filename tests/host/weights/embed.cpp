// What `etch embed` writes compiles to the parameters as they were, and with another network not at
// all. ETCH_COMMAND, ETCH_COMPILER and ETCH_INCLUDE in the environment are paths.
#include <etch/host/weights/embed.hpp>

#include "host/idx_files.hpp"
#include "network/names.hpp"
#include "process.hpp"
#include "weights/folding.hpp"

#include <etch/etch.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/program/session.hpp>
#include <etch/host/weights/fit.hpp>
#include <etch/topology.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <sstream>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Random parameters of a model, zeros between the tensors, and a file of them.
struct Trained {
  explicit Trained(const char* name)
      : model(find_model(name)), values(Block<float>::zeros(model.graph.total())) {
    Generator random{3};
    for (const TensorPlace& p : model_places(model.graph, values.data())) {
      for (std::size_t i = 0; i < p.tensor->size(); ++i) p.values[i] = random.normal();
    }
    values.data()[0] = 0.0f;
    values.data()[1] = -3.0f;
    values.data()[2] = std::numeric_limits<float>::denorm_min();
    values.data()[3] = std::numeric_limits<float>::max();
  }
  void write(const fs::path& path) const {
    write_safetensors(path, model_tensors(model.graph, values.data()));
  }
  std::string bytes() const {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }

  const Model& model;
  Block<float> values;
};

// A program that writes out what weights<Net>() holds.
std::string program(const std::string& net) {
  return "#include <etch/models/lenet.hpp>\n#include <cstdio>\n#include \"weights.hpp\"\n"
         "using namespace etch;\nusing Net = Network<" +
         net +
         ", Shape{1, 28, 28}>;\n"
         "int main() {\n  const Parameters<Net>& p = weights<Net>();\n"
         "  if (reinterpret_cast<std::size_t>(&p) % buffer_alignment != 0) return 3;\n"
         "  return std::fwrite(p.values, sizeof p.values, 1, stdout) == 1 ? 0 : 4;\n}\n";
}

struct Folder {
  TemporaryFolder folder;
  std::string file(const char* name) const { return folder.path() / name; }
  Outcome embed(const char* model, const char* output) const {
    return run_program({variable("ETCH_COMMAND"), "embed", file("model.safetensors"), "--model",
                        model, "-o", file(output)},
                       ".");
  }
  Outcome compile(const std::vector<std::string>& sources) const {
    std::vector<std::string> command = {
        variable("ETCH_COMPILER"),       "-std=c++20", "-Wall",        "-Wextra", "-Werror",
        "-I" + variable("ETCH_INCLUDE"), "-o",         file("program")};
    for (const std::string& s : sources) command.push_back(file(s.c_str()));
    return run_program(command, folder.path());
  }
};

bool skipped() {
  const bool missing = variable("ETCH_COMMAND").empty() || variable("ETCH_COMPILER").empty();
  if (missing) WARN("skipped: ETCH_COMMAND or ETCH_COMPILER isn't set");
  return missing;
}

}  // namespace

TEST_CASE("Embedded parameters are those of the file, aligned") {
  if (skipped()) return;
  const Trained trained("lenet");
  for (const char* output : {"weights.hpp", "weights.S"}) {
    const Folder place;
    trained.write(place.file("model.safetensors"));
    const Outcome embedded = place.embed("lenet", output);
    REQUIRE(embedded.errors == "");
    CHECK_THAT(embedded.output, Catch::StartsWith("61,706 parameters"));
    write_file(place.file("main.cpp"), program("lenet<10>"));
    std::vector<std::string> sources = {"main.cpp"};
    if (output == std::string("weights.S")) sources.push_back(output);
    const Outcome compiled = place.compile(sources);
    REQUIRE(compiled.errors == "");
    const Outcome run = run_program({place.file("program")}, ".");
    CHECK(run.status == 0);
    CHECK(run.output == trained.bytes());

    write_file(place.file("main.cpp"), program("convnet<10>"));
    const Outcome other = place.compile(sources);
    CHECK(other.status != 0);
    CHECK_THAT(other.errors,
               Catch::Contains("weights: these parameters belong to another network"));
  }
}

namespace {

// Both forms of one network in flash; the outputs must be the same up to rounding. It prints with
// nothing of a host: the same program runs on a Cortex-M4.
const char* const both = R"(
#include <etch/models/resnet8.hpp>
#include "folded.hpp"
#include "plain.hpp"
#include <cmath>
#ifdef HOST
#include <cstdio>
#endif
using namespace etch;
using Net = Network<resnet8<10>, Shape{1, 32, 32}>;
static Inference<Net> net{plain<Net>()};
static Inference<Folded<Net>> small{folded<Folded<Net>>()};
static float image[Net::input_shape.elements()];
int main() {
  Generator random{7};
  float largest = 0, difference = 0;
  for (int n = 0; n < 3; ++n) {
    for (float& x : image) x = random.uniform();
    const auto want = net(image), got = small(image);
    for (std::size_t i = 0; i < 10; ++i) {
      largest = std::fmax(largest, std::fabs(want[i]));
      difference = std::fmax(difference, std::fabs(want[i] - got[i]));
    }
  }
#ifdef HOST
  std::printf("%zu %zu %zu %zu %g\n", sizeof net, sizeof small, Net::parameter_bytes,
              Folded<Net>::parameter_bytes, double{difference / largest});
#endif
  return largest > 0.1f && difference < 1e-5f * largest ? 0 : 5;
}
)";

// Numbers as training leaves them.
Trained resnet8() {
  Trained trained("resnet8");
  Generator random{5};
  initialize(trained.model.graph, trained.values.data(), 5);
  for (const TensorPlace& p : model_places(trained.model.graph, trained.values.data())) {
    const bool about_one = p.name.ends_with("running_var") || p.name.find("bn") != p.name.npos;
    if (p.tensor->rank > 1) continue;
    for (std::size_t i = 0; i < p.tensor->size(); ++i) {
      p.values[i] = (about_one ? 0.8f : 0.0f) + 0.4f * random.uniform();
    }
  }
  return trained;
}

// The program for a Cortex-M4, and what QEMU says to it.
Outcome run_on_cortex_m4(const Folder& place) {
  const fs::path root = fs::path(variable("ETCH_INCLUDE")).parent_path();
  const std::string hwy = place.file("highway");
  fs::create_directory(hwy);
  fs::create_directory_symlink(variable("ETCH_HIGHWAY") + "/hwy", hwy + "/hwy");
  const std::string board = root / "targets/cortex-m";
  const Outcome compiled = run_program({"arm-none-eabi-g++",
                                        "-std=c++20",
                                        "-O2",
                                        "-mcpu=cortex-m4",
                                        "-mthumb",
                                        "-mfpu=fpv4-sp-d16",
                                        "-mfloat-abi=hard",
                                        "-fno-exceptions",
                                        "-fno-rtti",
                                        "-fno-threadsafe-statics",
                                        "-fno-use-cxa-atexit",
                                        "-ffunction-sections",
                                        "-fdata-sections",
                                        "-DETCH_HEADER_ONLY",
                                        "-DHWY_COMPILE_ONLY_SCALAR",
                                        "-DETCH_TICKS_PER_SECOND=25000000",
                                        "-isystem",
                                        hwy,
                                        "-I" + variable("ETCH_INCLUDE"),
                                        place.file("both.cpp"),
                                        board + "/startup.cpp",
                                        board + "/semihosting.cpp",
                                        board + "/machine.cpp",
                                        "-nostartfiles",
                                        "--specs=nano.specs",
                                        "-Wl,--gc-sections",
                                        "-L" + board,
                                        "-T",
                                        root / "targets/cortex-m4/memory.ld",
                                        "-o",
                                        place.file("both.elf")},
                                       ".");
  if (compiled.status != 0) return compiled;
  return run_program({"timeout", "100", "qemu-system-arm", "-M", "mps2-an386", "-nographic",
                      "-monitor", "none", "-serial", "none", "-semihosting-config",
                      "enable=on,target=native", "-kernel", place.file("both.elf")},
                     ".");
}

}  // namespace

TEST_CASE("Folded parameters give the same outputs from less flash and RAM") {
  if (skipped()) return;
  const Folder place;
  resnet8().write(place.file("model.safetensors"));
  const auto embed = [&](const char* name, std::vector<std::string> options) {
    std::vector<std::string> command = {variable("ETCH_COMMAND"),
                                        "embed",
                                        place.file("model.safetensors"),
                                        "--model",
                                        "resnet8",
                                        "--name",
                                        name,
                                        "-o",
                                        place.file((name + std::string(".hpp")).c_str())};
    command.insert(command.end(), options.begin(), options.end());
    return run_program(command, ".");
  };
  REQUIRE(embed("plain", {}).status == 0);
  const Outcome folded = embed("folded", {"--fold"});
  REQUIRE(folded.errors == "");
  CHECK_THAT(folded.output, Catch::Contains("folded<etch::Folded<Net>>(), with 7 batch norms"));
  write_file(place.file("both.cpp"), both);
  const Outcome compiled = run_program(
      {variable("ETCH_COMPILER"), "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-DHOST",
       "-DETCH_HEADER_ONLY", "-DHWY_COMPILE_ONLY_SCALAR", "-I" + variable("ETCH_INCLUDE"),
       place.file("both.cpp"), "-o", place.file("both")},
      ".");
  REQUIRE(compiled.errors == "");
  const Outcome run = run_program({place.file("both")}, ".");
  INFO(run.output);
  CHECK(run.status == 0);
  std::size_t ram = 0, folded_ram = 0, flash = 0, folded_flash = 0;
  std::istringstream(run.output) >> ram >> folded_ram >> flash >> folded_flash;
  CHECK(folded_ram <= ram);
  // Of 4 numbers a channel none is left: these convolutions had biases.
  CHECK(flash - folded_flash >= 4 * 240 * sizeof(float));
  if (run_program({"sh", "-c", "command -v arm-none-eabi-g++ && command -v qemu-system-arm"}, ".")
          .status != 0) {
    WARN("skipped on a Cortex-M4: arm-none-eabi-g++ or qemu-system-arm isn't there");
  } else {
    const Outcome on_board = run_on_cortex_m4(place);
    INFO(on_board.errors);
    CHECK(on_board.status == 0);
  }

  const std::string with_net =
      std::string(both).replace(std::string(both).find("folded<Folded<Net>>"), 19, "folded<Net>");
  write_file(place.file("both.cpp"), with_net);
  const Outcome wrong = place.compile({"both.cpp"});
  CHECK(wrong.status != 0);
  CHECK_THAT(wrong.errors, Catch::Contains("folded: these parameters belong to another network, "
                                           "one that is etch::Folded"));
}

namespace {

using Tiny = Network<Sequential<Linear{.out_features = 1}>{}, Shape{2}>;
constexpr const char* tiny =
    "#include <etch/layers/linear.hpp>\n#include <etch/network.hpp>\n"
    "using Net = etch::Network<etch::Sequential<etch::Linear{.out_features = 1}>{}, "
    "etch::Shape{2}>;\n";

// Two models of one topology: their first numbers differ.
struct TwoModels {
  TwoModels() {
    for (const bool second : {false, true}) {
      const std::vector<float> values{second ? 6.0f : 3.0f, 1, 2};
      Embedding embedding{layout, values, "weights", "a file"};
      write_embedding(embedding, place.file(second ? "w2.hpp" : "w1.hpp"));
      write_embedding(embedding, place.file(second ? "a2.S" : "a1.S"));
      embedding.name = second ? "two" : "one";
      write_embedding(embedding, place.file((embedding.name + ".hpp").c_str()));
      write_embedding(embedding, place.file((embedding.name + "_words.S").c_str()));
    }
  }
  // Two source files, each of which has a `weights` of its own, and a third that asks both.
  std::string linked(const std::string& stem, const std::vector<std::string>& assembly) const {
    for (const std::string n : {"1", "2"}) {
      write_file(place.file(("u" + n + ".cpp").c_str()),
                 tiny + ("#include \"" + stem + n + ".hpp\"\nfloat first" + n +
                         "() { return weights<Net>().values[0]; }\n"));
    }
    write_file(place.file("main.cpp"),
               "#include <cstdio>\nfloat first1();\nfloat first2();\n"
               "int main() { std::printf(\"%g %g\", double{first1()}, double{first2()}); }\n");
    return run({"main.cpp", "u1.cpp", "u2.cpp"}, assembly);
  }
  // One source file with both, by their names.
  std::string included(const std::string& ending, const std::vector<std::string>& assembly) const {
    write_file(
        place.file("main.cpp"),
        tiny + ("#include <cstdio>\n#include \"one" + ending + "\"\n#include \"two" + ending +
                "\"\nint main() { std::printf(\"%g %g\", double{one<Net>().values[0]}, "
                "double{two<Net>().values[0]}); }\n"));
    return run({"main.cpp"}, assembly);
  }
  std::string run(std::vector<std::string> sources, const std::vector<std::string>& more) const {
    sources.insert(sources.end(), more.begin(), more.end());
    const Outcome compiled = place.compile(sources);
    if (compiled.status != 0) return compiled.errors;
    return run_program({place.file("program")}, ".").output;
  }

  Folder place;
  ParameterLayout layout = layout_of(Tiny::graph);
};

}  // namespace

TEST_CASE("Two models of one topology have weights of their own") {
  if (skipped()) return;
  const TwoModels models;
  CHECK(models.linked("w", {}) == "3 6");
  CHECK(models.linked("a", {"a1.S", "a2.S"}) == "3 6");
  CHECK(models.included(".hpp", {}) == "3 6");
  CHECK(models.included("_words.hpp", {"one_words.S", "two_words.S"}) == "3 6");
  // Without the second's numbers it doesn't link, and doesn't take the first's.
  CHECK_THAT(models.linked("a", {"a1.S"}), Catch::Contains("undefined reference"));
}

TEST_CASE("A file's name can't break out of a comment") {
  if (skipped()) return;
  const Folder place;
  const ParameterLayout layout = layout_of(Tiny::graph);
  const std::vector<float> values{1, 2, 3};
  const std::string name = "a\n#error injected\nb\\";
  for (const char* output : {"weights.hpp", "other.S"}) {
    write_embedding({layout, values, "weights", name}, place.file(output));
  }
  for (const char* header : {"weights.hpp", "other.hpp"}) {
    write_file(place.file("main.cpp"),
               tiny + ("#include \"" + std::string(header) +
                       "\"\nint main() { return weights<Net>().values[0] == 1 ? 0 : 1; }\n"));
    CHECK(place.compile({"main.cpp", "other.S"}).errors == "");
    CHECK(run_program({place.file("program")}, ".").status == 0);
  }
}

TEST_CASE("A norm is folded with its own epsilon") {
  constexpr Conv2d conv{.out_channels = 2, .kernel_size = 1, .bias = false};
  using Net = Network<Sequential<conv, BatchNorm2d{.eps = 0.25f}>{}, Shape{1, 2, 2}>;
  const std::map<std::string, std::vector<float>> given = {{"0.weight", {2, 3}},
                                                           {"1.weight", {4, 5}},
                                                           {"1.bias", {6, 7}},
                                                           {"1.running_mean", {8, 9}},
                                                           {"1.running_var", {0.75f, 3.75f}}};
  const ParameterLayout layout = layout_of(Net::graph);
  auto values = Block<float>::zeros(layout.total);
  for (const TensorPlace& p : layout.places(values.data())) {
    from_torch(*p.tensor, given.at(p.name).data(), p.values);
  }
  // With deviations of 1 and 2.
  const std::map<std::string, std::vector<float>> expected = {
      {"0.weight", {2 * 4, 3 * 2.5f}}, {"0.bias", {6 - 8 * 4, 7 - 9 * 2.5f}}};
  const FoldedLayout to = folded_layout_of(Net::graph);
  CHECK(to.layout.topology == topology<Folded<Net>>);
  auto folded = fold(layout, values.data(), to);
  const std::vector<TensorPlace> places = to.layout.places(folded.data());
  CHECK(places.size() == expected.size());
  for (const TensorPlace& p : places) {
    std::vector<float> numbers(p.tensor->size());
    to_torch(*p.tensor, p.values, numbers.data());
    CHECK(numbers == expected.at(p.name));
  }
}

TEST_CASE("Weights of an import that didn't keep its network are refused by a sentence") {
  if (skipped()) return;
  const Folder place;
  const Trained trained("lenet");
  write_safetensors(place.file("model.safetensors"),
                    model_tensors(trained.model.graph, trained.values.data()),
                    {{"etch.layout", "{}"}});
  const Outcome said =
      run_program({variable("ETCH_COMMAND"), "embed", place.file("model.safetensors"), "-o",
                   place.file("weights.hpp")},
                  ".");
  CHECK(said.status == 1);
  CHECK_THAT(said.errors, Catch::Contains("import the network again"));
  CHECK(!fs::exists(place.file("weights.hpp")));
}

TEST_CASE("How inputs were prepared and what outputs are called is embedded, too") {
  if (skipped()) return;
  const Folder place;
  Trained trained("lenet");
  const ParameterLayout layout = layout_of(trained.model.graph);
  write_embedding({layout,
                   trained.values.span(),
                   "weights",
                   "here",
                   false,
                   {0.25f},
                   {2},
                   {"rose", "a \"b\"\\", "caf\xc3\xa9"}},
                  place.file("weights.hpp"));
  write_file(place.file("main.cpp"),
             "#include \"weights.hpp\"\n#include <cstdio>\nint main() {\n  std::printf(\"%g %g\", "
             "static_cast<double>(weights_mean[0]), static_cast<double>(weights_std[0]));\n  for "
             "(const char* name : weights_classes) std::printf(\" %s\", name);\n}\n");
  REQUIRE(place.compile({"main.cpp"}).errors == "");
  CHECK(run_program({place.file("program")}, ".").output == "0.25 2 rose a \"b\"\\ caf\xc3\xa9");
}

TEST_CASE("A file that doesn't fit isn't embedded, and nothing is written") {
  if (skipped()) return;
  const Folder place;
  const Trained trained("lenet");
  const std::string file = place.file("model.safetensors");
  const auto refused = [&](const char* model, const std::string& message) {
    const Outcome said = place.embed(model, "weights.hpp");
    CHECK(said.status == 1);
    CHECK_THAT(said.errors, Catch::Contains(message));
    CHECK(!fs::exists(place.file("weights.hpp")));
  };
  trained.write(file);
  refused("convnet", "model.safetensors: doesn't fit convnet; nothing was changed:");
  fs::resize_file(file, fs::file_size(file) - 4);
  refused("lenet", "model.safetensors: tensor ");
  std::vector<TensorSource> tensors = model_tensors(trained.model.graph, trained.values.data());
  tensors.pop_back();
  write_safetensors(file, tensors);
  refused("lenet", "11.bias: is missing; the network has [10]");
}

TEST_CASE("What has no norms isn't folded, and nothing is written") {
  if (skipped()) return;
  const Folder place;
  Trained("lenet").write(place.file("model.safetensors"));
  const Outcome said =
      run_program({variable("ETCH_COMMAND"), "embed", place.file("model.safetensors"), "--model",
                   "lenet", "--fold", "-o", place.file("weights.hpp")},
                  ".");
  CHECK(said.status == 1);
  CHECK_THAT(said.errors, Catch::Contains("model.safetensors: --fold: there is no batch norm"));
  CHECK(!fs::exists(place.file("weights.hpp")));
}

TEST_CASE("What can't be embedded is refused, and nothing is written") {
  const TemporaryFolder folder;
  Trained trained("lenet");
  const ParameterLayout layout = layout_of(trained.model.graph);
  const Embedding good{layout, trained.values.span(), "weights", "here"};
  Embedding bad_name = good;
  bad_name.name = "7up";
  const fs::path hpp = folder.path() / "weights.hpp";
  CHECK_THROWS_WITH(write_embedding(bad_name, hpp),
                    Catch::Contains("--name 7up: can't be a name in C++; net_7up could"));
  bad_name.name = "class";
  CHECK_THROWS_WITH(write_embedding(bad_name, hpp), Catch::Contains("class_net could"));
  CHECK_THROWS_WITH(write_embedding(good, folder.path() / "weights.txt"),
                    Catch::Contains("must end in .hpp or .S"));
  trained.values.data()[5] = NAN;
  CHECK_THROWS_WITH(write_embedding(good, hpp), Catch::Contains("here: tensor 0.weight holds nan"));
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("A topology is its layers, shapes and places, not its names") {
  constexpr Shape in{3, 8, 8};
  constexpr Conv2d conv{.out_channels = 4, .kernel_size = 3, .padding = 1};
  using A = Network<Sequential<conv, ReLU{}>{}, in>;
  static_assert(topology<A> == topology<Network<Sequential<Named<"a", conv>{}, ReLU{}>{}, in>>);
  static_assert(topology<A> == topology<Network<Sequential<Sequential<conv>{}, ReLU{}>{}, in>>);
  static_assert(topology<A> != topology<Network<Sequential<conv, ReLU6{}>{}, in>>);
  static_assert(topology<A> != topology<Network<Sequential<conv>{}, in>>);
  static_assert(topology<A> != topology<Network<Sequential<conv, ReLU{}>{}, Shape{3, 8, 9}>>);
  constexpr Conv2d dilated{.out_channels = 4, .kernel_size = 3, .padding = 2, .dilation = 2};
  static_assert(topology<A> != topology<Network<Sequential<dilated, ReLU{}>{}, in>>);
  static_assert(topology<A> != topology<Network<Sequential<Frozen<conv>{}, ReLU{}>{}, in>>);
  constexpr AvgPool2d pool{.kernel_size = 2, .stride = 1}, counted{.kernel_size = 2, .padding = 1};
  constexpr AvgPool2d uncounted{.kernel_size = 2, .stride = 1, .count_include_pad = false};
  constexpr AvgPool2d inside{.kernel_size = 2, .padding = 1, .count_include_pad = false};
  static_assert(topology<Network<pool, in>> == topology<Network<uncounted, in>>);
  static_assert(topology<Network<counted, in>> != topology<Network<inside, in>>);
  static_assert(topology<Network<MaxPool2d{.kernel_size = 2}, in>> !=
                topology<Network<MaxPool2d{.kernel_size = 3, .stride = 2, .padding = 1}, in>>);
  static_assert(topology<Network<LeakyReLU{}, in>> != topology<Network<LeakyReLU{0.2f}, in>>);
  std::map<std::uint64_t, std::string_view> all;
  for (const Model& m : all_models()) all.emplace(topology_hash(m.graph), m.name);
  CHECK(all.size() == all_models().size());
}
