// Names and PyTorch layouts of a graph's tensors: what a state dict of the same torch.nn.Module
// has.
#pragma once
#include <etch/graph.hpp>

#include <string>
#include <vector>

namespace etch::host {

// "layer3.22.conv2": the names of a scope from the root on; empty at the root.
std::string scope_name(GraphView graph, int scope);

// "layer3.22.conv2.weight".
std::string tensor_name(GraphView graph, const Tensor& t);

// "layer3.22.conv2", where `op` is the index of an op.
std::string op_name(GraphView graph, int op);

// [O, I / groups, KH, KW] of a convolution, [O, I] of a Linear, [I] of a vector.
std::vector<std::size_t> torch_shape(const Tensor& t);

// One tensor, size() floats, from PyTorch's order of elements to how it lies in memory, and back.
void from_torch(const Tensor& t, const float* torch, float* values);
void to_torch(const Tensor& t, const float* values, float* torch);

}  // namespace etch::host
