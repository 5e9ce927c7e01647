// Runs a model of the zoo: run_model MODEL WEIGHTS INPUT OUTPUT, all safetensors. INPUT has "x",
// (N, C, H, W) as in PyTorch; OUTPUT gets "y", (N, outputs).
#include <etch/host/error.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/training/checkpoint.hpp>
#include <etch/kernels/layout.hpp>

#include <iostream>

using namespace etch;
using namespace etch::host;

static void run(const char* name, const char* weights, const char* input, const char* output) {
  const Model& model = find_model(name);
  const Safetensors file(input);
  const StoredTensor& x = *file.find("x");
  const std::size_t batch = x.shape.at(0);
  std::vector<float> nchw(x.elements()), nhwc(x.elements());
  x.copy_to(nchw.data());
  kernels::nchw_to_nhwc(batch, model.input, nchw.data(), nhwc.data());
  SessionOptions options;
  options.training = {.batch = batch, .threads = 2};
  options.evaluates_only = true;
  Session session(model.graph, options);
  Checkpoint(weights).restore_model(session);
  const std::span<const float> y = session.evaluate(nhwc);
  write_safetensors(output, {source("y", {batch, y.size() / batch}, y.data())});
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  try {
    run(argv[1], argv[2], argv[3], argv[4]);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
