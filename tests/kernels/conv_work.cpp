// Counted and real multiply-accumulates against the loops, which visit real taps only.
#include <etch/kernels/conv2d_loops.hpp>
#include <etch/kernels/conv_work.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::kernels;

namespace {

constexpr ConvGeometry conv(Shape input, std::size_t out, Window window, std::size_t groups = 1) {
  return {input, window.output(input, out), window, groups};
}
constexpr Window same{.kernel_size = 3, .padding = 1};

// 3x3 over 1x1: one tap of nine; over 2x2: sixteen of 36.
static_assert(counted_macs(conv({4, 1, 1}, 8, same)) == 9 * 32);
static_assert(real_macs(conv({4, 1, 1}, 8, same)) == 32);
static_assert(real_macs(conv({4, 2, 2}, 8, same)) == 16 * 32);
static_assert(counted_macs(conv({3, 224, 224}, 64,
                                {.kernel_size = 7, .stride = 2, .padding = 3})) == 118'013'952);
static_assert(real_macs(conv({64, 56, 56}, 64, {.kernel_size = 1})) ==
              counted_macs(conv({64, 56, 56}, 64, {.kernel_size = 1})));

std::size_t visited(const ConvGeometry& g) {
  std::size_t count = 0;
  for (std::size_t row = 0; row < g.output.height; ++row) {
    for_row_taps(g, row, [&](std::size_t, std::size_t, std::size_t u, std::size_t v) {
      for_channels(g, u, v, [&](std::size_t, std::size_t width, std::size_t, std::size_t) {
        count += width;
      });
    });
  }
  return count;
}

}  // namespace

TEST_CASE("Real multiply-accumulates are those that the loops visit") {
  for (const ConvGeometry& g :
       {conv({3, 9, 7}, 20, {.kernel_size = {3, 5}, .stride = {2, 1}, .padding = {1, 3}}),
        conv({6, 5, 5}, 4, {.kernel_size = 3, .padding = 4, .dilation = 2}, 2),
        conv({8, 4, 6}, 8, same, 8), conv({4, 5, 3}, 2, {.kernel_size = 3, .padding = 3})}) {
    CHECK(real_macs(g) == visited(g));
    CHECK(counted_macs(g) >= real_macs(g));
  }
}
