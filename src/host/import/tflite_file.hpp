// The tables of a TFLite file, checked: tensors and operators by index, constants as floats.
#pragma once
#include "tflite_generated.h"

#include <etch/host/error.hpp>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace etch::host {

// Everything throws an Error that names the file, and the tensor or operator.
class TfliteFile {
 public:
  // The bytes must stay.
  TfliteFile(std::string file, std::span<const std::byte> bytes);

  // Refuses networks whose activations aren't floats.
  void check_float() const;

  int only_input() const { return only(graph_->inputs(), "inputs"); }
  int only_output() const { return only(graph_->outputs(), "outputs"); }
  std::vector<const tflite::Operator*> operators() const;
  int kind(const tflite::Operator& op) const;
  std::string operator_name(const tflite::Operator& op) const;
  int input(const tflite::Operator& op, std::size_t i) const;
  bool has_input(const tflite::Operator& op, std::size_t i) const;
  int output(const tflite::Operator& op) const;

  std::string name(int tensor) const;  // as far as its first ';'
  std::vector<std::size_t> dimensions(int tensor) const;
  // How many operators take the tensor.
  std::size_t uses(int tensor) const;

  bool is_constant(int tensor) const;
  // Also of float16, and of 8-bit integers with a scale for all or for each output channel.
  std::vector<float> floats(int tensor) const;
  std::vector<std::int64_t> integers(int tensor) const;
  // DEQUANTIZE of a constant of the file: its output is the constant.
  void read_dequantize(const tflite::Operator& op);

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Error(file_, ": ", parts...);
  }
  int only(const flatbuffers::Vector<std::int32_t>* all, const char* what) const;
  const tflite::Tensor& tensor(int i) const;
  // Of a constant: its bytes, as many as its shape and type ask for.
  std::span<const std::byte> bytes(int i, std::size_t of_element) const;
  std::vector<float> dequantized(int i) const;
  int resolved(int tensor) const;

  std::string file_;
  const tflite::Model* model_ = nullptr;
  const tflite::SubGraph* graph_ = nullptr;
  std::map<int, int> dequantized_;  // what DEQUANTIZE makes of which constant
  std::map<int, std::size_t> uses_;
};

}  // namespace etch::host
