// expect: Linear: in_features must equal the size of the input
// numbers: 1024 2048
// names: fc
#include <etch/etch.hpp>

using namespace etch;

// The last of 89 layers. check.sh limits what a compiler may say of it.
inline constexpr auto block =
    Sequential<Conv2d{.out_channels = 64, .kernel_size = 3, .padding = 1, .bias = false},
               BatchNorm2d{}, ReLU{}>{};
template <std::size_t in>
inline constexpr auto deep =
    Sequential<Conv2d{.out_channels = 64, .kernel_size = 3}, block, block, block, block, block,
               block, block, block, block, block, block, block, block, block, block, block, block,
               block, block, block, block, block, block, block, block, block, block, block,
               Conv2d{.out_channels = 2048, .kernel_size = 1}, GlobalAvgPool2d{}, Flatten{},
               Named<"fc", Linear{.in_features = in, .out_features = 10}>{}>{};

#if defined(REJECT)
using Net = Network<deep<1024>, Shape{3, 16, 16}>;
#else
using Net = Network<deep<2048>, Shape{3, 16, 16}>;
#endif
static_assert(Net::output_shape == Shape{10});
