// The picture of the arena: boxes where the plan has buffers.
#include "program/memory_map.hpp"

#include "process.hpp"
#include "svg.hpp"

#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

#include <fstream>
#include <regex>

using namespace etch;
using namespace etch::host;

namespace {

struct Rectangle {
  double x, y, width, height;
  std::string title;
};

double number(const std::string& text, const char* attribute) {
  std::smatch match;
  const std::regex pattern(std::string(" ") + attribute + "=\"(-?[0-9.]+)\"");
  REQUIRE(std::regex_search(text, match, pattern));
  return std::stod(match[1]);
}

std::vector<Rectangle> buffers_of(const std::string& svg) {
  const std::regex pattern("<rect([^>]*class=\"buffer[^>]*)><title>([^<]*)</title></rect>");
  std::vector<Rectangle> all;
  for (std::sregex_iterator at(svg.begin(), svg.end(), pattern), end; at != end; ++at) {
    const std::string text = (*at)[1];
    all.push_back({number(text, "x"), number(text, "y"), number(text, "width"),
                   number(text, "height"), (*at)[2]});
  }
  return all;
}

// Lengths are rounded to hundredths of a pixel.
constexpr double rounding = 0.021;

bool overlap(const Rectangle& a, const Rectangle& b) {
  return a.x + a.width > b.x + rounding && b.x + b.width > a.x + rounding &&
         a.y + a.height > b.y + rounding && b.y + b.height > a.y + rounding;
}

int overlaps(const std::vector<Rectangle>& all) {
  int count = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) count += overlap(all[i], all[j]);
  }
  return count;
}

void check_map(const Model& model, const Program& program) {
  INFO(model.name);
  const std::string svg = memory_map(model.graph, program, std::string(model.name));
  const std::vector<Rectangle> boxes = buffers_of(svg);
  std::size_t live = 0;
  for (const Buffer& b : program.buffers) live += b.first >= 0 && b.bytes > 0;
  CHECK(boxes.size() == live);
  const double width = number(svg, "width"), height = number(svg, "height");
  double highest = height, lowest = 0;
  for (const Rectangle& r : boxes) {
    CHECK((r.width > 0 && r.height >= 0 && r.x >= 0 && r.x + r.width <= width && r.y >= 0));
    CHECK(r.title.find(" of ") + r.title.find(" by ") + r.title.find(" at ") !=
          3 * std::string::npos);
    highest = std::min(highest, r.y);
    lowest = std::max(lowest, r.y + r.height);
  }
  // The arena fills the plot from the bottom to the top.
  CHECK(lowest - highest == Approx(480).margin(rounding));
  CHECK(overlaps(boxes) == 0);
  CHECK_THAT(svg, Catch::Contains("live at step " + std::to_string(program.peak.step) + ", "));
}

}  // namespace

TEST_CASE("Every buffer has a box of its own in the picture") {
  for (const char* name : {"lenet", "convnet", "resnet8", "resnet18", "resnet101-imagenet"}) {
    const Model& m = find_model(name);
    check_map(m, make_program(m.graph, InferenceOptions{.batch = 2}));
    for (const Update update : {Update::accumulate, Update::fused}) {
      check_map(m, make_program(m.graph, Training{.batch = 4, .update = update}));
    }
    check_map(m, make_program(m.graph, Training{.recompute = Recompute::elementwise}));
  }
}

TEST_CASE("A box is as wide as its life and as high as its bytes") {
  const Model& m = find_model("lenet");
  const Program p = make_program(m.graph, InferenceOptions{});
  const std::vector<Rectangle> boxes = buffers_of(memory_map(m.graph, p, "lenet"));
  const double column = 760.0 / static_cast<double>(p.steps.size());
  const double bytes = 480.0 / static_cast<double>(p.peak.arena_bytes);
  std::size_t i = 0;
  for (const Buffer& b : p.buffers) {
    if (b.first < 0) continue;
    CHECK(boxes[i].width == Approx(column * (b.last - b.first + 1)).margin(rounding));
    CHECK(boxes[i].height == Approx(bytes * static_cast<double>(b.bytes)).margin(rounding));
    ++i;
  }
  CHECK_THAT(boxes[0].title, Catch::Contains("output of 0 Conv2d + ReLU"));
}

TEST_CASE("A long title isn't cut") {
  const Model& m = find_model("lenet");
  const std::string title(200, 'm');
  const std::string svg = memory_map(m.graph, make_program(m.graph, InferenceOptions{}), title);
  CHECK(number(svg, "width") > text_width(title, 15));
}

TEST_CASE("The picture is XML, whatever the title says") {
  const Model& m = find_model("resnet8");
  const TemporaryFolder folder;
  const std::string path = folder.path() / "map.svg";
  std::ofstream(path) << memory_map(m.graph, make_program(m.graph, Training{.batch = 2}),
                                    "a < b & \"c\" > d\x01");
  const Outcome outcome =
      run_program({"python3", "-c",
                   "import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]); "
                   "print(d.getElementsByTagName('text')[0].firstChild.data)",
                   path},
                  ".");
  CHECK(outcome.errors == "");
  CHECK(outcome.output == "a < b & \"c\" > d \n");
}
