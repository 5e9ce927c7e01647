// Tables as they lie in a binary say what the tables said.
#include <etch/compact.hpp>
#include <etch/etch.hpp>

#include <catch2/catch.hpp>

using namespace etch;

namespace {

struct Row {
  std::uint32_t same = 7, few = 0, many = 0;
  bool flag = false;
  int unread = 0;
};
constexpr std::array<Row, 3> table{
    {{7, 0, 5, true}, {7, 32767, 32768, false}, {7, absent, 0, true}}};
constexpr auto& rows = compact<table, &Row::same, &Row::few, &Row::many, &Row::flag>;

static_assert(sizeof(rows[0]) == 12);  // of 20: few in 16 bits, many, flag
static_assert(Row(rows[1]).same == 7);
static_assert(Row(rows[1]).few == 32767);
static_assert(Row(rows[1]).many == 32768);
static_assert(!Row(rows[1]).flag);
static_assert(Row(rows[2]).few == absent);
static_assert(Row(rows[2]).flag);

constexpr std::array<Row, 0> empty{};
static_assert(compact<empty, &Row::same, &Row::few>.size() == 0);

constexpr auto net =
    Sequential<Conv2d{.out_channels = 6, .kernel_size = 3}, BatchNorm2d{}, ReLU{},
               Residual<Conv2d{.out_channels = 6, .kernel_size = 3, .padding = 1}>{}, Dropout{},
               Flatten{}, Linear{.out_features = 3}>{};
using Net = Network<net, Shape{2, 9, 8}>;

// All that run_step reads.
bool same(const Step& a, const Step& b) {
  return a.run == b.run && a.x == b.x && a.skip == b.skip && a.y == b.y && a.dy == b.dy &&
         a.dx == b.dx && a.saved == b.saved && a.scratch == b.scratch &&
         a.gradients == b.gradients && a.norm == b.norm && a.prepared == b.prepared &&
         a.parameters == b.parameters && a.count == b.count && a.buffers == b.buffers &&
         a.stream == b.stream && a.kind == b.kind && a.mode == b.mode &&
         a.accumulate_dx == b.accumulate_dx && a.relu == b.relu;
}
template <class Program>
void check_steps() {
  const auto& compacted = compact_steps<Program::steps>;
  REQUIRE(compacted.size() == Program::steps.size());
  for (std::size_t i = 0; i < compacted.size(); ++i) {
    INFO("step " << i);
    CHECK(same(compacted[i], Program::steps[i]));
  }
}

}  // namespace

TEST_CASE("the steps of programs") {
  check_steps<Inference<Net>>();
  check_steps<Inference<Net, InferenceOptions{.winograd = true}>>();
  check_steps<Trainer<Net, CrossEntropyLoss{}, SGD{}, Training{.batch = 4}>>();
  check_steps<
      Trainer<Net, CrossEntropyLoss{}, SGD{}, Training{.batch = 4, .update = Update::fused}>>();
}
