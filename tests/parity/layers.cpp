// Every layer against LibTorch over a table of shapes.
#include "harness.hpp"

using namespace etch;
namespace p = parity;

TEST_CASE("Conv2d") {
  p::compare<Conv2d{.out_channels = 8, .kernel_size = 3}, Shape{3, 9, 7}>(
      "3x3", p::conv2d({.in = 3, .out = 8, .kernel = {3, 3}}));
  p::compare<Conv2d{.out_channels = 5, .kernel_size = 3, .padding = 1}, Shape{7, 5, 5}>(
      "3x3 same", p::conv2d({.in = 7, .out = 5, .kernel = {3, 3}, .padding = {1, 1}}));
  p::compare<Conv2d{.out_channels = 33, .kernel_size = 1, .bias = false}, Shape{17, 4, 5}>(
      "1x1", p::conv2d({.in = 17, .out = 33, .bias = false}));
  p::compare<Conv2d{.out_channels = 16, .kernel_size = 7, .stride = 2, .padding = 3},
             Shape{3, 15, 13}>(
      "stem",
      p::conv2d({.in = 3, .out = 16, .kernel = {7, 7}, .stride = {2, 2}, .padding = {3, 3}}));
  p::compare<Conv2d{.out_channels = 6,
                    .kernel_size = {5, 2},
                    .stride = {3, 1},
                    .padding = {2, 0},
                    .dilation = {1, 3}},
             Shape{4, 11, 9}>("rectangular", p::conv2d({.in = 4,
                                                        .out = 6,
                                                        .kernel = {5, 2},
                                                        .stride = {3, 1},
                                                        .padding = {2, 0},
                                                        .dilation = {1, 3}}));
  p::compare<Conv2d{.out_channels = 12, .kernel_size = 3, .padding = 1, .groups = 3},
             Shape{6, 6, 6}>(
      "groups", p::conv2d({.in = 6, .out = 12, .groups = 3, .kernel = {3, 3}, .padding = {1, 1}}));
  p::compare<Conv2d{.out_channels = 20, .kernel_size = 3, .stride = 2, .padding = 1, .groups = 20},
             Shape{20, 7, 9}>("depthwise", p::conv2d({.in = 20,
                                                      .out = 20,
                                                      .groups = 20,
                                                      .kernel = {3, 3},
                                                      .stride = {2, 2},
                                                      .padding = {1, 1}}));
  p::compare<Conv2d{.out_channels = 12, .kernel_size = 3, .padding = 1, .groups = 6},
             Shape{6, 5, 5}>(
      "depth multiplier",
      p::conv2d({.in = 6, .out = 12, .groups = 6, .kernel = {3, 3}, .padding = {1, 1}}));
  p::compare<Conv2d{.out_channels = 24, .kernel_size = 3, .padding = 1}, Shape{24, 2, 2}, 9>(
      "2x2 maps", p::conv2d({.in = 24, .out = 24, .kernel = {3, 3}, .padding = {1, 1}}));
  p::compare<Conv2d{.out_channels = 24, .kernel_size = 3, .padding = 1}, Shape{24, 1, 1}, 5>(
      "1x1 maps", p::conv2d({.in = 24, .out = 24, .kernel = {3, 3}, .padding = {1, 1}}));
  // The shape of the numpy ancestor's benchmark.
  p::compare<Conv2d{.out_channels = 2, .kernel_size = 3, .padding = 3}, Shape{4, 5, 3}, 8>(
      "padding 3", p::conv2d({.in = 4, .out = 2, .kernel = {3, 3}, .padding = {3, 3}}));
}

// TensorFlow's "same" with a stride: one row more below than above.
TEST_CASE("Conv2d with extra padding") {
  p::compare<Conv2d{.out_channels = 8, .kernel_size = 3, .stride = 2, .extra_padding = 1},
             Shape{3, 12, 10}>(
      "same, stride 2",
      p::sequential(
          {p::pad({1, 1}), p::conv2d({.in = 3, .out = 8, .kernel = {3, 3}, .stride = {2, 2}})}));
  p::compare<Conv2d{.out_channels = 20,
                    .kernel_size = {10, 4},
                    .stride = 2,
                    .padding = {4, 1},
                    .extra_padding = {1, 0}},
             Shape{1, 49, 10}, 2>(
      "DS-CNN's first",
      p::sequential(
          {p::pad({1, 0}),
           p::conv2d(
               {.in = 1, .out = 20, .kernel = {10, 4}, .stride = {2, 2}, .padding = {4, 1}})}));
  p::compare<Conv2d{.out_channels = 24, .kernel_size = 4, .padding = 1, .extra_padding = 1},
             Shape{18, 6, 5}>(
      "stride 1",
      p::sequential(
          {p::pad({1, 1}), p::conv2d({.in = 18, .out = 24, .kernel = {4, 4}, .padding = {1, 1}})}));
  p::compare<Conv2d{.out_channels = 5, .kernel_size = 2, .extra_padding = 1}, Shape{1, 6, 9}>(
      "grayscale",
      p::sequential({p::pad({1, 1}), p::conv2d({.in = 1, .out = 5, .kernel = {2, 2}})}));
  p::compare<
      Conv2d{.out_channels = 20, .kernel_size = 3, .stride = 2, .groups = 20, .extra_padding = 1},
      Shape{20, 8, 6}>(
      "depthwise",
      p::sequential(
          {p::pad({1, 1}),
           p::conv2d({.in = 20, .out = 20, .groups = 20, .kernel = {3, 3}, .stride = {2, 2}})}));
}

TEST_CASE("Conv2d by loops") {
  p::compare<Conv2d{.out_channels = 8,
                    .kernel_size = 3,
                    .stride = 2,
                    .padding = 1,
                    .algorithm = Algorithm::loops},
             Shape{3, 9, 7}>(
      "loops",
      p::conv2d({.in = 3, .out = 8, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}));
  p::compare<Conv2d{.out_channels = 12,
                    .kernel_size = {3, 1},
                    .dilation = {2, 1},
                    .groups = 3,
                    .algorithm = Algorithm::loops},
             Shape{6, 8, 6}>(
      "loops, groups",
      p::conv2d({.in = 6, .out = 12, .groups = 3, .kernel = {3, 1}, .dilation = {2, 1}}));
}

TEST_CASE("ConvTranspose2d") {
  p::compare<ConvTranspose2d{.out_channels = 6, .kernel_size = 2, .stride = 2}, Shape{8, 5, 7}>(
      "2x2, stride 2",
      p::conv_transpose2d({.in = 8, .out = 6, .kernel = {2, 2}, .stride = {2, 2}}));
  p::compare<Sequential<ConvTranspose2d{.out_channels = 6,
                                        .kernel_size = {4, 3},
                                        .stride = {2, 3},
                                        .padding = {1, 0},
                                        .output_padding = {1, 2},
                                        .groups = 2,
                                        .bias = false,
                                        .dilation = {1, 2}},
                        BatchNorm2d{}, ReLU{}>{},
             Shape{4, 5, 3}>("with a norm",
                             p::sequential({p::conv_transpose2d({.in = 4,
                                                                 .out = 6,
                                                                 .groups = 2,
                                                                 .kernel = {4, 3},
                                                                 .stride = {2, 3},
                                                                 .padding = {1, 0},
                                                                 .dilation = {1, 2},
                                                                 .bias = false,
                                                                 .extra = {1, 2}}),
                                            p::batch_norm2d({.in = 6}), p::simple("relu")}));
  p::compare<
      Concat<ConvTranspose2d{
                 .out_channels = 5, .kernel_size = 3, .padding = 1, .algorithm = Algorithm::loops},
             Identity{}>{},
      Shape{4, 5, 3}>(
      "by loops, in a branch",
      p::concat({p::conv_transpose2d({.in = 4, .out = 5, .kernel = {3, 3}, .padding = {1, 1}}),
                 p::sequential({})}));
}

TEST_CASE("Linear") {
  p::compare<Linear{.out_features = 10}, Shape{84}>("Linear", p::linear(84, 10));
  p::compare<Linear{.out_features = 37, .bias = false}, Shape{19}, 7>("no bias",
                                                                      p::linear(19, 37, false));
  p::compare<Sequential<Flatten{}, Linear{.out_features = 11}>{}, Shape{5, 4, 3}>(
      "after Flatten", p::sequential({p::simple("flatten"), p::linear(60, 11)}));
}

TEST_CASE("BatchNorm") {
  p::compare<BatchNorm2d{}, Shape{19, 7, 5}, 4>("BatchNorm2d", p::batch_norm2d({.in = 19}));
  p::compare<BatchNorm2d{.eps = 1e-3f, .momentum = 0.3f}, Shape{8, 3, 3}>(
      "eps, momentum", p::batch_norm2d({.in = 8, .eps = 1e-3f, .momentum = 0.3f}));
  p::compare<BatchNorm2d{.affine = false}, Shape{4, 6, 6}>(
      "not affine", p::batch_norm2d({.in = 4, .affine = false}));
  p::compare<BatchNorm2d{}, Shape{3, 40, 40}, 8>("many rows", p::batch_norm2d({.in = 3}));
  p::compare<BatchNorm1d{}, Shape{21}, 9>("BatchNorm1d", p::batch_norm1d({.in = 21}));
  p::compare<Sequential<Flatten{}, BatchNorm1d{}, Linear{.out_features = 4}>{}, Shape{3, 4, 2}, 6>(
      "BatchNorm1d after Flatten",
      p::sequential({p::simple("flatten"), p::batch_norm1d({.in = 24}), p::linear(24, 4)}));
}

TEST_CASE("pools") {
  p::compare<MaxPool2d{.kernel_size = 2}, Shape{5, 8, 6}>(
      "MaxPool2d", p::max_pool2d({.kernel = {2, 2}, .stride = {2, 2}}));
  p::compare<MaxPool2d{.kernel_size = 3, .stride = 2, .padding = 1}, Shape{18, 9, 11}>(
      "MaxPool2d 3/2/1", p::max_pool2d({.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}));
  p::compare<MaxPool2d{.kernel_size = {3, 2}, .stride = 1, .dilation = {2, 1}}, Shape{3, 8, 8}>(
      "MaxPool2d dilated", p::max_pool2d({.kernel = {3, 2}, .stride = {1, 1}, .dilation = {2, 1}}));
  p::compare<AvgPool2d{.kernel_size = 2}, Shape{5, 8, 7}>(
      "AvgPool2d", p::avg_pool2d({.kernel = {2, 2}, .stride = {2, 2}}));
  p::compare<AvgPool2d{.kernel_size = 3, .stride = 2, .padding = 1}, Shape{7, 9, 9}>(
      "AvgPool2d padded", p::avg_pool2d({.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}));
  p::compare<
      AvgPool2d{
          .kernel_size = {3, 2}, .stride = {1, 2}, .padding = {1, 1}, .count_include_pad = false},
      Shape{7, 6, 9}>(
      "AvgPool2d without padding in the mean",
      p::avg_pool2d(
          {.kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 1}, .count_include_pad = false}));
  p::compare<MaxPool2d{.kernel_size = 3, .stride = 2, .extra_padding = 1}, Shape{7, 8, 10}>(
      "MaxPool2d with extra padding",
      p::sequential({p::pad({1, 1}, -1e30), p::max_pool2d({.kernel = {3, 3}, .stride = {2, 2}})}));
  p::compare<AvgPool2d{.kernel_size = 3, .stride = 2, .extra_padding = {1, 0}}, Shape{7, 8, 9}>(
      "AvgPool2d with extra padding",
      p::sequential({p::pad({1, 0}), p::avg_pool2d({.kernel = {3, 3}, .stride = {2, 2}})}));
  p::compare<GlobalAvgPool2d{}, Shape{20, 7, 7}>("GlobalAvgPool2d", p::simple("global_avg_pool"));
}

TEST_CASE("activations") {
  p::compare<ReLU{}, Shape{7, 5, 6}>("ReLU", p::simple("relu"));
  p::compare<ReLU6{}, Shape{7, 5, 6}>("ReLU6", p::simple("relu6"));
  p::compare<LeakyReLU{.negative_slope = 0.1f}, Shape{7, 5, 6}>("LeakyReLU", p::leaky_relu(0.1f));
  p::compare<Sigmoid{}, Shape{7, 5, 6}>("Sigmoid", p::simple("sigmoid"));
  p::compare<Tanh{}, Shape{7, 5, 6}>("Tanh", p::simple("tanh"));
  p::compare<Softmax{}, Shape{10}>("Softmax", p::simple("softmax"));
  p::compare<Softmax{}, Shape{6, 3, 2}>("Softmax over channels", p::simple("softmax"));
  p::compare<LogSoftmax{}, Shape{10}>("LogSoftmax", p::simple("log_softmax"));
  p::compare<LogSoftmax{}, Shape{6, 3, 2}>("LogSoftmax over channels", p::simple("log_softmax"));
  p::compare<Hardtanh{.min_val = -0.5f, .max_val = 0.75f}, Shape{7, 5, 6}>("Hardtanh",
                                                                           p::hardtanh(-0.5, 0.75));
  p::compare<Hardsigmoid{}, Shape{7, 5, 6}>("Hardsigmoid", p::simple("hardsigmoid"));
  p::compare<Hardswish{}, Shape{7, 5, 6}>("Hardswish", p::simple("hardswish"));
  p::compare<ELU{.alpha = 0.7f}, Shape{7, 5, 6}>("ELU", p::elu(0.7f));
  p::compare<SiLU{}, Shape{7, 5, 6}>("SiLU", p::simple("silu"));
  p::compare<GELU{}, Shape{7, 5, 6}>("GELU", p::simple("gelu"));
  p::compare<GELU{.approximate = Approximate::tanh}, Shape{7, 5, 6}>("GELU tanh",
                                                                     p::simple("gelu_tanh"));
  p::compare<PReLU{}, Shape{7, 5, 6}>("PReLU", p::prelu(1));
  p::compare<PReLU{.num_parameters = 7}, Shape{7, 5, 6}>("PReLU of channels", p::prelu(7));
  p::compare<Sequential<Flatten{}, PReLU{.num_parameters = 30}, Linear{.out_features = 3}>{},
             Shape{5, 2, 3}>("PReLU after Flatten",
                             p::sequential({p::simple("flatten"), p::prelu(30), p::linear(30, 3)}));
}
