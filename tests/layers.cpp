// Shapes, parameters and multiply-accumulates of every layer: the specification. Values and
// gradients stand beside LibTorch in tests/parity.
#include <etch/etch.hpp>

using namespace etch;

template <auto layer, Shape input>
using Of = Network<Sequential<layer>{}, input>;

// Conv2d
using C =
    Of<Conv2d{.out_channels = 8, .kernel_size = 3, .stride = 2, .padding = 1}, Shape{3, 9, 7}>;
static_assert(C::output_shape == Shape{8, 5, 4});
static_assert(C::num_parameters == 8 * 3 * 9 + 8);
static_assert(C::macs == 8 * 5 * 4 * 3 * 9);
static_assert(Of<Conv2d{.out_channels = 4, .kernel_size = {3, 5}, .dilation = {2, 1}},
                 Shape{1, 8, 8}>::output_shape == Shape{4, 4, 4});
static_assert(Of<Conv2d{.out_channels = 12, .kernel_size = 3, .groups = 3, .bias = false},
                 Shape{6, 5, 5}>::num_parameters == 12 * 2 * 9);
static_assert(Of<Conv2d{.out_channels = 6, .kernel_size = 3, .groups = 6, .bias = false},
                 Shape{6, 5, 5}>::macs == 6 * 9 * 9);
static_assert(Of<Conv2d{.in_channels = 3, .out_channels = 1, .kernel_size = 1},
                 Shape{3, 2, 2}>::output_shape == Shape{1, 2, 2});

// extra_padding: TensorFlow's "same" with stride 2 over an even length
static_assert(Of<Conv2d{.out_channels = 8, .kernel_size = 3, .stride = 2, .extra_padding = 1},
                 Shape{3, 96, 96}>::output_shape == Shape{8, 48, 48});
static_assert(Of<Conv2d{.out_channels = 64,
                        .kernel_size = {10, 4},
                        .stride = 2,
                        .padding = {4, 1},
                        .extra_padding = {1, 0}},
                 Shape{1, 49, 10}>::output_shape == Shape{64, 25, 5});
static_assert(Of<MaxPool2d{.kernel_size = 3, .stride = 2, .extra_padding = 1},
                 Shape{5, 8, 6}>::output_shape == Shape{5, 4, 3});
static_assert(
    Of<AvgPool2d{.kernel_size = 2, .extra_padding = {1, 0}}, Shape{5, 7, 6}>::output_shape ==
    Shape{5, 4, 3});

// Linear, Flatten
static_assert(Of<Linear{.out_features = 10}, Shape{84}>::num_parameters == 850);
static_assert(
    Of<Linear{.in_features = 84, .out_features = 10, .bias = false}, Shape{84}>::num_parameters ==
    840);
static_assert(Of<Flatten{}, Shape{3, 4, 5}>::output_shape == Shape{60});

// Normalisation: running statistics are buffers, not parameters
static_assert(Of<BatchNorm2d{}, Shape{7, 3, 3}>::num_parameters == 14);
static_assert(Of<BatchNorm2d{}, Shape{7, 3, 3}>::parameter_bytes == (14 + 14) * 4);
static_assert(Of<BatchNorm2d{.affine = false}, Shape{7, 3, 3}>::num_parameters == 0);
static_assert(Of<BatchNorm1d{}, Shape{7}>::output_shape == Shape{7});
static_assert(Of<BatchNorm1d{}, Shape{7, 1, 9}>::num_parameters == 14);

// Pools: the stride is the kernel's size where it isn't given
static_assert(Of<MaxPool2d{.kernel_size = 2}, Shape{5, 9, 8}>::output_shape == Shape{5, 4, 4});
static_assert(
    Of<MaxPool2d{.kernel_size = 3, .stride = 2, .padding = 1}, Shape{64, 112, 112}>::output_shape ==
    Shape{64, 56, 56});
static_assert(
    Of<AvgPool2d{.kernel_size = {2, 4}, .stride = {1, 2}}, Shape{5, 9, 8}>::output_shape ==
    Shape{5, 8, 3});
static_assert(Of<GlobalAvgPool2d{}, Shape{2048, 7, 7}>::output_shape == Shape{2048});

// Transposed convolutions
static_assert(Of<ConvTranspose2d{.out_channels = 6,
                                 .kernel_size = 3,
                                 .stride = 2,
                                 .padding = 1,
                                 .output_padding = 1,
                                 .groups = 2},
                 Shape{4, 5, 7}>::output_shape == Shape{6, 10, 14});
static_assert(
    Of<ConvTranspose2d{.out_channels = 6, .kernel_size = 3, .stride = 2, .extra_padding = 1},
       Shape{4, 5, 7}>::output_shape == Shape{6, 10, 14});
static_assert(Of<ConvTranspose2d{.out_channels = 6, .kernel_size = 3, .groups = 2},
                 Shape{4, 5, 7}>::num_parameters == 4 * 3 * 9 + 6);

// Borders and other sizes
static_assert(Of<ZeroPad2d{{1, 2, 3, 4}}, Shape{4, 5, 7}>::output_shape == Shape{4, 12, 10});
static_assert(Of<ReflectionPad2d{2}, Shape{4, 5, 7}>::output_shape == Shape{4, 9, 11});
static_assert(Of<Upsample{.scale_factor = {2, 3}}, Shape{4, 5, 7}>::output_shape ==
              Shape{4, 10, 21});
static_assert(Of<Upsample{.size = {3, 9}}, Shape{4, 5, 7}>::output_shape == Shape{4, 3, 9});

// Elementwise
static_assert(Of<ReLU{}, Shape{3, 4, 5}>::output_shape == Shape{3, 4, 5});
static_assert(Of<ReLU6{}, Shape{3, 4, 5}>::output_shape == Shape{3, 4, 5});
static_assert(Of<LeakyReLU{}, Shape{3, 4, 5}>::num_parameters == 0);
static_assert(Of<Sigmoid{}, Shape{3}>::output_shape == Shape{3});
static_assert(Of<Tanh{}, Shape{3}>::output_shape == Shape{3});
static_assert(Of<Softmax{}, Shape{3}>::output_shape == Shape{3});
static_assert(Of<LogSoftmax{}, Shape{3}>::output_shape == Shape{3});
static_assert(Of<Hardtanh{}, Shape{3, 4, 5}>::output_shape == Shape{3, 4, 5});
static_assert(Of<GELU{}, Shape{3, 4, 5}>::output_shape == Shape{3, 4, 5});
static_assert(Of<PReLU{}, Shape{3, 4, 5}>::num_parameters == 1);
static_assert(Of<PReLU{.num_parameters = 3}, Shape{3, 4, 5}>::num_parameters == 3);
static_assert(Of<Dropout{}, Shape{3}>::output_shape == Shape{3});

// Composition
using Block = Residual<Sequential<Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1}>{}>;
static_assert(Of<Block{}, Shape{4, 6, 6}>::output_shape == Shape{4, 6, 6});
static_assert(Of<Repeat<3, Block{}>{}, Shape{4, 6, 6}>::num_parameters == 3 * (4 * 4 * 9 + 4));
static_assert(Of<Frozen<Linear{.out_features = 5}>{}, Shape{3}>::num_parameters == 20);
static_assert(Of<Frozen<Linear{.out_features = 5}>{}, Shape{3}>::graph.num_trainable == 0);
static_assert(Of<Named<"fc", Linear{.out_features = 5}>{}, Shape{3}>::output_shape == Shape{5});

// Joins: branches keep their numbers or names; a copy a branch of a Concat, one sum or product less
// than branches
constexpr auto conv4 = Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1};
using Three = Of<Concat<conv4, Identity{}, MaxPool2d{.kernel_size = 1}>{}, Shape{3, 6, 5}>;
static_assert(Three::output_shape == Shape{10, 6, 5});
static_assert(Three::graph.size.ops == 5);
static_assert(Of<Add<conv4, conv4, conv4>{}, Shape{3, 6, 5}>::graph.size.ops == 5);
static_assert(Of<Multiply<conv4, Sequential<GlobalAvgPool2d{}, Linear{.out_features = 4}>{}>{},
                 Shape{3, 6, 5}>::output_shape == Shape{4, 6, 5});
static_assert(Of<Multiply<GlobalAvgPool2d{}, Identity{}>{}, Shape{3, 6, 5}>::output_shape ==
              Shape{3, 6, 5});
static_assert(Of<Concat<Flatten{}, Flatten{}>{}, Shape{3, 2, 5}>::output_shape == Shape{60});

// Named values
using U = Of<Sequential<Save<"skip">{}, conv4, ConcatWith<"skip">{}, Save<"all">{}, conv4,
                        Concat<Load<"all">{}, Identity{}>{}>{},
             Shape{3, 6, 5}>;
static_assert(U::output_shape == Shape{11, 6, 5});
static_assert(U::num_parameters == (3 * 9 + 1) * 4 + (7 * 9 + 1) * 4);
static_assert(Of<Sequential<Save<"x">{}, Repeat<3, Sequential<conv4, AddWith<"x">{}>{}>{}>{},
                 Shape{4, 6, 5}>::output_shape == Shape{4, 6, 5});
