// The tables of an ONNX file, checked: nodes, their attributes, constants as floats.
#pragma once
#include <etch/host/error.hpp>

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace etch::host {

// Everything throws an Error that names the file, and the node or tensor.
class OnnxFile {
 public:
  // Stands for the size of an open batch where a file computes with it. A prime that no size of a
  // network comes near: what is made of it is never taken for another size.
  static constexpr std::int64_t open_batch = 1'073'741'789;

  OnnxFile(std::string file, std::span<const std::byte> bytes);

  const onnx::GraphProto& graph() const { return model_.graph(); }
  // Of the operators: 7 or more.
  std::int64_t opset() const { return opset_; }
  const onnx::ValueInfoProto& only_input() const;
  // The first dimension, the batch; open_batch where it may be any.
  std::int64_t batch(const onnx::ValueInfoProto& value) const;
  // The other dimensions.
  std::vector<std::size_t> image_dimensions(const onnx::ValueInfoProto& value) const;
  // How many nodes take the value, those that ask for its shape apart.
  std::size_t uses(const std::string& value) const;

  bool is_constant(const std::string& name) const { return constants_.contains(name); }
  std::vector<std::size_t> dimensions(const std::string& constant) const;
  // Also of float64 and float16.
  std::vector<float> floats(const std::string& constant) const;
  std::vector<std::int64_t> integers(const std::string& constant) const;
  bool is_false(const std::string& constant) const;
  // A Constant node: its output is one from now on.
  void read_constant(const onnx::NodeProto& node);
  void name_constant(const std::string& name, const std::string& constant);
  bool is_integers(const std::string& name) const;
  std::size_t elements(const std::string& constant) const;
  // Constants of the reader's.
  void set_floats(const std::string& name, const std::vector<std::size_t>& dimensions,
                  const std::vector<float>& values);
  void set_integers(const std::string& name, const std::vector<std::size_t>& dimensions,
                    const std::vector<std::int64_t>& values);

  // Attributes, or what ONNX says they are where they are left out.
  const onnx::AttributeProto* attribute(const onnx::NodeProto& node, const char* name,
                                        onnx::AttributeProto::AttributeType type) const;
  std::int64_t integer(const onnx::NodeProto& node, const char* name, std::int64_t other) const;
  float number(const onnx::NodeProto& node, const char* name, float other) const;
  std::string word(const onnx::NodeProto& node, const char* name, const char* other) const;
  std::optional<std::vector<std::int64_t>> list(const onnx::NodeProto& node,
                                                const char* name) const;

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error(file_, ": ", parts...);
  }
  const onnx::TensorProto& constant(const std::string& name) const;
  void define(const std::string& name, const onnx::TensorProto& t);
  onnx::TensorProto& own(std::size_t numbers);
  template <class T, class Field>
  std::vector<T> numbers(const std::string& name, const Field& field) const;

  std::string file_;
  onnx::ModelProto model_;
  std::int64_t opset_ = 0;
  std::map<std::string, const onnx::TensorProto*> constants_;
  std::map<std::string, std::size_t> uses_;
  std::deque<onnx::TensorProto> own_;  // of set_floats and set_integers
  std::size_t own_numbers_ = 0;
};

}  // namespace etch::host
