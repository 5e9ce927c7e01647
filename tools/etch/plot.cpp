// etch plot: the training histories that checkpoints hold, as a picture.
#include "commands.hpp"

#include "training/history_plot.hpp"

#include <etch/host/training/checkpoint.hpp>
#include <etch/host/training/decisions.hpp>

#include <iostream>

namespace etch::host {
namespace {

struct PlotOptions {
  std::vector<std::string> checkpoints;
  std::string output;
  bool skip_first = false, overwrite = false;
};

int plot(const PlotOptions& o) {
  std::vector<RunHistory> runs;
  for (const std::string& path : o.checkpoints) {
    const Checkpoint checkpoint(path);
    const Settings settings = checkpoint.settings();
    const std::vector<EpochScores> history = checkpoint.progress().history;
    runs.push_back({path + ": " + settings.model, history, epoch_rates(settings, history)});
  }
  plot_histories(runs, o.skip_first ? 1 : 0, o.output, Overwrite{o.overwrite});
  std::cout << o.output << ": " << runs.size() << (runs.size() == 1 ? " run" : " runs")
            << std::endl;
  return 0;
}

}  // namespace

void add_plot(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("plot", "training histories of checkpoints, as a picture");
  auto o = std::make_shared<PlotOptions>();
  command->add_option("CHECKPOINT", o->checkpoints, "files of `etch train`, a line each")
      ->required();
  command->add_option("-o,--output", o->output, "the picture: FILE.svg or FILE.png")->required();
  command->add_flag("--skip-first", o->skip_first, "leave out the first epoch of each");
  add_overwrite(*command, o->overwrite);
  command->callback([o, &action] { action = [o] { return plot(*o); }; });
}

}  // namespace etch::host
