#include <etch/host/training/training_run.hpp>

#include "host/idx_files.hpp"

#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

// ResNet-18's last maps of 1x32x32 are 1x1.
TEST_CASE("A last batch of one image is refused where a batch norm has one value a channel") {
  const Dataset data = bars(9, 1);
  const auto make = [&](const char* model, std::size_t batch) {
    Settings s;
    s.model = model;
    s.batch = batch;
    const TrainingRun run(find_model(model).graph, s, {}, data, data);
  };
  CHECK_THROWS_WITH(make("resnet18", 4),
                    "--batch 4 makes a batch of 1 of 9 images, but batch norm needs more than one "
                    "value a channel: choose another --batch");
  CHECK_THROWS_WITH(make("resnet18", 1), Catch::StartsWith("--batch 1 makes a batch of 1 "));
  CHECK_NOTHROW(make("resnet18", 3));
  CHECK_NOTHROW(make("resnet18", 16));
  CHECK_NOTHROW(make("convnet", 1));
}
