// Several branches of one value, and what joins them: torch.cat, a sum, a product.
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/kernels/join.hpp>
#include <etch/layers/sequential.hpp>

namespace etch {

// Internal: y = x + skip.
struct Sum {
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    kernels::add({c.batch * a.inputs(), c.threads, c.x, c.skip, c.y});
  }
};

// Internal: y = x * skip, of one size, geometry.input. Backward makes the gradient of that input
// which it isn't given.
struct Product {
  static void forward(const Call& c, const Attributes& a) {
    kernels::multiply({c.batch * a.inputs(), c.threads, c.x, c.skip, c.y});
  }
  static void backward(const Call& c, const Attributes& a) {
    kernels::multiply({c.batch * a.inputs(), c.threads, c.dy, c.x != nullptr ? c.x : c.skip, c.dx});
  }
};

// Internal: the same where skip has one number a channel.
struct GatedProduct {
  static constexpr std::size_t pixels(const Attributes& a) {
    return a.geometry.input.height * a.geometry.input.width;
  }
  static void forward(const Call& c, const Attributes& a) {
    kernels::multiply_channels(
        {c.batch, pixels(a), a.geometry.input.channels, c.threads, c.x, c.skip, c.y});
  }
  static void backward(const Call& c, const Attributes& a) {
    const std::size_t channels = a.geometry.input.channels;
    if (c.x != nullptr) {
      kernels::gate_gradient({c.batch, pixels(a), channels, c.threads, c.x, c.dy, c.dx});
    } else {
      kernels::multiply_channels({c.batch, pixels(a), channels, c.threads, c.dy, c.skip, c.dx});
    }
  }
};

// Internal: x, of geometry.input, goes to some channels of y, of geometry.output.
struct ConcatPart {
  static std::size_t rows(const Call& c, const Attributes& a) {
    return c.batch * a.geometry.input.height * a.geometry.input.width;
  }
  static std::size_t before(const Attributes& a) { return a.geometry.window.padding.width; }
  static void forward(const Call& c, const Attributes& a) {
    const std::size_t from = a.geometry.input.channels, to = a.geometry.output.channels;
    kernels::copy_channels({rows(c, a), from, c.threads, c.x, from, c.y + before(a), to, false});
  }
  static void backward(const Call& c, const Attributes& a) {
    const std::size_t to = a.geometry.input.channels, from = a.geometry.output.channels;
    kernels::copy_channels(
        {rows(c, a), to, c.threads, c.dy + before(a), from, c.dx, to, c.accumulate_dx});
  }
};

// Internal: of two values that are added.
constexpr Problem sum_problem(Value a, Value b) {
  return Rules()
      .equal(a.shape.channels, b.shape.channels, "Add: branches must end in the same channels")
      .equal(a.shape.height, b.shape.height, "Add: branches must end in the same height")
      .equal(a.shape.width, b.shape.width, "Add: branches must end in the same width")
      .equal(a.layout.channels, b.layout.channels, "Add: branches must all be flattened, or none");
}
// Internal: of values that fit.
constexpr Value add_sum(Graph& g, Value x, Value skip, const char* kind) {
  return g.add({.kind = kind,
                .attributes = {.geometry = {.input = x.shape}},
                .forward = Sum::forward,
                .x = x.id,
                .skip = skip.id,
                .in_place = true},
               x);
}
// Internal: y = x + skip, or a refusal.
constexpr Value lower_sum(Graph& g, Value x, Value skip) {
  return g.accepts(sum_problem(x, skip)) ? add_sum(g, x, skip, "Add") : x;
}

// Internal: whether it has one number a channel.
constexpr bool is_one_pixel(Value v) { return v.layout.height == 1 && v.layout.width == 1; }

// Internal: of x and a value with as many numbers, or one a channel.
constexpr Problem product_problem(Value x, Value gate) {
  const bool one = is_one_pixel(gate);
  return Rules()
      .equal(x.shape.channels, gate.shape.channels,
             "Multiply: branches must end in the same channels")
      .equal(gate.shape.height, one ? 1 : x.shape.height,
             "Multiply: branches must end in the same height, or one of them in 1x1")
      .equal(gate.shape.width, one ? 1 : x.shape.width,
             "Multiply: branches must end in the same width, or one of them in 1x1")
      .equal(x.layout.channels, gate.layout.channels,
             "Multiply: branches must all be flattened, or none");
}
// Internal: their product, or a refusal.
constexpr Value lower_product(Graph& g, Value x, Value gate) {
  if (is_one_pixel(x) && !is_one_pixel(gate)) {
    const Value first = x;
    x = gate;
    gate = first;
  }
  if (!g.accepts(product_problem(x, gate))) return x;
  const bool same = x.layout.elements() == gate.layout.elements();
  return g.add({.kind = "Multiply",
                .attributes = {.geometry = {.input = x.layout}},
                .forward = same ? Product::forward : GatedProduct::forward,
                .backward = same ? Product::backward : GatedProduct::backward,
                .x = x.id,
                .skip = gate.id,
                .join = Join::product,
                .in_place = true},
               x);
}

// Internal: parts are added as soon as they are there: a branch's own buffer is free before the
// next branch.
class Concatenation {
 public:
  constexpr explicit Concatenation(Graph& graph) : graph_(graph), first_(graph.size().ops) {}

  constexpr void add(Value part) {
    if (!graph_.accepts(problem(part))) return;
    if (whole_.id == none) whole_ = {none, {0, part.shape.height, part.shape.width}, part.layout};
    Shape after = whole_.layout;
    after.channels = end_ + part.layout.channels;
    whole_.shape.channels += part.shape.channels;
    whole_.layout = after;
    whole_ = graph_.add(
        {.kind = "Concat",
         .attributes = {.geometry = {.input = part.layout,
                                     .output = after,
                                     .window = {.kernel_size = 1, .padding = {0, end_}}}},
         .forward = ConcatPart::forward,
         .backward = ConcatPart::backward,
         .x = part.id,
         .skip = whole_.id,
         .join = Join::part,
         .accumulates = true},
        whole_);
    end_ = after.channels;
  }
  constexpr Value finish() {
    graph_.widen(first_, whole_.id, end_);
    return whole_;
  }

 private:
  constexpr Problem problem(Value part) const {
    if (whole_.id == none) return {};
    return Rules()
        .equal(part.shape.height, whole_.shape.height,
               "Concat: branches must end in the same height")
        .equal(part.shape.width, whole_.shape.width, "Concat: branches must end in the same width")
        .equal(part.layout.height, whole_.layout.height,
               "Concat: flattened branches must have had the same height")
        .equal(part.layout.width, whole_.layout.width,
               "Concat: flattened branches must have had the same width");
  }

  Graph& graph_;
  int first_;
  Value whole_{};
  std::size_t end_ = 0;  // channels so far
};

// Internal: one branch, the index-th, under its number, or under its own name where it is Named.
template <class L>
constexpr Value lower_branch(Graph& g, const L& branch, Value x, std::size_t& index) {
  return lower_numbered(g, branch, x, index);
}
template <Text name, auto layer>
constexpr Value lower_branch(Graph& g, const Named<name, layer>& branch, Value x,
                             std::size_t& index) {
  ++index;
  return add_layer(g, branch, x);
}

// The sum of several branches of one input: y = a(x) + b(x) and so on. Parameters of the i-th are
// named "i.weight" and so on; see Residual for other names.
template <Layer auto first, Layer auto... rest>
struct Add {
  constexpr Shape output(Shape x) const { return first.output(x); }
  constexpr Value lower(Graph& g, Value x) const {
    std::size_t index = 0;
    Value y = lower_branch(g, first, x, index);
    ((y = lower_sum(g, y, lower_branch(g, rest, x, index))), ...);
    return y;
  }
};

// The product of several branches of one input, number by number; a branch that ends in 1x1 counts
// for all pixels. So Multiply<Identity{}, gate> is squeeze-and-excitation:
// https://arxiv.org/abs/1709.01507
template <Layer auto first, Layer auto... rest>
struct Multiply {
  constexpr Shape output(Shape x) const {
    Shape y = first.output(x);
    ((y = largest(y, rest.output(x))), ...);
    return y;
  }
  constexpr Value lower(Graph& g, Value x) const {
    std::size_t index = 0;
    Value y = lower_branch(g, first, x, index);
    ((y = lower_product(g, y, lower_branch(g, rest, x, index))), ...);
    return y;
  }

 private:
  static constexpr Shape largest(Shape a, Shape b) { return a.height * a.width == 1 ? b : a; }
};

// The outputs of several branches of one input, their channels one after the other: torch.cat(...,
// dim=1). Heights and widths must be equal.
template <Layer auto first, Layer auto... rest>
struct Concat {
  constexpr Shape output(Shape x) const {
    Shape y = first.output(x);
    ((y.channels += rest.output(x).channels), ...);
    return y;
  }
  constexpr Value lower(Graph& g, Value x) const {
    std::size_t index = 0;
    Concatenation whole(g);
    whole.add(lower_branch(g, first, x, index));
    (whole.add(lower_branch(g, rest, x, index)), ...);
    return whole.finish();
  }
};

}  // namespace etch
