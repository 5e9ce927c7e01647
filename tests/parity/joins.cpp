// Branches and named values against LibTorch: forward, and the gradients of values with several
// users.
#include "harness.hpp"

using namespace etch;
namespace p = parity;

namespace {

constexpr auto conv(std::size_t channels) {
  return Conv2d{.out_channels = channels, .kernel_size = 3, .padding = 1};
}
p::LayerSpec conv_spec(std::size_t in, std::size_t out) {
  return p::conv2d({.in = in, .out = out, .kernel = {3, 3}, .padding = {1, 1}});
}

template <std::size_t channels>
constexpr auto gate = Sequential<GlobalAvgPool2d{}, Linear{.out_features = 3}, ReLU{},
                                 Linear{.out_features = channels}, Sigmoid{}>{};
p::LayerSpec gate_spec(std::size_t channels) {
  return p::sequential({p::simple("global_avg_pool"), p::linear(channels, 3), p::simple("relu"),
                        p::linear(3, channels), p::simple("sigmoid")});
}

}  // namespace

TEST_CASE("Add") {
  p::compare<Add<conv(5), Identity{}, Tanh{}>{}, Shape{5, 6, 7}>(
      "Add", p::add({conv_spec(5, 5), p::sequential({}), p::simple("tanh")}));
  p::compare<Sequential<Sigmoid{}, Add<Identity{}, Identity{}, Identity{}>{}>{}, Shape{7, 3, 2}>(
      "Add of one value",
      p::sequential({p::simple("sigmoid"),
                     p::add({p::sequential({}), p::sequential({}), p::sequential({})})}));
  p::compare<Add<Linear{.out_features = 9}, Linear{.out_features = 9}>{}, Shape{4}, 5>(
      "Add of vectors", p::add({p::linear(4, 9), p::linear(4, 9)}));
}

TEST_CASE("Multiply") {
  p::compare<Multiply<conv(4), Tanh{}>{}, Shape{4, 5, 6}>(
      "Multiply", p::multiply({conv_spec(4, 4), p::simple("tanh")}));
  p::compare<Sequential<conv(6), Multiply<Identity{}, Sigmoid{}>{}, conv(2)>{}, Shape{3, 5, 4}>(
      "SiLU",
      p::sequential({conv_spec(3, 6), p::multiply({p::sequential({}), p::simple("sigmoid")}),
                     conv_spec(6, 2)}));
  p::compare<Sequential<conv(19), Multiply<Identity{}, gate<19>>{}, conv(4)>{}, Shape{3, 9, 7}>(
      "squeeze and excitation",
      p::sequential(
          {conv_spec(3, 19), p::multiply({p::sequential({}), gate_spec(19)}), conv_spec(19, 4)}));
  p::compare<Multiply<gate<8>, Identity{}, conv(8)>{}, Shape{8, 12, 11}, 2>(
      "a gate before", p::multiply({gate_spec(8), p::sequential({}), conv_spec(8, 8)}));
  p::compare<Sequential<Linear{.out_features = 9}, Multiply<Identity{}, Identity{}>{}>{}, Shape{4},
             5>("square", p::sequential({p::linear(4, 9),
                                         p::multiply({p::sequential({}), p::sequential({})})}));
}

TEST_CASE("Concat") {
  p::compare<Concat<conv(5), Identity{}, MaxPool2d{.kernel_size = 3, .stride = 1, .padding = 1}>{},
             Shape{3, 6, 7}>(
      "Concat",
      p::concat({conv_spec(3, 5), p::sequential({}),
                 p::max_pool2d({.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}})}));
  p::compare<Sequential<Tanh{}, Concat<Identity{}, Identity{}>{}, conv(17), ReLU{},
                        Concat<conv(16), conv(33)>{}>{},
             Shape{3, 5, 5}>(
      "Concat of one value",
      p::sequential({p::simple("tanh"), p::concat({p::sequential({}), p::sequential({})}),
                     conv_spec(6, 17), p::simple("relu"),
                     p::concat({conv_spec(17, 16), conv_spec(17, 33)})}));
  p::compare<
      Sequential<Concat<Linear{.out_features = 9}, Identity{}>{}, Linear{.out_features = 3}>{},
      Shape{4}, 5>(
      "Concat of vectors",
      p::sequential({p::concat({p::linear(4, 9), p::sequential({})}), p::linear(13, 3)}));
  p::compare<Sequential<Flatten{}, Concat<Identity{}, Tanh{}>{}, Linear{.out_features = 3}>{},
             Shape{3, 2, 4}, 5>(
      "Concat after Flatten",
      p::sequential({p::simple("flatten"), p::concat({p::sequential({}), p::simple("tanh")}),
                     p::linear(48, 3)}));
}

TEST_CASE("a dense block") {
  constexpr auto layer = Concat<Identity{}, Sequential<BatchNorm2d{}, Tanh{}, conv(6)>{}>{};
  p::compare<Sequential<layer, layer, layer, AvgPool2d{.kernel_size = 2}>{}, Shape{4, 6, 6}, 4>(
      "dense block", [] {
        std::vector<p::LayerSpec> layers;
        for (std::size_t in = 4; in < 22; in += 6) {
          layers.push_back(p::concat(
              {p::sequential({}),
               p::sequential({p::batch_norm2d({.in = in}), p::simple("tanh"), conv_spec(in, 6)})}));
        }
        layers.push_back(p::avg_pool2d({.kernel = {2, 2}, .stride = {2, 2}}));
        return p::sequential(layers);
      }());
}

TEST_CASE("named values") {
  p::compare<Sequential<conv(4), Save<"a">{}, ReLU{}, conv(6), Save<"b">{}, Tanh{}, conv(6),
                        ConcatWith<"b">{}, conv(4), AddWith<"a">{}, MultiplyWith<"a">{},
                        Concat<Load<"b">{}, Identity{}>{}>{},
             Shape{3, 5, 6}>(
      "a U-Net",
      p::sequential({conv_spec(3, 4), p::save(0), p::simple("relu"), conv_spec(4, 6), p::save(1),
                     p::simple("tanh"), conv_spec(6, 6), p::with_saved("concat", 1),
                     conv_spec(12, 4), p::with_saved("add", 0), p::with_saved("multiply", 0),
                     p::concat({p::with_saved("load", 1), p::sequential({})})}));
  p::compare<Sequential<Save<"x">{}, Sequential<conv(5), Save<"side">{}>{}, gate<5>,
                        MultiplyWith<"side">{}, ConcatWith<"x">{}>{},
             Shape{3, 4, 4}>(
      "names inside and out",
      p::sequential({p::save(0), p::sequential({conv_spec(3, 5), p::save(1)}), gate_spec(5),
                     p::with_saved("multiply", 1), p::with_saved("concat", 0)}));
}
