// MLPerf Tiny: DS-CNN, keyword spotting.
#include "tiny.hpp"

using namespace firmware;

extern "C" {
extern const Parameters<DsCnn> weights;
extern const Case<DsCnn> cases;
}

static Inference<DsCnn> net{weights};

int main() { return run_case(net, cases); }
