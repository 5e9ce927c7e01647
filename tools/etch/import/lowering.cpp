// The graph that the compiler will make of an imported network. What each layer adds is what its
// Module::lower does.
#include "import/lowering.hpp"

#include <etch/layers/avg_pool2d.hpp>
#include <etch/layers/flatten.hpp>

#include <algorithm>
#include <string_view>

namespace etch::host {

// Scopes: one a child, of Sequentials around residual bodies and copies, too.
static std::size_t count(const std::vector<Piece>& pieces) {
  std::size_t n = 0;
  for (const Piece& p : pieces) n += 3 + count(p.body) + count(p.shortcut) + p.copies;
  return n;
}

Lowering::Lowering(const ImportedNetwork& network, const std::vector<Piece>& pieces)
    : network_(network),
      ops_(network.layers().size() + 1),
      values_(network.layers().size() + 2),
      tensors_(4 * network.layers().size() + 1),
      scopes_(count(pieces) + 1) {
  Graph g(ops_.data(), values_.data(), tensors_.data(), scopes_.data());
  const Value x = g.input(network.shape(0));
  const GraphTotals totals = g.finish(chain(g, pieces, x).id);
  view_ = GraphView{totals};
  view_.ops = ops_.data();
  view_.values = values_.data();
  view_.tensors = tensors_.data();
  view_.scopes = scopes_.data();
}

const std::vector<float>& Lowering::values(int i) const {
  const Tensor& t = tensors_[static_cast<std::size_t>(i)];
  const int index = layers_[static_cast<std::size_t>(t.op)];
  for (const ImportedTensor& own : network_.layers()[static_cast<std::size_t>(index)].tensors) {
    if (own.name == t.name) return own.values;
  }
  throw Error(network_.file(), ": a layer has no ", t.name);
}

// As a Sequential: children are numbered, a repeat's copies too.
Value Lowering::chain(Graph& g, const std::vector<Piece>& pieces, Value x) {
  std::size_t number = 0;
  for (const Piece& p : pieces) {
    const std::size_t length = p.kind == Piece::repeat ? p.pieces_of_copy() : 1;
    for (std::size_t copy = 0; copy < p.copies; ++copy, ++number) {
      const int outer = g.enter(nullptr, number);
      if (p.kind != Piece::repeat) {
        x = piece(g, p, x);
      } else if (length == 1) {
        x = piece(g, p.body[copy], x);
      } else {
        const auto first = p.body.begin() + static_cast<std::ptrdiff_t>(copy * length);
        x = chain(g, {first, first + static_cast<std::ptrdiff_t>(length)}, x);
      }
      g.leave(outer);
    }
  }
  return x;
}

Value Lowering::piece(Graph& g, const Piece& p, Value x) {
  return p.kind == Piece::residual ? residual(g, p, x) : layer(g, p.index, x);
}

Value Lowering::residual(Graph& g, const Piece& p, Value x) {
  const Value y = chain(g, p.body, x);
  const int outer = g.enter("shortcut");
  const bool single = p.shortcut.size() == 1 && p.shortcut[0].kind == Piece::layer;
  const Value around = single ? piece(g, p.shortcut[0], x) : chain(g, p.shortcut, x);
  g.leave(outer);
  layers_.push_back(p.index);
  return g.add({.kind = "Residual", .x = y.id, .skip = around.id}, network_.shape(p.y));
}

// The window of a global pool.
static Window whole(Shape s) { return AvgPool2d{.kernel_size = {s.height, s.width}}.window(); }

Value Lowering::layer(Graph& g, int index, Value x) {
  const ImportedLayer& l = network_.layers()[static_cast<std::size_t>(index)];
  if (l.kind == LayerKind::flatten) return Flatten{}.lower(g, x);
  layers_.push_back(index);
  const Shape in = network_.shape(l.x), from = x.layout;
  Op op{.kind = layer_name(l.kind), .x = x.id};
  if (l.kind == LayerKind::conv2d || l.kind == LayerKind::linear) {
    const bool conv = l.kind == LayerKind::conv2d;
    op.fusion = Fusion::takes;
    const kernels::ConvGeometry geometry =
        conv ? kernels::ConvGeometry{.input = in,
                                     .output = network_.shape(l.y),
                                     .window = l.window,
                                     .groups = l.groups}
             : kernels::ConvGeometry{.input = {from.channels},
                                     .output = {l.outputs},
                                     .window = {.kernel_size = {from.height, from.width}}};
    const std::size_t fan_in = conv ? geometry.inputs() * geometry.taps() : in.elements();
    return g.add(
        op, network_.shape(l.y),
        {Tensor::weight(geometry, conv ? 4 : 2),
         Tensor::vector("bias", {l.has_bias() ? l.outputs : 0}, Initial::uniform, fan_in)});
  }
  if (l.kind == LayerKind::batch_norm) {
    op.fusion = Fusion::norm;
    op.attributes.eps = l.eps;
    const Shape features = in.height * in.width == 1 ? from : Shape{in.channels};
    Tensor mean = Tensor::vector("running_mean", features, Initial::zeros);
    Tensor var = Tensor::vector("running_var", features, Initial::ones);
    mean.buffer = var.buffer = true;
    return g.add(op, x,
                 {Tensor::vector("weight", features, Initial::ones),
                  Tensor::vector("bias", features, Initial::zeros), mean, var});
  }
  const bool pool = l.kind == LayerKind::max_pool || l.kind == LayerKind::avg_pool ||
                    l.kind == LayerKind::global_avg_pool;
  op.attributes.negative_slope = l.kind == LayerKind::leaky_relu ? l.slope : 0;
  if (!pool) return g.add(op, x);
  op.attributes.geometry.window = l.kind == LayerKind::global_avg_pool ? whole(in) : l.window;
  op.attributes.count_include_pad = l.count_include_pad;
  return g.add(op, network_.shape(l.y));
}

}  // namespace etch::host
