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

struct Panel {
  std::string title;
  bool phased;  // training and test, which are columns of their own
};

std::vector<Panel> panels_of(Task task) {
  std::vector<Panel> panels{{"loss", true}};
  for (const Figure& f : figures_of(task)) {
    panels.push_back({text(f.name, f.is_share ? " in %" : ""), true});
  }
  panels.push_back({"learning rate", false});
  return panels;
}

// Okabe and Ito's, which colour-blind people tell apart: https://jfly.uni-koeln.de/color
constexpr std::array colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                             "#e69f00", "#56b4e9", "#000000"};
// Where colours repeat, markers are others.
constexpr std::array markers{7, 5, 9, 13, 11, 6, 4, 8};

// A string of gnuplot: between single quotes nothing is special but these.
std::string gnuplot_string(const std::string& s) {
  std::string all = "'";
  for (const char c : s) {
    if (c == '\'') all += c;
    all += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return all + "'";
}

void add_scores(std::ostream& line, const Scores& s) {
  line << ' ' << s.loss;
  const std::span<const Figure> figures = figures_of(s.task);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    line << ' ' << (figures[i].is_share ? 100 : 1) * s.figures[i];
  }
}

// A block of data, a line an epoch: its number, the learning rate, and what training and test have.
std::string data_block(std::size_t index, const RunHistory& run, std::size_t skip) {
  std::string all = text("$run", index, " << EOD\n");
  for (std::size_t e = skip; e < run.epochs.size(); ++e) {
    std::ostringstream line;
    line.precision(std::numeric_limits<double>::max_digits10);
    line << e + 1 << ' ' << run.rates[e];
    add_scores(line, run.epochs[e].train);
    add_scores(line, run.epochs[e].test);
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

// The legend is that of the first panel: it stands below all of them, a line a run.
std::string legend(std::size_t runs, std::size_t panels) {
  const double lines = static_cast<double>(runs);
  const double height = 640 + 20 * lines, room = (20 * lines + 44) / height;
  return text("set label 1 'solid: test or validation, dashed: training' at screen 0.5,",
              room - 6 / height, " center textcolor '#666666'\n", "set key at screen 0.5,",
              room - 18 / height, " center top Left reverse noenhanced samplen 3 spacing 1.1\n",
              "set multiplot layout 2,", (panels + 1) / 2, " margins 0.06,0.985,",
              room + 56 / height, ",0.945 spacing 0.06,0.14\n");
}

// A run's line of a panel. The solid ones have markers, while these can be told apart.
std::string line(std::size_t r, const RunHistory& run, std::size_t column, bool dashed,
                 const std::string& title) {
  const bool marked = !dashed && run.epochs.size() <= 60;
  const std::string marker = text(" pt ", markers[r / colours.size() % markers.size()], " ps 0.5");
  return text("$run", r, " using 1:", column, " with ", marked ? "linespoints" + marker : "lines",
              " lw 2 dt ", dashed ? "(6,4)" : "1", " lc rgb '", colours[r % colours.size()], "' ",
              title);
}

// `column` is that of the training; that of the test is `figures` further.
std::string plot_panel(const Panel& panel, std::size_t column, std::size_t figures,
                       const std::vector<RunHistory>& runs) {
  std::string all =
      text("set title '", panel.title, "'\n", panel.phased ? "" : "set yrange [0:*]\n", "plot ");
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const std::string name = "title " + gnuplot_string(runs[r].name);
    const std::size_t solid = panel.phased ? column + figures : column;
    all += (r > 0 ? ", " : "") + line(r, runs[r], solid, false, name);
    if (panel.phased) all += ", " + line(r, runs[r], column, true, "notitle");
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
    if (run.epochs[0].test.task != runs[0].epochs[0].test.task) {
      throw Error(run.name, ": was trained on ", task_name(run.epochs[0].test.task), ", but ",
                  runs[0].name, " on ", task_name(runs[0].epochs[0].test.task),
                  ": their figures aren't the same");
    }
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
      terminal(output, runs.size()) + "\nset output " + gnuplot_string(output.string()) + "\n";
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
  const std::vector<Panel> panels = panels_of(runs[0].epochs[0].test.task);
  const std::size_t figures = panels.size() - 1;
  all += legend(runs.size(), panels.size());
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const std::size_t column = panels[i].phased ? 3 + i : 2;
    all += plot_panel(panels[i], column, figures, runs);
    if (i == 0) all += "unset label 1\n";
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
