// MLPerf Tiny: ResNet-8, image classification.
#include "tiny.hpp"

using namespace firmware;

extern "C" {
extern const Parameters<ResNet8> weights;
extern const Case<ResNet8> cases;
}

static Inference<ResNet8> net{weights};

int main() { return run_case(net, cases); }
