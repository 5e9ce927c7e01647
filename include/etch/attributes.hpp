// What an op computes, beside its operands and parameters: plain numbers, so that the compiler can
// make kernels of its own for them, and a program on a host reads them as it runs.
#pragma once
#include <etch/call.hpp>
#include <etch/kernels/conv_geometry.hpp>
#include <etch/kernels/elementwise.hpp>
#include <etch/kernels/resample.hpp>

namespace etch {

// How convolutions and fully connected layers are computed; the same function up to rounding.
enum class Algorithm : unsigned char {
  gemm,      // implicit GEMM on SIMD registers, no im2col buffer
  loops,     // the definition, tap by tap: small code, no scratch
  unrolled,  // in firmware: gemm with forward code of its own, for this one geometry
};

// Sizes and constants of an op: each kind of op uses some; the others keep their defaults, so that
// ops that compute the same have the same attributes, and their kernels are in a binary once.
struct Attributes {
  // Input and output of an image; the window of a convolution or a pool; groups. Of a part of a
  // concatenation window.padding.width is how many channels are before it.
  kernels::ConvGeometry geometry{};
  Algorithm algorithm = Algorithm::gemm;                  // of a convolution
  kernels::Function function = kernels::Function::relu;   // of an activation
  kernels::Sampling sampling = kernels::Sampling::zeros;  // of borders and of Upsample
  bool bias = false;                                      // of a convolution: after its weights
  bool affine = false;                                    // of a norm: it has weight and bias
  bool count_include_pad = true;                          // of a pool
  float eps = 0, momentum = 0;                            // of a norm
  float alpha = 0, beta = 0;                              // of an activation
  float p = 0;                                            // of dropout
  float own[4]{};                                         // of a layer of your own

  // Numbers of an input image.
  constexpr std::size_t inputs() const { return geometry.input.elements(); }
  // Numbers of an output image.
  constexpr std::size_t outputs() const { return geometry.output.elements(); }
};

// A layer's forward and backward.
using Compute = void (*)(const Call&, const Attributes&);

}  // namespace etch
