// Options of the commands that look at a program: what is run, and in which memory mode.
#pragma once
#include "commands.hpp"

#include <etch/host/program/program.hpp>

namespace etch::host {

struct ProgramOptions {
  std::size_t batch = 1, threads = 1;
  bool train = false, winograd = false;
  std::string update = "accumulate", recompute = "nothing";  // of training

  Training training() const;
  InferenceOptions inference() const { return {batch, threads, winograd}; }
  // "training, batch 8, 1 thread, update fused, recompute nothing".
  std::string about() const;
};

void add_program_options(CLI::App& command, ProgramOptions& options);

Program make_program(GraphView graph, const ProgramOptions& options);

}  // namespace etch::host
