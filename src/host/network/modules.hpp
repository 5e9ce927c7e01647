// A network as nested modules, the way PyTorch prints one: a row a layer and a row a named group.
#pragma once
#include <etch/graph.hpp>

#include <string>
#include <vector>

namespace etch::host {

// Kernel of a convolution or a pool, stride and dilation where they aren't 1, and groups: "3x3/2
// g32". Nothing of other layers.
std::string window_text(const Op& op);

struct ModuleRow {
  std::string name;       // "conv1", "0"; empty where a group itself ends in an op: Residual
  const char* kind = "";  // "Conv2d"; "" of a group
  std::size_t depth = 0;  // 0: the network itself, which is the first row
  bool last = false;      // of its group
  bool leaf = false;      // a layer
  Shape output{};         // as it lies in memory
  std::string window{};   // window_text()
  std::size_t parameters = 0, frozen = 0, buffers = 0, macs = 0;  // of all in the group
  std::size_t outputs = 0;  // numbers that all its layers put out, an image

  std::string label() const;  // "conv1 Conv2d"
};

// In the order of the graph, a group before what is in it.
std::vector<ModuleRow> module_rows(GraphView graph, std::string name);

// Leaves out what is nested deeper; the groups hold its numbers.
std::vector<ModuleRow> up_to_depth(const std::vector<ModuleRow>& rows, std::size_t depth);

// The branches in front of each row: "│  ├─ ".
std::vector<std::string> branches(const std::vector<ModuleRow>& rows);

}  // namespace etch::host
