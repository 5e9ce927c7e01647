// The autoencoder of MLPerf Tiny's anomaly detection (Banbury et al. 2021,
// https://arxiv.org/abs/2106.07597): what it can't reproduce is an anomaly. Train with MSELoss.
#pragma once
#include <etch/models/resnet.hpp>

namespace etch {

// A fully connected layer, a norm and a ReLU.
template <std::size_t features, Norm norm>
inline constexpr auto linear_norm = Sequential<Named<"fc", Linear{.out_features = features}>{},
                                               Named<"bn", BatchNorm1d{}>{}, ReLU{}>{};
template <std::size_t features>
inline constexpr auto linear_norm<features, Norm::without> =
    Sequential<Named<"fc", Linear{.out_features = features}>{}, ReLU{}>{};

// The autoencoder: five frames of 128 mel bands to 8 numbers and back. 267,928 parameters (269,992
// with running statistics, as Keras counts).
template <Norm norm = Norm::batch>
inline constexpr auto autoencoder = Sequential<
    Named<"encoder", Sequential<linear_norm<128, norm>, Repeat<3, linear_norm<128, norm>>{},
                                linear_norm<8, norm>>{}>{},
    Named<"decoder", Sequential<linear_norm<128, norm>, Repeat<3, linear_norm<128, norm>>{}>{}>{},
    Named<"fc", Linear{.out_features = 640}>{}>{};

}  // namespace etch
