// The arena of a program as a picture: time goes right, a step a column; the arena goes up.
#pragma once
#include <etch/host/program/program.hpp>

#include <string>

namespace etch::host {

// An SVG file. A box is a buffer: its steps wide and its bytes high; on hover it says what is in
// it. The peak is marked.
std::string memory_map(GraphView graph, const Program& program, const std::string& title);

}  // namespace etch::host
