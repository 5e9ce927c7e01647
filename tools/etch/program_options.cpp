// Options of the commands that look at a program.
#include "program_options.hpp"

#include <etch/host/error.hpp>

namespace etch::host {

Training ProgramOptions::training() const {
  return {.batch = batch,
          .update = update == "fused" ? Update::fused : Update::accumulate,
          .recompute = recompute_from_text(recompute),
          .threads = threads,
          .winograd = winograd};
}

std::string ProgramOptions::about() const {
  const std::string all = text(train ? "training" : "inference", ", batch ", batch, ", ", threads,
                               threads == 1 ? " thread" : " threads");
  const std::string fast = winograd ? ", winograd" : "";
  return train ? all + ", update " + update + ", recompute " + recompute + fast : all + fast;
}

void add_program_options(CLI::App& command, ProgramOptions& o) {
  command.add_option("--batch", o.batch, "images a step [1]")->check(from_to(1, 65536));
  CLI::Option* train = command.add_flag("--train", o.train, "training instead of inference");
  command.add_option("--update", o.update, "of training: accumulate or fused [accumulate]")
      ->check(one_of({"accumulate", "fused"}))
      ->needs(train);
  command
      .add_option("--recompute", o.recompute,
                  "of training: nothing, elementwise, blocks, or an arena to fit, such as 60MiB "
                  "[nothing]")
      ->needs(train);
  command.add_flag("--winograd", o.winograd, "transformed weights where they pay");
  command.add_option("--threads", o.threads, "threads, 1 to 64 [1]")->check(not_negative);
}

Program make_program(GraphView graph, const ProgramOptions& o) {
  check_threads(o.threads);
  return o.train ? make_program(graph, o.training()) : make_program(graph, o.inference());
}

}  // namespace etch::host
