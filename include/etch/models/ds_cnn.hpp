// DS-CNN: MLPerf Tiny's keyword spotting (Banbury et al. 2021, https://arxiv.org/abs/2106.07597).
// Zhang et al. 2017, https://arxiv.org/abs/1711.07128
#pragma once
#include <etch/models/mobilenet.hpp>

namespace etch {

// DS-CNN for 1x49x10, 49 frames of 10 cepstral coefficients. 23,756 parameters with 12 classes
// (24,908 with running statistics, as Keras counts). Its dropouts do nothing in inference.
template <std::size_t classes, Norm norm = Norm::batch>
inline constexpr auto ds_cnn =
    Sequential<Named<"", conv_norm<"conv1", "bn1",
                                   Conv2d{.out_channels = 64,
                                          .kernel_size = {10, 4},
                                          .stride = 2,
                                          .padding = {4, 1},
                                          .extra_padding = {1, 0}},
                                   norm>>{},
               ReLU{}, Dropout{.p = 0.2f},
               Named<"layers", Sequential<Repeat<4, separable<64, 64, 1, norm>>{}>{}>{},
               Dropout{.p = 0.4f}, GlobalAvgPool2d{},
               Named<"fc", Linear{.out_features = classes}>{}>{};

}  // namespace etch
