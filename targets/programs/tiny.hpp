// One of MLPerf Tiny's networks: weights and an input in flash, an output to compare with the
// host's.
#pragma once
#include "networks.hpp"
#include "report.hpp"

namespace firmware {

template <class Net>
int run_case(Inference<Net>& net, const Case<Net>& one) {
  report_inference<Inference<Net>>("net");
  report_parameters<Net>("weights");
  const std::uint64_t before = machine::instructions();
  const auto output = net(one.input);
  const std::uint64_t spent = machine::instructions() - before;
  const float most = difference(output, one.output);
  print("difference from the host ", most * 1e6f, "e-6\n");
  print("macs ", Net::macs, "\n");
  report_run("inference", spent);
  return most <= tolerance ? 0 : 1;
}

}  // namespace firmware
