// The graph: a network as flat tables of ops, values, parameters and names. A layer's lower() adds
// itself to it: in the compiler, and at run time for a network of a file.
#pragma once
#include <etch/attributes.hpp>
#include <etch/problem.hpp>
#include <etch/shape.hpp>

#include <initializer_list>

namespace etch {

// No op, value or scope: an index that there isn't.
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

// How an op with a skip joins its two inputs, and what their gradients are.
enum class Join : unsigned char {
  sum,      // y = x + skip: both take dy as it is
  part,     // y is skip with x in some of its channels, and lies over it: backward makes dx
  product,  // y = x * skip: backward makes dx from dy and skip, and then dskip from dy and x
};

// What a program wants of an op's kernels.
struct KernelUse {
  std::size_t batch = 1, threads = 1;  // at most
  bool fuses = false;                  // steps may be fused: Call::norm, skip, relu
  bool winograd = false;               // Training::winograd
};

struct Op;

// An op in a program: what its steps run, and the bytes of scratch that they take.
struct OpKernels {
  Kernel forward = nullptr, backward = nullptr;          // see Op::forward and backward
  Kernel fold = nullptr;                                 // of a norm
  Kernel prepare = nullptr, forward_prepared = nullptr;  // see Op::prepared
  std::size_t forward_scratch = 0, backward_scratch = 0, prepared_scratch = 0;  // bytes
};
// The kernels of Op::forward, backward and fold, which read the op's attributes as they run.
constexpr OpKernels general_kernels(const Op&, KernelUse);
// Op::forward_scratch of an op without scratch.
constexpr std::size_t no_scratch(const Attributes&, KernelUse) { return 0; }
// Op::backward and the like of an op without such a pass.
inline void nothing_to_compute(const Call&, const Attributes&) {}

// One layer in the graph. `x`, `skip` and `y` are values.
struct Op {
  const char* kind = "";                  // for people: "Conv2d"
  Attributes attributes{};                // what the kernels read: sizes, windows, constants
  Compute forward = nothing_to_compute;   // y from x (and skip)
  Compute backward = nothing_to_compute;  // dx, and gradients, from dy; of a sum none; see Join
  Compute fold = nothing_to_compute;      // of a norm in evaluation: scale, then shift, to y
  // The kernels of forward, backward and fold. In a graph they read the attributes as they run;
  // Bound makes such as have them as constants.
  OpKernels (*kernels_of)(const Op&, KernelUse) = general_kernels;
  int x = none, skip = none, y = none;                         // values; Graph::add() fills in y
  Join join = Join::sum;                                       // of an op with a skip
  Needs dx_needs = Needs::nothing, dw_needs = Needs::nothing;  // dw: parameters' gradients
  bool in_place = false;            // y may be stored over x, and dx over dy
  bool elementwise = false;         // cheap to recompute: Recompute::elementwise drops its output
  bool accumulates = false;         // backward can add to dx
  bool only_in_training = false;    // y is x in evaluation: dropout
  bool draws = false;               // random numbers, from Call::key
  Fusion fusion = Fusion::nothing;  // with neighbours, in inference
  // Inference with weights transformed beforehand (InferenceOptions::winograd): `prepare` makes
  // `prepared` bytes of them once, and forward_prepared takes these instead of the parameters.
  std::size_t prepared = 0;
  std::uint64_t macs = 0;  // multiply-accumulates an image, forward
  // Bytes kept from forward to backward: a step's, and an image's.
  std::size_t saved = 0, saved_an_image = 0;
  // Bytes while a step runs; they don't shrink when the batch or the threads grow.
  std::size_t (*forward_scratch)(const Attributes&, KernelUse) = no_scratch;
  // The same of the backward pass.
  std::size_t (*backward_scratch)(const Attributes&, KernelUse) = no_scratch;

  // Filled in by Graph::add.
  bool frozen = false;
  int scope = none;                                // its name is this scope's
  std::size_t parameters = 0, num_parameters = 0;  // floats; frozen ones count on their own
  std::size_t buffers = 0, num_buffers = 0;        // floats: running statistics

  // Whether it has parameters that learn.
  constexpr bool trainable() const { return num_parameters > 0 && !frozen; }
};

// What a step of a graph's own kernels is called with.
struct OpCall : Call {
  const Op* op = nullptr;  // whose step it is
};
// Internal: kernels of a graph that is run as it is.
[[gnu::always_inline]] inline const Op& op_of(const Call& c) {
  return *static_cast<const OpCall&>(c).op;
}
// Internal: see above.
template <Compute compute>
void computed(const Call& c) {
  compute(c, op_of(c).attributes);
}
// Internal: see above.
inline void compute_forward(const Call& c) { op_of(c).forward(c, op_of(c).attributes); }
// Internal: see above.
inline void compute_backward(const Call& c) { op_of(c).backward(c, op_of(c).attributes); }
// Internal: see above.
inline void compute_fold(const Call& c) { op_of(c).fold(c, op_of(c).attributes); }

constexpr OpKernels general_kernels(const Op& op, KernelUse use) {
  return {.forward = compute_forward,
          .backward = compute_backward,
          .fold = compute_fold,
          .forward_scratch = op.forward_scratch(op.attributes, use),
          .backward_scratch = op.backward_scratch(op.attributes, use)};
}

// A value of the graph, an activation. After a Flatten its shape is a vector, and it still lies in
// memory as (height, width, channel) of `layout`.
struct Value {
  int id = none;            // its number in the graph
  Shape shape{}, layout{};  // one image's, as the next layer sees it, and as it lies in memory
};

// What a tensor holds before training.
enum class Initial : unsigned char { uniform, zeros, ones, filled };

// A named parameter or buffer. Its PyTorch layout is (out, in, height, width), cut to `rank`
// numbers: 4 a convolution, 2 (out, in * height * width) a Linear, 1 a vector of in * height *
// width.
struct Tensor {
  const char* name = "";
  int rank = 1;                      // of its shape in PyTorch
  kernels::ConvGeometry geometry{};  // of the layout: kernels::oihw_to_panels
  Initial initial = Initial::zeros;  // see fan_in
  std::size_t fan_in = 1;            // uniform: within +-1/sqrt(fan_in), as PyTorch's layers begin
  bool buffer = false;               // running statistics: no gradient
  float fill = 0;                    // filled: with this

  // Filled in by Graph::add.
  bool frozen = false;     // no gradient, no optimizer state
  int op = none;           // whose it is
  std::size_t offset = 0;  // floats, within its part of Parameters

  // Floats.
  constexpr std::size_t size() const { return geometry.weights(); }

  // "weight" of a convolution (rank 4) or a fully connected layer (rank 2), uniform at first.
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
  int parent = none;           // the scope around it; none: the root
  const char* name = nullptr;  // null: `index` is the name
  std::size_t index = 0;       // of a child without a name
  // That there is a name: g++ 12 with -fsanitize=undefined can't compare some with null in
  // constants.
  bool named = false;
};

// Blocks of parameters this long begin on a cache line, so that kernels load whole lines.
inline constexpr std::size_t cache_line_floats = 16;
// Where a block of so many floats begins that may not begin before `at`.
constexpr std::size_t aligned_block(std::size_t at, std::size_t size) {
  if (size < 16 * cache_line_floats) return at;
  return (at + cache_line_floats - 1) / cache_line_floats * cache_line_floats;
}

// The rows of a graph's tables.
struct GraphSize {
  int ops = 0, values = 0, tensors = 0, scopes = 0;  // values: the input, and one an op
  bool operator==(const GraphSize&) const = default;
};

// A graph's numbers.
struct GraphTotals {
  GraphSize size{};                                                // rows of the tables
  std::size_t num_trainable = 0, num_frozen = 0, num_buffers = 0;  // floats, with alignment
  std::size_t num_parameters = 0;                                  // PyTorch's count
  std::uint64_t macs = 0;  // multiply-accumulates an image, forward
  int output = 0;          // a value
};

// The finished graph. It refers to its tables, which must outlive it; reading needs no lock.
struct GraphView : GraphTotals {
  const Op* ops = nullptr;          // in the order they run
  const Shape* values = nullptr;    // value 0 is the input; as they lie in memory
  const Tensor* tensors = nullptr;  // op by op
  const Scope* scopes = nullptr;    // parents before children

  // Parameters is (trainable, frozen, buffers); where an op's part begins, in floats.
  constexpr std::size_t parameters_of(const Op& op) const {
    return op.frozen ? num_trainable + op.parameters : op.parameters;
  }
  // Where its running statistics begin, in floats.
  constexpr std::size_t buffers_of(const Op& op) const {
    return num_trainable + num_frozen + op.buffers;
  }
  // Where a tensor begins in Parameters, in floats.
  constexpr std::size_t offset_of(const Tensor& t) const {
    return t.buffer ? num_trainable + num_frozen + t.offset
                    : t.offset + (t.frozen ? num_trainable : 0);
  }
  // Floats of Parameters.
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

// As std::strcmp(a, b) == 0, in the compiler too.
constexpr bool same_text(const char* a, const char* b) {
  for (; *a != 0 && *a == *b; ++a) ++b;
  return *a == *b;
}

// Internal: a value under a name (layers/saved.hpp), or one that a Load has put another in the
// place of.
struct KeptValue {
  const char* name = nullptr;
  Value value{};
  int scope = none;
  bool replaced = false, used = false;
};

// The graph while it grows. Without tables it only counts: a network is lowered twice, once for
// the sizes of its tables and once into them.
class Graph {
 public:
  // Counts.
  constexpr Graph() = default;
  // Fills tables that are large enough, as a Graph that only counted says; null: not that one.
  constexpr Graph(Op* ops, Shape* values, Tensor* tensors, Scope* scopes)
      : ops_(ops), values_(values), tensors_(tensors), scopes_(scopes) {}

  // The network's input, before anything else.
  constexpr Value input(Shape shape) { return {value(shape), shape, shape}; }

  // Appends an op whose output has `shape`, and its parameters and buffers; returns the output.
  // Empty tensors are left out.
  constexpr Value add(Op op, Shape shape, std::initializer_list<Tensor> tensors = {}) {
    return add(op, Value{.shape = shape, .layout = shape}, tensors);
  }
  // The same of an op whose output is as `like`, flattened or not.
  constexpr Value add(Op op, Value like, std::initializer_list<Tensor> tensors = {}) {
    op.frozen = frozen_;
    op.scope = scope_;
    return {append(op, like.layout, tensors.begin(), tensors.end()), like.shape, like.layout};
  }

  // Whether all is well. The first problem is kept, with the place where it is; what a network adds
  // after it has no meaning.
  constexpr bool accepts(Problem problem) {
    if (refused() || !problem.found()) return !refused();
    refusal_ = {problem, scope_, size_.ops};
    return false;
  }
  // Whether a problem was found.
  constexpr bool refused() const { return refusal_.problem.found(); }
  // The first problem, and where it is.
  constexpr Refusal refusal() const { return refusal_; }

  // As add() of an op that knows its scope, and whether it is frozen: one of another graph. Returns
  // its output's number.
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

  // The channels of a concatenation are known when all its parts are there: the ops from `first` on
  // that lead to `whole`.
  constexpr void widen(int first, int whole, std::size_t channels) {
    if (ops_ == nullptr) return;
    for (int i = size_.ops - 1; i >= first; --i) {
      if (ops_[i].y != whole) continue;
      values_[whole].channels = ops_[i].attributes.geometry.output.channels = channels;
      whole = ops_[i].skip;
    }
  }

  // Gives x a name.
  constexpr void save(const char* name, Value x) {
    if (refused()) return;
    if (find(name) != none) refuse(name, "Save: a name must be saved once");
    keep({name, x, scope_});
  }
  // The value of that name; where there is none the network is refused by the sentence, and x is
  // returned.
  constexpr Value saved(const char* name, Value x, const char* sentence) {
    if (refused()) return x;
    const int kept = find(name);
    if (kept == none) {
      refuse(name, sentence);
      return x;
    }
    kept_[kept].used = true;
    return kept_[kept].value;
  }
  // Another value goes on in the place of x, which others must read.
  constexpr void replace(const char* name, Value x) {
    for (int i = 0; i < num_kept_; ++i) {
      if (kept_[i].value.id == x.id) return;
    }
    keep({name, x, scope_, true});
  }
  // When all is there: names that nobody uses, and values that nobody reads.
  constexpr void check_kept(int output) {
    for (int i = 0; i < num_kept_ && !refused(); ++i) {
      const KeptValue& kept = kept_[i];
      scope_ = kept.scope;
      if (!kept.replaced && !kept.used) refuse(kept.name, "Save: the name must be used");
      accepts(Rules().holds(is_read(kept.value.id, output),
                            "Load: the value before it must be used too"));
    }
    scope_ = none;
  }

  // What is added until leave() has this name, or number, in front of its own. Returns what leave()
  // takes.
  constexpr int enter(const char* name) { return enter(Scope{scope_, name, 0, true}); }
  constexpr int enter(std::size_t index) { return enter(Scope{scope_, nullptr, index}); }
  // Ends what enter() began, which returned `outer`.
  constexpr void leave(int outer) { scope_ = outer; }

  // What is added until then is frozen; returns what was so before.
  constexpr bool freeze(bool frozen) {
    const bool before = frozen_;
    frozen_ = frozen;
    return before;
  }

  // Whether what is added now is frozen.
  constexpr bool frozen() const { return frozen_; }

  // Rows so far.
  constexpr GraphSize size() const { return size_; }
  // The table of scopes; null in a graph that only counts.
  constexpr const Scope* scopes() const { return scopes_; }
  // The numbers of the whole, whose output is this value.
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
  constexpr int enter(Scope scope) {
    if (scopes_ != nullptr) scopes_[size_.scopes] = scope;
    const int outer = scope_;
    scope_ = size_.scopes++;
    return outer;
  }
  constexpr int value(Shape shape) {
    if (values_ != nullptr) values_[size_.values] = shape;
    return size_.values++;
  }

  // The place of the problem ends in this name.
  constexpr void refuse(const char* name, const char* sentence) {
    const int outer = enter(name);
    accepts({sentence});
    leave(outer);
  }
  constexpr int find(const char* name) const {
    for (int i = 0; i < num_kept_; ++i) {
      if (!kept_[i].replaced && same_text(kept_[i].name, name)) return i;
    }
    return none;
  }
  constexpr void keep(KeptValue value) {
    if (!accepts(Rules().at_most(static_cast<std::size_t>(num_kept_ + 1), most_kept,
                                 "Save: a network has too many names and uses of them"))) {
      return;
    }
    kept_[num_kept_++] = value;
  }
  constexpr bool is_read(int v, int output) const {
    if (ops_ == nullptr || v == output) return true;
    for (int i = 0; i < size_.ops; ++i) {
      if (ops_[i].x == v || ops_[i].skip == v) return true;
    }
    return false;
  }

  static constexpr std::size_t most_kept = 256;

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
  Refusal refusal_{};
  KeptValue kept_[most_kept]{};
  int num_kept_ = 0;
};

}  // namespace etch
