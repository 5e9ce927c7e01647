// A tensor that learns, as an optimizer with groups sees it; and where a trainer has it.
#pragma once
#include <etch/graph.hpp>

#include <array>

namespace etch {

// What GroupedOptimizer::group_of() is asked about, in the compiler.
struct ParameterTensor {
  const char* layer;    // "Conv2d"
  const char* name;     // "weight"
  int rank;             // PyTorch's: 4 a convolution's weight, 2 a Linear's, 1 a bias or of a norm
  std::size_t size;     // floats
  const Scope* scopes;  // of the graph
  int scope;            // of the layer

  // Its name in PyTorch is `path` or begins with it and a dot: is_in("layer4.0").
  constexpr bool is_in(const char* path) const {
    const char* rest = after(scope, path);
    if (rest != nullptr && *rest == '.') rest = after_word(name, rest + 1);
    return rest != nullptr && *rest == 0;
  }

 private:
  // What is left of the path behind the scope's name, or as much of it as there is; null where
  // they differ.
  constexpr const char* after(int s, const char* path) const {
    if (s == none) return path;
    const bool first = scopes[s].parent == none;
    const char* rest = after(scopes[s].parent, path);
    if (rest == nullptr || (!first && *rest == 0)) return rest;
    if (!first && *rest++ != '.') return nullptr;
    return scopes[s].named ? after_word(scopes[s].name, rest) : after_number(scopes[s].index, rest);
  }
  static constexpr const char* ended(const char* rest) {
    return *rest == 0 || *rest == '.' ? rest : nullptr;
  }
  static constexpr const char* after_word(const char* word, const char* path) {
    for (; *word != 0; ++word, ++path) {
      if (*word != *path) return nullptr;
    }
    return ended(path);
  }
  static constexpr const char* after_number(std::size_t number, const char* path) {
    if (number >= 10) path = after_digits(number / 10, path);
    if (path == nullptr || *path != static_cast<char>('0' + number % 10)) return nullptr;
    return ended(path + 1);
  }
  static constexpr const char* after_digits(std::size_t number, const char* path) {
    if (number >= 10) path = after_digits(number / 10, path);
    return path != nullptr && *path == static_cast<char>('0' + number % 10) ? path + 1 : nullptr;
  }
};

// Internal: where a tensor lies among the parameters that learn, in floats, and its group.
struct ParameterRun {
  std::size_t at, size;
  int group;
};

// Internal: whether it is among them.
constexpr bool learns(const Tensor& t) { return !t.buffer && !t.frozen; }

// Internal: how many are.
constexpr std::size_t count_learning(const GraphView& graph) {
  std::size_t count = 0;
  for (int i = 0; i < graph.size.tensors; ++i) count += learns(graph.tensors[i]);
  return count;
}

// Internal: all of them, with the groups that the optimizer gives them.
template <std::size_t count>
constexpr std::array<ParameterRun, count> parameter_runs(const GraphView& graph,
                                                         const auto& optimizer) {
  std::array<ParameterRun, count> runs{};
  std::size_t n = 0;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    if (!learns(t)) continue;
    const Op& op = graph.ops[t.op];
    runs[n++] = {t.offset, t.size(),
                 optimizer.group_of(
                     ParameterTensor{op.kind, t.name, t.rank, t.size(), graph.scopes, op.scope})};
  }
  return runs;
}

}  // namespace etch
