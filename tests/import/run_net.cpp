// Runs an imported network: compiled with -DHEADER='"net.hpp"' -DNET=net::Net.
// usage: run_net PARAMETERS INPUT OUTPUT; of `parameters`, and floats (N, H, W, C) and (N,
// outputs).
#include HEADER

#include <etch/topology.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

static std::vector<float> floats(const char* path, std::uint64_t* before) {
  std::ifstream file(path, std::ios::binary);
  if (before != nullptr) file.read(reinterpret_cast<char*>(before), sizeof *before);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> all(bytes.size() / sizeof(float));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(all.data()));
  return all;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::uint64_t topology = 0;
  const std::vector<float> values = floats(argv[1], &topology), x = floats(argv[2], nullptr);
  auto parameters = std::make_unique<etch::Parameters<NET>>();
  if (topology != etch::topology<NET> || values.size() != NET::graph.total()) {
    std::puts("the parameters are laid out for another network");
    return 1;
  }
  std::copy(values.begin(), values.end(), parameters->values);
  auto net = std::make_unique<etch::Inference<NET>>(*parameters);
  constexpr std::size_t image = NET::input_shape.elements();
  std::ofstream out(argv[3], std::ios::binary);
  for (std::size_t i = 0; i + image <= x.size(); i += image) {
    const auto y = (*net)(std::span<const float, image>(x.data() + i, image));
    out.write(reinterpret_cast<const char*>(y.data()),
              static_cast<std::streamsize>(y.size_bytes()));
  }
  return 0;
}
