// Imported layers as C++.
#include "import/structure.hpp"

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

TEST_CASE("A layer's code has all that isn't the default") {
  ImportedNetwork n("m");
  const int x = n.input({4, 9, 9});
  const auto code = [&n] { return layer_code(n.layers().back().layer); };
  const Window all{{1, 3}, 2, 1, {1, 2}, {0, 1}};
  n.conv2d("", x, all, 2, std::vector<float>(2 * 2 * 3), {});
  CHECK(code() ==
        "Conv2d{.out_channels = 2, .kernel_size = {1, 3}, .stride = 2, .padding = 1, "
        ".dilation = {1, 2}, .groups = 2, .bias = false, .extra_padding = {0, 1}}");
  n.conv2d("", x, {.kernel_size = 1}, 1, std::vector<float>(4), {0});
  CHECK(code() == "Conv2d{.out_channels = 1, .kernel_size = 1}");
  const std::vector<float> v(4);
  const std::vector<ImportedTensor> norm = {
      {"weight", v}, {"bias", v}, {"running_mean", v}, {"running_var", v}};
  n.batch_norm("", x, 1e-5f, norm);
  CHECK(code() == "BatchNorm2d{}");
  n.batch_norm("", x, 0.25f, norm);
  CHECK(code() == "BatchNorm2d{.eps = 0.25f}");
  n.max_pool("", x, {.kernel_size = 3, .stride = 3});
  CHECK(code() == "MaxPool2d{.kernel_size = 3}");
  n.max_pool("", x, {.kernel_size = 3, .stride = 1, .padding = 1, .dilation = 2});
  CHECK(code() == "MaxPool2d{.kernel_size = 3, .stride = 1, .padding = 1, .dilation = 2}");
  const Window padded{.kernel_size = 3, .stride = 2, .padding = 1};
  n.avg_pool("", x, padded, true);
  CHECK(code() == "AvgPool2d{.kernel_size = 3, .stride = 2, .padding = 1}");
  n.avg_pool("", x, padded, false);
  CHECK(code() ==
        "AvgPool2d{.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}");
  n.activation("", LeakyReLU{}, x);
  CHECK(code() == "LeakyReLU{}");
}

TEST_CASE("The longer way of a residual block is its body, whichever side of the sum it is on") {
  for (const bool swapped : {false, true}) {
    ImportedNetwork n("m");
    const int x = n.input({4, 3, 3});
    const int y = n.activation("", Tanh{}, x);
    n.set_output(swapped ? n.add("", x, y) : n.add("", y, x));
    const std::vector<Piece> pieces = structure_of(n);
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].body.size() == 1);
    CHECK(pieces[0].shortcut.empty());
  }
}
