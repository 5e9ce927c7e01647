// The graph: a network as flat tables of ops, values, parameters and names. It exists in the
// compiler (and in host tools); a layer's Module::lower appends itself to it.
#pragma once
#include <etch/call.hpp>
#include <etch/kernels/conv2d.hpp>
#include <etch/shape.hpp>

#include <initializer_list>

namespace etch {

inline constexpr int none = -1;

// What a gradient is made from, beside dy and the parameters.
enum class Needs : unsigned char { nothing, input, output };

// What inference makes of an op beside its neighbours: a convolution takes what follows it into the
// store of its sums (schedule.hpp).
enum class Fusion : unsigned char {
  nothing,
  takes,  // a convolution: forward obeys Call::norm, skip and relu
  norm,   // y = x * scale + shift a channel; Op::fold makes these
  relu,
};

constexpr std::size_t nothing_saved(std::size_t) { return 0; }
constexpr std::size_t no_scratch(std::size_t, std::size_t) { return 0; }
inline void no_kernel(const Call&) {}
struct Op;
constexpr Op same_op(const Op&);
using ScratchBytes = std::size_t (*)(std::size_t batch, std::size_t threads);
struct OpKernels {
  Kernel forward = nullptr, backward = nullptr;
  ScratchBytes forward_scratch = no_scratch, backward_scratch = no_scratch;
};
// What a program wants of an op's kernels.
struct KernelUse {
  std::size_t batch = 1;  // images at most
  bool fuses = false;     // steps may be fused: Call::norm, skip, relu
  bool winograd = false;  // Training::winograd
};
constexpr OpKernels own_kernels(const Op&, KernelUse);

// One layer in the graph. `x`, `skip` and `y` are values.
struct Op {
  const char* kind = "";      // for people: "Conv2d"
  Kernel forward = nullptr;   // y from x (and skip)
  Kernel backward = nullptr;  // dx, and gradients, from dy; none where there is a skip
  OpKernels (*kernels_of)(const Op&, KernelUse) = own_kernels;  // what takes their place
  int x = none, skip = none, y = none;                          // with a skip, y is x + skip
  Needs dx_needs = Needs::nothing, dw_needs = Needs::nothing;
  bool in_place = false;          // y may be stored over x, and dx over dy
  bool elementwise = false;       // cheap to make again: Recompute::elementwise drops its output
  bool accumulates = false;       // backward can add to dx
  bool only_in_training = false;  // y is x in evaluation: dropout
  bool draws = false;             // random numbers, from Call::key
  Fusion fusion = Fusion::nothing;
  Kernel fold = no_kernel;  // of a norm in evaluation: writes scale, then shift, to y
  float eps = 0;            // of a norm
  // What neither shapes nor parameters show, for the topology: of a pool, and of a leaky ReLU.
  Window window{};
  bool count_include_pad = true;
  float slope = 0;
  Op (*with_bias)(const Op&) = same_op;  // of a convolution without a bias: itself with one
  // Inference with weights transformed beforehand (InferenceOptions::winograd): `prepare` makes
  // `prepared` bytes of them once, and forward_prepared takes these instead of the parameters.
  std::size_t prepared = 0;
  Kernel prepare = no_kernel, forward_prepared = no_kernel;
  ScratchBytes prepared_scratch = no_scratch;
  std::uint64_t macs = 0;  // multiply-accumulates an image, forward
  // Bytes, for a batch (and threads): kept from forward to backward, and while a step runs.
  std::size_t (*saved)(std::size_t batch) = nothing_saved;
  ScratchBytes forward_scratch = no_scratch, backward_scratch = no_scratch;

  // Filled in by Graph::add.
  bool frozen = false;
  int scope = none;
  std::size_t parameters = 0, num_parameters = 0;  // floats; frozen ones count on their own
  std::size_t buffers = 0, num_buffers = 0;

  constexpr bool trainable() const { return num_parameters > 0 && !frozen; }
};

constexpr Op same_op(const Op& op) { return op; }
constexpr OpKernels own_kernels(const Op& op, KernelUse) {
  return {op.forward, op.backward, op.forward_scratch, op.backward_scratch};
}

enum class Initial : unsigned char { uniform, zeros, ones };

// A named parameter or buffer. Its PyTorch layout is (out, in, height, width), cut to `rank`
// numbers: 4 a convolution, 2 (out, in * height * width) a Linear, 1 a vector of in * height *
// width.
struct Tensor {
  const char* name = "";
  int rank = 1;
  kernels::ConvGeometry geometry{};  // of the layout: kernels::oihw_to_panels
  Initial initial = Initial::zeros;
  std::size_t fan_in = 1;  // uniform: within +-1/sqrt(fan_in), as PyTorch's layers begin
  bool buffer = false;     // running statistics: no gradient

  // Filled in by Graph::add.
  bool frozen = false;
  int op = none;
  std::size_t offset = 0;  // floats, within its part of Parameters

  constexpr std::size_t size() const { return geometry.weights(); }

  static constexpr Tensor weight(const kernels::ConvGeometry& g, int rank) {
    Tensor t{.name = "weight", .rank = rank, .geometry = g, .initial = Initial::uniform};
    t.fan_in = g.inputs() * g.taps();
    return t;
  }
  // `length`: the features as they lie in memory; channels = 0 leaves the tensor out.
  static constexpr Tensor vector(const char* name, Shape length, Initial initial,
                                 std::size_t fan_in = 1) {
    Tensor t{.name = name, .rank = 1, .initial = initial, .fan_in = fan_in};
    t.geometry = {.input = {length.channels},
                  .output = {1},
                  .window = {.kernel_size = {length.height, length.width}}};
    return t;
  }
};

// A name's part: "layer3" or, without a name, a number; names are joined by dots up to the root.
struct Scope {
  int parent = none;
  const char* name = nullptr;  // null: `index` is the name
  std::size_t index = 0;
};

// Blocks of parameters this long begin on a cache line, so that kernels load whole lines.
inline constexpr std::size_t cache_line_floats = 16;
constexpr std::size_t aligned_block(std::size_t at, std::size_t size) {
  if (size < 16 * cache_line_floats) return at;
  return (at + cache_line_floats - 1) / cache_line_floats * cache_line_floats;
}

struct GraphSize {
  int ops = 0, values = 0, tensors = 0, scopes = 0;
  bool operator==(const GraphSize&) const = default;
};

// A graph's numbers.
struct GraphTotals {
  GraphSize size{};
  std::size_t num_trainable = 0, num_frozen = 0, num_buffers = 0;  // floats, with alignment
  std::size_t num_parameters = 0;                                  // PyTorch's count
  std::uint64_t macs = 0;
  int output = 0;
};

// The finished graph.
struct GraphView : GraphTotals {
  const Op* ops = nullptr;
  const Shape* values = nullptr;  // value 0 is the input; as they lie in memory
  const Tensor* tensors = nullptr;
  const Scope* scopes = nullptr;

  // Parameters is (trainable, frozen, buffers); where an op's part begins.
  constexpr std::size_t parameters_of(const Op& op) const {
    return op.frozen ? num_trainable + op.parameters : op.parameters;
  }
  constexpr std::size_t buffers_of(const Op& op) const {
    return num_trainable + num_frozen + op.buffers;
  }
  constexpr std::size_t offset_of(const Tensor& t) const {
    return t.buffer ? num_trainable + num_frozen + t.offset
                    : t.offset + (t.frozen ? num_trainable : 0);
  }
  constexpr std::size_t total() const { return num_trainable + num_frozen + num_buffers; }

  // The smallest batch that training takes: a norm's variance needs two values a channel.
  constexpr std::size_t fewest_images() const {
    for (int i = 0; i < size.ops; ++i) {
      const Op& op = ops[i];
      const bool norm = op.fusion == Fusion::norm && !op.frozen;
      if (norm && 2 * values[op.x].elements() == op.num_buffers) return 2;
    }
    return 1;
  }
  // What the output is made by, but for dropout; "" where it is the input.
  constexpr const char* last_kind() const {
    const char* kind = "";
    for (int i = size.ops - 1, y = output; i >= 0; --i) {
      if (ops[i].y != y) continue;
      kind = ops[i].kind;
      if (!ops[i].only_in_training) break;
      y = ops[i].x;
    }
    return kind;
  }
};

constexpr bool same_text(const char* a, const char* b) {
  for (; *a != 0 && *a == *b; ++a) ++b;
  return *a == *b;
}

// The graph while it grows. Without tables it only counts: a network is lowered twice, once for
// the sizes of its tables and once into them.
class Graph {
 public:
  constexpr Graph() = default;
  constexpr Graph(Op* ops, Shape* values, Tensor* tensors, Scope* scopes)
      : ops_(ops), values_(values), tensors_(tensors), scopes_(scopes) {}

  constexpr int input(Shape shape) { return value(shape); }

  // Appends an op whose output has `shape`, and its parameters and buffers; returns the output.
  // Empty tensors are left out.
  constexpr int add(Op op, Shape shape, std::initializer_list<Tensor> tensors = {}) {
    op.frozen = frozen_;
    op.scope = scope_;
    return append(op, shape, tensors.begin(), tensors.end());
  }

  // The same of an op that knows its scope, and whether it is frozen: one of another graph.
  constexpr int append(Op op, Shape shape, const Tensor* first, const Tensor* last) {
    op.num_parameters = op.num_buffers = 0;
    for (const Tensor* t = first; t != last; ++t) {
      (t->buffer ? op.num_buffers : op.num_parameters) += t->size();
    }
    std::size_t& end = op.frozen ? num_frozen_ : num_trainable_;
    op.parameters = aligned_block(end, op.num_parameters);
    op.buffers = aligned_block(num_buffers_, op.num_buffers);
    std::size_t at = op.parameters, at_buffer = op.buffers;
    for (; first != last; ++first) {
      Tensor t = *first;
      if (t.size() == 0) continue;
      t.frozen = op.frozen;
      t.op = size_.ops;
      t.offset = t.buffer ? at_buffer : at;
      (t.buffer ? at_buffer : at) += t.size();
      if (tensors_ != nullptr) tensors_[size_.tensors] = t;
      ++size_.tensors;
    }
    if (op.num_parameters > 0) end = at;
    num_buffers_ = op.num_buffers > 0 ? at_buffer : num_buffers_;
    num_parameters_ += op.num_parameters;
    macs_ += op.macs;
    op.y = value(shape);
    if (ops_ != nullptr) ops_[size_.ops] = op;
    ++size_.ops;
    return op.y;
  }

  // The shape of a value as it lies in memory: after a Flatten still (channels, height, width).
  // While the graph only counts it isn't known, and doesn't matter.
  constexpr Shape layout(int value, Shape otherwise) const {
    return values_ != nullptr ? values_[value] : otherwise;
  }

  // Names: what is added until leave() has this in front.
  constexpr int enter(const char* name, std::size_t index = 0) {
    if (scopes_ != nullptr) scopes_[size_.scopes] = {scope_, name, index};
    const int outer = scope_;
    scope_ = size_.scopes++;
    return outer;
  }
  constexpr void leave(int outer) { scope_ = outer; }

  // What is added until then is frozen; returns what was so before.
  constexpr bool freeze(bool frozen) {
    const bool before = frozen_;
    frozen_ = frozen;
    return before;
  }

  constexpr bool frozen() const { return frozen_; }

  constexpr GraphSize size() const { return size_; }
  constexpr GraphTotals finish(int output) const {
    GraphTotals t;
    t.size = size_;
    // Each part begins on a cache line.
    t.num_trainable = aligned_block(num_trainable_, num_trainable_);
    t.num_frozen = aligned_block(num_frozen_, num_frozen_);
    t.num_buffers = num_buffers_;
    t.num_parameters = num_parameters_;
    t.macs = macs_;
    t.output = output;
    return t;
  }

 private:
  constexpr int value(Shape shape) {
    if (values_ != nullptr) values_[size_.values] = shape;
    return size_.values++;
  }

  Op* ops_ = nullptr;
  Shape* values_ = nullptr;
  Tensor* tensors_ = nullptr;
  Scope* scopes_ = nullptr;
  GraphSize size_{};
  std::size_t num_trainable_ = 0, num_frozen_ = 0, num_buffers_ = 0;
  std::size_t num_parameters_ = 0;
  std::uint64_t macs_ = 0;
  int scope_ = none;
  bool frozen_ = false;
};

}  // namespace etch
