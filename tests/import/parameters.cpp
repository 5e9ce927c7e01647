// The weights of an imported network as Parameters has them: parameters WEIGHTS.safetensors OUTPUT.
// OUTPUT gets the topology's number, 8 bytes, and the floats.
#include <etch/host/block.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/weights/parameter_layout.hpp>

#include <fstream>
#include <iostream>

using namespace etch::host;

static void write(const char* weights, const char* output) {
  const Safetensors file(weights);
  const auto network = read_network(weights, file.metadata().at(network_key));
  const ParameterLayout layout = layout_of(network->view());
  Block<float> values = Block<float>::zeros(layout.total);
  const std::vector<TensorPlace> places = layout.places(values.data());
  check_fit(file, misfits(file, layout.topology, places, [](const std::string&) { return false; }),
            "its network");
  fill(file, places);
  std::ofstream out(output, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&layout.topology), 8);
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    write(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
