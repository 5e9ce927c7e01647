// NaN and infinities: whether there are any, and where.
#include "program/not_finite.hpp"

#include "network/names.hpp"
#include "program/layout.hpp"

#include <etch/host/error.hpp>
#include <etch/kernels/optimizer.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

// "a NaN", "an infinity"; null where all are finite.
static const char* fault_in(std::span<const float> x) {
  const auto at = std::find_if_not(x.begin(), x.end(), [](float v) { return std::isfinite(v); });
  if (at == x.end()) return nullptr;
  return std::isnan(*at) ? "a NaN" : "an infinity";
}

bool all_finite(std::span<const float> x, std::size_t threads) {
  // The squares of large numbers are infinite too.
  return std::isfinite(kernels::squared_norm(x.data(), x.size(), threads)) ||
         fault_in(x) == nullptr;
}

static std::optional<std::string> in_tensors(GraphView graph, const float* values, bool buffers,
                                             const char* kind) {
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    if (t.buffer != buffers) continue;
    const char* fault = fault_in({values + graph.offset_of(t), t.size()});
    if (fault != nullptr) return text(kind, " ", tensor_name(graph, t), " has ", fault);
  }
  return std::nullopt;
}

std::optional<std::string> not_finite_in_parameters(GraphView graph, const float* values) {
  return in_tensors(graph, values, false, "the parameter");
}

std::optional<std::string> not_finite_in_statistics(GraphView graph, const float* values) {
  return in_tensors(graph, values, true, "the running statistic");
}

static std::optional<std::string> described(const char* what, const std::string& whose,
                                            std::span<const float> x) {
  const char* fault = x.data() == nullptr ? nullptr : fault_in(x);
  if (fault == nullptr) return std::nullopt;
  return text(what, " of ", whose, " has ", fault);
}

std::optional<std::string> not_finite_after(GraphView graph, const Step& s, const Memory& m) {
  const std::string name = fused_name(graph, s);
  const auto images_of = [&](int value) { return m.batch * graph.values[value].elements(); };
  if (s.kind == StepKind::loss) {
    return described("the gradient", "the loss", {m.at(s.dy), images_of(graph.output)});
  }
  if (s.kind == StepKind::add) {
    return described("the gradient", "a sum's input", {m.at(s.dx), m.batch * s.count});
  }
  if (s.op < 0) return std::nullopt;
  if (s.kind == StepKind::forward) {
    const int y = graph.ops[std::max(s.op, s.last)].y;
    return described("the activation", name, {m.source(s.y), images_of(y)});
  }
  if (s.kind != StepKind::backward) return std::nullopt;
  const auto of_parameters =
      described("the gradient", "the parameters of " + name, {m.gradients_of(s), s.count});
  if (of_parameters) return of_parameters;
  return described("the gradient", "the input of " + name,
                   {m.at(s.dx), images_of(graph.ops[s.op].x)});
}

}  // namespace etch::host
