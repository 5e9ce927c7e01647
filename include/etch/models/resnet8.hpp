// ResNet-8 of MLPerf Tiny's image classification (Banbury et al. 2021,
// https://arxiv.org/abs/2106.07597; the reference model is resnet_v1_eembc): three stages of one
// block with 16, 32 and 64 channels. Convolutions have biases, projections no batch norm.
#pragma once
#include <etch/etch.hpp>

namespace etch {

template <std::size_t channels, std::size_t stride>
inline constexpr auto resnet8_body = Sequential<
    Named<"conv1",
          Conv2d{.out_channels = channels, .kernel_size = 3, .stride = stride, .padding = 1}>{},
    Named<"bn1", BatchNorm2d{}>{}, ReLU{},
    Named<"conv2", Conv2d{.out_channels = channels, .kernel_size = 3, .padding = 1}>{},
    Named<"bn2", BatchNorm2d{}>{}>{};

template <std::size_t channels>
inline constexpr auto resnet8_projection =
    Named<"downsample", Conv2d{.out_channels = channels, .kernel_size = 1, .stride = 2}>{};

// 3x32x32. 78,186 parameters with 10 classes (78,666 with running statistics, as Keras counts).
template <std::size_t classes>
inline constexpr auto resnet8 = Sequential<
    Named<"conv1", Conv2d{.out_channels = 16, .kernel_size = 3, .padding = 1}>{},
    Named<"bn1", BatchNorm2d{}>{}, ReLU{},
    Named<"layer1",
          Sequential<Sequential<Named<"", Residual<resnet8_body<16, 1>>{}>{}, ReLU{}>{}>{}>{},
    Named<"layer2",
          Sequential<Sequential<
              Named<"", Residual<resnet8_body<32, 2>, resnet8_projection<32>>{}>{}, ReLU{}>{}>{}>{},
    Named<"layer3",
          Sequential<Sequential<
              Named<"", Residual<resnet8_body<64, 2>, resnet8_projection<64>>{}>{}, ReLU{}>{}>{}>{},
    GlobalAvgPool2d{}, Named<"fc", Linear{.out_features = classes}>{}>{};

}  // namespace etch
