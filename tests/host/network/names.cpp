// Names and shapes of tensors are those of a PyTorch state dict.
#include "network/names.hpp"

#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace etch;
using namespace etch::host;

using Shapes = std::map<std::string, std::vector<std::size_t>>;

static Shapes shapes_of(const char* model) {
  const GraphView graph = find_model(model).graph;
  Shapes all;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    CHECK(all.emplace(tensor_name(graph, t), torch_shape(t)).second);
  }
  return all;
}

TEST_CASE("ResNet-101 has torchvision's names and shapes") {
  const Shapes shapes = shapes_of("resnet101-imagenet");
  CHECK(shapes.at("conv1.weight") == std::vector<std::size_t>{64, 3, 7, 7});
  CHECK(shapes.at("bn1.running_var") == std::vector<std::size_t>{64});
  CHECK(shapes.at("layer1.0.downsample.0.weight") == std::vector<std::size_t>{256, 64, 1, 1});
  CHECK(shapes.at("layer1.0.downsample.1.bias") == std::vector<std::size_t>{256});
  CHECK(shapes.at("layer3.22.conv2.weight") == std::vector<std::size_t>{256, 256, 3, 3});
  CHECK(shapes.at("fc.weight") == std::vector<std::size_t>{1000, 2048});
  CHECK(shapes.size() == 104 + 4 * 104 + 2);  // convolutions, batch norms, fc
}

TEST_CASE("A Linear after a Flatten has PyTorch's two sizes") {
  const Shapes shapes = shapes_of("lenet");
  CHECK(shapes.at("7.weight") == std::vector<std::size_t>{120, 400});
  CHECK(shapes.at("7.bias") == std::vector<std::size_t>{120});
}

TEST_CASE("Every tensor goes to PyTorch's layout and back") {
  for (const char* model : {"lenet", "convnet", "resnet8"}) {
    const GraphView graph = find_model(model).graph;
    for (int i = 0; i < graph.size.tensors; ++i) {
      const Tensor& t = graph.tensors[i];
      std::vector<float> torch(t.size()), values(t.size()), back(t.size());
      for (std::size_t k = 0; k < t.size(); ++k) torch[k] = static_cast<float>(k);
      from_torch(t, torch.data(), values.data());
      to_torch(t, values.data(), back.data());
      CHECK(back == torch);
    }
  }
}

TEST_CASE("An unknown model is refused with a list of those there are") {
  CHECK_THROWS_WITH(find_model("resnet99"),
                    Catch::Contains("no model 'resnet99'") && Catch::Contains("resnet101-nonorm"));
}
