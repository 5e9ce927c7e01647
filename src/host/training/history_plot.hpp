// The histories of training runs as a picture, drawn by gnuplot (http://www.gnuplot.info).
#pragma once
#include <etch/host/overwrite.hpp>
#include <etch/host/training/progress.hpp>

#include <filesystem>
#include <string>

namespace etch::host {

struct RunHistory {
  std::string name;  // in the legend
  std::vector<EpochScores> epochs;
  std::vector<double> rates;  // the learning rate of each epoch
};

// A script for gnuplot: a panel for the loss, one for each figure of the runs' task and one for the
// learning rate, over the epochs, of which the first `skip` are left out. A colour a run: a solid
// line for the test (or validation), a dashed one for the training. It writes to `output`, an .svg
// or .png.
std::string plot_script(const std::vector<RunHistory>& runs, std::size_t skip,
                        const std::filesystem::path& output);

// Draws it, and replaces `output` by it. Throws an Error where a history has nothing to be drawn,
// where runs are of several tasks, where the file's name ends in neither, where a file is in the
// way, and where gnuplot is missing or fails.
void plot_histories(const std::vector<RunHistory>& runs, std::size_t skip,
                    const std::filesystem::path& output, Overwrite overwrite = Overwrite::no);

}  // namespace etch::host
