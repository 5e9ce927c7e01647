// One training step of an MLP 16-64-64-4 with ReLU on a batch of 16, mean squared error, Adam: as
// one writes it down, in loops. What etch's step is measured against.
#pragma once
#include <cmath>
#include <cstddef>

namespace plain {

constexpr std::size_t batch = 16;

template <std::size_t in, std::size_t out>
struct Layer {
  float weight[out][in], bias[out];

  // y = relu?(W x + b)
  void forward(const float (&x)[batch][in], float (&y)[batch][out], bool relu) const {
    for (std::size_t n = 0; n < batch; ++n) {
      for (std::size_t o = 0; o < out; ++o) {
        float sum = bias[o];
        for (std::size_t i = 0; i < in; ++i) sum += weight[o][i] * x[n][i];
        y[n][o] = relu && sum < 0 ? 0 : sum;
      }
    }
  }
  // The gradients of this layer to `gradient`, and of x where x is the output of a ReLU to dx.
  void backward(const float (&x)[batch][in], const float (&dy)[batch][out], Layer& gradient,
                float (*dx)[in]) const {
    for (std::size_t o = 0; o < out; ++o) {
      gradient.bias[o] = 0;
      for (std::size_t n = 0; n < batch; ++n) gradient.bias[o] += dy[n][o];
      for (std::size_t i = 0; i < in; ++i) {
        float sum = 0;
        for (std::size_t n = 0; n < batch; ++n) sum += dy[n][o] * x[n][i];
        gradient.weight[o][i] = sum;
      }
    }
    for (std::size_t n = 0; dx != nullptr && n < batch; ++n) {
      for (std::size_t i = 0; i < in; ++i) {
        float sum = 0;
        for (std::size_t o = 0; o < out; ++o) sum += dy[n][o] * weight[o][i];
        dx[n][i] = x[n][i] > 0 ? sum : 0;
      }
    }
  }
};

struct Mlp {
  Layer<16, 64> first;
  Layer<64, 64> second;
  Layer<64, 4> third;
};
constexpr std::size_t size = sizeof(Mlp) / sizeof(float);

inline void adam(float* p, const float* g, float* m, float* v, float step) {
  const float correction1 = 1 - std::pow(0.9f, step), correction2 = 1 - std::pow(0.999f, step);
  const float rate = 1e-3f / correction1, root = std::sqrt(correction2);
  for (std::size_t i = 0; i < size; ++i) {
    m[i] = 0.9f * m[i] + 0.1f * g[i];
    v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
    p[i] -= rate * m[i] / (std::sqrt(v[i]) / root + 1e-8f);
  }
}

// x is (16, 16), target (16, 4).
inline void train(const float* images, const float* targets) {
  static Mlp net, gradient, moment1, moment2;
  static float x[batch][16], h1[batch][64], h2[batch][64], y[batch][4], dy[batch][4],
      dh1[batch][64], dh2[batch][64];
  for (std::size_t i = 0; i < batch * 16; ++i) x[i / 16][i % 16] = images[i];
  net.first.forward(x, h1, true);
  net.second.forward(h1, h2, true);
  net.third.forward(h2, y, false);
  for (std::size_t i = 0; i < batch * 4; ++i) {
    dy[i / 4][i % 4] = 2.0f / (batch * 4) * (y[i / 4][i % 4] - targets[i]);
  }
  net.third.backward(h2, dy, gradient.third, dh2);
  net.second.backward(h1, dh2, gradient.second, dh1);
  net.first.backward(x, dh1, gradient.first, nullptr);
  const auto floats = [](Mlp& m) { return reinterpret_cast<float*>(&m); };
  adam(floats(net), floats(gradient), floats(moment1), floats(moment2), 1);
}

}  // namespace plain
