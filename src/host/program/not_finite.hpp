// NaN and infinities: whether there are any, and where.
#pragma once
#include <etch/host/program/program.hpp>

#include <optional>
#include <span>
#include <string>

namespace etch::host {

// One pass over memory, and by several threads.
bool all_finite(std::span<const float> x, std::size_t threads);

// Each says where a NaN or an infinity is, "the parameter conv1.weight has a NaN", or nothing.

// In the parameters, or the running statistics, of which `values` are all: see
// GraphView::offset_of.
std::optional<std::string> not_finite_in_parameters(GraphView graph, const float* values);
std::optional<std::string> not_finite_in_statistics(GraphView graph, const float* values);
// In what a step wrote that was run last.
std::optional<std::string> not_finite_after(GraphView graph, const Step& step,
                                            const Memory& memory);

}  // namespace etch::host
