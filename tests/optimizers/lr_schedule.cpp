// Learning rates against formulas and against what PyTorch 1.13 gives.
#include <etch/optimizers/lr_schedule.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using namespace etch;

TEST_CASE("schedules that know the epoch alone") {
  CHECK(StepLR{.step_size = 3, .gamma = 0.1}.at(1.0, 2) == Approx(1.0));
  CHECK(StepLR{.step_size = 3, .gamma = 0.1}.at(1.0, 7) == Approx(0.01));
  CHECK(CosineAnnealingLR{.T_max = 10}.at(1.0, 0) == Approx(1.0));
  CHECK(CosineAnnealingLR{.T_max = 10, .eta_min = 0.2}.at(1.0, 5) == Approx(0.6));
  CHECK(CosineAnnealingLR{.T_max = 10, .eta_min = 0.2}.at(1.0, 10) == Approx(0.2));
}

TEST_CASE("LinearLR's rates are PyTorch's") {
  const LinearLR schedule{.start_factor = 0.2, .end_factor = 0.9, .total_iters = 4};
  const std::vector<double> want = {0.1, 0.1875, 0.275, 0.3625, 0.45, 0.45, 0.45};
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(schedule.at(0.5, i) == Approx(want[i]));
  CHECK(LinearLR{.start_factor = 0.5, .total_iters = 0}.at(0.5, 0) == 0.5);
}

namespace {

// The rates after each of these metrics, one of which is no number.
std::vector<double> rates(ReduceLROnPlateau plateau) {
  const std::vector<double> metrics = {1.0,  0.8,  0.81, 0.79995, 0.8,  0.7, 0.71, 0.72, 0.73,
                                       0.74, 0.75, 0.76, 0.77,    0.78, 0.3, 0.31, 0.32, 0.33,
                                       0.34, 0.35, 0.36, NAN,     0.1,  0.2, 0.2,  0.2};
  std::vector<double> all;
  double lr = 0.5;
  for (const double m : metrics) all.push_back(lr = plateau.next(lr, m));
  return all;
}

void check_rates(const ReduceLROnPlateau& plateau, const std::vector<double>& want) {
  const std::vector<double> got = rates(plateau);
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    INFO("after metric " << i);
    CHECK(got[i] == Approx(want[i]).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("ReduceLROnPlateau's rates are PyTorch's") {
  check_rates(
      {.factor = 0.5, .patience = 2},
      {0.5,     0.5,     0.5,      0.5,      0.25,     0.25,     0.25,     0.25,     0.125,
       0.125,   0.125,   0.0625,   0.0625,   0.0625,   0.0625,   0.0625,   0.0625,   0.03125,
       0.03125, 0.03125, 0.015625, 0.015625, 0.015625, 0.015625, 0.015625, 0.0078125});
  check_rates(
      {.factor = 0.1, .patience = 0, .cooldown = 2, .min_lr = 1e-3},
      {0.5,   0.5,   0.05,  0.05,  0.05,  0.05,  0.005, 0.005, 0.005, 0.001, 0.001, 0.001, 0.001,
       0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001});
  check_rates({.factor = 0.3, .patience = 1, .threshold = 0.2},
              {0.5,       0.5,       0.15,      0.15,       0.15,      0.045,     0.045,
               0.0135,    0.0135,    0.00405,   0.00405,    0.001215,  0.001215,  3.645e-4,
               3.645e-4,  3.645e-4,  1.0935e-4, 1.0935e-4,  3.2805e-5, 3.2805e-5, 9.8415e-6,
               9.8415e-6, 9.8415e-6, 9.8415e-6, 2.95245e-6, 2.95245e-6});
  // A rate that is as low as may be stays.
  ReduceLROnPlateau done{.patience = 0, .min_lr = 0.5};
  CHECK(done.next(0.5, 1) == 0.5);
  CHECK(done.next(0.5, 1) == 0.5);
}
