// Models by name. One more is one more row, and its header.
#include <etch/host/network/models.hpp>

#include "suggestion.hpp"

#include <etch/host/error.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/models/autoencoder.hpp>
#include <etch/models/ds_cnn.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/mobilenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace etch::host {

template <Layer auto net, Shape input>
constexpr Model row(std::string_view name, std::string_view about) {
  return model_of<Network<net, input>>(name, about);
}

static constexpr Shape digit{1, 28, 28}, padded{1, 32, 32}, photo{3, 224, 224};
static constexpr std::string_view small = "MNIST", with_pad = "MNIST padded to 32x32",
                                  no_norm = "without batch norm",
                                  paper = "stride on the first 1x1, as in the paper",
                                  imagenet = "ImageNet's shape, for `etch plan`",
                                  tiny = "MLPerf Tiny's, for `etch plan`";

static constexpr std::array zoo{
    row<convnet<10>, digit>("convnet", small),
    row<lenet<10>, digit>("lenet", small),
    row<resnet8<10>, padded>("resnet8", with_pad),
    row<ds_cnn<12>, Shape{1, 49, 10}>("ds_cnn", tiny),
    row<mobilenet_025<2>, Shape{3, 96, 96}>("mobilenet_025", tiny),
    row<autoencoder<>, Shape{640}>("autoencoder", tiny),
    row<resnet18<10>, padded>("resnet18", with_pad),
    row<resnet34<10>, padded>("resnet34", with_pad),
    row<resnet50<10>, padded>("resnet50", with_pad),
    row<resnet101<10>, padded>("resnet101", with_pad),
    row<resnet152<10>, padded>("resnet152", with_pad),
    row<resnet18<10, Norm::without>, padded>("resnet18-nonorm", no_norm),
    row<resnet34<10, Norm::without>, padded>("resnet34-nonorm", no_norm),
    row<resnet50<10, Stride::on_3x3, Norm::without>, padded>("resnet50-nonorm", no_norm),
    row<resnet101<10, Stride::on_3x3, Norm::without>, padded>("resnet101-nonorm", no_norm),
    row<resnet152<10, Stride::on_3x3, Norm::without>, padded>("resnet152-nonorm", no_norm),
    row<resnet50<10, Stride::on_first_1x1>, padded>("resnet50-v1", paper),
    row<resnet101<10, Stride::on_first_1x1>, padded>("resnet101-v1", paper),
    row<resnet152<10, Stride::on_first_1x1>, padded>("resnet152-v1", paper),
    row<resnet101<10, Stride::on_first_1x1, Norm::without>, padded>("resnet101-v1-nonorm", no_norm),
    row<resnet18<1000>, photo>("resnet18-imagenet", imagenet),
    row<resnet34<1000>, photo>("resnet34-imagenet", imagenet),
    row<resnet50<1000>, photo>("resnet50-imagenet", imagenet),
    row<resnet101<1000>, photo>("resnet101-imagenet", imagenet),
    row<resnet152<1000>, photo>("resnet152-imagenet", imagenet),
};

static std::vector<Model>& models() {
  static std::vector<Model> all(zoo.begin(), zoo.end());
  return all;
}

std::span<const Model> all_models() { return models(); }

void register_model(const Model& model) {
  const std::string name(model.name);
  if (name.empty() || !is_model_name(name)) {
    throw Error("'", name, "' can't be a model's name: it is empty, or ends like a file's");
  }
  const auto same = [&](const Model& m) { return m.name == model.name; };
  if (std::ranges::any_of(models(), same)) throw Error("there is a model called ", name);
  models().push_back(model);
}

std::string list_models() {
  std::string lines, line;
  for (const Model& m : models()) {
    if (line.size() + m.name.size() + 2 > 80) {
      lines += line + "\n";
      line.clear();
    }
    line += "  " + std::string(m.name);
  }
  return lines + line;
}

const Model& find_model(std::string_view name) {
  for (const Model& m : models()) {
    if (m.name == name) return m;
  }
  std::vector<std::string> names;
  for (const Model& m : models()) names.emplace_back(m.name);
  throw Error(no_such("model", name, names), "\n", list_models());
}

}  // namespace etch::host
