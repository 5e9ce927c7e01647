// Plain matrix products, C (m, n) = A (m, k) B (k, n): etch has them as 1x1 convolutions of n
// images of one pixel with k inputs and m outputs, A being the weights.
#include "row.hpp"
#include "with_torch.hpp"

#include <etch/kernels/conv2d.hpp>

namespace bench {
namespace {

using namespace etch;
using namespace etch::kernels;

struct Product {
  std::size_t m, n, k;
};

// ResNet-101's convolutions at 224x224 with their taps unrolled, two batches of small images, and
// two large squares.
constexpr Product products[] = {
    {64, 12544, 147}, {64, 3136, 64},   {64, 3136, 576},    {256, 3136, 64},   {64, 3136, 256},
    {128, 784, 512},  {128, 784, 1152}, {512, 784, 128},    {256, 196, 1024},  {256, 196, 2304},
    {1024, 196, 256}, {512, 49, 2048},  {512, 49, 4608},    {2048, 49, 512},   {256, 128, 2304},
    {512, 64, 4608},  {2048, 64, 512},  {1024, 1024, 1024}, {2048, 2048, 2048}};

Run product(const Product& p) {
  const ConvGeometry g{.input = {p.k}, .output = {p.m}, .window = {.kernel_size = 1}};
  const auto x = std::make_shared<Values>(p.n * p.k), y = std::make_shared<Values>(p.n * p.m),
             weight = std::make_shared<Values>(p.m * p.k);
  const auto work = scratch(conv2d_forward_scratch(g, p.n, threads()));
  return [=] {
    conv2d_forward({g, p.n, threads(), x->data(), weight->data(), y->data(), {}, work.get()});
  };
}

}  // namespace

void add_gemms() {
  for (const Product& p : products) {
    const double macs = static_cast<double>(p.m * p.n * p.k);
    const Work work{.macs = macs, .real = macs};
    const std::string name = text("gemm/", p.m, "x", p.n, "x", p.k, "/");
    add_row(name + "etch", work, [p] { return product(p); });
    if (with_torch) add_row(name + "torch", work, [p] { return torch_gemm(p.m, p.n, p.k); });
  }
}

}  // namespace bench
