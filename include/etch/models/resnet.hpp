// ResNet-18 to -152. He et al. 2015, https://arxiv.org/abs/1512.03385
// Parameter names are those of torchvision.models.resnet.
#pragma once
#include <etch/etch.hpp>

namespace etch {

// How many blocks each of the four stages has.
struct Blocks {
  std::size_t stage[4];  // from the input on
};

// Where the stride of a bottleneck sits.
enum class Stride : unsigned char {
  on_3x3,        // torchvision ("v1.5")
  on_first_1x1,  // the paper
};

// With batch norms, or without: as a network whose norms were folded into its convolutions.
enum class Norm : unsigned char { batch, without };

// A convolution and, after it, its batch norm: Named<conv>, Named<bn>.
template <Text conv, Text bn, Conv2d layer, Norm norm>
inline constexpr auto conv_norm = Sequential<Named<conv, layer>{}, Named<bn, BatchNorm2d{}>{}>{};
template <Text conv, Text bn, Conv2d layer>
inline constexpr auto conv_norm<conv, bn, layer, Norm::without> =
    Sequential<Named<conv, layer>{}>{};

// Two 3x3 convolutions: ResNet-18 and -34.
struct BasicBlock {
  // Channels of the output for each of `width`.
  static constexpr std::size_t expansion = 1;

  // Beside its shortcut.
  template <std::size_t width, std::size_t stride, Stride, Norm norm>
  static constexpr auto body = Sequential<
      Named<"", conv_norm<"conv1", "bn1",
                          Conv2d{.out_channels = width,
                                 .kernel_size = 3,
                                 .stride = stride,
                                 .padding = 1,
                                 .bias = false},
                          norm>>{},
      ReLU{},
      Named<"",
            conv_norm<"conv2", "bn2",
                      Conv2d{.out_channels = width, .kernel_size = 3, .padding = 1, .bias = false},
                      norm>>{}>{};
};

// 1x1 to `width`, 3x3, 1x1 to 4 * width: ResNet-50 and deeper.
struct Bottleneck {
  // Channels of the output for each of `width`.
  static constexpr std::size_t expansion = 4;

  // Beside its shortcut.
  template <std::size_t width, std::size_t stride, Stride where, Norm norm>
  static constexpr auto body = Sequential<
      Named<"", conv_norm<"conv1", "bn1",
                          Conv2d{.out_channels = width,
                                 .kernel_size = 1,
                                 .stride = where == Stride::on_first_1x1 ? stride : 1,
                                 .bias = false},
                          norm>>{},
      ReLU{},
      Named<"", conv_norm<"conv2", "bn2",
                          Conv2d{.out_channels = width,
                                 .kernel_size = 3,
                                 .stride = where == Stride::on_3x3 ? stride : 1,
                                 .padding = 1,
                                 .bias = false},
                          norm>>{},
      ReLU{},
      Named<"", conv_norm<"conv3", "bn3",
                          Conv2d{.out_channels = 4 * width, .kernel_size = 1, .bias = false},
                          norm>>{}>{};
};

// A 1x1 convolution around the first block of a stage.
template <std::size_t channels, std::size_t stride, Norm norm>
inline constexpr auto downsample = Named<
    "downsample",
    conv_norm<"0", "1",
              Conv2d{.out_channels = channels, .kernel_size = 1, .stride = stride, .bias = false},
              norm>>{};

// A block whose shortcut is a 1x1 convolution: the first of a stage.
template <class Block, std::size_t width, std::size_t stride, Stride where, Norm norm>
inline constexpr auto first_block =
    Sequential<Named<"", Residual<Block::template body<width, stride, where, norm>,
                                  downsample<Block::expansion * width, stride, norm>>{}>{},
               ReLU{}>{};

// A block with a shortcut that changes nothing.
template <class Block, std::size_t width, Stride where, Norm norm>
inline constexpr auto next_block =
    Sequential<Named<"", Residual<Block::template body<width, 1, where, norm>>{}>{}, ReLU{}>{};

// n blocks, the first with the stride. ResNet-18's and -34's first stage needs no projection.
template <class Block, std::size_t n, std::size_t width, std::size_t stride, Stride where,
          Norm norm>
inline constexpr auto stage = Sequential<first_block<Block, width, stride, where, norm>,
                                         Repeat<n - 1, next_block<Block, width, where, norm>>{}>{};
template <std::size_t n, Stride where, Norm norm>
inline constexpr auto stage<BasicBlock, n, 64, 1, where, norm> =
    Sequential<Repeat<n, next_block<BasicBlock, 64, where, norm>>{}>{};

// resnet<Bottleneck, Blocks{{3, 4, 23, 3}}, 1000> on 3x224x224 is torchvision's resnet101.
template <class Block, Blocks blocks, std::size_t classes, Stride where = Stride::on_3x3,
          Norm norm = Norm::batch>
inline constexpr auto resnet = Sequential<
    Named<
        "",
        conv_norm<
            "conv1", "bn1",
            Conv2d{.out_channels = 64, .kernel_size = 7, .stride = 2, .padding = 3, .bias = false},
            norm>>{},
    ReLU{}, MaxPool2d{.kernel_size = 3, .stride = 2, .padding = 1},
    Named<"layer1", stage<Block, blocks.stage[0], 64, 1, where, norm>>{},
    Named<"layer2", stage<Block, blocks.stage[1], 128, 2, where, norm>>{},
    Named<"layer3", stage<Block, blocks.stage[2], 256, 2, where, norm>>{},
    Named<"layer4", stage<Block, blocks.stage[3], 512, 2, where, norm>>{}, GlobalAvgPool2d{},
    Named<"fc", Linear{.out_features = classes}>{}>{};

// ResNet-18 as torchvision has it: 3x224x224 to `classes` logits.
template <std::size_t classes, Norm norm = Norm::batch>
inline constexpr auto resnet18 =
    resnet<BasicBlock, Blocks{{2, 2, 2, 2}}, classes, Stride::on_3x3, norm>;
// ResNet-34 as torchvision has it: 3x224x224 to `classes` logits.
template <std::size_t classes, Norm norm = Norm::batch>
inline constexpr auto resnet34 =
    resnet<BasicBlock, Blocks{{3, 4, 6, 3}}, classes, Stride::on_3x3, norm>;
// ResNet-50 as torchvision has it: 3x224x224 to `classes` logits.
template <std::size_t classes, Stride where = Stride::on_3x3, Norm norm = Norm::batch>
inline constexpr auto resnet50 = resnet<Bottleneck, Blocks{{3, 4, 6, 3}}, classes, where, norm>;
// ResNet-101 as torchvision has it: 3x224x224 to `classes` logits.
template <std::size_t classes, Stride where = Stride::on_3x3, Norm norm = Norm::batch>
inline constexpr auto resnet101 = resnet<Bottleneck, Blocks{{3, 4, 23, 3}}, classes, where, norm>;
// ResNet-152 as torchvision has it: 3x224x224 to `classes` logits.
template <std::size_t classes, Stride where = Stride::on_3x3, Norm norm = Norm::batch>
inline constexpr auto resnet152 = resnet<Bottleneck, Blocks{{3, 8, 36, 3}}, classes, where, norm>;

}  // namespace etch
