// What a program's arena holds at each step, by name.
#include "layout.hpp"

#include "names.hpp"

#include <algorithm>

namespace etch::host {

std::string step_name(GraphView graph, const Step& step) {
  if (step.kind == StepKind::loss) return "loss";
  if (step.op < 0) return "two gradients";
  const std::string name = op_name(graph, step.op);
  return name + (name.empty() ? "" : " ") + graph.ops[step.op].kind;
}

const char* step_kind(const Step& step) {
  static constexpr const char* names[] = {"prepare",  "forward", "fold",  "loss",
                                          "backward", "add",     "update"};
  if (step.mode == Mode::replay) return "replay";
  return names[static_cast<std::size_t>(step.kind)];
}

std::vector<std::size_t> live_bytes(const Program& program) {
  std::vector<std::size_t> live(program.steps.size());
  for (const Buffer& b : program.buffers) {
    if (b.first < 0) continue;
    for (int s = b.first; s <= b.last; ++s) live[static_cast<std::size_t>(s)] += b.bytes;
  }
  return live;
}

// What a step writes into the buffer at this offset; null: it doesn't write there.
static const char* written(const Step& s, std::uint32_t offset) {
  if (s.y == offset && s.kind == StepKind::forward) return "output of ";
  if (s.y == offset && s.kind == StepKind::fold) return "scale and shift of ";
  if (s.saved == offset && s.kind == StepKind::forward) return "saved by ";
  if (s.scratch == offset) return "scratch of ";
  if (s.gradients == offset && s.kind == StepKind::backward) return "parameter gradients of ";
  if (s.dx == offset) return s.kind == StepKind::add ? "sum of " : "input gradient of ";
  if (s.dy == offset && s.kind == StepKind::loss) return "gradient that begins at ";
  return nullptr;
}

static const char* layer_kind(GraphView graph, const Step& s) {
  return s.op >= 0 ? graph.ops[s.op].kind : s.kind == StepKind::loss ? "loss" : "gradients";
}

// What a buffer is at a step: what was written there last.
static Holding holding(GraphView graph, const Program& program, const Buffer& b, std::size_t step) {
  Holding h{"?", "?", b.bytes, b.offset};
  for (std::size_t i = static_cast<std::size_t>(b.first); i <= step; ++i) {
    const Step& s = program.steps[i];
    const char* what = written(s, static_cast<std::uint32_t>(b.offset / unit));
    if (what == nullptr) continue;
    h.name = what + step_name(graph, s);
    h.group = what + std::string(layer_kind(graph, s));
  }
  return h;
}

std::vector<Holding> holdings(GraphView graph, const Program& program, std::size_t step) {
  std::vector<Holding> all;
  const int at = static_cast<int>(step);
  for (const Buffer& b : program.buffers) {
    if (b.first < 0 || b.first > at || b.last < at) continue;
    all.push_back(holding(graph, program, b, step));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Holding& a, const Holding& b) { return a.bytes > b.bytes; });
  return all;
}

std::vector<HoldingGroup> grouped_holdings(const std::vector<Holding>& all) {
  std::vector<HoldingGroup> groups;
  for (const Holding& h : all) {
    const auto same = [&](const HoldingGroup& g) { return g.name == h.group; };
    auto at = std::find_if(groups.begin(), groups.end(), same);
    if (at == groups.end()) at = groups.insert(groups.end(), {h.group, 0, 0});
    ++at->count;
    at->bytes += h.bytes;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const HoldingGroup& a, const HoldingGroup& b) { return a.bytes > b.bytes; });
  return groups;
}

}  // namespace etch::host
