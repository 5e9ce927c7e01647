// What the inference and the training driver of oneDNN (2.x) share.
#pragma once
#include <dnnl.hpp>

#include <cmath>
#include <cstring>
#include <functional>
#include <unordered_map>

#include "network.hpp"

namespace peers {

using Run = std::function<void()>;
using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Arguments = std::unordered_map<int, dnnl::memory>;

inline dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}
inline dnnl::stream& queue() {
  static dnnl::stream stream(cpu());
  return stream;
}

inline Run execute(const dnnl::primitive& primitive, const Arguments& arguments) {
  return [primitive, arguments] { primitive.execute(queue(), arguments); };
}

inline float* values(const dnnl::memory& m) { return static_cast<float*>(m.get_data_handle()); }
inline std::size_t size(const dnnl::memory& m) { return m.get_desc().get_size() / sizeof(float); }

inline Desc desc(const dnnl::memory::dims& dims, Tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}
inline dnnl::memory::dims image_dims(long batch, const Shape& s) {
  return {batch, s.channels, s.height, s.width};
}

// Numbers in [center - bound, center + bound), padding of blocked layouts included.
inline dnnl::memory random(const Desc& d, float bound, float center = 0) {
  dnnl::memory m(d, cpu());
  for (std::size_t i = 0; i < size(m); ++i) {
    const float x = static_cast<float>(i * 7919 % 4099) / 4099;
    values(m)[i] = center + bound * (2 * x - 1);
  }
  return m;
}
inline dnnl::memory zeros(const Desc& d) { return random(d, 0); }

// PyTorch's bound of first weights.
inline float bound_of(long fan_in) { return 1 / std::sqrt(static_cast<float>(fan_in)); }

// The only reader of a value, or null.
inline const Op* reader_of(const std::vector<Op>& ops, std::size_t value) {
  if (ops[value].uses != 1) return nullptr;
  for (std::size_t i = value + 1; i < ops.size(); ++i) {
    if (ops[i].x == value || (ops[i].kind == "add" && ops[i].y == value)) return &ops[i];
  }
  return nullptr;
}
inline bool relu_follows(const std::vector<Op>& ops, std::size_t value) {
  const Op* next = reader_of(ops, value);
  return next != nullptr && next->kind == "relu";
}

inline dnnl::primitive_attr with_relu(bool relu, bool sum = false) {
  dnnl::post_ops post;
  if (sum) post.append_sum(1.f);
  if (relu) post.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(post);
  return attributes;
}

// What make(x) makes of an operand's layout x, or, where oneDNN has only its reference kernel for
// that, of the layout that it prefers.
template <class Make>
auto with_fast_layout(const Make& make, const Desc& x) {
  auto made = make(x);
  for (const Tag tag : {Tag::any, Tag::nchw}) {
    if (std::strncmp(made.impl_info_str(), "ref", 3) != 0) break;
    made = make(desc(x.dims(), tag));
  }
  return made;
}

// One run over a batch: what the drivers time. A training step appends its loss, from before it.
Run make_inference(const std::vector<Op>& ops, long batch, dnnl::algorithm convolution);
Run make_training(const std::vector<Op>& ops, long batch, std::vector<float>& losses);

}  // namespace peers
