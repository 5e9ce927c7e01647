// oneDNN running a network of tools/peers/networks.py: primitives in the layouts that it chooses
// itself, without a framework around them.
//
//   peer_onednn NETWORK MODE BATCH THREADS SAMPLES
//
// MODE: inference (direct convolution), inference-auto (whichever oneDNN prefers), or training: a
// step of forward, cross entropy, backward and Adam in one pass.
#include <omp.h>

#include <iostream>

#include "onednn.hpp"
#include "timing.hpp"

namespace {

peers::Run make(const std::string& mode, const std::vector<peers::Op>& ops, long batch,
                std::vector<float>& losses) {
  if (mode == "training") return peers::make_training(ops, batch, losses);
  if (mode == "inference") {
    return peers::make_inference(ops, batch, dnnl::algorithm::convolution_direct);
  }
  if (mode == "inference-auto") {
    return peers::make_inference(ops, batch, dnnl::algorithm::convolution_auto);
  }
  throw std::runtime_error("MODE " + mode + ": must be inference, inference-auto or training");
}

int run(int argc, char** argv) {
  if (argc != 6) throw std::runtime_error("needs NETWORK MODE BATCH THREADS SAMPLES");
  omp_set_num_threads(std::stoi(argv[4]));
  const std::vector<peers::Op> ops = peers::read_network(argv[1]);
  const std::string mode = argv[2];
  const dnnl_version_t* v = dnnl_version();
  const std::string version =
      std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  std::vector<float> losses;
  const auto first_and_last = [&] {
    return losses.empty() ? std::string()
                          : ", \"first_loss\": " + std::to_string(losses.front()) +
                                ", \"last_loss\": " + std::to_string(losses.back());
  };
  peers::report("oneDNN " + version + ", " + mode, std::stoi(argv[5]),
                make(mode, ops, std::stol(argv[3]), losses), first_and_last);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "peer_onednn: " << e.what() << '\n';
    return 1;
  }
}
