// A network as another library's file has it: layers of etch over values, in order, and their
// weights in PyTorch's layouts. Readers of files (onnx.hpp, tflite.hpp) make it; it is checked as
// it grows, and has limits.
#pragma once
#include "network/fields.hpp"

#include <etch/graph.hpp>
#include <etch/host/error.hpp>

#include <string>
#include <vector>

namespace etch::host {

struct ImportedTensor {
  std::string name;  // weight, bias, running_mean, running_var
  std::vector<float> values;
};

// A layer, or what joins x and other values.
struct ImportedLayer {
  enum Join : unsigned char { nothing, sum, product, concat };

  std::string name;           // in the file: what a person would look for
  int x = none;               // a value
  std::vector<int> others{};  // of a sum and a product one
  Join join = nothing;
  int y = none;
  AnyLayer layer{};       // of no meaning in a join
  bool is_shift = false;  // of a batch norm: it adds its bias, and nothing else
  std::vector<ImportedTensor> tensors{};

  bool is_join() const { return join != nothing; }
  std::vector<int> inputs() const {
    std::vector<int> all = {x};
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }
  // "Conv2d"; of a sum "Residual".
  std::string kind() const {
    constexpr const char* joins[] = {"", "Residual", "Multiply", "Concat"};
    return is_join() ? joins[join] : name_of(layer);
  }
  template <class L>
  const L* as() const {
    return is_join() ? nullptr : std::get_if<L>(&layer);
  }
  bool has_bias() const { return tensors.size() > 1; }
};

// Zeros around an input.
struct Padding {
  std::size_t top = 0, left = 0, bottom = 0, right = 0;
  bool any() const { return top + left + bottom + right > 0; }
};

// TensorFlow's "same": ceil(size / stride) positions; an odd zero stands at the end.
Padding same_padding(Pair size, Pair kernel_size, Pair stride, Pair dilation);

// The most that is read of a file; what is beyond it is refused by a sentence.
inline constexpr std::size_t most_layers = 50'000;
inline constexpr std::size_t most_side = 1 << 20;        // of a dimension, kernel or padding
inline constexpr std::size_t most_elements = 1 << 30;    // of a value, for one image
inline constexpr std::size_t most_parameters = 1 << 28;  // numbers of all weights
inline constexpr int most_nested = 64;                   // residual blocks in each other

class ImportedNetwork {
 public:
  explicit ImportedNetwork(std::string file) : file_(std::move(file)) {}

  // Each appends a layer named `name` and returns its output value. An Error that names the layer
  // says what doesn't fit. Weights are (O, I / groups, KH, KW) and (O, I), I in PyTorch's order;
  // an empty bias: none.
  int input(Shape shape);
  // Gives the input another shape of as many elements. False where something was made of it.
  bool reshape_input(Shape shape);
  int conv2d(const std::string& name, int x, const Window& window, std::size_t groups,
             std::vector<float> weight, std::vector<float> bias);
  // Weights are (I, O / groups, KH, KW).
  int conv_transpose2d(const std::string& name, int x, const ConvTranspose2d& layer,
                       std::vector<float> weight, std::vector<float> bias);
  int linear(const std::string& name, int x, std::vector<float> weight, std::vector<float> bias);
  int batch_norm(const std::string& name, int x, float eps, std::vector<ImportedTensor> tensors);
  // A number a channel, or one for all; empty: 1 and 0. A batch norm whose deviation is 1.
  int scale_and_shift(const std::string& name, int x, std::vector<float> scale,
                      std::vector<float> shift);
  int max_pool(const std::string& name, int x, const Window& window);
  // A window over all of the input becomes a global pool. `pads`: the window has padding besides
  // what pad() put around x.
  int avg_pool(const std::string& name, int x, const Window& window, bool count_include_pad,
               bool pads = false);
  // Of what pad() put around x, too.
  int global_avg_pool(const std::string& name, int x);
  // A layer without parameters whose output is as its input.
  int activation(const std::string& name, const AnyLayer& layer, int x);
  // A slope a channel, or one; one that is positive makes a leaky ReLU. In PyTorch's order.
  int prelu(const std::string& name, int x, const std::vector<float>& slopes);
  // To layer.size; written by its factor where both sides grow by a whole one.
  int upsample(const std::string& name, int x, Upsample layer);
  int add(const std::string& name, int a, int b);
  // Of equal shapes, or of which one is 1x1.
  int multiply(const std::string& name, int a, int b);
  // Channels side by side.
  int concat(const std::string& name, const std::vector<int>& inputs);
  int flatten(const std::string& name, int x);
  // Zeros around x. They become part of the window of the convolutions and pools that take the
  // value, and a layer before others.
  int pad(const std::string& name, int x, Padding padding);
  // The network is whole. What nothing else takes becomes part of the layer that makes it: a sum
  // with a constant the bias of a convolution or linear layer without one, a ReLU before a ReLU6
  // that; and a product of a value and its own sigmoid is a SiLU, of its hard sigmoid a Hardswish.
  void set_output(int value);

  // Of a convolution: x, and its padding, where a window can have them; else x with all zeros
  // around it by a layer, and no padding.
  int with_padding(const std::string& name, int x, Pair kernel_size, Pair stride, Pair dilation,
                   Padding& padding);
  // The window of these numbers over x, with what pad() put around it. An Error where the padding
  // above or on the left is more than below or on the right, and is needed.
  Window window(const std::string& name, int x, Pair kernel_size, Pair stride, Pair dilation,
                Padding padding) const;

  const std::string& file() const { return file_; }
  const std::vector<ImportedLayer>& layers() const { return layers_; }
  std::size_t num_values() const { return values_.size(); }
  Shape shape(int value) const { return at(value).shape; }
  // As the value lies in memory: after a flatten still (channels, height, width).
  Shape layout(int value) const { return at(value).layout; }
  // Height and width with what pad() put around the value.
  Pair padded(int value) const;
  int output() const { return output_; }

  // Throws an Error: "FILE: NAME: ...".
  template <class... Parts>
  [[noreturn]] void fail(const std::string& name, const Parts&... parts) const {
    throw Error(file_, ": ", name, ": ", parts...);
  }

 private:
  struct Value {
    Shape shape, layout;
    int of = none;  // what pad() was applied to
    Padding padding{};
    std::string pad_name{};
    int with_zeros = none;  // the padded value, by a layer
    int maker = none;       // of layers_
  };
  const Value& at(int value) const { return values_[static_cast<std::size_t>(value)]; }
  int append(ImportedLayer layer);
  int append(ImportedLayer layer, Shape shape, Shape layout);
  int append_join(ImportedLayer layer);
  void check_tensors(const ImportedLayer& layer);
  void check_room(const std::string& name, std::size_t numbers) const;
  // x, padded by a layer where pad() has put zeros around it.
  int plain(int x);
  int unpadded(int x) const { return at(x).of == none ? x : at(x).of; }
  // What makes x; null: it is the input, or padded.
  const ImportedLayer* maker(int x) const;
  bool is_non_negative(int x) const;
  Shape check_window(const std::string& name, int x, const Window& window,
                     std::size_t channels) const;
  void join_gates();
  std::vector<int> uses() const;  // how many take each value
  void check_image(const std::string& name, int x) const;

  std::string file_;
  std::vector<ImportedLayer> layers_;
  std::vector<Value> values_;
  std::size_t numbers_ = 0;  // of all tensors
  int output_ = none;
};

}  // namespace etch::host
