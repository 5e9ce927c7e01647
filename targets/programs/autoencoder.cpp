// MLPerf Tiny: the autoencoder, anomaly detection.
#include "tiny.hpp"

using namespace firmware;

extern "C" {
extern const Parameters<Autoencoder> weights;
extern const Case<Autoencoder> cases;
}

static Inference<Autoencoder> net{weights};

int main() { return run_case(net, cases); }
