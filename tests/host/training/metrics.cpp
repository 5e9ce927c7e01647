// Accuracy and F1 of small examples, counted by hand.
#include <etch/host/training/metrics.hpp>

#include <catch2/catch.hpp>

using namespace etch::host;

// Three classes; the largest output is the answer.
static Metrics example() {
  Metrics m(4);
  const std::vector<float> outputs{9, 0, 0, 0,   //
                                   0, 9, 0, 0,   //
                                   0, 9, 0, 0,   //
                                   0, 0, 9, 0};  //
  const std::vector<std::int32_t> labels{0, 1, 2, 2};
  m.add(0.5, outputs, labels);
  return m;
}

TEST_CASE("Accuracy, precision, recall and F1") {
  const Metrics m = example();
  CHECK(m.count() == 4);
  CHECK(m.loss() == 0.5);
  CHECK(m.accuracy() == 0.75);
  CHECK(m.precision(1) == 0.5);
  CHECK(m.recall(1) == 1);
  CHECK(m.f1(2) == Approx(2.0 / 3));
  // Class 3 never occurs, so it isn't in the mean.
  CHECK(m.macro_f1() == Approx((1 + 2.0 / 3 + 2.0 / 3) / 3));
  CHECK(m.confused(2, 1) == 1);
}

TEST_CASE("The loss is a mean over images, not over batches") {
  Metrics m(2);
  m.add(1, std::vector<float>{1, 0, 1, 0, 1, 0}, std::vector<std::int32_t>{0, 0, 0});
  m.add(3, std::vector<float>{1, 0}, std::vector<std::int32_t>{0});
  CHECK(m.loss() == 1.5);
}

TEST_CASE("Nothing counted is nothing, not a division by zero") {
  const Metrics m(10);
  CHECK(m.scores() == Scores{});
}

TEST_CASE("Metrics are kept and put back") {
  const Metrics m = example();
  const Metrics again = Metrics::restored(4, m.loss_sum(), m.confusion());
  CHECK(again.scores() == m.scores());
  CHECK(again.count() == 4);
}
