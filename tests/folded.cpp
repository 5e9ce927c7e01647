#include <etch/etch.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>
#include <etch/topology.hpp>

#include <catch2/catch.hpp>

using namespace etch;

namespace {

constexpr Conv2d plain{.out_channels = 4, .kernel_size = 3, .bias = false};
constexpr Conv2d biased{.out_channels = 4, .kernel_size = 3};
constexpr Conv2d depthwise{.out_channels = 3, .kernel_size = 3, .groups = 3, .bias = false};

template <auto... layers>
using Of = Network<Sequential<layers...>{}, Shape{3, 8, 8}>;
template <class A, class B>
constexpr bool same = topology<Folded<A>> == topology<B>;

// A norm goes into the convolution or fully connected layer before it, which then has a bias.
static_assert(same<Of<plain, BatchNorm2d{}, ReLU{}>, Of<biased, ReLU{}>>);
static_assert(same<Of<biased, BatchNorm2d{}, ReLU{}>, Of<biased, ReLU{}>>);
static_assert(same<Of<plain, BatchNorm2d{.affine = false}>, Of<biased>>);
static_assert(same<Of<Flatten{}, Linear{.out_features = 5, .bias = false}, BatchNorm1d{}>,
                   Of<Flatten{}, Linear{.out_features = 5}>>);
static_assert(same<Of<depthwise, BatchNorm2d{}, ReLU6{}>,
                   Of<Conv2d{.out_channels = 3, .kernel_size = 3, .groups = 3}, ReLU6{}>>);
static_assert(same<Of<Frozen<plain, BatchNorm2d{}>{}>, Of<Frozen<biased>{}>>);
// Wherever it stands.
static_assert(same<Of<Sequential<plain>{}, Named<"bn", BatchNorm2d{}>{}>, Of<biased>>);
constexpr auto keeps = Conv2d{.out_channels = 3, .kernel_size = 3, .padding = 1, .bias = false};
constexpr auto kept = Conv2d{.out_channels = 3, .kernel_size = 3, .padding = 1};
static_assert(same<Of<Repeat<2, Residual<Sequential<keeps, BatchNorm2d{}>{}>{}>{}>,
                   Of<Repeat<2, Residual<kept>{}>{}>>);

// What is between, or reads the layer's output too, keeps it.
static_assert(same<Of<plain, ReLU{}, BatchNorm2d{}>, Of<plain, ReLU{}, BatchNorm2d{}>>);
static_assert(same<Of<BatchNorm2d{}, plain>, Of<BatchNorm2d{}, plain>>);
static_assert(same<Of<plain, Residual<BatchNorm2d{}>{}>, Of<plain, Residual<BatchNorm2d{}>{}>>);
static_assert(same<Of<plain, Flatten{}, BatchNorm1d{}>, Of<plain, Flatten{}, BatchNorm1d{}>>);
static_assert(same<Of<plain, BatchNorm2d{}, BatchNorm2d{}>, Of<biased, BatchNorm2d{}>>);
// A network without norms is itself.
static_assert(same<Of<plain, ReLU{}>, Of<plain, ReLU{}>>);

// Parameters of nothing but convolutions, their biases and the last layer; the same products; no
// steps that make scales.
using ResNet = Network<resnet50<1000>, Shape{3, 224, 224}>;
static_assert(Folded<ResNet>::num_parameters == 25'557'032 - 26'560);
static_assert(Folded<ResNet>::graph.num_buffers == 0 && Folded<ResNet>::macs == ResNet::macs);
using Small = Network<resnet8<10>, Shape{3, 32, 32}>;
static_assert(Inference<Folded<Small>>::steps.size() == 9 + 2);
static_assert(Inference<Small>::steps.size() == 9 + 7 + 2);
static_assert(Inference<Folded<Small>>::arena_bytes <= Inference<Small>::arena_bytes);

}  // namespace

TEST_CASE("a folded network keeps its names") {
  constexpr GraphView g = Folded<Small>::graph;
  CHECK(g.size.scopes == Small::graph.size.scopes);
  CHECK(std::string(g.scopes[g.ops[0].scope].name) == "conv1");
}
