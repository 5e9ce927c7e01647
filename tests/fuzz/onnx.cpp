// An ONNX file, as `etch import` reads it and writes its header. Inputs are changed field by field,
// so that what comes out is a model again.
#include "import/onnx.hpp"
#include "host/import/onnx_model.hpp"
#include "importing.hpp"

#include <google/protobuf/reflection.h>

#include <limits>
#include <random>

using namespace etch::host;

namespace etch::fuzz {

void read(std::span<const std::byte> input) { import_input(input, read_onnx); }

std::vector<std::string> seeds() {
  OnnxModel joins;
  joins.integers("shape", {0, -1});
  joins.weights("by", {3, 1, 1});
  joins.node("Mul", {"x", "by"}, "m");
  joins.node("GlobalAveragePool", {"m"}, "g");
  joins.node("Reshape", {"g", "shape"}, "r");
  joins.node("Softmax", {"r"}, "y");
  OnnxModel norms;
  for (const char* name : {"scale", "bias", "mean", "var"}) norms.weights(name, {3});
  norms.node("BatchNormalization", {"x", "scale", "bias", "mean", "var"}, "n");
  norms.node("LeakyRelu", {"n"}, "l");
  OnnxModel::list(norms.node("AveragePool", {"l"}, "p"), "kernel_shape", {2, 2});
  norms.node("Flatten", {"p"}, "y");
  return {small_network().bytes(), joins.bytes(), norms.bytes()};
}

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// One field of one message, set or not.
struct Field {
  Message* message;
  const FieldDescriptor* field;
};

static void collect(Message* message, std::vector<Field>& fields, std::vector<std::string>& words) {
  const google::protobuf::Descriptor* type = message->GetDescriptor();
  const google::protobuf::Reflection* reflection = message->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    fields.push_back({message, field});
    const int count = field->is_repeated() ? reflection->FieldSize(*message, field)
                                           : reflection->HasField(*message, field);
    for (int k = 0; k < count; ++k) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        collect(field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, k)
                                     : reflection->MutableMessage(message, field),
                fields, words);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        words.push_back(field->is_repeated() ? reflection->GetRepeatedString(*message, field, k)
                                             : reflection->GetString(*message, field));
      }
    }
  }
}

class Mutation {
 public:
  Mutation(onnx::ModelProto& model, unsigned seed) : random_(seed) {
    collect(&model, fields_, words_);
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const Field& f = fields_[below(fields_.size())];
      f.field->is_repeated() ? repeated(f) : single(f);
      if (f.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return;  // fields_ may dangle
    }
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  template <class T>
  T number() {
    constexpr T interesting[] = {0,
                                 1,
                                 2,
                                 3,
                                 4,
                                 5,
                                 6,
                                 8,
                                 16,
                                 255,
                                 65536,
                                 std::numeric_limits<T>::max(),
                                 std::numeric_limits<T>::lowest(),
                                 static_cast<T>(-1),
                                 static_cast<T>(-2)};
    return interesting[below(std::size(interesting))];
  }
  double real() {
    constexpr double interesting[] = {0,
                                      1,
                                      -1,
                                      0.5,
                                      6,
                                      1e-5,
                                      1e30,
                                      std::numeric_limits<double>::infinity(),
                                      std::numeric_limits<double>::quiet_NaN()};
    return interesting[below(std::size(interesting))];
  }
  std::string word() {
    static constexpr const char* operators[] = {
        "Add",     "Mul",     "Conv",     "Gemm",    "Pad",        "Relu",   "Clip", "MaxPool",
        "Reshape", "Softmax", "Identity", "Flatten", "ReduceMean", "Concat", "Shape"};
    return below(2) ? words_[below(words_.size())] : operators[below(std::size(operators))];
  }

  void single(const Field& f) {
    Message* m = f.message;
    const google::protobuf::Reflection* r = m->GetReflection();
    if (below(8) == 0) return r->ClearField(m, f.field);
    switch (f.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT64:
        return r->SetInt64(m, f.field, number<std::int64_t>());
      case FieldDescriptor::CPPTYPE_INT32:
        return r->SetInt32(m, f.field, number<std::int32_t>());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r->SetFloat(m, f.field, static_cast<float>(real()));
      case FieldDescriptor::CPPTYPE_STRING:
        return r->SetString(m, f.field, word());
      case FieldDescriptor::CPPTYPE_ENUM:
        return r->SetEnumValue(m, f.field, static_cast<int>(below(20)));
      default:
        return;
    }
  }
  void repeated(const Field& f) {
    Message* m = f.message;
    const google::protobuf::Reflection* r = m->GetReflection();
    const int count = r->FieldSize(*m, f.field);
    const auto any = [&] { return static_cast<int>(below(static_cast<std::size_t>(count))); };
    if (count > 0 && below(4) == 0) return r->RemoveLast(m, f.field);
    if (count > 1 && below(3) == 0) return r->SwapElements(m, f.field, any(), any());
    const bool change = count > 0 && below(2) == 0;
    switch (f.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT64:
        return change ? r->SetRepeatedInt64(m, f.field, any(), number<std::int64_t>())
                      : r->AddInt64(m, f.field, number<std::int64_t>());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return change ? r->SetRepeatedFloat(m, f.field, any(), static_cast<float>(real()))
                      : r->AddFloat(m, f.field, static_cast<float>(real()));
      case FieldDescriptor::CPPTYPE_STRING:
        return change ? r->SetRepeatedString(m, f.field, any(), word())
                      : r->AddString(m, f.field, word());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (count > 0) {  // another like one of them
          const int from = any();
          r->AddMessage(m, f.field)->CopyFrom(r->GetRepeatedMessage(*m, f.field, from));
        }
        return;
      default:
        return;
    }
  }

  std::minstd_rand random_;
  std::vector<Field> fields_;
  std::vector<std::string> words_ = {""};
};

}  // namespace etch::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  onnx::ModelProto model;
  if (seed % 16 == 0 || !model.ParseFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, most);
  }
  etch::fuzz::Mutation(model, seed);
  const std::string changed = model.SerializePartialAsString();
  if (changed.empty() || changed.size() > most) return size;
  return changed.copy(reinterpret_cast<char*>(data), changed.size());
}
