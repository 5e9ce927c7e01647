// TFLite models that tests make, operator by operator.
#pragma once
#include "tflite_generated.h"

#include <etch/shape.hpp>

#include <string>
#include <vector>

namespace etch::host {

using Sizes = std::vector<std::int32_t>;

// A model that grows operator by operator.
class TfliteModel {
 public:
  TfliteModel() { buffers_.push_back(tflite::CreateBuffer(fbb_)); }

  int tensor(const char* name, const Sizes& shape,
             tflite::TensorType type = tflite::TensorType::FLOAT32) {
    return add(name, shape, type, 0);
  }
  int floats(const char* name, const Sizes& shape, const std::vector<float>& values) {
    return add(name, shape, tflite::TensorType::FLOAT32, buffer(values.data(), values.size() * 4));
  }
  int weights(const char* name, const Sizes& shape) {
    std::size_t n = 1;
    for (const std::int32_t s : shape) n *= static_cast<std::size_t>(s);
    std::vector<float> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i) / 8;
    return floats(name, shape, values);
  }
  // Integers with a scale for each of the first dimension, and the integers that mean 0.
  int quantised(const char* name, const Sizes& shape, const std::vector<std::int8_t>& values,
                const std::vector<float>& scales, const std::vector<std::int64_t>& zeros = {}) {
    const auto q =
        tflite::CreateQuantizationParametersDirect(fbb_, nullptr, nullptr, &scales, &zeros);
    return add(name, shape, tflite::TensorType::INT8, buffer(values.data(), values.size()), q);
  }
  int integers(const char* name, const Sizes& values) {
    return add(name, {static_cast<std::int32_t>(values.size())}, tflite::TensorType::INT32,
               buffer(values.data(), values.size() * 4));
  }
  void op(int code, const Sizes& inputs, int output,
          tflite::BuiltinOptions type = tflite::BuiltinOptions::NONE,
          flatbuffers::Offset<void> options = 0) {
    codes_.push_back(tflite::CreateOperatorCode(fbb_, static_cast<std::int8_t>(code), 0, 1, code));
    const Sizes outputs = {output};
    operators_.push_back(tflite::CreateOperatorDirect(
        fbb_, static_cast<std::uint32_t>(codes_.size() - 1), &inputs, &outputs, type, options));
  }
  void conv(const Sizes& inputs, int output, tflite::Padding padding, int stride,
            tflite::ActivationFunctionType fused = tflite::ActivationFunctionType::NONE) {
    op(3, inputs, output, tflite::BuiltinOptions::Conv2DOptions,
       tflite::CreateConv2DOptions(fbb_, padding, stride, stride, fused).Union());
  }
  void depthwise(const Sizes& inputs, int output, Pair stride, Pair dilation) {
    const auto n = [](std::size_t size) { return static_cast<int>(size); };
    op(4, inputs, output, tflite::BuiltinOptions::DepthwiseConv2DOptions,
       tflite::CreateDepthwiseConv2DOptions(
           fbb_, tflite::Padding::VALID, n(stride.width), n(stride.height), 1,
           tflite::ActivationFunctionType::NONE, n(dilation.width), n(dilation.height))
           .Union());
  }
  template <class Create, class... Values>
  flatbuffers::Offset<void> options(const Create& create, Values... values) {
    return create(fbb_, values...).Union();
  }
  flatbuffers::Offset<void> reshape_options(const Sizes& target) {
    return tflite::CreateReshapeOptionsDirect(fbb_, &target).Union();
  }
  void linear(const Sizes& inputs, int output) {
    op(9, inputs, output, tflite::BuiltinOptions::FullyConnectedOptions,
       tflite::CreateFullyConnectedOptions(fbb_).Union());
  }

  std::string bytes(int input, int output) {
    const Sizes in = {input}, out = {output};
    const std::vector graphs = {
        tflite::CreateSubGraphDirect(fbb_, &tensors_, &in, &out, &operators_)};
    tflite::FinishModelBuffer(
        fbb_, tflite::CreateModelDirect(fbb_, 3, &codes_, &graphs, "test", &buffers_));
    return {reinterpret_cast<const char*>(fbb_.GetBufferPointer()), fbb_.GetSize()};
  }

 private:
  std::uint32_t buffer(const void* values, std::size_t size) {
    const auto* begin = static_cast<const std::uint8_t*>(values);
    fbb_.ForceVectorAlignment(size, 1, 16);
    buffers_.push_back(tflite::CreateBuffer(fbb_, fbb_.CreateVector(begin, size)));
    return static_cast<std::uint32_t>(buffers_.size() - 1);
  }
  int add(const char* name, const Sizes& shape, tflite::TensorType type, std::uint32_t from,
          flatbuffers::Offset<tflite::QuantizationParameters> q = 0) {
    tensors_.push_back(tflite::CreateTensorDirect(fbb_, &shape, type, from, name, q));
    return static_cast<int>(tensors_.size()) - 1;
  }

  flatbuffers::FlatBufferBuilder fbb_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
  std::vector<flatbuffers::Offset<tflite::Operator>> operators_;
};

// A convolution with TensorFlow's "same" and a linear layer over its pixels.
inline std::string small_tflite_network(
    int conv_code = 3,
    tflite::ActivationFunctionType fused = tflite::ActivationFunctionType::RELU6) {
  TfliteModel b;
  const int x = b.tensor("x", {1, 8, 6, 3}), c = b.tensor("made;by a converter", {1, 4, 3, 4});
  const int y = b.tensor("y", {1, 5});
  const int w = b.weights("conv/kernel", {4, 3, 3, 3}), bias = b.weights("bias", {4});
  if (conv_code == 3) {
    b.conv({x, w, bias}, c, tflite::Padding::SAME, 2, fused);
  } else {
    b.op(conv_code, {x, w, bias}, c);
  }
  b.linear({c, b.weights("dense/kernel", {5, 48}), b.weights("dense/bias", {5})}, y);
  return b.bytes(x, y);
}

}  // namespace etch::host
