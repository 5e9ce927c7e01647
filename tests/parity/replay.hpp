// parity --replay FILE: runs the case that a failing test wrote, from the numbers in the file.
#pragma once
#include <string>

namespace parity {

// Reads the file; that case then takes its numbers from it. Returns the case's name.
std::string read_replay(const std::string& path);

}  // namespace parity
