// ONNX models that tests make, node by node.
#pragma once
#include "host/idx_files.hpp"
#include "import/network_writer.hpp"
#include "import/onnx.hpp"
#include "import/structure.hpp"
#include "process.hpp"

#include <onnx/onnx_pb.h>

namespace etch::host {

// A model that grows node by node.
struct OnnxModel {
  OnnxModel() {
    model.set_ir_version(7);
    model.add_opset_import()->set_version(13);
    dimensions(model.mutable_graph()->add_input(), "x", {1, 3, 8, 6});
    model.mutable_graph()->add_output()->set_name("y");
  }

  static void dimensions(onnx::ValueInfoProto* value, const char* name,
                         std::initializer_list<std::int64_t> sizes) {
    value->set_name(name);
    onnx::TypeProto_Tensor* type = value->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->clear_shape();
    for (const std::int64_t n : sizes) type->mutable_shape()->add_dim()->set_dim_value(n);
  }

  void weights(const char* name, std::initializer_list<std::int64_t> sizes) {
    onnx::TensorProto* t = model.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(onnx::TensorProto::FLOAT);
    std::int64_t all = 1;
    for (const std::int64_t n : sizes) {
      t->add_dims(n);
      all *= n;
    }
    for (std::int64_t i = 0; i < all; ++i) t->add_float_data(static_cast<float>(i) / 8);
  }
  void integers(const char* name, std::initializer_list<std::int64_t> values) {
    onnx::TensorProto* t = model.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(onnx::TensorProto::INT64);
    t->add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t v : values) t->add_int64_data(v);
  }
  onnx::NodeProto& node(const char* op, std::initializer_list<const char*> inputs,
                        const char* output) {
    onnx::NodeProto* n = model.mutable_graph()->add_node();
    n->set_op_type(op);
    n->set_name(std::string("the ") + op);
    for (const char* i : inputs) n->add_input(i);
    n->add_output(output);
    return *n;
  }
  static void list(onnx::NodeProto& n, const char* name,
                   std::initializer_list<std::int64_t> values) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t v : values) a->add_ints(v);
  }
  static void integer(onnx::NodeProto& n, const char* name, std::int64_t value) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::INT);
    a->set_i(value);
  }

  std::string bytes() const { return model.SerializeAsString(); }
  ImportedNetwork read() const {
    const TemporaryFolder folder;
    write_file(folder.path() / "m.onnx", bytes());
    return read_onnx(folder.path() / "m.onnx");
  }
  std::string code() const {
    const ImportedNetwork network = read();
    return network_header(network, structure_of(network), "m");
  }

  onnx::ModelProto model;
};

// Pad, convolution, residual block, pool, linear.
inline OnnxModel small_network() {
  OnnxModel m;
  m.integers("pads", {0, 0, 0, 0, 0, 0, 1, 1});
  m.weights("w", {4, 3, 3, 3});
  m.weights("b", {4});
  m.weights("w2", {4, 4, 1, 1});
  m.weights("fc", {5, 4 * 2 * 1});
  m.node("Pad", {"x", "pads"}, "padded");
  OnnxModel::list(m.node("Conv", {"padded", "w", "b"}, "c"), "strides", {2, 2});
  m.node("Relu", {"c"}, "r");
  m.node("Conv", {"r", "w2"}, "c2");
  m.node("Add", {"r", "c2"}, "sum");
  onnx::NodeProto& pool = m.node("MaxPool", {"sum"}, "p");
  OnnxModel::list(pool, "kernel_shape", {2, 2});
  OnnxModel::list(pool, "strides", {2, 2});
  m.node("Flatten", {"p"}, "f");
  OnnxModel::integer(m.node("Gemm", {"f", "fc"}, "y"), "transB", 1);
  return m;
}

}  // namespace etch::host
