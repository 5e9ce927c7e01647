// Part of conv2d_drawn.cpp: the kernels of hosts, and which variants serve a geometry.
struct Kernels {
  void (*forward)(const ConvForward&) = conv2d_forward;
  void (*input_gradient)(const ConvInputGradient&) = conv2d_input_gradient;
  void (*weight_gradient)(const ConvWeightGradient&) = conv2d_weight_gradient;
};
Kernels kernels_of(const ConvGeometry&, std::size_t) { return {}; }

constexpr const char* variants[] = {"forward depthwise",
                                    "forward narrow",
                                    "forward gray",
                                    "forward gemm",
                                    "forward merged",
                                    "forward merged padded",
                                    "dx depthwise",
                                    "dx narrow",
                                    "dx strip",
                                    "dx gemm",
                                    "dx strided",
                                    "dw depthwise",
                                    "dw narrow",
                                    "dw gray",
                                    "dw merged",
                                    "dw merged padded",
                                    "dw merged pointwise",
                                    "dw pointwise",
                                    "dw sampled",
                                    "dw batch inner",
                                    "dw lines",
                                    "dw packed",
                                    "dw as it is"};

std::vector<std::string> variants_of(const ConvGeometry& g, std::size_t batch) {
  const auto name = [](ConvVariant v) {
    constexpr const char* names[] = {"depthwise", "narrow", "gray", "strip", "gemm"};
    return std::string(names[static_cast<std::size_t>(v)]);
  };
  std::vector<std::string> all = {"forward " + name(forward_variant(g)),
                                  "dx " + name(input_gradient_variant(g)),
                                  "dw " + name(weight_gradient_variant(g))};
  if (all[0] == "forward gemm" && merges_taps(g)) {
    all.push_back(has_padding(g) ? "forward merged padded" : "forward merged");
  }
  if (all[1] == "dx gemm" && g.window.stride != Pair(1)) all.push_back("dx strided");
  if (all[2] == "dw gemm") {
    const bool merged = merges_gradient_taps(g);
    all[2] = merged && is_pointwise(g)  ? "dw merged pointwise"
             : merged && has_padding(g) ? "dw merged padded"
             : merged                   ? "dw merged"
             : is_pointwise(g)          ? "dw pointwise"
             : is_batch_inner(g, batch) ? "dw batch inner"
             : g.taps() == 1            ? "dw sampled"
                                        : "dw lines";
    all.push_back(is_packed(g, batch) ? "dw as it is" : "dw packed");
  }
  return all;
}
