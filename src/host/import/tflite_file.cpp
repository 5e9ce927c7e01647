// The tables of a TFLite file, checked.
#include "import/tflite_file.hpp"

#include "checked.hpp"
#include "import/half.hpp"
#include "import/imported.hpp"

#include <etch/host/format.hpp>

#include <algorithm>
#include <cstring>

namespace etch::host {

static const char* type_name(tflite::TensorType type) {
  return type >= tflite::TensorType::MIN && type <= tflite::TensorType::MAX
             ? tflite::EnumNameTensorType(type)
             : "unknown";
}

TfliteFile::TfliteFile(std::string file, std::span<const std::byte> bytes)
    : file_(std::move(file)) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (bytes.size() < 8 || !tflite::ModelBufferHasIdentifier(data)) {
    fail("isn't a TFLite file: TFL3 is expected at byte 4");
  }
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!tflite::VerifyModelBuffer(verifier)) fail("is damaged or truncated");
  model_ = tflite::GetModel(data);
  if (model_->subgraphs() == nullptr || model_->subgraphs()->size() != 1) {
    fail("has ", model_->subgraphs() == nullptr ? 0 : model_->subgraphs()->size(),
         " graphs, but one is expected");
  }
  graph_ = model_->subgraphs()->Get(0);
  if (graph_ == nullptr || graph_->tensors() == nullptr || graph_->operators() == nullptr ||
      model_->operator_codes() == nullptr || model_->buffers() == nullptr) {
    fail("is damaged: it has no tensors, operators or buffers");
  }
  checked_size(graph_->operators()->size(), text(file_, ": the number of its operators"),
               most_layers);
  for (const tflite::Operator* op : operators()) {
    if (op->inputs() == nullptr) continue;
    for (const std::int32_t i : *op->inputs()) ++uses_[i];
  }
  if (graph_->outputs() != nullptr) {
    for (const std::int32_t i : *graph_->outputs()) ++uses_[i];
  }
}

void TfliteFile::check_float() const {
  for (int i = 0; i < static_cast<int>(graph_->tensors()->size()); ++i) {
    const tflite::TensorType type = tensor(i).type();
    const bool integers = type == tflite::TensorType::INT8 || type == tflite::TensorType::UINT8 ||
                          type == tflite::TensorType::INT16;
    if (!integers || is_constant(i)) continue;
    fail("is a quantised network: ", name(i), " is ", type_name(type),
         ". Only networks with float activations can be imported: convert the model without "
         "full-integer quantisation");
  }
}

int TfliteFile::only(const flatbuffers::Vector<std::int32_t>* all, const char* what) const {
  if (all != nullptr && all->size() == 1) {
    tensor(all->Get(0));
    return all->Get(0);
  }
  fail("the graph has ", all == nullptr ? 0 : all->size(), " ", what, ", but one is expected");
}

std::vector<const tflite::Operator*> TfliteFile::operators() const {
  std::vector<const tflite::Operator*> all;
  for (const tflite::Operator* op : *graph_->operators()) {
    if (op == nullptr) fail("is damaged: an operator is missing");
    all.push_back(op);
  }
  return all;
}

int TfliteFile::kind(const tflite::Operator& op) const {
  const auto* codes = model_->operator_codes();
  if (op.opcode_index() >= codes->size())
    fail("is damaged: there is no operator code ", op.opcode_index());
  const tflite::OperatorCode* code = codes->Get(op.opcode_index());
  // Codes below 127 stand in the old field, too.
  return std::max<int>(code->builtin_code(), code->deprecated_builtin_code());
}

std::string TfliteFile::operator_name(const tflite::Operator& op) const {
  const tflite::OperatorCode* code = model_->operator_codes()->Get(op.opcode_index());
  if (code->custom_code() != nullptr) return printable(code->custom_code()->str());
  const int number = kind(op);
  struct Row {
    int number;
    const char* name;
  };
  static constexpr Row names[] = {{2, "CONCATENATION"},
                                  {5, "DEPTH_TO_SPACE"},
                                  {8, "FLOOR"},
                                  {11, "L2_NORMALIZATION"},
                                  {16, "LSTM"},
                                  {22, "RESHAPE"},
                                  {23, "RESIZE_BILINEAR"},
                                  {36, "GATHER"},
                                  {39, "TRANSPOSE"},
                                  {41, "SUB"},
                                  {42, "DIV"},
                                  {43, "SQUEEZE"},
                                  {45, "STRIDED_SLICE"},
                                  {47, "EXP"},
                                  {49, "SPLIT"},
                                  {50, "LOG_SOFTMAX"},
                                  {55, "MAXIMUM"},
                                  {57, "MINIMUM"},
                                  {60, "PADV2"},
                                  {67, "TRANSPOSE_CONV"},
                                  {74, "SUM"},
                                  {97, "RESIZE_NEAREST_NEIGHBOR"},
                                  {111, "ELU"},
                                  {114, "QUANTIZE"},
                                  {117, "HARD_SWISH"},
                                  {126, "BATCH_MATMUL"}};
  for (const Row& row : names) {
    if (row.number == number) return row.name;
  }
  return text("number ", number);
}

bool TfliteFile::has_input(const tflite::Operator& op, std::size_t i) const {
  return op.inputs() != nullptr && i < op.inputs()->size() &&
         op.inputs()->Get(static_cast<flatbuffers::uoffset_t>(i)) >= 0;
}

int TfliteFile::input(const tflite::Operator& op, std::size_t i) const {
  if (!has_input(op, i)) {
    fail("an operator ", operator_name(op), " has no input ", i);
  }
  const int index = op.inputs()->Get(static_cast<flatbuffers::uoffset_t>(i));
  tensor(index);
  return index;
}

int TfliteFile::output(const tflite::Operator& op) const {
  return only(op.outputs(), "outputs of an operator");
}

const tflite::Tensor& TfliteFile::tensor(int i) const {
  const auto* all = graph_->tensors();
  if (i < 0 || static_cast<flatbuffers::uoffset_t>(i) >= all->size()) {
    fail("is damaged: there is no tensor ", i);
  }
  return *all->Get(static_cast<flatbuffers::uoffset_t>(i));
}

std::string TfliteFile::name(int i) const {
  const flatbuffers::String* name = tensor(i).name();
  std::string all = name == nullptr ? "" : name->str();
  all = all.substr(0, all.find(';'));
  return all.empty() ? text("tensor ", i) : printable(all);
}

std::vector<std::size_t> TfliteFile::dimensions(int i) const {
  std::vector<std::size_t> all;
  if (tensor(i).shape() == nullptr) return all;
  for (const std::int32_t n : *tensor(i).shape()) {
    // -1: a batch of any size.
    if (n < 0 && !all.empty()) fail(name(i), ": dimension ", all.size(), " is ", n);
    all.push_back(n < 0 ? 1 : static_cast<std::size_t>(n));
  }
  return all;
}

std::size_t TfliteFile::uses(int i) const {
  const auto at = uses_.find(i);
  return at == uses_.end() ? 0 : at->second;
}

int TfliteFile::resolved(int i) const {
  const auto at = dequantized_.find(i);
  return at == dequantized_.end() ? i : at->second;
}

bool TfliteFile::is_constant(int i) const {
  const std::uint32_t buffer = tensor(resolved(i)).buffer();
  if (buffer == 0 || buffer >= model_->buffers()->size()) return false;
  const tflite::Buffer* b = model_->buffers()->Get(buffer);
  return b->data() != nullptr && b->data()->size() > 0;
}

std::span<const std::byte> TfliteFile::bytes(int i, std::size_t of_element) const {
  if (!is_constant(i)) fail(name(i), " must be a constant");
  const flatbuffers::Vector<std::uint8_t>* data =
      model_->buffers()->Get(tensor(i).buffer())->data();
  std::vector<std::size_t> sizes = dimensions(i);
  sizes.push_back(of_element);
  const std::size_t expected =
      checked_product(sizes, text(file_, ": the number of bytes of ", name(i)));
  if (data->size() != expected) {
    fail(name(i), " of shape ", shape_text(dimensions(i)), " and type ",
         type_name(tensor(i).type()), " takes ", expected, " bytes, but the file has ",
         data->size());
  }
  return {reinterpret_cast<const std::byte*>(data->data()), data->size()};
}

template <class T>
static T number_at(std::span<const std::byte> bytes, std::size_t i) {
  T number;
  std::memcpy(&number, bytes.data() + i * sizeof(T), sizeof(T));
  return number;
}

std::vector<float> TfliteFile::floats(int index) const {
  const int i = resolved(index);
  const tflite::TensorType type = tensor(i).type();
  std::vector<float> all;
  if (type == tflite::TensorType::FLOAT32) {
    const auto from = bytes(i, 4);
    for (std::size_t k = 0; k < from.size() / 4; ++k) all.push_back(number_at<float>(from, k));
  } else if (type == tflite::TensorType::FLOAT16) {
    const auto from = bytes(i, 2);
    for (std::size_t k = 0; k < from.size() / 2; ++k) {
      all.push_back(float_of_half(number_at<std::uint16_t>(from, k)));
    }
  } else if (type == tflite::TensorType::INT8 || type == tflite::TensorType::UINT8) {
    all = dequantized(i);
  } else {
    fail(name(i), " is ", type_name(type), ", but FLOAT32 is expected");
  }
  return all;
}

std::vector<float> TfliteFile::dequantized(int i) const {
  const auto from = bytes(i, 1);
  const tflite::QuantizationParameters* q = tensor(i).quantization();
  const std::vector<std::size_t> d = dimensions(i);
  const std::size_t scales = q == nullptr || q->scale() == nullptr ? 0 : q->scale()->size();
  if (scales == 0) fail(name(i), " has integers without a scale");
  const std::size_t axis = static_cast<std::size_t>(std::max(q->quantized_dimension(), 0));
  if (scales > 1 && (axis >= d.size() || d[axis] != scales)) {
    fail(name(i), " has ", scales, " scales, which don't belong to one of its dimensions");
  }
  std::size_t inner = 1;  // a divisor of the bytes
  for (std::size_t k = axis + 1; k < d.size(); ++k) inner *= d[k];
  const bool is_signed = tensor(i).type() == tflite::TensorType::INT8;
  const std::int64_t least = is_signed ? -128 : 0;
  const std::size_t zeros = q->zero_point() == nullptr ? 0 : q->zero_point()->size();
  if (zeros > 1 && zeros != scales) {
    fail(name(i), " has ", zeros, " zero points, but ", scales, " scales");
  }
  const auto zero_of = [&](std::size_t c) -> std::int64_t {
    if (zeros == 0) return 0;
    const std::int64_t zero =
        q->zero_point()->Get(static_cast<flatbuffers::uoffset_t>(zeros > 1 ? c : 0));
    if (zero >= least && zero <= least + 255) return zero;
    fail(name(i), " has a zero point of ", zero, ", but ", least, " to ", least + 255,
         " is expected");
  };
  std::vector<float> all;
  for (std::size_t k = 0; k < from.size(); ++k) {
    const std::size_t c = scales > 1 ? k / inner % scales : 0;
    const int stored =
        is_signed ? int{number_at<std::int8_t>(from, k)} : int{number_at<std::uint8_t>(from, k)};
    all.push_back(static_cast<float>(stored - zero_of(c)) *
                  q->scale()->Get(static_cast<flatbuffers::uoffset_t>(c)));
  }
  return all;
}

std::vector<std::int64_t> TfliteFile::integers(int i) const {
  std::vector<std::int64_t> all;
  if (tensor(i).type() == tflite::TensorType::INT32) {
    const auto from = bytes(i, 4);
    for (std::size_t k = 0; k < from.size() / 4; ++k)
      all.push_back(number_at<std::int32_t>(from, k));
  } else if (tensor(i).type() == tflite::TensorType::INT64) {
    const auto from = bytes(i, 8);
    for (std::size_t k = 0; k < from.size() / 8; ++k)
      all.push_back(number_at<std::int64_t>(from, k));
  } else {
    fail(name(i), " is ", type_name(tensor(i).type()), ", but INT32 is expected");
  }
  return all;
}

void TfliteFile::read_dequantize(const tflite::Operator& op) {
  const int from = input(op, 0), to = output(op);
  if (!is_constant(from) || dequantized_.contains(from)) {
    fail(name(from), ": DEQUANTIZE is supported of constants of the file only");
  }
  if (is_constant(to)) fail(name(to), ": is computed by DEQUANTIZE, but is there already");
  if (dimensions(to) != dimensions(from)) {
    fail(name(to), " is ", shape_text(dimensions(to)), ", but DEQUANTIZE makes ",
         shape_text(dimensions(from)));
  }
  dequantized_[to] = from;
}

}  // namespace etch::host
