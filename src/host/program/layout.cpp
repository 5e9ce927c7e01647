// What a program's arena holds at each step, by name.
#include "program/layout.hpp"

#include "network/names.hpp"

#include <algorithm>

namespace etch::host {

std::string step_name(GraphView graph, const Step& step) {
  if (step.kind == StepKind::loss) return "loss";
  if (step.op < 0) return "two gradients";
  const std::string name = op_name(graph, step.op);
  return name + (name.empty() ? "" : " ") + graph.ops[step.op].kind;
}

std::string fused_name(GraphView graph, const Step& s) {
  std::string name = step_name(graph, s);
  if (s.op < 0 || s.kind != StepKind::forward) return name;
  int y = graph.ops[s.op].y;
  for (int i = s.op + 1; i <= s.last; ++i) {
    const Op& op = graph.ops[i];
    if (op.x != y && op.skip != y) continue;
    name += std::string(" + ") + op.kind;
    y = op.y;
  }
  return name;
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
  if (s.y == offset && s.kind == StepKind::forward) return "output";
  if (s.y == offset && s.kind == StepKind::fold) return "scale and shift";
  if (s.saved == offset && s.kind == StepKind::forward) return "saved by";
  if (s.scratch == offset) return "scratch";
  if (s.gradients == offset && s.kind == StepKind::backward) return "parameter gradients";
  if (s.dx == offset) return s.kind == StepKind::add ? "sum" : "input gradient";
  if (s.dy == offset && s.kind == StepKind::loss) return "gradient that begins at";
  return nullptr;
}

static std::string with_owner(const std::string& role, const std::string& owner) {
  const bool joined = role.ends_with(" by") || role.ends_with(" at");
  return role + (joined ? " " : " of ") + owner;
}

std::string Content::name() const { return with_owner(role, step); }

std::vector<Content> contents(GraphView graph, const Program& program, const Buffer& buffer) {
  std::vector<Content> all;
  const auto last = static_cast<std::size_t>(buffer.last);
  for (auto i = static_cast<std::size_t>(buffer.first); i <= last; ++i) {
    const Step& s = program.steps[i];
    const char* role = written(s, static_cast<std::uint32_t>(buffer.offset / unit));
    if (role != nullptr) all.push_back({i, role, step_name(graph, s), fused_name(graph, s)});
  }
  return all;
}

static const char* layer_kind(GraphView graph, const Step& s) {
  return s.op >= 0 ? graph.ops[s.op].kind : s.kind == StepKind::loss ? "loss" : "gradients";
}

// What a buffer is at a step: what was written there last.
static Holding holding(GraphView graph, const Program& program, const Buffer& b, std::size_t step) {
  Holding h{"?", "?", b.bytes, b.offset};
  for (const Content& c : contents(graph, program, b)) {
    if (c.at > step) break;
    h.name = c.name();
    h.group = with_owner(c.role, layer_kind(graph, program.steps[c.at]));
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
