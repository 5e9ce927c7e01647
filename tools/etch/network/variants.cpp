// Models at other image sizes and in plain loops. Kernels know their geometry when they are
// compiled, so each is a row here.
#include "network/variants.hpp"

#include "error.hpp"

#include <etch/models/lenet.hpp>
#include <etch/models/resnet.hpp>

#include <array>

namespace etch::host {
namespace {

template <Layer auto net, Shape input>
constexpr Model variant(std::string_view name) {
  using Net = Network<net, input>;
  return {name, Net::graph, input, Net::output_shape, ""};
}

template <Layer auto net>
constexpr std::array<Model, 6> sizes(std::string_view name) {
  return {variant<net, Shape{3, 32, 32}>(name),   variant<net, Shape{3, 64, 64}>(name),
          variant<net, Shape{3, 96, 96}>(name),   variant<net, Shape{3, 128, 128}>(name),
          variant<net, Shape{3, 160, 160}>(name), variant<net, Shape{3, 192, 192}>(name)};
}

constexpr std::array<std::array<Model, 6>, 2> sized{sizes<resnet18<1000>>("resnet18-imagenet"),
                                                    sizes<resnet101<1000>>("resnet101-imagenet")};

template <Layer auto net>
inline constexpr auto looped = with_algorithm<Algorithm::loops>(net);

constexpr std::array loops{
    variant<looped<lenet<10>>, Shape{1, 28, 28}>("lenet"),
    variant<looped<resnet18<10>>, Shape{1, 32, 32}>("resnet18"),
    variant<looped<resnet101<10>>, Shape{1, 32, 32}>("resnet101"),
    variant<looped<resnet101<10, Stride::on_first_1x1, Norm::without>>, Shape{1, 32, 32}>(
        "resnet101-v1-nonorm"),
    variant<looped<resnet101<1000>>, Shape{3, 224, 224}>("resnet101-imagenet")};

const Model& find_loops(std::string_view name) {
  std::string all;
  for (const Model& m : loops) {
    if (m.name == name) return m;
    all.append(" ").append(m.name);
  }
  throw Error("--algorithm loops: there is no ", name, " with it; there are", all);
}

const Model& find_size(const Model& model, std::size_t size) {
  const std::string option = text("--size ", size, ": ", model.name, " is there at ");
  for (const auto& family : sized) {
    if (family[0].name != model.name) continue;
    std::string all;
    for (const Model& m : family) {
      if (m.input.height == size) return m;
      all += std::to_string(m.input.height) + ", ";
    }
    throw Error(option, all, "and ", model.input.height);
  }
  throw Error(option, model.input.height, " alone");
}

}  // namespace

const Model& find_variant(const Model& model, std::size_t size, Algorithm algorithm) {
  const bool own_size = size == 0 || size == model.input.height;
  if (algorithm == Algorithm::gemm) return own_size ? model : find_size(model, size);
  if (!own_size) throw Error("--size ", size, ": not with --algorithm loops");
  return find_loops(model.name);
}

}  // namespace etch::host
