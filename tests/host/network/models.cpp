// Networks of a program's own, by name beside the zoo's.
#include <etch/host/network/models.hpp>

#include "custom_layer.hpp"

#include <etch/etch.hpp>
#include <etch/host/error.hpp>
#include <etch/host/network/open_model.hpp>

#include <catch2/catch.hpp>

namespace etch::host {

TEST_CASE("A network of a program's own has a name beside the zoo's") {
  using Net = Network<Sequential<Flatten{}, Linear{.out_features = 3}>{}, Shape{1, 4, 5}>;
  register_model(model_of<Net>("mine", "of this test"));
  const OpenModel own = open_model("mine");
  CHECK(own.graph.macs == Net::macs);
  CHECK(own.output == Shape{3});
  CHECK(open_model("mine", 6).input == Shape{1, 6, 6});
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(register_model(model_of<Net>("mine")),
                    Contains("there is a model called mine"));
  CHECK_THROWS_WITH(register_model(model_of<Net>("lenet")), Contains("a model called lenet"));
  CHECK_THROWS_WITH(register_model(model_of<Net>("a.onnx")), Contains("can't be a model's name"));
  CHECK_THROWS_WITH(register_model(model_of<Net>("")), Contains("can't be a model's name"));
}

TEST_CASE("A network with a user-defined layer has a name, too, at its own size") {
  using Net =
      Network<Sequential<mine::Scale{}, Flatten{}, Linear{.out_features = 3}>{}, Shape{1, 4, 5}>;
  register_model(model_of<Net>("with mine"));
  CHECK(open_model("with mine").network.empty());
  CHECK_THROWS_WITH(open_model("with mine", 6),
                    Catch::Matchers::Contains("with mine: has user-defined layers"));
}

}  // namespace etch::host
