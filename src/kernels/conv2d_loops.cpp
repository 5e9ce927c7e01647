// Algorithm::loops, compiled once.
#include <etch/kernels/conv2d_loops.hpp>

namespace etch::kernels {

void conv2d_forward_loops(const ConvForward& c) { conv2d_forward_loops_inline(c); }
void conv2d_input_gradient_loops(const ConvInputGradient& c) {
  conv2d_input_gradient_loops_inline(c);
}
void conv2d_weight_gradient_loops(const ConvWeightGradient& c) {
  conv2d_weight_gradient_loops_inline(c);
}

}  // namespace etch::kernels
