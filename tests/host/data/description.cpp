// How a data set is prepared, as a checkpoint keeps it.
#include <etch/host/data/description.hpp>

#include "data/description_json.hpp"
#include "json.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace etch::host;

TEST_CASE("A description comes back from its JSON, floats bit by bit") {
  Description d;
  d.format = "csv";
  d.reading = {.features = {"a", "b"},
               .label = "kind",
               .layout = Layout::nchw,
               .color = Color::rgb,
               .classes = {"x", "y\n\"z\""}};
  d.resize = true;
  d.validation = 0.1;
  d.test = 0.25;
  d.split_seed = ~std::uint64_t{0};
  d.normalize = true;
  d.normalization = {{0.1f, -1e-30f}, {1.0f / 3, 2}};
  const Description read = description_from_json(parse_json(to_json(d).dump()));
  CHECK(read == d);
  CHECK(read.normalization == d.normalization);
  CHECK_FALSE(read == Description{});
}

TEST_CASE("A description that is damaged or contradicts itself is refused") {
  const auto with = [](const char* name, const nlohmann::json& value) {
    nlohmann::json json = to_json(Description{});
    json[name] = value;
    return json;
  };
  CHECK_THROWS_WITH(description_from_json(with("layout", "chw")),
                    "--layout chw: must be nhwc or nchw");
  CHECK_THROWS_WITH(description_from_json(with("color", "red")),
                    "--color red: must be gray, rgb or as-is");
  CHECK_THROWS_WITH(description_from_json(with("validation", 1)),
                    "--validation 1: must be in [0, 1)");
  CHECK_THROWS_WITH(description_from_json(with("test", -0.5)), "--test -0.5: must be in [0, 1)");
  CHECK_THROWS_WITH(description_from_json(with("mean", {1})),
                    Catch::Contains("--mean has 1 and --std 0"));
  CHECK_THROWS_WITH(description_from_json(with("classes", 3)), Catch::Contains("classes"));
  CHECK_THROWS_AS(description_from_json(nlohmann::json::object()), Error);
  Description both;
  both.reading.label = "a";
  both.reading.targets = {"b"};
  CHECK_THROWS_WITH(check(both), "--label and --targets: only one of both");
}
