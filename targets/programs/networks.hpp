// The networks of the firmware programs, and what is embedded beside their weights. data.cpp makes
// the files on the host; programs and data.cpp include this, so that both mean the same bytes.
#pragma once
#include <etch/models/autoencoder.hpp>
#include <etch/models/ds_cnn.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/mobilenet.hpp>
#include <etch/models/resnet8.hpp>

#include <cstdint>

namespace firmware {
using namespace etch;

inline constexpr Shape digit{1, 28, 28};
using LeNet = Network<lenet<10>, digit>;

// What learns on the device: 9,098 parameters, 77,008 multiply-accumulates an image.
inline constexpr auto features =
    Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .stride = 2, .padding = 1}, ReLU{},
               Conv2d{.out_channels = 16, .kernel_size = 3, .stride = 2, .padding = 1}, ReLU{}>{};
template <auto first>
inline constexpr auto digits = Sequential<first, Flatten{}, Linear{.out_features = 10}>{};
using Digits = Network<digits<features>, digit>;

// The same with features that the host has learned and only the last layer still to learn.
using TunedDigits = Network<digits<Frozen<features>{}>, digit>;

// MLPerf Tiny's four networks.
using ResNet8 = Network<resnet8<10>, Shape{3, 32, 32}>;
using DsCnn = Network<ds_cnn<12>, Shape{1, 49, 10}>;
using MobileNet = Network<mobilenet_025<2>, Shape{3, 96, 96}>;
using Autoencoder = Network<autoencoder<>, Shape{640}>;

// One input and what the host made of it.
template <class Net>
struct Case {
  float input[Net::input_shape.elements()];
  float output[Net::output_shape.elements()];
};

// An MNIST image: a row of the file `digits`, which is streamed, and of DigitCases.
struct Digit {
  std::uint8_t label, pixels[digit.elements()];
};

// Test images, and what LeNet says to them on the host.
struct DigitCases {
  static constexpr std::size_t count = 50;
  float logits[count][10];
  Digit digits[count];
};

// The file `digits`: training images, then test images that training never sees.
inline constexpr std::size_t train_digits = 300, test_digits = 200;

inline void to_input(const Digit& d, float* input) {
  for (std::size_t i = 0; i < digit.elements(); ++i) {
    input[i] = static_cast<float>(d.pixels[i]) / 255.0f;
  }
}

}  // namespace firmware
