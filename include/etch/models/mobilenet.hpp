// MobileNetV1, 0.25 wide: MLPerf Tiny's visual wake words (Banbury et al. 2021,
// https://arxiv.org/abs/2106.07597). Howard et al. 2017, https://arxiv.org/abs/1704.04861
#pragma once
#include <etch/models/resnet.hpp>
#include <etch/models/same.hpp>

namespace etch {

// A 3x3 convolution a channel, then a 1x1 convolution across them; a norm and a ReLU after each.
// As in the reference, convolutions have biases beside the norms.
template <std::size_t in, std::size_t out, std::size_t stride, Norm norm>
inline constexpr auto separable = Sequential<
    Named<"", conv_norm<"conv1", "bn1", same_3x3<in, stride, in>, norm>>{}, ReLU{},
    Named<"", conv_norm<"conv2", "bn2", Conv2d{.out_channels = out, .kernel_size = 1}, norm>>{},
    ReLU{}>{};

// MobileNetV1, 0.25 wide, for 3x96x96 images. 216,322 parameters with 2 classes (221,794 with
// running statistics, as Keras counts). Norm::without is the network whose norms were folded into
// its convolutions.
template <std::size_t classes, Norm norm = Norm::batch>
inline constexpr auto mobilenet_025 = Sequential<
    Named<"", conv_norm<"conv1", "bn1", same_3x3<8, 2, 1>, norm>>{}, ReLU{},
    Named<"layers", Sequential<separable<8, 16, 1, norm>, separable<16, 32, 2, norm>,
                               separable<32, 32, 1, norm>, separable<32, 64, 2, norm>,
                               separable<64, 64, 1, norm>, separable<64, 128, 2, norm>,
                               Repeat<5, separable<128, 128, 1, norm>>{},
                               separable<128, 256, 2, norm>, separable<256, 256, 1, norm>>{}>{},
    GlobalAvgPool2d{}, Named<"fc", Linear{.out_features = classes}>{}>{};

}  // namespace etch
