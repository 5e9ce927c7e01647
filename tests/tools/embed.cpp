// What `etch embed` writes compiles to the parameters as they were, and with another network not at
// all. ETCH_COMMAND, ETCH_COMPILER and ETCH_INCLUDE in the environment are paths.
#include "embed.hpp"

#include "fit.hpp"
#include "idx_files.hpp"
#include "models.hpp"
#include "process.hpp"
#include "session.hpp"

#include <etch/etch.hpp>
#include <etch/topology.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

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

TEST_CASE("What can't be embedded is refused, and nothing is written") {
  const TemporaryFolder folder;
  Trained trained("lenet");
  const ParameterLayout layout = layout_of(trained.model.graph);
  const Embedding good{layout, trained.values.span(), "weights", "here"};
  Embedding bad_name = good;
  bad_name.name = "7up";
  const fs::path hpp = folder.path() / "weights.hpp";
  CHECK_THROWS_WITH(write_embedding(bad_name, hpp), Catch::Contains("--name 7up: must be"));
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
  std::map<std::uint64_t, std::string_view> all;
  for (const Model& m : all_models()) all.emplace(topology_hash(m.graph), m.name);
  CHECK(all.size() == all_models().size());
}
