// A command replaces what it wrote, as it left it, and nothing else.
#include <etch/host/overwrite.hpp>

#include "host/data_files.hpp"
#include "host/idx_files.hpp"
#include "import/import.hpp"
#include "import/network_writer.hpp"
#include "process.hpp"
#include "training/history_plot.hpp"

#include <etch/host/error.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/weights/embed.hpp>
#include <etch/host/weights/fit.hpp>

#include <catch2/catch.hpp>

#include <iterator>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// `write(Overwrite)` refuses to replace `path`, and leaves it; told to, it replaces it.
template <class Write>
void is_refused(const fs::path& path, const std::string& command, const Write& write) {
  const std::string before = contents(path);
  CHECK_THROWS_WITH(write(Overwrite::no), path.string() + ": is there already, and isn't as `" +
                                              command + "` left it: --overwrite replaces it");
  CHECK(contents(path) == before);
  write(Overwrite::yes);
  CHECK(contents(path) != before);
}

ImportedNetwork small_network(float first) {
  ImportedNetwork network("small.onnx");
  const int x = network.input({2});
  network.set_output(network.linear("fc", x, {first, 1, 2, 3}, {4, 5}));
  return network;
}

}  // namespace

TEST_CASE("A text says who wrote it, and that nobody changed it") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.hpp";
  CHECK_NOTHROW(check_replaceable(path, "etch embed", Overwrite::no));
  const std::string text = with_writer("int a;\n", "etch embed");
  CHECK_THAT(text, Catch::StartsWith("int a;\n// Unchanged since `etch embed`: checksum "));
  write_file(path, text);
  CHECK_NOTHROW(check_replaceable(path, "etch embed", Overwrite::no));
  CHECK_THROWS_AS(check_replaceable(path, "etch import", Overwrite::no), Error);
  for (const std::string& changed :
       {std::string("int b") + text.substr(5), text + "\n", "\n" + text, std::string("int a;\n"),
        std::string(), text.substr(0, text.size() - 1)}) {
    write_file(path, changed);
    CHECK_THROWS_AS(check_replaceable(path, "etch embed", Overwrite::no), Error);
    CHECK_NOTHROW(check_replaceable(path, "etch embed", Overwrite::yes));
  }
  write_file(path, with_writer("<svg/>\n", "etch plan", "<!--", " -->"));
  CHECK_NOTHROW(check_replaceable(path, "etch plan", Overwrite::no));
  CHECK_THROWS_WITH(check_replaceable(folder.path(), "etch plan", Overwrite::no),
                    folder.path().string() + ": isn't a file");
}

TEST_CASE("An embedding replaces its own files, and none that a person changed") {
  const TemporaryFolder folder;
  const Model& model = find_model("lenet");
  const std::vector<float> values(model.graph.total(), 0.5f), others(model.graph.total(), 0.25f);
  const ParameterLayout layout = layout_of(model.graph);
  const fs::path header = folder.path() / "w.hpp", assembly = folder.path() / "w.S";
  const auto embed = [&](const fs::path& path, Overwrite overwrite) {
    write_embedding({layout, others, "weights", "here"}, path, overwrite);
  };
  for (const fs::path& path : {header, assembly}) {
    write_embedding({layout, values, "weights", "here"}, path);
    const std::string before = contents(path);
    embed(path, Overwrite::no);
    CHECK(contents(path) != before);
  }
  write_file(header, "// a note\n" + contents(header));
  is_refused(header, "etch embed", [&](Overwrite o) { embed(header, o); });
  // The header beside an assembly file, too; then neither is replaced.
  write_file(header, "#pragma once\n");
  const std::string before = contents(assembly);
  CHECK_THROWS_AS(write_embedding({layout, values, "weights", "here"}, assembly), Error);
  CHECK(contents(assembly) == before);
  CHECK(contents(header) == "#pragma once\n");
}

TEST_CASE("An import writes both of its files, or none, and no embedding over them") {
  const TemporaryFolder folder;
  const fs::path header = folder.path() / "net.hpp", weights = folder.path() / "net.safetensors";
  write_network(small_network(1), folder.path(), "net");
  const std::string first = contents(weights), text = contents(header);
  write_network(small_network(2), folder.path(), "net");
  CHECK(contents(weights) != first);
  CHECK(contents(header) == text);

  const ParameterLayout layout = layout_of(find_model("lenet").graph);
  const std::vector<float> values(layout.total, 0.5f);
  CHECK_THROWS_AS(write_embedding({layout, values, "weights", "here"}, header), Error);
  CHECK(contents(header) == text);

  const auto import = [&](Overwrite o) {
    write_network(small_network(3), folder.path(), "net", o);
  };
  const std::string second = contents(weights);
  write_file(header, text + "// mine\n");
  CHECK_THROWS_AS(import(Overwrite::no), Error);
  CHECK(contents(weights) == second);
  is_refused(header, "etch import", import);

  // What can't be replaced keeps the other file as it was, or away.
  fs::remove(header);
  fs::create_directory(header);
  const std::string third = contents(weights);
  CHECK_THROWS_AS(import(Overwrite::yes), Error);
  CHECK(contents(weights) == third);
  fs::remove(weights);
  CHECK_THROWS_AS(import(Overwrite::yes), Error);
  CHECK_FALSE(fs::exists(weights));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("A state dict is imported over an import, and over no other file") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "torch.safetensors", output = folder.path() / "o";
  const Model& model = find_model("lenet");
  std::vector<float> values(model.graph.total(), 0.5f);
  write_safetensors(file, model_tensors(model.graph, values.data()));
  const auto import = [&](Overwrite o) {
    import_state_dict(Safetensors(file), "lenet", output, o);
  };
  import(Overwrite::no);
  import(Overwrite::no);
  write_file(output, "text");
  is_refused(output, "etch import", import);
  fs::copy_file(file, output, fs::copy_options::overwrite_existing);
  is_refused(output, "etch import", import);
}

TEST_CASE("What a run keeps as its checkpoint no command replaces") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "torch.safetensors", output = folder.path() / "o";
  const Model& model = find_model("lenet");
  const std::vector<float> values(model.graph.total(), 0.5f);
  write_safetensors(file, model_tensors(model.graph, values.data()));
  write_file(output, "a checkpoint");
  const auto import = [&] {
    import_state_dict(Safetensors(file), "lenet", output, Overwrite::yes);
  };
  {
    const FileLock lock(output);
    CHECK_THROWS_WITH(import(), output.string() + ": another process is writing to it");
    CHECK(contents(output) == "a checkpoint");
    fs::remove(output);  // before the first is saved
    CHECK_THROWS_AS(import(), Error);
    CHECK_FALSE(fs::exists(output));
  }
  CHECK_NOTHROW(import());
}

TEST_CASE("A PNG says who wrote it, and that nobody changed it") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.png";
  const std::string plain = png_file({{3, 4, 5}, std::vector<std::uint8_t>(60, 90)});
  const std::string ours = png_with_writer(plain, "etch plot");
  const auto check = [&](const std::string& content) {
    write_file(path, content);
    check_replaceable(path, "etch plot", Overwrite::no);
  };
  CHECK_NOTHROW(check(ours));
  // libpng warns of a chunk whose length or sum is wrong, and libturbojpeg isn't asked.
  CHECK(decode_image(std::as_bytes(std::span(ours)), "a.png").pixels ==
        decode_image(std::as_bytes(std::span(plain)), "a.png").pixels);
  CHECK_THROWS_AS(check_replaceable(path, "etch plan", Overwrite::no), Error);
  for (const std::size_t at : {std::size_t{20}, plain.size() - 20, ours.size() - 20}) {
    std::string changed = ours;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_THROWS_AS(check(changed), Error);
  }
  CHECK_THROWS_AS(check(plain), Error);
  CHECK_THROWS_AS(check(ours + "\n"), Error);
  CHECK_THROWS_AS(check(ours.substr(0, ours.size() - 1)), Error);
}

TEST_CASE("A picture isn't drawn over a checkpoint") {
  const TemporaryFolder folder;
  const fs::path output = folder.path() / "run.svg";
  write_file(output, "a checkpoint");
  CHECK_THROWS_WITH(plot_histories({{"run", {EpochScores{}}, {0.5}}}, 0, output),
                    Catch::Contains("is there already, and isn't as `etch plot` left it"));
  CHECK(contents(output) == "a checkpoint");
}
