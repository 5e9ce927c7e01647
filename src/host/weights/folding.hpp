// Batch norms folded into the weights before them: the layout and the numbers of Folded<Net>.
#pragma once
#include <etch/host/block.hpp>
#include <etch/host/weights/parameter_layout.hpp>

namespace etch::host {

// The layout of Folded<Net>, of the graph of Net.
FoldedLayout folded_layout_of(GraphView graph);

// The numbers of Folded<Net>, of those of Net: weights times scale, and biases with the shift.
// Rounded once.
Block<float> fold(const ParameterLayout& from, const float* values, const FoldedLayout& to);

}  // namespace etch::host
