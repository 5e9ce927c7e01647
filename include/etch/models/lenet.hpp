// LeNet-5 (LeCun et al. 1998) with ReLU and max pools; and the small convnet of tools/demo.
#pragma once
#include <etch/etch.hpp>

namespace etch {

// LeNet-5 for 1x28x28 images. 61,706 parameters with 10 classes.
template <std::size_t classes>
inline constexpr auto lenet =
    Sequential<Conv2d{.out_channels = 6, .kernel_size = 5, .padding = 2}, ReLU{},
               MaxPool2d{.kernel_size = 2}, Conv2d{.out_channels = 16, .kernel_size = 5}, ReLU{},
               MaxPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 120}, ReLU{},
               Linear{.out_features = 84}, ReLU{}, Linear{.out_features = classes}>{};

// A small network with batch norms for 1x28x28 images. It reaches 98.5 % on MNIST within an epoch
// or two.
template <std::size_t classes>
inline constexpr auto convnet =
    Sequential<Conv2d{.out_channels = 16, .kernel_size = 3, .padding = 1, .bias = false},
               BatchNorm2d{}, ReLU{}, MaxPool2d{.kernel_size = 2},
               Conv2d{.out_channels = 32, .kernel_size = 3, .padding = 1, .bias = false},
               BatchNorm2d{}, ReLU{}, MaxPool2d{.kernel_size = 2}, Flatten{},
               Linear{.out_features = 64}, ReLU{}, Linear{.out_features = classes}>{};

}  // namespace etch
