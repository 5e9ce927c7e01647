// The histories of training runs as a picture, drawn by gnuplot.
#include "training/history_plot.hpp"

#include "process.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace etch::host {
namespace {

struct Metric {
  const char* name;
  double Scores::*value;
  double scale;
};
constexpr std::array metrics{Metric{"loss", &Scores::loss, 1},
                             Metric{"accuracy in %", &Scores::accuracy, 100},
                             Metric{"macro F1", &Scores::macro_f1, 1}};

struct Phase {
  const char* name;
  Scores EpochScores::*scores;
};
constexpr std::array phases{Phase{"train", &EpochScores::train}, Phase{"test", &EpochScores::test}};

// Okabe and Ito's, which colour-blind people tell apart: https://jfly.uni-koeln.de/color
constexpr std::array colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                             "#e69f00", "#56b4e9", "#000000"};

// A string of gnuplot: between single quotes nothing is special but these.
std::string quoted(const std::string& s) {
  std::string all = "'";
  for (const char c : s) {
    if (c == '\'') all += c;
    all += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return all + "'";
}

// A block of data: a line an epoch, its number and then every phase's metrics.
std::string data_block(std::size_t index, const RunHistory& run, std::size_t skip) {
  std::string all = text("$run", index, " << EOD\n");
  for (std::size_t e = skip; e < run.epochs.size(); ++e) {
    std::ostringstream line;
    line.precision(std::numeric_limits<double>::max_digits10);
    line << e + 1;
    for (const Phase& phase : phases) {
      for (const Metric& m : metrics)
        line << ' ' << m.scale * (run.epochs[e].*phase.scores.*m.value);
    }
    all += line.str() + "\n";
  }
  return all + "EOD\n";
}

bool is_png(const std::filesystem::path& output) { return output.extension() == ".png"; }

std::string terminal(const std::filesystem::path& output, std::size_t runs) {
  const std::size_t height = 640 + 20 * runs;
  return is_png(output)
             ? text("set terminal pngcairo noenhanced font 'DejaVu Sans,11' size 1280,", height)
             : text(
                   "set terminal svg noenhanced font 'DejaVu Sans,12' background '#ffffff' "
                   "size 1280,",
                   height);
}

// The legend is that of the first plot: it stands below all of them, a line a run.
std::string legend(std::size_t runs) {
  const double lines = static_cast<double>(runs);
  const double height = 640 + 20 * lines, room = (20 * lines + 24) / height;
  return text("set key at screen 0.5,", room - 4 / height,
              " center top Left reverse noenhanced samplen 3 spacing 1.1\n",
              "set multiplot layout 2,3 margins 0.06,0.985,", room + 56 / height,
              ",0.945 spacing 0.06,0.14\n");
}

std::string panel(const Phase& phase, const Metric& metric, std::size_t column,
                  const std::vector<RunHistory>& runs) {
  std::string all = text("set title '", phase.name, " ", metric.name, "'\nplot ");
  for (std::size_t r = 0; r < runs.size(); ++r) {
    // Markers while they can be told apart.
    const bool few = runs[r].epochs.size() <= 60;
    all += text(r > 0 ? ", " : "", "$run", r, " using 1:", column, " with ",
                few ? "linespoints pt 7 ps 0.5" : "lines", " lw 2 lc rgb '",
                colours[r % colours.size()], "' title ", quoted(runs[r].name));
  }
  return all + "\nunset key\n";
}

void check(const std::vector<RunHistory>& runs, std::size_t skip,
           const std::filesystem::path& output) {
  if (!is_png(output) && output.extension() != ".svg") {
    throw Error(output.string(), ": must end in .svg or .png");
  }
  for (const RunHistory& run : runs) {
    if (run.epochs.empty()) throw Error(run.name, ": has no finished epoch to plot");
    if (run.epochs.size() > skip) continue;
    throw Error(run.name, ": has finished ", run.epochs.size(),
                " epoch, and --skip-first leaves nothing of it to plot");
  }
}

}  // namespace

std::string plot_script(const std::vector<RunHistory>& runs, std::size_t skip,
                        const std::filesystem::path& output) {
  std::size_t last = 0;
  for (const RunHistory& run : runs) last = std::max(last, run.epochs.size());
  std::string all =
      terminal(output, runs.size()) + "\nset output " + quoted(output.string()) + "\n";
  for (std::size_t r = 0; r < runs.size(); ++r) all += data_block(r, runs[r], skip);
  all += "set encoding utf8\nset grid lt 1 lw 1 lc '#dddddd'\nset title offset 0,-0.4\n";
  all +=
      "set border 3 lc '#666666'\nset tics nomirror textcolor '#333333'\nset xlabel 'epoch' offset "
      "0,0.5\n";
  // Gnuplot's own format begins with a blank, which moves a label off its tick.
  all += "set format '%h'\n";
  // Epochs are whole; a single one has room at its sides.
  all += text("set xrange [", static_cast<double>(skip) + 0.5, ":", static_cast<double>(last) + 0.5,
              "]\nset xtics ", std::max<std::size_t>(1, (last - skip + 9) / 10), "\n");
  all += legend(runs.size());
  std::size_t column = 2;
  for (const Phase& phase : phases) {
    for (const Metric& metric : metrics) all += panel(phase, metric, column++, runs);
  }
  return all + "unset multiplot\n";
}

void plot_histories(const std::vector<RunHistory>& runs, std::size_t skip,
                    const std::filesystem::path& output, Overwrite overwrite) {
  constexpr const char* command = "etch plot";
  check(runs, skip, output);
  check_replaceable(output, command, overwrite);
  const TemporaryFolder folder;
  const std::filesystem::path picture = folder.path() / ("plot" + output.extension().string());
  const std::filesystem::path script = folder.path() / "plot.gnuplot";
  replace_file(script, plot_script(runs, skip, picture));
  const Outcome outcome = run_program({"gnuplot", script.string()}, folder.path());
  if (outcome.status == 127) {
    throw Error("gnuplot isn't installed, and it draws the plots: Debian's package is gnuplot-nox");
  }
  if (outcome.status != 0 || !std::filesystem::exists(picture)) {
    throw Error("gnuplot failed with status ", outcome.status, ": ", outcome.errors);
  }
  const FileBytes drawn(picture);
  const std::string content(reinterpret_cast<const char*>(drawn.bytes().data()),
                            drawn.bytes().size());
  replace_file(output, is_png(output) ? png_with_writer(content, command)
                                      : with_writer(content, command, "<!--", " -->"));
}

}  // namespace etch::host
