// LeNet on MNIST images: the host trained the weights, which lie in flash; what it says must be
// what it says on the host.
#include "networks.hpp"
#include "report.hpp"

using namespace firmware;

extern "C" {
extern const Parameters<LeNet> weights;
extern const DigitCases cases;
}

static Inference<LeNet> net{weights};
static float input[digit.elements()];

int main() {
  report_inference<decltype(net)>("net");
  report_parameters<LeNet>("weights");
  float most = 0;
  unsigned right = 0;
  std::uint64_t spent = 0;
  for (std::size_t i = 0; i < DigitCases::count; ++i) {
    to_input(cases.digits[i], input);
    const std::uint64_t before = machine::instructions();
    const auto logits = net(input);
    spent = machine::instructions() - before;
    most = std::max(most, difference(logits, cases.logits[i]));
    right += argmax(logits) == cases.digits[i].label;
  }
  print("right ", right, " of ", DigitCases::count, ", difference from the host ", most * 1e6f,
        "e-6\n");
  report_run("inference", spent);
  return most <= tolerance && right >= DigitCases::count * 9 / 10 ? 0 : 1;
}
