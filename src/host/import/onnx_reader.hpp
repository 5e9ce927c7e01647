// Reads an ONNX file's nodes, one by one. Axes, ranks and broadcasting are ONNX's, by position:
// what isn't the same for every image of a batch is refused.
#pragma once
#include "import/imported.hpp"
#include "import/onnx_file.hpp"
#include "import/onnx_gelu.hpp"

#include <etch/host/file.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace etch::host {

class OnnxReader {
 public:
  explicit OnnxReader(const std::filesystem::path& path);
  ImportedNetwork read();

 private:
  using Sizes = std::vector<std::size_t>;

  // A value of the network as ONNX sees it: its dimensions without the first, the batch. They begin
  // with the channels or features.
  struct Value {
    int index = none;
    Sizes dimensions{};

    bool is_image() const { return dimensions.size() == 3; }
    std::size_t rank() const { return dimensions.size() + 1; }
    std::size_t channels() const { return dimensions.at(0); }
    std::size_t elements() const;
  };

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    network_.fail(name_, parts...);
  }

  void read_node();
  void check_new_outputs() const;
  Value read_layer();
  Value input_value(const onnx::ValueInfoProto& in);

  // Inputs of the node.
  bool has_input(int i) const { return i < node_->input_size() && !node_->input(i).empty(); }
  const std::string& input(int i) const;
  bool is_constant(int i) const { return file_.is_constant(input(i)); }
  const Value& value(int i) const;
  const Value& named_value(const std::string& name) const;
  const Value& x() const { return value(0); }
  // x, which must be (N, C, H, W), or (N, features).
  const Value& image() const;
  const Value& vector() const;
  // A constant of one number.
  float single(int i, const char* what) const;
  // A constant of these dimensions.
  std::vector<float> weights(int i, const char* what, const Sizes& dimensions) const;
  std::vector<float> bias(int i, std::size_t outputs) const;
  // A constant that is broadcast to the value, and runs along its channels alone: one number a
  // channel.
  std::vector<float> along_channels(int i, const Value& to) const;
  // Which of x's dimensions an axis is; negative ones count from the end. The batch is 0.
  std::size_t axis(std::int64_t a) const;
  std::vector<std::size_t> axes(int i) const;  // of an attribute, or of input i

  // A value of the network as an image, or with the dimensions of x.
  Value as_image(int index) const;
  Value like_x(int index) const { return {index, x().dimensions}; }

  template <class Layer>
  Value activation();
  Value activation(const AnyLayer& layer) {
    return like_x(network_.activation(name_, layer, x().index));
  }
  Value read_identity() { return x(); }
  Value read_dropout();
  Value read_leaky_relu();
  Value read_elu();
  Value read_gelu();
  Value read_hard_sigmoid();
  Value read_prelu();
  Value read_softmax();
  Value read_log_softmax();
  bool softmax_is_constant() const;
  float limit(int i, const char* name, float otherwise) const;
  Value read_clip();
  Value read_conv();
  Value read_gemm();
  Value read_mat_mul();
  Value linear(bool outputs_first, float factor, std::vector<float> c);
  Value read_batch_norm();
  Value read_add();
  Value read_sub();
  Value read_mul();
  Value read_div();
  Value read_neg();
  Value read_concat();

  // onnx_windows.cpp
  std::size_t size_of(const char* what, std::int64_t n) const;
  Pair pair_of(const char* name, Pair otherwise) const;
  // A kernel over x, and its own padding: what pad() put around x isn't in it.
  struct Kernel {
    Pair size, stride = 1, dilation = 1;
    Padding padding{};
    bool beyond = false;  // ceil_mode has made a position that ends beyond the padding
  };
  Kernel kernel(Pair size) const;
  Kernel pool_kernel() const;
  Padding padding(const Kernel& k) const;
  Window window(const Kernel& k) const;
  Value read_conv_transpose();
  Value read_max_pool();
  Value read_avg_pool();
  Value read_global_pool();
  Value read_mean();
  Value read_pad();
  Pair resized() const;
  Value read_resize();

  // onnx_shapes.cpp
  void read_shape();
  Value read_flatten();
  Value read_squeeze();
  Value read_reshape();
  // The dimensions without the batch that Reshape's target means.
  Sizes target_of(const std::vector<std::int64_t>& target) const;
  bool input_is_only_x() const;
  std::string dimensions_text(const Value& v) const;  // (N, 3, 8, 6)

  ImportedNetwork network_;
  FileBytes bytes_;
  OnnxFile file_;
  const onnx::NodeProto* node_ = nullptr;
  std::string name_ = "graph";
  std::int64_t batch_ = 0;
  std::map<std::string, Value> values_;
  OnnxGelus gelus_;
};

}  // namespace etch::host
