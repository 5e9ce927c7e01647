// Names in C++, for what is written as C++.
#pragma once
#include <string>

namespace etch::host {

// NAME as a part of C++ names: of a file's stem.
std::string identifier(const std::string& stem);
// Throws an Error where the value of --name isn't one.
void check_name(const std::string& name);

// A text of a file as a part of a comment: no line ends, and no backslash that would join lines.
std::string comment_text(std::string text);

}  // namespace etch::host
