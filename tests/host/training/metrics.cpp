// Figures of small examples, counted by hand.
#include <etch/host/training/metrics.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace etch::host;
using Labels = std::vector<std::int32_t>;
using Values = std::vector<float>;

// Three classes of four; the largest output is the answer.
static Metrics of_classes() {
  Metrics m(Task::classes, 4);
  const Values outputs{9, 0, 0, 0,   //
                       0, 9, 0, 0,   //
                       0, 9, 0, 0,   //
                       0, 0, 9, 0};  //
  m.add(0.5, outputs, Labels{0, 1, 2, 2});
  return m;
}

TEST_CASE("Accuracy, precision, recall and F1 of classes") {
  const Metrics m = of_classes();
  CHECK(m.count() == 4);
  CHECK(m.loss() == 0.5);
  const Confusion& c = m.classes();
  CHECK(c.accuracy() == 0.75);
  CHECK(c.precision(1) == 0.5);
  CHECK(c.recall(1) == 1);
  CHECK(c.f1(2) == Approx(2.0 / 3));
  // Class 3 never occurs, so it isn't in the mean.
  CHECK(c.macro_f1() == Approx((1 + 2.0 / 3 + 2.0 / 3) / 3));
  CHECK(c.confused(2, 1) == 1);
  CHECK(m.scores() == Scores{0.5, Task::classes, {0.75, c.macro_f1()}});
}

// Three labels, of which the last neither holds nor is found.
static Metrics of_labels() {
  Metrics m(Task::labels, 3);
  m.add(0.25, Values{2, -1, -3, -1, 1, -3}, Values{1, 1, 0, 0, 1, 0});
  m.add(1, Values{0.5f, 0, -1}, Values{0, 0.5f, 0});
  return m;
}

TEST_CASE("Each label is judged on its own") {
  const Metrics m = of_labels();
  CHECK(m.count() == 3);
  CHECK(m.loss() == 0.5);
  const LabelCounts& l = m.labels();
  CHECK(l.counts()[0] == LabelCounts::Counts{1, 0, 1});
  CHECK(l.counts()[1] == LabelCounts::Counts{1, 2, 0});
  CHECK(l.counts()[2] == LabelCounts::Counts{0, 0, 0});
  CHECK(l.precision(0) == 0.5);
  CHECK(l.recall(0) == 1);
  CHECK(l.recall(1) == Approx(1.0 / 3));
  CHECK(l.f1(1) == 0.5);
  CHECK(l.accuracy() == Approx(6.0 / 9));
  CHECK(l.macro_f1() == Approx((2.0 / 3 + 0.5) / 2));
}

static Metrics of_numbers() {
  Metrics m(Task::numbers, 2);
  m.add(1, Values{1, 7, 4, 7}, Values{2, 7, 4, 7});
  m.add(4, Values{9, 8}, Values{6, 7});
  return m;
}

TEST_CASE("Errors of numbers") {
  const Metrics m = of_numbers();
  CHECK(m.count() == 3);
  CHECK(m.loss() == 2);
  const NumberErrors& n = m.numbers();
  CHECK(n.mae(0) == Approx(4.0 / 3));
  CHECK(n.mae(1) == Approx(1.0 / 3));
  CHECK(n.rmse(0) == Approx(std::sqrt(10.0 / 3)));
  CHECK(n.r2(0) == Approx(1 - 10.0 / 8));  // targets 2, 4, 6
  CHECK(n.r2(1) == 0);                     // of targets that are all 7
  CHECK(n.mae() == Approx(5.0 / 6));
  CHECK(n.rmse() == Approx(std::sqrt(11.0 / 6)));
  Metrics right(Task::numbers, 1);
  right.add(0, Values{7, 7}, Values{7, 7});
  CHECK(right.numbers().r2() == 1);
}

TEST_CASE("The variance of targets far from 0 is exact") {
  Metrics m(Task::numbers, 1);
  for (const float x : {0.0f, 1.0f, 2.0f, 3.0f}) m.add(0, Values{1e6f + x}, Values{1e6f + x});
  CHECK(m.numbers().columns()[0].spread == Approx(5));
}

TEST_CASE("The loss is a mean over images, not over batches") {
  Metrics m(Task::classes, 2);
  m.add(1, Values{1, 0, 1, 0, 1, 0}, Labels{0, 0, 0});
  m.add(3, Values{1, 0}, Labels{0});
  CHECK(m.loss() == 1.5);
}

TEST_CASE("Nothing counted is nothing, not a division by zero") {
  CHECK(Metrics(Task::classes, 10).scores() == Scores{0, Task::classes, {0, 0}});
  CHECK(Metrics(Task::labels, 10).scores() == Scores{0, Task::labels, {0, 0}});
  CHECK(Metrics(Task::numbers, 10).scores() == Scores{0, Task::numbers, {0, 0, 0}});
}

TEST_CASE("Metrics are kept and put back") {
  for (const Metrics& m : {of_classes(), of_labels(), of_numbers()}) {
    const Metrics again(m.loss_sum(), m.counts());
    CHECK(again.scores() == m.scores());
    CHECK(again.count() == m.count());
    CHECK(again.outputs() == m.outputs());
  }
}
