// Training histories as a picture: what gnuplot is told, and what it draws.
#include "training/history_plot.hpp"

#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

using namespace etch::host;
namespace fs = std::filesystem;

namespace {

RunHistory run(const std::string& name, std::size_t epochs, double slope = 0.25) {
  RunHistory r{name, {}, {}};
  for (std::size_t e = 0; e < epochs; ++e) {
    const double x = slope * static_cast<double>(e + 1);
    r.epochs.push_back({{2 / x, Task::classes, {1 - 0.5 / (1 + x), 0.5}},
                        {2.5 / x, Task::classes, {1 - 0.75 / (1 + x), 0.375}}});
    r.rates.push_back(0.125);
  }
  return r;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool has_gnuplot() {
  const bool there = run_program({"gnuplot", "--version"}, ".").status == 0;
  if (!there) WARN("skipped: there is no gnuplot");
  return there;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("The script has a panel for each figure and the learning rate, and all digits") {
  const std::string script = plot_script({run("a", 3), run("it's b", 2)}, 0, "out.svg");
  for (const char* title : {"loss", "accuracy in %", "F1", "learning rate"}) {
    CHECK_THAT(script, Catch::Contains("set title '" + std::string(title) + "'"));
  }
  CHECK_THAT(script, Catch::Contains("\n1 0.125 8 60 0.5 10 40 0.375\n"));
  CHECK_THAT(script, Catch::Contains("\n3 0.125 2.6666666666666665 "));
  CHECK_THAT(script, Catch::Contains("title 'it''s b'"));
  CHECK(count(script, "using 1:5 ") == 2);  // F1 of the training
  CHECK(count(script, "using 1:8 ") == 2);  // and of the test
  CHECK(count(script, "using 1:2 ") == 2);
  const std::string later = plot_script({run("a", 3)}, 1, "out.svg");
  CHECK_THAT(later, Catch::Contains("EOD\n2 ") && Catch::Contains("[1.5:3.5]"));
}

TEST_CASE("Errors of numbers have panels of their own, and no panel mixes tasks") {
  RunHistory numbers{"n", {}, {0.5}};
  numbers.epochs.push_back({{1, Task::numbers, {2, 3, 0.5}}, {4, Task::numbers, {5, 6, 0.25}}});
  const std::string script = plot_script({numbers}, 0, "out.svg");
  CHECK_THAT(script, Catch::Contains("\n1 0.5 1 2 3 0.5 4 5 6 0.25\n"));
  for (const char* title : {"MAE", "RMSE", "R2"}) {
    CHECK_THAT(script, Catch::Contains("set title '" + std::string(title) + "'"));
  }
  CHECK_THROWS_WITH(plot_histories({run("a", 2), numbers}, 0, "out.svg"),
                    "n: was trained on numbers, but a on classes: their figures aren't the same");
}

TEST_CASE("Where colours repeat, markers are others") {
  std::vector<RunHistory> runs(9, run("a", 2));
  const std::string script = plot_script(runs, 0, "out.svg");
  CHECK_THAT(script, Catch::Contains("pt 7 ps 0.5 lw 2 dt 1 lc rgb '#0072b2'") &&
                         Catch::Contains("pt 5 ps 0.5 lw 2 dt 1 lc rgb '#0072b2'"));
}

TEST_CASE("gnuplot draws SVG and PNG") {
  if (!has_gnuplot()) return;
  const TemporaryFolder folder;
  const fs::path svg = folder.path() / "it's.svg", png = folder.path() / "run.png";
  plot_histories({run("one $x `y`", 5), run("two_b", 8, 0.5)}, 0, svg);
  const std::string picture = contents(svg);
  CHECK_THAT(picture, Catch::Contains("</svg>") && Catch::Contains("one $x `y`") &&
                          Catch::Contains("two_b") && Catch::Contains("learning rate"));
  plot_histories({run("one", 1)}, 0, png);
  CHECK(contents(png).substr(1, 3) == "PNG");
}

TEST_CASE("What can't be plotted is refused, and nothing is written") {
  const TemporaryFolder folder;
  const fs::path svg = folder.path() / "out.svg";
  CHECK_THROWS_WITH(plot_histories({run("a", 2)}, 0, folder.path() / "out.pdf"),
                    Catch::EndsWith("out.pdf: must end in .svg or .png"));
  CHECK_THROWS_WITH(plot_histories({run("a", 2), run("b", 0)}, 0, svg),
                    "b: has no finished epoch to plot");
  CHECK_THROWS_WITH(plot_histories({run("a", 1)}, 1, svg),
                    Catch::Contains("--skip-first leaves nothing"));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  CHECK_THROWS_WITH(plot_histories({run("a", 2)}, 0, svg), Catch::Contains("gnuplot-nox"));
  ::setenv("PATH", path.c_str(), 1);
  CHECK(fs::is_empty(folder.path()));
  if (!has_gnuplot()) return;
  CHECK_THROWS_WITH(plot_histories({run("a", 2)}, 0, folder.path() / "nowhere" / "out.svg"),
                    Catch::Contains("can't be written"));
}
