// ResNet-8 of MLPerf Tiny's image classification (Banbury et al. 2021,
// https://arxiv.org/abs/2106.07597; the reference model is resnet_v1_eembc): three stages of one
// block with 16, 32 and 64 channels. Convolutions have biases, projections no batch norm. With a
// stride a 3x3 convolution pads below and on the right alone, as the reference does.
#pragma once
#include <etch/models/same.hpp>

namespace etch {

// Two 3x3 convolutions, beside a shortcut.
template <std::size_t channels, std::size_t stride>
inline constexpr auto resnet8_body =
    Sequential<Named<"conv1", same_3x3<channels, stride, 1>>{}, Named<"bn1", BatchNorm2d{}>{},
               ReLU{}, Named<"conv2", same_3x3<channels, 1, 1>>{}, Named<"bn2", BatchNorm2d{}>{}>{};

// Its 1x1 convolution where channels change.
template <std::size_t channels>
inline constexpr auto resnet8_projection =
    Named<"downsample", Conv2d{.out_channels = channels, .kernel_size = 1, .stride = 2}>{};

// ResNet-8 for 3x32x32 images. 78,186 parameters with 10 classes (78,666 with running statistics,
// as Keras counts).
template <std::size_t classes>
inline constexpr auto resnet8 = Sequential<
    Named<"conv1", same_3x3<16, 1, 1>>{}, Named<"bn1", BatchNorm2d{}>{}, ReLU{},
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
