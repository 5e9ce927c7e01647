// A TFLite network in Arm NN's reference backend: arm_nn MODEL INPUT OUTPUT, floats (N, H, W, C)
// and (N, outputs), an image at a time.
#include <armnn/ArmNN.hpp>
#include <armnnTfLiteParser/ITfLiteParser.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

static std::vector<float> floats(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> all(bytes.size() / sizeof(float));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(all.data()));
  return all;
}

static void run(const char* model, const char* input, const char* output) {
  const auto parser = armnnTfLiteParser::ITfLiteParser::Create();
  const armnn::INetworkPtr network = parser->CreateNetworkFromBinaryFile(model);
  const auto in =
      parser->GetNetworkInputBindingInfo(0, parser->GetSubgraphInputTensorNames(0).at(0));
  const auto out =
      parser->GetNetworkOutputBindingInfo(0, parser->GetSubgraphOutputTensorNames(0).at(0));
  const armnn::IRuntimePtr runtime = armnn::IRuntime::Create({});
  armnn::NetworkId id = 0;
  std::vector<std::string> messages;
  auto optimized = armnn::Optimize(*network, {armnn::Compute::CpuRef}, runtime->GetDeviceSpec(), {},
                                   armnn::Optional<std::vector<std::string>&>(messages));
  if (optimized == nullptr) {
    throw std::runtime_error(messages.empty() ? "can't be planned" : messages.front());
  }
  if (runtime->LoadNetwork(id, std::move(optimized)) != armnn::Status::Success) {
    throw std::runtime_error("the network can't be loaded");
  }
  const std::vector<float> x = floats(input);
  const std::size_t image = in.second.GetNumElements();
  std::vector<float> y(out.second.GetNumElements());
  std::ofstream file(output, std::ios::binary);
  for (std::size_t i = 0; i + image <= x.size(); i += image) {
    const armnn::InputTensors inputs{{in.first, armnn::ConstTensor(in.second, x.data() + i)}};
    const armnn::OutputTensors outputs{{out.first, armnn::Tensor(out.second, y.data())}};
    if (runtime->EnqueueWorkload(id, inputs, outputs) != armnn::Status::Success) {
      throw std::runtime_error("the network can't be run");
    }
    file.write(reinterpret_cast<const char*>(y.data()),
               static_cast<std::streamsize>(y.size() * sizeof(float)));
  }
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    run(argv[1], argv[2], argv[3]);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "arm_nn: " << argv[1] << ": " << e.what() << '\n';
    return 1;
  }
}
