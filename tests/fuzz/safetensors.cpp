// A file of tensors, as `etch eval`, `etch plot` and `etch embed --fold` read it.
#include "fuzz.hpp"
#include "process.hpp"
#include "weights/folding.hpp"

#include <etch/etch.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/program/session.hpp>
#include <etch/host/training/checkpoint.hpp>

#include <cstring>
#include <fstream>
#include <iterator>

using namespace etch;
using namespace etch::host;

namespace {

// The numbers as firmware would have them.
void embed(const Safetensors& file, const std::string& stored) {
  const auto network = read_network(file.path(), stored);
  const ParameterLayout layout = layout_of(network->view());
  const auto none = [](const std::string&) { return false; };
  check_fit(file, misfits(file, layout.topology, layout.places(nullptr), none), "its own network");
  Block<float> values = Block<float>::zeros(layout.total);
  fill(file, layout.places(values.data()));
  fold(layout, values.data(), folded_layout_of(network->view()));
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One that the header's length is right of.
std::string file_of(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string all(8, '\0');
  std::memcpy(all.data(), &length, 8);
  return all + header + std::string(data, '\0');
}

inline constexpr auto layers = Sequential<
    Conv2d{.out_channels = 2, .kernel_size = 1, .bias = false}, BatchNorm2d{}, ReLU{},
    Repeat<2, Residual<Named<"body", Conv2d{.out_channels = 2, .kernel_size = 1}>{}>{}>{},
    Flatten{}, Linear{.out_features = 3}>{};
using Net = Network<layers, Shape{1, 2, 2}>;

}  // namespace

namespace etch::fuzz {

void read(std::span<const std::byte> input) {
  static const InputFile file;
  file.write(input);
  accepted([&] {
    const Safetensors tensors(file.path());
    const auto at = tensors.metadata().find(network_key);
    if (at != tensors.metadata().end()) accepted([&] { embed(tensors, at->second); });
    const Checkpoint checkpoint(file.path());
    accepted([&] { checkpoint.settings(); });
    accepted([&] { checkpoint.progress(); });
  });
}

std::vector<std::string> seeds() {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "seed";
  std::vector<std::string> all;

  const std::vector<float> values(Net::graph.total(), 0.5f);
  const Metadata network{{"etch.model", "net"},
                         {network_key, network_text(tree_of(layers), Shape{1, 2, 2})}};
  write_safetensors(path, model_tensors(Net::graph, values.data()), network);
  all.push_back(contents(path));

  SessionOptions options;
  options.optimizer = SGD{.lr = 0.1, .momentum = 0.9};
  Settings settings;
  settings.model = "net";
  settings.optimizer = "sgd";
  settings.momentum = 0.9;
  Session session(Net::graph, options);
  for (const Task task : {Task::classes, Task::labels, Task::numbers}) {
    Progress progress(task, 3);
    const Scores scores{1, task, std::vector<double>(figures_of(task).size())};
    progress.history = {{scores, scores}};
    progress.epoch = 1;
    save_checkpoint(path, session, settings, progress);
    all.push_back(contents(path));
  }

  all.push_back(file_of(R"({"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                        R"("v":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})",
                        16));
  all.push_back(file_of(R"({"__metadata__":{"etch.settings":"{}","etch.network":"[[[[]]]]"}})", 0));
  return all;
}

}  // namespace etch::fuzz
