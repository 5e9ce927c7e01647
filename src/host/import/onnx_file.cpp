// The tables of an ONNX file, checked.
#include "import/onnx_file.hpp"

#include "checked.hpp"
#include "import/half.hpp"
#include "import/imported.hpp"
#include "import/onnx_external.hpp"

#include <etch/host/format.hpp>

#include <bit>
#include <cstring>
#include <limits>

namespace etch::host {

static_assert(std::endian::native == std::endian::little, "ONNX's raw data is little-endian");

OnnxFile::OnnxFile(std::string file, std::span<const std::byte> bytes) : file_(std::move(file)) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    fail("is larger than the 2 GiB that protobuf reads");
  }
  if (!model_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model_.has_graph()) {
    fail("isn't an ONNX file, or is damaged or truncated");
  }
  for (const onnx::OperatorSetIdProto& set : model_.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") opset_ = set.version();
  }
  if (opset_ < 7) fail("has opset ", opset_, ", but 7 or a later one is expected");
  if (graph().sparse_initializer_size() > 0) fail("has sparse weights, which aren't supported");
  checked_size(graph().node_size(), text(file_, ": the number of its nodes"), most_layers);
  load_external_data(file_, model_);
  for (const onnx::TensorProto& t : graph().initializer()) define(t.name(), t);
  for (const onnx::NodeProto& node : graph().node()) {
    for (const std::string& input : node.input()) uses_[input] += node.op_type() != "Shape";
  }
  for (const onnx::ValueInfoProto& output : graph().output()) ++uses_[output.name()];
}

void OnnxFile::define(const std::string& name, const onnx::TensorProto& t) {
  if (!constants_.emplace(name, &t).second) fail("has the constant ", printable(name), " twice");
}

const onnx::ValueInfoProto& OnnxFile::only_input() const {
  const onnx::ValueInfoProto* input = nullptr;
  for (const onnx::ValueInfoProto& v : graph().input()) {
    if (is_constant(v.name())) continue;
    if (input != nullptr) {
      fail("has the inputs ", printable(input->name()), " and ", printable(v.name()),
           ", but one is expected");
    }
    input = &v;
  }
  if (input == nullptr) fail("has no input");
  if (graph().output_size() != 1) {
    fail("has ", graph().output_size(), " outputs, but one is expected");
  }
  return *input;
}

std::int64_t OnnxFile::batch(const onnx::ValueInfoProto& value) const {
  const onnx::TensorShapeProto& shape = value.type().tensor_type().shape();
  const bool fixed = shape.dim_size() > 0 && shape.dim(0).dim_value() > 0;
  return fixed ? shape.dim(0).dim_value() : open_batch;
}

std::vector<std::size_t> OnnxFile::image_dimensions(const onnx::ValueInfoProto& value) const {
  const onnx::TypeProto_Tensor& type = value.type().tensor_type();
  if (type.elem_type() != onnx::TensorProto::FLOAT) {
    fail("the input ", printable(value.name()), " is ",
         onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type.elem_type())),
         ", but FLOAT is expected");
  }
  std::vector<std::size_t> all;
  for (int i = 1; i < type.shape().dim_size(); ++i) {
    const onnx::TensorShapeProto_Dimension& d = type.shape().dim(i);
    if (!d.has_dim_value() || d.dim_value() < 1) {
      fail("the input ", printable(value.name()), " has no fixed dimension ", i,
           ": only the first, the batch, may be open");
    }
    all.push_back(static_cast<std::size_t>(d.dim_value()));
  }
  return all;
}

std::size_t OnnxFile::uses(const std::string& value) const {
  const auto at = uses_.find(value);
  return at == uses_.end() ? 0 : at->second;
}

const onnx::TensorProto& OnnxFile::constant(const std::string& name) const {
  const auto at = constants_.find(name);
  if (at == constants_.end())
    fail(name.empty() ? "an input" : printable(name), " must be a constant");
  return *at->second;
}

std::vector<std::size_t> OnnxFile::dimensions(const std::string& name) const {
  std::vector<std::size_t> all;
  for (const std::int64_t n : constant(name).dims()) {
    if (n < 0) fail(printable(name), ": has a dimension of ", n);
    all.push_back(static_cast<std::size_t>(n));
  }
  return all;
}

std::size_t OnnxFile::elements(const std::string& name) const {
  return checked_product(dimensions(name), text(file_, ": the size of ", printable(name)));
}

// The numbers of a constant, which are either raw bytes or in a field of their type.
template <class T, class Field>
std::vector<T> OnnxFile::numbers(const std::string& name, const Field& field) const {
  const onnx::TensorProto& t = constant(name);
  const std::size_t expected = elements(name);
  const bool raw = t.has_raw_data();
  const std::size_t found =
      raw ? t.raw_data().size() / sizeof(T) : static_cast<std::size_t>(field.size());
  if (found != expected || (raw && t.raw_data().size() % sizeof(T) != 0)) {
    fail(printable(name), " of shape ", shape_text(dimensions(name)), " has ", found,
         " numbers instead of ", expected);
  }
  std::vector<T> all(expected);
  if (raw) {
    std::memcpy(all.data(), t.raw_data().data(), t.raw_data().size());
  } else {
    for (std::size_t i = 0; i < expected; ++i)
      all[i] = static_cast<T>(field.Get(static_cast<int>(i)));
  }
  return all;
}

std::vector<float> OnnxFile::floats(const std::string& name) const {
  const onnx::TensorProto& t = constant(name);
  std::vector<float> all;
  switch (t.data_type()) {
    case onnx::TensorProto::FLOAT:
      return numbers<float>(name, t.float_data());
    case onnx::TensorProto::DOUBLE:
      for (const double x : numbers<double>(name, t.double_data())) {
        all.push_back(static_cast<float>(x));
      }
      return all;
    case onnx::TensorProto::FLOAT16:
      for (const std::uint16_t x : numbers<std::uint16_t>(name, t.int32_data())) {
        all.push_back(float_of_half(x));
      }
      return all;
  }
  fail(printable(name), " is ",
       onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(t.data_type())),
       ", but FLOAT is expected");
}

std::vector<std::int64_t> OnnxFile::integers(const std::string& name) const {
  const onnx::TensorProto& t = constant(name);
  if (t.data_type() == onnx::TensorProto::INT64) {
    return numbers<std::int64_t>(name, t.int64_data());
  }
  if (t.data_type() != onnx::TensorProto::INT32) fail(printable(name), " must be integers");
  const auto all = numbers<std::int32_t>(name, t.int32_data());
  return {all.begin(), all.end()};
}

bool OnnxFile::is_false(const std::string& name) const {
  const onnx::TensorProto& t = constant(name);
  if (t.data_type() != onnx::TensorProto::BOOL || elements(name) != 1) return false;
  return t.has_raw_data() ? t.raw_data() == std::string(1, '\0')
                          : t.int32_data_size() == 1 && t.int32_data(0) == 0;
}

void OnnxFile::read_constant(const onnx::NodeProto& node) {
  const onnx::AttributeProto* value = attribute(node, "value", onnx::AttributeProto::TENSOR);
  if (value == nullptr || !value->has_t() || node.output_size() != 1) {
    fail(printable(node.name()), ": a Constant is expected to be a tensor");
  }
  define(node.output(0), value->t());
}

void OnnxFile::name_constant(const std::string& name, const std::string& same) {
  define(name, constant(same));
}

bool OnnxFile::is_integers(const std::string& name) const {
  const auto at = constants_.find(name);
  return at != constants_.end() && (at->second->data_type() == onnx::TensorProto::INT64 ||
                                    at->second->data_type() == onnx::TensorProto::INT32);
}

onnx::TensorProto& OnnxFile::own(std::size_t numbers) {
  own_numbers_ = checked_sum(own_numbers_, numbers, text(file_, ": the size of computed constants"),
                             most_parameters);
  return own_.emplace_back();
}

void OnnxFile::set_floats(const std::string& name, const std::vector<std::size_t>& dimensions,
                          const std::vector<float>& values) {
  onnx::TensorProto& t = own(values.size());
  t.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::size_t n : dimensions) t.add_dims(static_cast<std::int64_t>(n));
  *t.mutable_float_data() = {values.begin(), values.end()};
  define(name, t);
}

void OnnxFile::set_integers(const std::string& name, const std::vector<std::size_t>& dimensions,
                            const std::vector<std::int64_t>& values) {
  onnx::TensorProto& t = own(values.size());
  t.set_data_type(onnx::TensorProto::INT64);
  for (const std::size_t n : dimensions) t.add_dims(static_cast<std::int64_t>(n));
  for (const std::int64_t v : values) t.add_int64_data(v);
  define(name, t);
}

const onnx::AttributeProto* OnnxFile::attribute(const onnx::NodeProto& node, const char* name,
                                                onnx::AttributeProto::AttributeType type) const {
  for (const onnx::AttributeProto& a : node.attribute()) {
    if (a.name() != name) continue;
    // Files of the first version of the format say no types.
    if (a.type() == type || a.type() == onnx::AttributeProto::UNDEFINED) return &a;
    fail(printable(node.name()), ": its attribute ", name, " is ",
         onnx::AttributeProto_AttributeType_Name(a.type()), ", but ",
         onnx::AttributeProto_AttributeType_Name(type), " is expected");
  }
  return nullptr;
}

std::int64_t OnnxFile::integer(const onnx::NodeProto& node, const char* name,
                               std::int64_t other) const {
  const onnx::AttributeProto* a = attribute(node, name, onnx::AttributeProto::INT);
  return a == nullptr ? other : a->i();
}

float OnnxFile::number(const onnx::NodeProto& node, const char* name, float other) const {
  const onnx::AttributeProto* a = attribute(node, name, onnx::AttributeProto::FLOAT);
  return a == nullptr ? other : a->f();
}

std::string OnnxFile::word(const onnx::NodeProto& node, const char* name, const char* other) const {
  const onnx::AttributeProto* a = attribute(node, name, onnx::AttributeProto::STRING);
  return a == nullptr ? other : a->s();
}

std::optional<std::vector<std::int64_t>> OnnxFile::list(const onnx::NodeProto& node,
                                                        const char* name) const {
  const onnx::AttributeProto* a = attribute(node, name, onnx::AttributeProto::INTS);
  if (a == nullptr) return std::nullopt;
  return std::vector<std::int64_t>(a->ints().begin(), a->ints().end());
}

}  // namespace etch::host
