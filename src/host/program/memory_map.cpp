// The arena of a program as a picture.
#include "program/memory_map.hpp"

#include "network/names.hpp"
#include "program/layout.hpp"
#include "svg.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <algorithm>
#include <array>

namespace etch::host {
namespace {

constexpr std::string_view style =
    "text{font:12px 'DejaVu Sans',Helvetica,Arial,sans-serif;fill:#222}"
    ".title{font-size:15px;font-weight:bold}.axis{fill:#555;font-size:11px}"
    ".in{font-size:10px;pointer-events:none;paint-order:stroke;stroke-width:4px}.mid{text-anchor:"
    "middle}.end{text-anchor:end}"
    ".buffer{stroke:#fff;stroke-width:.5}.thin{stroke:none}.buffer:hover{stroke:#000;stroke-width:"
    "1.5}"
    ".peak{fill:#c00;font-weight:bold}.mark{stroke:#c00}";

struct Role {
  std::string_view name, legend, colour;
};
constexpr std::array roles{
    Role{"output", "outputs", "#6b9bd1"},
    Role{"saved by", "saved for backward", "#5fb5a5"},
    Role{"input gradient", "gradients of activations", "#f0a04b"},
    Role{"gradient that begins at", "", "#f0a04b"},
    Role{"sum", "", "#f0a04b"},
    Role{"parameter gradients", "gradients of parameters", "#d9667b"},
    Role{"scale and shift", "folded norms", "#a58bc9"},
    Role{"scratch", "scratch of kernels", "#b5b5b5"},
};

const Role& role_of(std::string_view name) {
  return *std::find_if(roles.begin(), roles.end() - 1,
                       [&](const Role& r) { return r.name == name; });
}

struct Box {
  const Buffer* buffer;
  std::vector<Content> contents;
};

// The buffer's life in words.
std::string hover(const Box& box) {
  const Buffer& b = *box.buffer;
  std::string all =
      text(bytes_text(b.bytes), " at ", bytes_text(b.offset), ", steps ", b.first, " to ", b.last);
  // An activation that a dozen layers write over in place is told by its first and last ones.
  for (std::size_t i = 0; i < box.contents.size(); ++i) {
    if (i >= 8 && i + 2 < box.contents.size()) continue;
    all += text("\n", box.contents[i].at, ": ", box.contents[i].name());
  }
  return all;
}

// "layer1" of "layer1.0.conv1"; what a network without such names has is its own.
std::string outer_name(GraphView graph, const Step& s) {
  if (s.op < 0) return s.kind == StepKind::loss ? "loss" : "";
  const std::string name = op_name(graph, s.op);
  return name.substr(0, name.find('.'));
}

// A distance between ticks that a reader can count in, so that there are 4 to 8 of them.
std::size_t tick_bytes(std::size_t all) {
  std::size_t tick = 1;
  while (tick * 8 < all) tick *= 2;
  return tick;
}
std::size_t tick_steps(double pixels_a_step) {
  std::size_t tick = 1;
  for (const std::size_t factor : {5u, 2u, 5u, 2u, 5u, 2u, 5u, 2u}) {
    if (static_cast<double>(tick) * pixels_a_step >= 40) return tick;
    tick *= factor;
  }
  return tick;
}

class MemoryMap {
 public:
  MemoryMap(GraphView graph, const Program& program, const std::string& title)
      : graph_(graph),
        p_(program),
        steps_(program.steps.size()),
        arena_(std::max<std::size_t>(program.peak.arena_bytes, 1)),
        width_(std::max(std::clamp(26.0 * static_cast<double>(steps_), 760.0, 1560.0),
                        1.1 * text_width(title, 15))),  // the title is bold
        names_height_(names_fit() ? name_length() : 0),
        svg_(left + width_ + right, top + height + names_height_ + bottom, style) {
    svg_.rect(0, 0, left + width_ + right, top + height + names_height_ + bottom, "fill=\"#fff\"");
    svg_.text(left, 24, title, "class=\"title\"");
  }

  std::string draw() {
    for (const Buffer& b : p_.buffers) {
      if (b.first >= 0 && b.bytes > 0) boxes_.push_back({&b, contents(graph_, p_, b)});
    }
    draw_legend();
    draw_columns();
    draw_offsets();
    for (const Box& box : boxes_) draw_box(box);
    draw_axes();
    draw_peak();
    for (const Box& box : boxes_) draw_name(box);
    return svg_.finish();
  }

 private:
  static constexpr double left = 76, right = 24, top = 92, height = 480, bottom = 68;
  static constexpr double small = 10;  // font

  double x(std::size_t step) const {
    return left + width_ * static_cast<double>(step) / static_cast<double>(steps_);
  }
  double y(std::size_t bytes) const {
    return top + height * (1 - static_cast<double>(bytes) / static_cast<double>(arena_));
  }
  double column() const { return width_ / static_cast<double>(steps_); }

  // A name under every step where its column is wide enough for a line of text.
  bool names_fit() const { return column() >= 13; }
  // Its pass is said where the side of the picture doesn't say it.
  std::string step_label(std::size_t i) const {
    const Step& s = p_.steps[i];
    const std::string pass = step_kind(s), name = step_name(graph_, s);
    const bool own = pass == "forward" || pass == "backward" || pass == name;
    return own ? name : text(pass, ' ', name);
  }
  double name_length() const {
    double longest = 0;
    for (std::size_t i = 0; i < steps_; ++i) {
      longest = std::max(longest, text_width(step_label(i), small));
    }
    return longest;
  }

  void draw_legend() {
    double at = left;
    for (const Role& r : roles) {
      if (r.legend.empty() || !is_used(r.colour)) continue;
      svg_.rect(at, 38, 12, 12, text("fill=\"", r.colour, "\""));
      svg_.text(at + 17, 48, r.legend);
      at += 17 + text_width(r.legend, 12) + 18;
    }
  }
  bool is_used(std::string_view colour) const {
    return std::any_of(boxes_.begin(), boxes_.end(),
                       [&](const Box& b) { return colour_of(b) == colour; });
  }
  static std::string_view colour_of(const Box& b) {
    return role_of(b.contents.empty() ? "" : b.contents[0].role).colour;
  }

  // The outer modules as columns of alternating shade, with their names where these fit.
  void draw_columns() {
    bool shaded = false;
    for (std::size_t begin = 0, end; begin < steps_; begin = end) {
      const std::string name = outer_name(graph_, p_.steps[begin]);
      for (end = begin + 1; end < steps_; ++end) {
        const std::string next = outer_name(graph_, p_.steps[end]);
        if (next != name && !next.empty()) break;
      }
      const double from = x(begin), span = x(end) - from;
      svg_.rect(from, top, span, height + names_height_ + 34,
                text("fill=\"", shaded ? "#f4f4f4" : "#fafafa", "\""));
      const bool said = names_fit() && end == begin + 1;
      if (!said && text_width(name, 11) + 4 <= span) {
        svg_.text(from + span / 2, top + height + names_height_ + 30, name, "class=\"axis mid\"");
      }
      shaded = !shaded;
    }
  }

  void draw_offsets() {
    for (std::size_t bytes = 0; bytes <= arena_; bytes += tick_bytes(arena_)) {
      svg_.line(left, y(bytes), left + width_, y(bytes), "stroke=\"#ddd\"");
      // The arena's own size stands at the top.
      if (bytes > 0 && y(bytes) < top + 12) continue;
      svg_.text(left - 6, y(bytes) + 4, bytes == 0 ? "0" : bytes_text(bytes), "class=\"axis end\"");
    }
    svg_.text(left - 6, top + 4, bytes_text(p_.peak.arena_bytes), "class=\"end\"");
  }

  struct Place {
    double from, up, span, high;
  };
  Place place(const Buffer& b) const {
    const double from = x(static_cast<std::size_t>(b.first)), up = y(b.offset + b.bytes);
    return {from, up, x(static_cast<std::size_t>(b.last) + 1) - from, y(b.offset) - up};
  }

  void draw_box(const Box& box) {
    const Place at = place(*box.buffer);
    svg_.rect(at.from, at.up, at.span, at.high,
              text("class=\"buffer", std::min(at.span, at.high) < 3 ? " thin" : "", "\" fill=\"",
                   colour_of(box), "\""),
              hover(box));
  }

  // Over the lines, which leave room for it.
  void draw_name(const Box& box) {
    if (box.contents.empty()) return;
    const Place at = place(*box.buffer);
    const std::string look = text("class=\"in mid\" stroke=\"", colour_of(box), "\"");
    const std::string& name = box.contents[0].owner;
    const double length = text_width(name, small) + 6;
    const double across = at.from + at.span / 2, down = at.up + at.high / 2;
    if (length <= at.span && at.high >= 12) {
      svg_.text(across, down + 3.5, name, look);
    } else if (length <= at.high && at.span >= 12) {
      svg_.upward_text(across + 3.5, down, name, look);
    }
  }

  void draw_axes() {
    svg_.line(left, top, left, top + height, "stroke=\"#888\"");
    svg_.line(left, top + height, left + width_, top + height, "stroke=\"#888\"");
    const double under = top + height + 13;
    for (std::size_t i = 0; names_fit() && i < steps_; ++i) {
      svg_.upward_text(x(i) + column() / 2 + 3.5, top + height + 6, step_label(i),
                       "class=\"axis end\" style=\"font-size:10px\"");
    }
    for (std::size_t i = 0; !names_fit() && i < steps_; i += tick_steps(column())) {
      svg_.text(x(i) + column() / 2, under, std::to_string(i), "class=\"axis mid\"");
    }
    svg_.text(left + width_ / 2, top + height + names_height_ + 54,
              text(steps_, " steps, one after the other"), "class=\"axis mid\"");
    svg_.upward_text(16, top + height / 2, "offset in the arena", "class=\"axis mid\"");
    if (p_.num_forward == steps_) return;
    const double turn = x(p_.num_forward);
    // Not above the arena, where the peak's label may cross it.
    svg_.line(turn, top, turn, top + height, "stroke=\"#888\" stroke-dasharray=\"2 3\"");
    svg_.text(turn - 8, top - 26, "forward", "class=\"axis end\"");
    svg_.text(turn + 8, top - 26, "backward", "class=\"axis\"");
  }

  void draw_peak() {
    const auto step = static_cast<std::size_t>(p_.peak.step);
    const double at = x(step) + column() / 2;
    svg_.line(at, top - 8, at, top + height, "class=\"mark\" stroke-dasharray=\"5 3\"");
    const std::string label =
        text("peak: ", bytes_text(p_.peak.live_bytes), " live at step ", step, ", ",
             step_kind(p_.steps[step]), " of ", step_name(graph_, p_.steps[step]));
    const bool right_half = at > left + width_ / 2;
    svg_.text(at + (right_half ? -6 : 6), top - 8, label,
              right_half ? "class=\"peak end\"" : "class=\"peak\"");
  }

  GraphView graph_;
  const Program& p_;
  std::size_t steps_, arena_;
  double width_, names_height_;
  Svg svg_;
  std::vector<Box> boxes_;
};

}  // namespace

std::string memory_map(GraphView graph, const Program& program, const std::string& title) {
  return MemoryMap(graph, program, title).draw();
}

}  // namespace etch::host
