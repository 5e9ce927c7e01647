// A state dict, as `etch import --model` reads it.
#include "fuzz.hpp"
#include "import/import.hpp"
#include "process.hpp"

#include <etch/host/weights/safetensors.hpp>

#include <fstream>
#include <iterator>

using namespace etch;
using namespace etch::host;

namespace etch::fuzz {

static constexpr const char* model = "lenet";

void read(std::span<const std::byte> input) {
  static const InputFile file;
  static const TemporaryFolder folder;
  file.write(input);
  accepted([&] { import_state_dict(Safetensors(file.path()), model, folder.path() / "output"); });
}

// All names and shapes are right, and there is room for few numbers: 61,706 of them would make
// every input 250 KB. What fits is seen by the tests.
std::vector<std::string> seeds() {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "seed";
  const std::vector<float> values(1 << 16);
  std::vector<std::string> all;
  const auto add = [&](std::vector<TensorSource> tensors, const Metadata& metadata) {
    write_safetensors(path, tensors, metadata);
    std::ifstream file(path, std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  };
  add({source("0.weight", {6, 1, 5, 5}, values.data()), source("0.bias", {6}, values.data())}, {});
  const std::int64_t batches = 3;
  add({source("0.bias", {6}, values.data()), source("num_batches_tracked", {}, &batches)},
      {{"etch.model", model}, {"etch.format", "1"}});
  return all;
}

}  // namespace etch::fuzz
