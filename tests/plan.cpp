// The plan of every model in every mode is walked step by step: no two live buffers overlap,
// every step finds in its operands what it expects there, and the arena ends where the highest
// buffer does.
#include <etch/etch.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace etch;

namespace {

// A schedule made at run time, in the tables that the compiler would have.
struct Planned {
  GraphView graph;
  std::vector<Step> steps;
  std::vector<Buffer> buffers;
  int num_steps = 0, num_buffers = 0, num_blocks = 0;
  Peak peak;
  std::size_t prepared_bytes = 0;
  std::uint64_t recompute_macs = 0;

  template <class Options>
  Planned(GraphView g, Options options) : graph(g) {
    const ScheduleBounds bounds(g.size);
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    steps.resize(size(bounds.steps));
    buffers.resize(size(bounds.buffers));
    std::vector<int> starts(size(bounds.steps + 1)), ends(size(bounds.steps + 1)),
        next(size(2 * bounds.buffers)), refs(size(bounds.buffers));
    std::vector<ValueState> values(size(bounds.values));
    Schedule s(g, {steps.data(),
                   buffers.data(),
                   {starts.data(), ends.data(), next.data()},
                   refs.data(),
                   values.data()});
    s.run(options);
    num_steps = s.num_steps();
    num_buffers = s.num_buffers();
    peak = s.peak();
    prepared_bytes = s.prepared_bytes();
    num_blocks = s.num_blocks();
    recompute_macs = s.recompute_macs();
    REQUIRE(num_steps <= bounds.steps);
    REQUIRE(num_buffers <= bounds.buffers);
  }

  // The buffer at an operand of a step; null for the network's input and absent operands.
  const Buffer* at(std::uint32_t operand, int step) const {
    if (operand >= network_input) return nullptr;
    for (int b = 0; b < num_buffers; ++b) {
      const Buffer& buffer = buffers[static_cast<std::size_t>(b)];
      if (buffer.first <= step && step <= buffer.last && buffer.offset == operand * unit)
        return &buffer;
    }
    FAIL("step " << step << " has an operand where no buffer lives");
    return nullptr;
  }
};

void check_overlaps(const Planned& p) {
  std::size_t end = 0, most = 0;
  for (int step = 0; step < p.num_steps; ++step) {
    std::vector<std::pair<std::size_t, std::size_t>> live;
    std::size_t bytes = 0;
    for (int b = 0; b < p.num_buffers; ++b) {
      const Buffer& buffer = p.buffers[static_cast<std::size_t>(b)];
      if (buffer.first < 0 || buffer.first > step || buffer.last < step) continue;
      REQUIRE(buffer.offset % buffer_alignment == 0);
      live.emplace_back(buffer.offset, buffer.offset + buffer.bytes);
      bytes += buffer.bytes;
    }
    std::sort(live.begin(), live.end());
    for (std::size_t i = 1; i < live.size(); ++i) REQUIRE(live[i - 1].second <= live[i].first);
    if (!live.empty()) end = std::max(end, live.back().second);
    most = std::max(most, bytes);
  }
  CHECK(end == p.peak.arena_bytes);
  CHECK(most == p.peak.live_bytes);
  CHECK(p.peak.arena_bytes >= p.peak.live_bytes);
}

// What a buffer holds: a value of the graph, or a tag for what only needs to have been written.
constexpr int nothing_yet = -1, written = -2;

class Walk {
 public:
  explicit Walk(const Planned& p, bool training)
      : p_(p), holds_(static_cast<std::size_t>(p.num_buffers), nothing_yet) {
    for (int v = 0; v < p.graph.size.values; ++v) root_.push_back(v);
    for (int i = 0; i < p.graph.size.ops; ++i) {
      const Op& op = p.graph.ops[i];
      if (op.only_in_training && (!training || op.frozen))
        root_[static_cast<std::size_t>(op.y)] = root(op.x);
    }
  }

  void run() {
    for (int i = 0; i < p_.num_steps; ++i) {
      step_ = i;
      run(p_.steps[static_cast<std::size_t>(i)]);
    }
  }

 private:
  int root(int v) const { return root_[static_cast<std::size_t>(v)]; }
  int* holds(std::uint32_t operand) {
    const Buffer* b = p_.at(operand, step_);
    return b != nullptr ? &holds_[static_cast<std::size_t>(b - p_.buffers.data())] : nullptr;
  }
  void reads(std::uint32_t operand, int what) {
    if (operand == network_input) {
      REQUIRE(what == 0);
    } else if (int* h = operand != absent ? holds(operand) : nullptr) {
      INFO("step " << step_);
      REQUIRE(*h == what);
    }
  }
  void writes(std::uint32_t operand, int what) {
    REQUIRE(operand != network_input);
    if (int* h = operand != absent ? holds(operand) : nullptr) *h = what;
  }

  void run(const Step& s) {
    // Scratch holds nothing when a step begins, and after it.
    writes(s.scratch, nothing_yet);
    if (s.kind == StepKind::loss) {
      reads(s.y, root(p_.graph.output));
      writes(s.dy, written);
    } else if (s.kind == StepKind::update) {
      reads(s.gradients, written);
      writes(s.gradients, nothing_yet);
    } else if (s.kind == StepKind::add) {
      reads(s.x, written);
      reads(s.dy, written);
      writes(s.dx, written);
    } else {
      const Op& op = p_.graph.ops[s.op];
      if (s.kind == StepKind::prepare) return prepares(s);
      if (s.prepared != absent) REQUIRE(prepared_at_.count(s.prepared) == 1);
      if (s.kind != StepKind::fold) reads(s.x, root(op.x));
      if (s.kind == StepKind::fold) {
        writes(s.y, written);
      } else if (s.kind == StepKind::forward) {
        if (op.skip != none) reads(s.skip, root(op.skip));
        if (s.last != s.op) run_fused(s);
        if (s.mode == Mode::replay) reads(s.saved, written);
        writes(s.saved, written);
        writes(s.y, root(p_.graph.ops[s.last].y));
      } else {
        if (op.skip != none) reads(s.skip, root(op.skip));
        reads(s.y, root(op.y));
        reads(s.dy, written);
        reads(s.saved, written);
        if (s.accumulate_dx) reads(s.dx, written);
        writes(s.dx, written);
        writes(s.gradients, written);
      }
    }
    writes(s.scratch, nothing_yet);
  }

  // Every convolution's prepared weights begin after those before.
  void prepares(const Step& s) {
    REQUIRE(s.prepared * unit >= prepared_end_);
    prepared_end_ = s.prepared * unit + p_.graph.ops[s.op].prepared;
    REQUIRE(prepared_end_ <= p_.prepared_bytes);
    prepared_at_.insert(s.prepared);
  }

  // Each op of the chain is there for a reason: a norm, a sum, a ReLU.
  void run_fused(const Step& s) {
    int norms = 0, sums = 0, relus = 0, y = p_.graph.ops[s.op].y;
    while (root(y) != root(p_.graph.ops[s.last].y)) {
      int next = s.op;
      const auto reads_y = [&](const Op& op) {
        return root(op.x) == root(y) || (op.skip != none && root(op.skip) == root(y));
      };
      do {
        REQUIRE(++next <= s.last);
      } while (!reads_y(p_.graph.ops[next]));
      const Op& op = p_.graph.ops[next];
      norms += op.fusion == Fusion::norm;
      relus += op.fusion == Fusion::relu;
      if (op.skip != none) {
        ++sums;
        reads(s.skip, root(op.x) == root(y) ? root(op.skip) : root(op.x));
      }
      y = op.y;
    }
    CHECK(norms == (s.norm != absent));
    CHECK(sums == (s.skip != absent));
    CHECK(relus == s.relu);
    if (s.norm != absent) reads(s.norm, written);
  }

  const Planned& p_;
  std::vector<int> holds_, root_;
  std::set<std::uint32_t> prepared_at_;
  std::size_t prepared_end_ = 0;
  int step_ = 0;
};

// Checks a plan; returns how much larger the arena is than the bound that no plan can beat.
template <class Options>
double check(GraphView g, Options options, bool training) {
  const Planned p(g, options);
  check_overlaps(p);
  Walk(p, training).run();
  return static_cast<double>(p.peak.arena_bytes) / static_cast<double>(p.peak.live_bytes);
}

void check_all(const std::string& name, GraphView g, double inference_slack,
               double training_slack) {
  INFO(name);
  double worst_inference = 1, worst_training = 1;
  for (const std::size_t batch : {1u, 3u}) {
    for (const bool fast : {true, false}) {
      InferenceOptions options{.batch = batch, .threads = batch, .fuse = fast};
      worst_inference = std::max(worst_inference, check(g, options, false));
      options.winograd = fast;
      worst_inference = std::max(worst_inference, check(g, options, false));
    }
    for (const Update update : {Update::accumulate, Update::fused}) {
      for (const Recompute recompute : {Recompute::nothing, Recompute::elementwise}) {
        worst_training =
            std::max(worst_training, check(g, Training{batch, update, recompute, batch}, true));
      }
      // What is recomputed comes and goes in buffers of many sizes.
      CHECK(check(g, Training{batch, update, Recompute::blocks, batch}, true) <= 1.1);
    }
  }
  WARN(name << ": arena over bound, inference " << worst_inference << ", training "
            << worst_training);
  CHECK(worst_inference <= inference_slack);
  CHECK(worst_training <= training_slack);
}

// What Trainer has the compiler do.
Training fit(GraphView g, Training options) {
  BudgetSearch search(options);
  while (search.phase != BudgetSearch::done) {
    const Planned p(g, search.options);
    search = search.advance({p.peak.arena_bytes, p.num_blocks});
  }
  return search.options;
}

template <auto model, Shape input>
constexpr GraphView graph_of = Network<model, input>::graph;

constexpr auto mixed = Sequential<
    Linear{.out_features = 16}, Sigmoid{}, Dropout{}, Linear{.out_features = 12}, BatchNorm1d{},
    LeakyReLU{}, Residual<Identity{}>{},
    Residual<Sequential<ReLU{}, Linear{.out_features = 12}>{}>{},
    Frozen<Linear{.out_features = 8}, BatchNorm1d{}, Dropout{}>{},
    Residual<Sequential<Tanh{}, Linear{.out_features = 8}>{}, Linear{.out_features = 8}>{},
    Linear{.out_features = 4}>{};

constexpr auto conv16 = Conv2d{.out_channels = 16, .kernel_size = 3, .padding = 1};
constexpr auto branches = Sequential<
    conv16, Save<"skip">{}, ReLU{}, Add<conv16, Identity{}, Sequential<Tanh{}, conv16>{}>{},
    Concat<Identity{}, Sequential<BatchNorm2d{}, ReLU{}, conv16>{},
           MaxPool2d{.kernel_size = 3, .stride = 1, .padding = 1}>{},
    Multiply<Identity{}, Sequential<GlobalAvgPool2d{}, Linear{.out_features = 48}, Sigmoid{}>{}>{},
    conv16, BatchNorm2d{}, ReLU{}, ConcatWith<"skip">{}, Dropout{}, conv16,
    Frozen<Concat<conv16, Identity{}>{}>{}, Multiply<Identity{}, Sigmoid{}>{}, conv16,
    MultiplyWith<"skip">{}, AddWith<"skip">{}, Flatten{}, Linear{.out_features = 10}>{};

template <std::size_t layers>
constexpr auto dense_block =
    Sequential<dense_block<layers - 1>,
               Concat<Identity{}, Sequential<BatchNorm2d{}, ReLU{}, conv16>{}>{}>{};
template <>
constexpr auto dense_block<0> = Identity{};

}  // namespace

TEST_CASE("the plans of small models") {
  check_all("lenet", graph_of<lenet<10>, Shape{1, 28, 28}>, 1.001, 1.1);
  check_all("convnet", graph_of<convnet<10>, Shape{1, 28, 28}>, 1.001, 1.05);
  check_all("resnet8", graph_of<resnet8<10>, Shape{3, 32, 32}>, 1.001, 1.05);
  check_all("every kind of layer", graph_of<mixed, Shape{20}>, 1.1, 1.2);
  check_all("branches", graph_of<branches, Shape{3, 12, 12}>, 1.1, 1.2);
  check_all("dense block", graph_of<dense_block<6>, Shape{32, 14, 14}>, 1.1, 1.2);
}

TEST_CASE("the plans of ResNets") {
  constexpr Shape small{1, 32, 32}, large{3, 224, 224};
  check_all("resnet18", graph_of<resnet18<10>, small>, 1.02, 1.05);
  check_all("resnet34", graph_of<resnet34<1000>, large>, 1.001, 1.02);
  check_all("resnet50", graph_of<resnet50<1000>, large>, 1.001, 1.02);
  check_all("resnet101", graph_of<resnet101<1000>, large>, 1.001, 1.02);
  check_all("resnet101 v1", graph_of<resnet101<1000, Stride::on_first_1x1>, large>, 1.001, 1.02);
  check_all("resnet101 without norm 1x32x32",
            graph_of<resnet101<10, Stride::on_first_1x1, Norm::without>, small>, 1.02, 1.05);
  check_all("resnet152", graph_of<resnet152<1000>, large>, 1.001, 1.02);
}

// The figures for activations of ResNet-101 at 224: half of them for a tenth more work, a fifth for
// a third more.
TEST_CASE("a budget chooses what is recomputed") {
  using R101 = Network<resnet101<1000>, Shape{3, 224, 224}>;
  constexpr std::size_t MiB = 1 << 20;
  using Half =
      Trainer<R101, CrossEntropyLoss{}, Adam{}, Training{.recompute = Recompute::budget{60 * MiB}}>;
  CHECK(Half::arena_bytes <= 60 * MiB);
  CHECK(10 * Half::recompute_macs <= 3 * R101::graph.macs);
  using Fifth =
      Trainer<R101, CrossEntropyLoss{}, Adam{}, Training{.recompute = Recompute::budget{24 * MiB}}>;
  CHECK(Fifth::arena_bytes <= 24 * MiB);
  CHECK(3 * Fifth::recompute_macs <= 3 * R101::graph.macs);

  // From the whole arena down to what can't be met; the steps of each are walked.
  const GraphView g = R101::graph;
  const std::size_t all = Planned(g, Training{}).peak.arena_bytes;
  std::uint64_t macs_before = 0;
  for (std::size_t budget = all + MiB; budget > 24 * MiB; budget -= 8 * MiB) {
    const Training fitted = fit(g, Training{.recompute = Recompute::budget{budget}});
    const Planned p(g, fitted);
    CHECK(p.peak.arena_bytes <= budget);
    CHECK(p.recompute_macs >= macs_before);
    macs_before = p.recompute_macs;
    check(g, fitted, true);
  }
  CHECK(Planned(g, fit(g, Training{.recompute = Recompute::budget{MiB}})).peak.arena_bytes > MiB);
}

// Sizes are facts. A change here is a change of every user's memory: state why in its commit.
TEST_CASE("pinned sizes") {
  using R101 = Network<resnet101<1000>, Shape{3, 224, 224}>;
  CHECK(Inference<R101>::arena_bytes <= 5'240'000);
  using Winograd = Inference<R101, InferenceOptions{.winograd = true}>;
  CHECK(Winograd::arena_bytes <= 7'000'000);
  CHECK(Winograd::prepared_bytes <= 120'000'000);
  using Small = Network<resnet101<10, Stride::on_first_1x1>, Shape{1, 32, 32}>;
  CHECK(Inference<Small>::arena_bytes <= 110 * 1024);
  using Kept = Trainer<R101, CrossEntropyLoss{}, Adam{}>;
  using Dropped = Trainer<R101, CrossEntropyLoss{}, Adam{},
                          Training{.update = Update::fused, .recompute = Recompute::elementwise}>;
  CHECK(Kept::arena_bytes <= 127'000'000);
  CHECK(Dropped::arena_bytes <= 113'000'000);
  CHECK(Kept::gradient_bytes == 4 * R101::graph.num_trainable);
  CHECK(Dropped::gradient_bytes == 0);
  CHECK(Inference<Network<lenet<10>, Shape{1, 28, 28}>>::arena_bytes <= 56 * 1024);
}

TEST_CASE("the bytes really touched end at arena_bytes") {
  using Net = Network<lenet<10>, Shape{1, 28, 28}>;
  using T = Trainer<Net, CrossEntropyLoss{}, SGD{}, Training{.batch = 4}>;
  // The run-time walk of the same program over an arena of our own, poisoned beforehand.
  const auto parameters = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, parameters->values, 1);
  std::vector<float> gradients(Net::graph.num_trainable), images(4 * 784, 0.5f);
  const std::size_t beyond = 4096;
  std::vector<std::byte> storage(T::arena_bytes + beyond + buffer_alignment, std::byte{0xa5});
  const auto address = reinterpret_cast<std::uintptr_t>(storage.data());
  std::byte* arena =
      storage.data() + (buffer_alignment - address % buffer_alignment) % buffer_alignment;
  Memory m{.arena = arena, .input = images.data(), .parameters = parameters->values};
  m.trained = parameters->values;
  m.gradients = gradients.data();
  m.batch = 4;
  const std::vector<std::int32_t> labels{1, 2, 3, 4};
  for (const Step& s : T::steps) {
    if (s.kind == StepKind::loss) {
      CrossEntropyLoss{}(
          LossCall<std::int32_t>{4, 10, 1, 1.0f, m.source(s.y), labels.data(), m.at(s.dy)});
    } else {
      run_step(s, m);
    }
  }
  std::size_t last = 0;
  for (std::size_t i = 0; i < T::arena_bytes + beyond; ++i) {
    if (arena[i] != std::byte{0xa5}) last = i;
  }
  CHECK(last == T::arena_bytes - 1);
}
