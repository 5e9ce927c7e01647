// TensorFlow's padding "same", as MLPerf Tiny's networks have it.
#pragma once
#include <etch/etch.hpp>

namespace etch {

// A 3x3 convolution with padding "same". Over an input of even size: one zero all around, or with
// stride 2 below and on the right alone.
template <std::size_t out, std::size_t stride, std::size_t groups>
inline constexpr Conv2d same_3x3{.out_channels = out,
                                 .kernel_size = 3,
                                 .stride = stride,
                                 .padding = stride == 1 ? 1 : 0,
                                 .groups = groups,
                                 .extra_padding = stride == 1 ? 0 : 1};

}  // namespace etch
