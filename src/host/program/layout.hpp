// What a program's arena holds at each step, by name.
#pragma once
#include <etch/host/program/program.hpp>

#include <string>

namespace etch::host {

// "layer1.0.conv1 Conv2d", or "loss".
std::string step_name(GraphView graph, const Step& step);

// With the layers that are fused into it: "conv1 Conv2d + BatchNorm2d + ReLU".
std::string fused_name(GraphView graph, const Step& step);

// "forward", "replay", "loss", "backward", "add", "update".
const char* step_kind(const Step& step);

// Bytes of the buffers that live at each step.
std::vector<std::size_t> live_bytes(const Program& program);

// What a step writes into a buffer: it is the "output" of "conv1 Conv2d".
struct Content {
  std::size_t at;     // the step
  const char* role;   // "output", "saved by", "scratch", "input gradient", ..
  std::string owner;  // the step's name
  std::string step;   // and with what is fused into it

  std::string name() const;  // "output of conv1 Conv2d + ReLU"
};

// All that is written into a buffer, in order; at least one.
std::vector<Content> contents(GraphView graph, const Program& program, const Buffer& buffer);

// A buffer that lives at a step, and what it is there: "output of layer1.0.conv1 Conv2d", one of
// the group "output of Conv2d".
struct Holding {
  std::string name, group;
  std::size_t bytes, offset;
};

// Those of one step, the largest first.
std::vector<Holding> holdings(GraphView graph, const Program& program, std::size_t step);

// How many of them each group has, and their bytes in all; the largest first.
struct HoldingGroup {
  std::string name;
  std::size_t count, bytes;
};
std::vector<HoldingGroup> grouped_holdings(const std::vector<Holding>& all);

}  // namespace etch::host
