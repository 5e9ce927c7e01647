// Inference in oneDNN's own layouts: batch norms folded, sums and ReLUs in the convolutions.
#include <map>
#include <memory>

#include "onednn.hpp"

namespace peers {
namespace {

using dnnl::memory;

class Inference {
 public:
  Inference(const std::vector<Op>& ops, long batch, dnnl::algorithm convolution)
      : ops_(ops),
        batch_(batch),
        convolution_(convolution),
        value_(ops.size()),
        left_(ops.size()),
        done_(ops.size()) {
    for (std::size_t i = 0; i < ops.size(); ++i) left_[i] = ops[i].uses;
    value_[0] = random(desc(image_dims(batch, ops[0].shape), Tag::nchw), 1);
    for (std::size_t i = 1; i < ops.size(); ++i) {
      if (!done_[i]) add(i);
    }
  }

  void run() const {
    for (const Run& r : runs_) r();
    queue().wait();
  }

 private:
  std::size_t index(const Op* op) const { return static_cast<std::size_t>(op - ops_.data()); }

  // A value's memory; that of values which nobody reads any more is used again.
  memory allocate(const Desc& d) {
    const auto found = free_.lower_bound(d.get_size());
    if (found == free_.end()) return memory(d, cpu());
    memory m(d, cpu(), found->second.get_data_handle());
    owners_.push_back(found->second);
    free_.erase(found);
    return m;
  }
  void read(std::size_t value) {
    if (--left_[value] == 0 && value != 0) {
      free_.emplace(value_[value].get_desc().get_size(), value_[value]);
    }
  }
  void finish(std::size_t value, const memory& m) {
    value_[value] = m;
    done_[value] = true;
  }

  memory in_layout(const memory& m, const Desc& d) {
    if (m.get_desc() == d) return m;
    const memory other(d, cpu());
    runs_.push_back(execute(dnnl::reorder(m, other), {{DNNL_ARG_FROM, m}, {DNNL_ARG_TO, other}}));
    return other;
  }

  void add(std::size_t i) {
    const Op& op = ops_[i];
    if (op.kind == "conv") return convolution(i);
    if (op.kind == "linear") return linear(i);
    if (op.kind == "max_pool" || op.kind == "avg_pool") return pool(i);
    if (op.kind == "flatten") {
      finish(i, value_[op.x]);
      left_[i] = ops_[i].uses;
      return;
    }
    throw std::runtime_error(op.kind + " that isn't after a convolution");
  }

  void convolution(std::size_t i) {
    const Op& op = ops_[i];
    std::size_t last = i, around = 0;
    bool norm = false, relu = false;
    while (const Op* next = reader_of(ops_, last)) {
      if (next->kind == "norm" && last == i) {
        norm = true;
      } else if (next->kind == "add" && around == 0 && !relu) {
        const std::size_t other = next->x == last ? next->y : next->x;
        if (!done_[other]) break;  // this is the way around: the body will add to it
        if (left_[other] != 1) throw std::runtime_error("a sum that others read");
        around = other;
      } else if (next->kind == "relu" && !relu) {
        relu = true;
      } else {
        break;
      }
      last = index(next);
      done_[last] = true;
    }
    const Desc x = value_[op.x].get_desc();
    const long in = ops_[op.x].shape.channels;
    const Desc weight = desc({op.out, in, op.kernel, op.kernel}, Tag::any);
    const Desc y =
        around != 0 ? value_[around].get_desc() : desc(image_dims(batch_, op.shape), Tag::any);
    const memory::dims stride(2, op.stride), padding(2, op.padding);
    using Convolution = dnnl::convolution_forward;
    const auto kind = dnnl::prop_kind::forward_inference;
    const Desc bias = desc({op.out}, Tag::x);
    const auto make = [&](const Desc& input) {
      const auto attributes = with_relu(relu, around != 0);
      const auto description =
          op.bias || norm
              ? Convolution::desc(kind, convolution_, input, weight, bias, y, stride, padding,
                                  padding)
              : Convolution::desc(kind, convolution_, input, weight, y, stride, padding, padding);
      return Convolution::primitive_desc(description, attributes, cpu());
    };
    const Convolution::primitive_desc p = with_fast_layout(make, x);
    const memory input = in_layout(value_[op.x], p.src_desc());
    const float bound = bound_of(in * op.kernel * op.kernel);
    Arguments arguments{{DNNL_ARG_SRC, input}, {DNNL_ARG_WEIGHTS, random(p.weights_desc(), bound)}};
    if (op.bias || norm) arguments[DNNL_ARG_BIAS] = random(bias, bound);
    const memory out = around != 0 ? value_[around] : allocate(p.dst_desc());
    arguments[DNNL_ARG_DST] = out;
    runs_.push_back(execute(Convolution(p), arguments));
    read(op.x);
    finish(last, out);
  }

  void linear(std::size_t i) {
    const Op& op = ops_[i];
    const bool relu = relu_follows(ops_, i);
    const Desc x = value_[op.x].get_desc(), bias = desc({op.out}, Tag::x);
    memory::dims dims = x.dims();
    const float bound = bound_of(static_cast<long>(size(value_[op.x])) / batch_);
    dims[0] = op.out;
    using Linear = dnnl::inner_product_forward;
    const Linear::primitive_desc p(
        Linear::desc(dnnl::prop_kind::forward_inference, x, desc(dims, Tag::any), bias,
                     desc({batch_, op.out}, Tag::nc)),
        with_relu(relu), cpu());
    const memory out = allocate(p.dst_desc());
    runs_.push_back(execute(Linear(p), {{DNNL_ARG_SRC, value_[op.x]},
                                        {DNNL_ARG_WEIGHTS, random(p.weights_desc(), bound)},
                                        {DNNL_ARG_BIAS, random(bias, bound)},
                                        {DNNL_ARG_DST, out}}));
    finish(i, out);
    if (relu) finish(index(reader_of(ops_, i)), out);
  }

  void pool(std::size_t i) {
    const Op& op = ops_[i];
    const Shape& in = ops_[op.x].shape;
    const bool maximum = op.kind == "max_pool";
    const memory::dims kernel =
        maximum ? memory::dims(2, op.kernel) : memory::dims{in.height, in.width};
    const memory::dims stride(2, maximum ? op.stride : 1), padding(2, op.padding);
    using Pool = dnnl::pooling_forward;
    const Pool::primitive_desc p(
        Pool::desc(
            dnnl::prop_kind::forward_inference,
            maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding,
            value_[op.x].get_desc(), desc(image_dims(batch_, op.shape), Tag::any), stride, kernel,
            padding, padding),
        cpu());
    const memory out = allocate(p.dst_desc());
    runs_.push_back(execute(Pool(p), {{DNNL_ARG_SRC, value_[op.x]}, {DNNL_ARG_DST, out}}));
    read(op.x);
    finish(i, out);
  }

  const std::vector<Op>& ops_;
  long batch_;
  dnnl::algorithm convolution_;
  std::vector<memory> value_;
  std::vector<std::size_t> left_;  // readers that have yet to come
  std::vector<bool> done_;
  std::multimap<std::size_t, memory> free_;
  std::vector<memory> owners_;  // of memory that is used again
  std::vector<Run> runs_;
};

}  // namespace

Run make_inference(const std::vector<Op>& ops, long batch, dnnl::algorithm convolution) {
  const auto inference = std::make_shared<Inference>(ops, batch, convolution);
  return [inference] { inference->run(); };
}

}  // namespace peers
