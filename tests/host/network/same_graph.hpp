// Whether two graphs are the same, field by field.
#pragma once
#include <etch/graph.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <string>

namespace same {

using namespace etch;

inline void check_ops(const Op& a, const Op& b) {
  CHECK(std::string(a.kind) == b.kind);
  CHECK(a.forward == b.forward);
  CHECK(a.backward == b.backward);
  CHECK(a.fold == b.fold);
  CHECK(a.kernels_of == b.kernels_of);
  const Attributes &p = a.attributes, &q = b.attributes;
  CHECK((p.geometry.input == q.geometry.input && p.geometry.output == q.geometry.output));
  CHECK((p.geometry.window == q.geometry.window && p.geometry.groups == q.geometry.groups));
  CHECK((p.algorithm == q.algorithm && p.function == q.function));
  CHECK(p.sampling == q.sampling);
  CHECK((p.bias == q.bias && p.affine == q.affine));
  CHECK(p.count_include_pad == q.count_include_pad);
  CHECK((p.eps == q.eps && p.momentum == q.momentum));
  CHECK((p.alpha == q.alpha && p.beta == q.beta && p.p == q.p));
  CHECK(std::equal(p.own, p.own + 4, q.own));
  CHECK((a.x == b.x && a.skip == b.skip && a.y == b.y && a.join == b.join));
  CHECK((a.dx_needs == b.dx_needs && a.dw_needs == b.dw_needs));
  CHECK((a.in_place == b.in_place && a.elementwise == b.elementwise));
  CHECK((a.accumulates == b.accumulates && a.only_in_training == b.only_in_training));
  CHECK((a.draws == b.draws && a.fusion == b.fusion));
  CHECK((a.prepared == b.prepared && a.macs == b.macs));
  CHECK((a.saved == b.saved && a.saved_an_image == b.saved_an_image));
  CHECK(a.forward_scratch == b.forward_scratch);
  CHECK(a.backward_scratch == b.backward_scratch);
  CHECK((a.frozen == b.frozen && a.scope == b.scope));
  CHECK((a.parameters == b.parameters && a.num_parameters == b.num_parameters));
  CHECK((a.buffers == b.buffers && a.num_buffers == b.num_buffers));
}

inline void check_tensors(const Tensor& a, const Tensor& b) {
  CHECK(std::string(a.name) == b.name);
  CHECK((a.rank == b.rank && a.initial == b.initial && a.fan_in == b.fan_in && a.fill == b.fill));
  CHECK((a.geometry.input == b.geometry.input && a.geometry.output == b.geometry.output));
  CHECK((a.geometry.window == b.geometry.window && a.geometry.groups == b.geometry.groups));
  CHECK((a.buffer == b.buffer && a.frozen == b.frozen && a.op == b.op && a.offset == b.offset));
}

inline void check_scopes(const Scope& a, const Scope& b) {
  CHECK((a.parent == b.parent && a.index == b.index));
  CHECK(a.named == b.named);
  REQUIRE((a.name == nullptr) == (b.name == nullptr));
  if (a.name != nullptr) CHECK(std::string(a.name) == b.name);
}

inline void check_graphs(GraphView a, GraphView b) {
  REQUIRE(a.size == b.size);
  CHECK((a.num_trainable == b.num_trainable && a.num_frozen == b.num_frozen));
  CHECK((a.num_buffers == b.num_buffers && a.num_parameters == b.num_parameters));
  CHECK((a.macs == b.macs && a.output == b.output));
  for (int i = 0; i < a.size.ops; ++i) check_ops(a.ops[i], b.ops[i]);
  for (int i = 0; i < a.size.values; ++i) CHECK(a.values[i] == b.values[i]);
  for (int i = 0; i < a.size.tensors; ++i) check_tensors(a.tensors[i], b.tensors[i]);
  for (int i = 0; i < a.size.scopes; ++i) check_scopes(a.scopes[i], b.scopes[i]);
}

}  // namespace same
