// A training step in oneDNN's own layouts: ReLUs in the operations before them, gradients of a sum
// shared by its inputs, one pass of Adam. Nothing is copied but where a kernel wants another
// layout.
#include <algorithm>
#include <memory>

#include "onednn.hpp"

namespace peers {
namespace {

using dnnl::memory;

// The elements in pieces, over the threads.
template <class Body>
void for_pieces(std::size_t size, const Body& body) {
  constexpr std::size_t piece = 4096;
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < (size + piece - 1) / piece; ++i) {
    body(i * piece, std::min(size, (i + 1) * piece));
  }
}

struct Parameter {
  memory weight, gradient, first, second;
};

class Training {
 public:
  Training(const std::vector<Op>& ops, long batch)
      : ops_(ops), batch_(batch), value_(ops.size()), gradient_(ops.size()), backward_(ops.size()) {
    value_[0] = random(desc(image_dims(batch, ops[0].shape), Tag::nchw), 1);
    for (std::size_t i = 1; i < ops.size(); ++i) forward(i);
    gradient_.back() = zeros(value_.back().get_desc());
    runs_.push_back([this] { loss(); });
    for (std::size_t i = ops.size() - 1; i > 0; --i) backward_[i]();
  }

  float step() {
    for (const Run& r : runs_) r();
    queue().wait();
    ++steps_;
    for (const Parameter& p : parameters_) adam(p);
    return loss_;
  }

 private:
  Parameter& parameter(const Desc& d, float bound, float center = 0) {
    parameters_.push_back({random(d, bound, center), zeros(d), zeros(d), zeros(d)});
    return parameters_.back();
  }
  void add(const dnnl::primitive& p, const Arguments& arguments) {
    runs_.push_back(execute(p, arguments));
  }
  // A loop of ours: what was submitted before it must be done.
  void add_loop(const Run& loop) {
    runs_.push_back([loop] {
      queue().wait();
      loop();
    });
  }
  // The same numbers in another layout, made when the step comes here; or `m` itself.
  memory in_layout(const memory& m, const Desc& d) {
    if (m.get_desc() == d) return m;
    memory other(d, cpu());
    add(dnnl::reorder(m, other), {{DNNL_ARG_FROM, m}, {DNNL_ARG_TO, other}});
    return other;
  }

  // Where the input's gradient is to be written: at its own place, or beside it and then added.
  memory begin_gradient(std::size_t x, const Desc& d) {
    if (gradient_[x]) return memory(d, cpu());
    return gradient_[x] = zeros(d);
  }
  void end_gradient(std::size_t x, const memory& written) {
    const memory sum = gradient_[x];
    if (values(written) == values(sum)) return;
    const memory part = in_layout(written, sum.get_desc());
    add_loop([sum, part] {
      float* a = values(sum);
      const float* b = values(part);
      for_pieces(size(sum), [=](std::size_t i, std::size_t end) {
        for (; i < end; ++i) a[i] += b[i];
      });
    });
  }
  // dy of an operation whose ReLU is in it: dy where y > 0.
  void mask(std::size_t y) {
    const memory out = value_[y], gradient = gradient_[y];
    add_loop([out, gradient] {
      const float* a = values(out);
      float* b = values(gradient);
      for_pieces(size(out), [=](std::size_t i, std::size_t end) {
        for (; i < end; ++i) b[i] = a[i] > 0 ? b[i] : 0;
      });
    });
  }

  void forward(std::size_t i) {
    const std::string& kind = ops_[i].kind;
    if (kind == "conv") return convolution(i);
    if (kind == "norm") return norm(i);
    if (kind == "linear") return linear(i);
    if (kind == "add") return sum(i);
    if (kind == "relu" || kind == "flatten") return same(i);
    pool(i);
  }

  // ReLU is in the operation before it, and Flatten does nothing: value and gradient are its
  // input's.
  void same(std::size_t i) {
    const std::size_t x = ops_[i].x;
    if (ops_[i].kind == "relu" && ops_[x].uses != 1) {
      throw std::runtime_error("a ReLU of a value that others read");
    }
    value_[i] = value_[x];
    backward_[i] = [this, i, x] { gradient_[x] = gradient_[i]; };
  }

  void convolution(std::size_t i) {
    const Op& op = ops_[i];
    const long in = ops_[op.x].shape.channels;
    const bool relu = relu_follows(ops_, i);
    const Desc x = value_[op.x].get_desc();
    const Desc weight = desc({op.out, in, op.kernel, op.kernel}, Tag::any);
    const Desc bias = desc({op.out}, Tag::x), y = desc(image_dims(batch_, op.shape), Tag::any);
    const memory::dims stride(2, op.stride), padding(2, op.padding);
    const auto direct = dnnl::algorithm::convolution_direct;
    using Forward = dnnl::convolution_forward;
    const auto kind = dnnl::prop_kind::forward_training;
    const auto make = [&](const Desc& input) {
      return Forward::primitive_desc(
          op.bias ? Forward::desc(kind, direct, input, weight, bias, y, stride, padding, padding)
                  : Forward::desc(kind, direct, input, weight, y, stride, padding, padding),
          with_relu(relu), cpu());
    };
    const Forward::primitive_desc f = with_fast_layout(make, x);
    const memory input = in_layout(value_[op.x], f.src_desc());
    const float bound = bound_of(in * op.kernel * op.kernel);
    const Parameter w = parameter(f.weights_desc(), bound);
    value_[i] = memory(f.dst_desc(), cpu());
    Arguments a{{DNNL_ARG_SRC, input}, {DNNL_ARG_WEIGHTS, w.weight}};
    Parameter b;
    if (op.bias) a[DNNL_ARG_BIAS] = (b = parameter(bias, bound)).weight;
    a[DNNL_ARG_DST] = value_[i];
    add(Forward(f), a);
    backward_[i] = [=, this] {
      if (relu) mask(i);
      weight_gradient(i, f, w, b, stride, padding);
      if (op.x != 0) input_gradient(i, f, w, stride, padding);
    };
  }

  using ForwardDesc = dnnl::convolution_forward::primitive_desc;
  using Dims = memory::dims;

  void weight_gradient(std::size_t i, const ForwardDesc& f, const Parameter& w, const Parameter& b,
                       const Dims& stride, const Dims& padding) {
    using Backward = dnnl::convolution_backward_weights;
    const Op& op = ops_[i];
    const Desc any_weight(w.weight.get_desc().dims(), memory::data_type::f32, Tag::any);
    const auto make = [&](const Desc& x, const Desc& dy) {
      const auto direct = dnnl::algorithm::convolution_direct;
      const Desc bias = desc({op.out}, Tag::x);
      return Backward::primitive_desc(
          op.bias ? Backward::desc(direct, x, any_weight, bias, dy, stride, padding, padding)
                  : Backward::desc(direct, x, any_weight, dy, stride, padding, padding),
          cpu(), f);
    };
    const Desc x = value_[op.x].get_desc(), dy = gradient_[i].get_desc();
    // 3x3 over 1x1 and 2x2 images has no fast kernel in blocked layouts.
    const Backward::primitive_desc p = with_fast_layout(
        [&](const Desc& input) {
          const Tag tag = input.data.format_kind == dnnl_format_kind_any ? Tag::any : Tag::nchw;
          return make(input, input == x ? dy : desc(dy.dims(), tag));
        },
        x);
    const memory input = in_layout(value_[op.x], p.src_desc());
    const memory output = in_layout(gradient_[i], p.diff_dst_desc());
    const bool same = p.diff_weights_desc() == w.gradient.get_desc();
    const memory dw = same ? w.gradient : memory(p.diff_weights_desc(), cpu());
    Arguments a{{DNNL_ARG_SRC, input}, {DNNL_ARG_DIFF_DST, output}, {DNNL_ARG_DIFF_WEIGHTS, dw}};
    if (op.bias) a[DNNL_ARG_DIFF_BIAS] = b.gradient;
    add(Backward(p), a);
    if (!same) {
      add(dnnl::reorder(dw, w.gradient), {{DNNL_ARG_FROM, dw}, {DNNL_ARG_TO, w.gradient}});
    }
  }

  void input_gradient(std::size_t i, const ForwardDesc& f, const Parameter& w, const Dims& stride,
                      const Dims& padding) {
    using Backward = dnnl::convolution_backward_data;
    const Op& op = ops_[i];
    const Desc any_weight(w.weight.get_desc().dims(), memory::data_type::f32, Tag::any);
    const Backward::primitive_desc p(
        Backward::desc(dnnl::algorithm::convolution_direct, value_[op.x].get_desc(), any_weight,
                       gradient_[i].get_desc(), stride, padding, padding),
        cpu(), f);
    const memory weight = in_layout(w.weight, p.weights_desc());
    const memory dx = begin_gradient(op.x, p.diff_src_desc());
    add(Backward(p),
        {{DNNL_ARG_DIFF_DST, gradient_[i]}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_DIFF_SRC, dx}});
    end_gradient(op.x, dx);
  }

  void norm(std::size_t i) {
    const Op& op = ops_[i];
    const bool relu = relu_follows(ops_, i);
    const long channels = op.shape.channels;
    const auto flags = relu ? dnnl::normalization_flags::use_scale_shift |
                                  dnnl::normalization_flags::fuse_norm_relu
                            : dnnl::normalization_flags::use_scale_shift;
    using Forward = dnnl::batch_normalization_forward;
    const Desc x = value_[op.x].get_desc();
    const Forward::primitive_desc f(
        Forward::desc(dnnl::prop_kind::forward_training, x, 1e-5f, flags), cpu());
    const Parameter w = parameter(desc({2, channels}, Tag::nc), 0.1f, 0.5f);
    const memory mean = zeros(f.mean_desc()), variance = zeros(f.variance_desc());
    const memory workspace = relu ? memory(f.workspace_desc(), cpu()) : memory();
    value_[i] = memory(x, cpu());
    Arguments a{{DNNL_ARG_SRC, value_[op.x]},
                {DNNL_ARG_SCALE_SHIFT, w.weight},
                {DNNL_ARG_MEAN, mean},
                {DNNL_ARG_VARIANCE, variance},
                {DNNL_ARG_DST, value_[i]}};
    if (relu) a[DNNL_ARG_WORKSPACE] = workspace;
    add(Forward(f), a);
    backward_[i] = [=, this] {
      using Backward = dnnl::batch_normalization_backward;
      const memory dy = in_layout(gradient_[i], x);
      const Backward::primitive_desc p(
          Backward::desc(dnnl::prop_kind::backward, x, x, 1e-5f, flags), cpu(), f);
      const memory dx = begin_gradient(op.x, x);
      Arguments b{{DNNL_ARG_SRC, value_[op.x]},
                  {DNNL_ARG_SCALE_SHIFT, w.weight},
                  {DNNL_ARG_MEAN, mean},
                  {DNNL_ARG_VARIANCE, variance},
                  {DNNL_ARG_DIFF_DST, dy},
                  {DNNL_ARG_DIFF_SRC, dx},
                  {DNNL_ARG_DIFF_SCALE_SHIFT, w.gradient}};
      if (relu) b[DNNL_ARG_WORKSPACE] = workspace;
      add(Backward(p), b);
      end_gradient(op.x, dx);
    };
  }

  // y = x + y, with the ReLU after it.
  void sum(std::size_t i) {
    const Op& op = ops_[i];
    const bool relu = relu_follows(ops_, i);
    const Desc d = value_[op.x].get_desc();
    const memory a = value_[op.x], b = in_layout(value_[op.y], d), y(d, cpu());
    value_[i] = y;
    add_loop([=] {
      const float *p = values(a), *q = values(b);
      float* r = values(y);
      for_pieces(size(y), [=](std::size_t j, std::size_t end) {
        for (; j < end; ++j) r[j] = relu ? std::max(p[j] + q[j], 0.f) : p[j] + q[j];
      });
    });
    backward_[i] = [=, this] {
      if (relu) mask(i);
      for (const std::size_t x : {op.x, op.y}) {
        if (!gradient_[x]) {
          gradient_[x] = gradient_[i];
        } else {
          end_gradient(x, gradient_[i]);
        }
      }
    };
  }

  void linear(std::size_t i) {
    const Op& op = ops_[i];
    const bool relu = relu_follows(ops_, i);
    const Desc x = value_[op.x].get_desc(), bias = desc({op.out}, Tag::x);
    const Desc y = desc({batch_, op.out}, Tag::nc);
    memory::dims dims = x.dims();
    long fan_in = 1;
    for (std::size_t k = 1; k < dims.size(); ++k) fan_in *= dims[k];
    dims[0] = op.out;
    using Forward = dnnl::inner_product_forward;
    const Forward::primitive_desc f(
        Forward::desc(dnnl::prop_kind::forward_training, x, desc(dims, Tag::any), bias, y),
        with_relu(relu), cpu());
    const Parameter w = parameter(f.weights_desc(), bound_of(fan_in));
    const Parameter b = parameter(bias, bound_of(fan_in));
    value_[i] = memory(y, cpu());
    add(Forward(f), {{DNNL_ARG_SRC, value_[op.x]},
                     {DNNL_ARG_WEIGHTS, w.weight},
                     {DNNL_ARG_BIAS, b.weight},
                     {DNNL_ARG_DST, value_[i]}});
    backward_[i] = [=, this] {
      if (relu) mask(i);
      const Desc weight = w.weight.get_desc();
      using Weights = dnnl::inner_product_backward_weights;
      add(Weights(Weights::primitive_desc(Weights::desc(x, weight, bias, y), cpu(), f)),
          {{DNNL_ARG_SRC, value_[op.x]},
           {DNNL_ARG_DIFF_DST, gradient_[i]},
           {DNNL_ARG_DIFF_WEIGHTS, w.gradient},
           {DNNL_ARG_DIFF_BIAS, b.gradient}});
      using Data = dnnl::inner_product_backward_data;
      const memory dx = begin_gradient(op.x, x);
      add(Data(Data::primitive_desc(Data::desc(x, weight, y), cpu(), f)),
          {{DNNL_ARG_DIFF_DST, gradient_[i]},
           {DNNL_ARG_WEIGHTS, w.weight},
           {DNNL_ARG_DIFF_SRC, dx}});
      end_gradient(op.x, dx);
    };
  }

  void pool(std::size_t i) {
    const Op& op = ops_[i];
    const Shape& in = ops_[op.x].shape;
    const bool maximum = op.kind == "max_pool";
    const auto algorithm =
        maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
    const memory::dims kernel =
        maximum ? memory::dims(2, op.kernel) : memory::dims{in.height, in.width};
    const memory::dims stride(2, maximum ? op.stride : 1), padding(2, op.padding);
    using Forward = dnnl::pooling_forward;
    const Desc x = value_[op.x].get_desc();
    const Forward::primitive_desc f(Forward::desc(dnnl::prop_kind::forward_training, algorithm, x,
                                                  desc(image_dims(batch_, op.shape), Tag::any),
                                                  stride, kernel, padding, padding),
                                    cpu());
    value_[i] = memory(f.dst_desc(), cpu());
    const memory workspace = maximum ? memory(f.workspace_desc(), cpu()) : memory();
    Arguments a{{DNNL_ARG_SRC, value_[op.x]}, {DNNL_ARG_DST, value_[i]}};
    if (maximum) a[DNNL_ARG_WORKSPACE] = workspace;
    add(Forward(f), a);
    backward_[i] = [=, this] {
      using Backward = dnnl::pooling_backward;
      const Desc y = f.dst_desc();
      const memory dy = in_layout(gradient_[i], y);
      const Backward::primitive_desc p(
          Backward::desc(algorithm, x, y, stride, kernel, padding, padding), cpu(), f);
      const memory dx = begin_gradient(op.x, x);
      Arguments b{{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}};
      if (maximum) b[DNNL_ARG_WORKSPACE] = workspace;
      add(Backward(p), b);
      end_gradient(op.x, dx);
    };
  }

  // Cross entropy of image n against class n: its gradient at the last value.
  void loss() {
    queue().wait();
    const std::size_t classes = static_cast<std::size_t>(ops_.back().shape.channels);
    const std::size_t images = static_cast<std::size_t>(batch_);
    loss_ = 0;
    for (std::size_t n = 0; n < images; ++n) {
      const float* y = values(value_.back()) + n * classes;
      float* dy = values(gradient_.back()) + n * classes;
      const float most = *std::max_element(y, y + classes);
      float sum = 0;
      for (std::size_t c = 0; c < classes; ++c) sum += dy[c] = std::exp(y[c] - most);
      loss_ -= (y[n % classes] - most - std::log(sum)) / static_cast<float>(batch_);
      for (std::size_t c = 0; c < classes; ++c) {
        dy[c] = (dy[c] / sum - (c == n % classes ? 1.f : 0.f)) / static_cast<float>(batch_);
      }
    }
  }

  void adam(const Parameter& parameter) const {
    const float step = 1e-3f / (1 - std::pow(0.9f, steps_));
    const float correction = 1 / std::sqrt(1 - std::pow(0.999f, steps_));
    float* w = values(parameter.weight);
    const float* g = values(parameter.gradient);
    float *m = values(parameter.first), *v = values(parameter.second);
    for_pieces(size(parameter.weight), [=](std::size_t i, std::size_t end) {
      for (; i < end; ++i) {
        m[i] = 0.9f * m[i] + 0.1f * g[i];
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        w[i] -= step * m[i] / (std::sqrt(v[i]) * correction + 1e-8f);
      }
    });
  }

  const std::vector<Op>& ops_;
  long batch_;
  std::vector<memory> value_, gradient_;
  std::vector<Run> backward_;  // appends the backward runs of an operation
  std::vector<Parameter> parameters_;
  std::vector<Run> runs_;
  float steps_ = 0, loss_ = 0;
};

}  // namespace

Run make_training(const std::vector<Op>& ops, long batch, std::vector<float>& losses) {
  const auto training = std::make_shared<Training>(ops, batch);
  return [training, &losses] { losses.push_back(training->step()); };
}

}  // namespace peers
