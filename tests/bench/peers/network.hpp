// A network as tools/peers/networks.py writes it: one operation a line, which makes one value.
#pragma once
#include <cstddef>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace peers {

struct Shape {
  long channels = 1, height = 1, width = 1;
};

// x and y are values: numbers of operations before this one.
struct Op {
  std::string kind;
  std::size_t x = 0, y = 0;
  long out = 0, kernel = 1, stride = 1, padding = 0;
  bool bias = false;
  Shape shape{};         // of its value
  std::size_t uses = 0;  // of its value, by later operations
};

inline Op read_op(const std::string& line, const std::vector<Op>& before) {
  std::istringstream words(line);
  Op op;
  words >> op.kind;
  if (op.kind == "input") {
    words >> op.shape.channels >> op.shape.height >> op.shape.width;
    return op;
  }
  words >> op.x;
  if (op.kind == "add") words >> op.y;
  if (op.kind == "conv") words >> op.out >> op.kernel >> op.stride >> op.padding >> op.bias;
  if (op.kind == "max_pool") words >> op.kernel >> op.stride >> op.padding;
  if (op.kind == "linear") words >> op.out;
  if (!words || op.x >= before.size() || op.y >= before.size()) {
    throw std::runtime_error("a line of the network can't be read: " + line);
  }
  op.shape = before[op.x].shape;
  if (op.kind == "conv" || op.kind == "max_pool") {
    const auto positions = [&](long n) { return (n + 2 * op.padding - op.kernel) / op.stride + 1; };
    op.shape.height = positions(op.shape.height);
    op.shape.width = positions(op.shape.width);
  }
  if (op.kind == "flatten") op.shape.channels *= op.shape.height * op.shape.width;
  if (op.kind == "avg_pool" || op.kind == "flatten" || op.kind == "linear")
    op.shape.height = op.shape.width = 1;
  if (op.kind == "conv" || op.kind == "linear") op.shape.channels = op.out;
  return op;
}

inline std::vector<Op> read_network(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": can't be opened");
  std::vector<Op> ops;
  for (std::string line; std::getline(file, line);) {
    ops.push_back(read_op(line, ops));
    const Op& op = ops.back();
    if (op.kind == "input") continue;
    ++ops[op.x].uses;
    if (op.kind == "add") ++ops[op.y].uses;
  }
  if (ops.empty()) throw std::runtime_error(path + ": has no operations");
  return ops;
}

}  // namespace peers
