// Between PyTorch's layouts and ours: NCHW <-> NHWC images, OIHW <-> panel weights.
#pragma once
#include <etch/kernels/conv2d.hpp>

namespace etch::kernels {

// (N, C, H, W) to (N, H, W, C) and back. x and y don't overlap. With one channel both are equal.
void nchw_to_nhwc(std::size_t batch, Shape shape, const float* x, float* y);
void nhwc_to_nchw(std::size_t batch, Shape shape, const float* x, float* y);

// (O, I, KH, KW) to ConvGeometry::weight_index and back. x and y don't overlap.
void oihw_to_panels(const ConvGeometry&, const float* x, float* y);
void panels_to_oihw(const ConvGeometry&, const float* x, float* y);

}  // namespace etch::kernels
