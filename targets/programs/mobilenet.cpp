// MLPerf Tiny: MobileNetV1 x0.25, visual wake words.
#include "tiny.hpp"

using namespace firmware;

extern "C" {
extern const Parameters<MobileNet> weights;
extern const Case<MobileNet> cases;
}

static Inference<MobileNet> net{weights};

int main() { return run_case(net, cases); }
