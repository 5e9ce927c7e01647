// Parameters as source text, for the flash of a microcontroller.
#pragma once
#include <etch/host/overwrite.hpp>
#include <etch/host/weights/parameter_layout.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace etch::host {

// What is embedded: the numbers as Parameters has them, and how they are called in the text.
struct Embedding {
  const ParameterLayout& layout;  // of the network
  std::span<const float> values;  // layout.total of them
  std::string name;               // of the function template that returns them
  std::string source;             // for people: where they come from
  bool folded = false;            // of Folded<Net>
  // How its inputs were prepared, a number a channel, or one for all; empty: not at all.
  std::vector<float> mean{}, std{};
  std::vector<std::string> classes{};  // names of the outputs; empty: they have none
};

// Writes `NAME<Net>()` (or NAME<Folded<Net>>()), which gives the const Parameters<Net>& of the
// file's numbers. With another network than they belong to it doesn't compile: etch::topology is
// compared. Headers of other parameters, also of the same network and with the same name, have what
// is theirs in the same program; beside it are NAME_mean, NAME_std and NAME_classes, where there
// are such; in one source file they need names of their own. output: a .hpp that holds the numbers,
// or a .S that does, with a .hpp beside it. Throws an Error where a number isn't finite, a name
// can't be one, or a file is in the way.
void write_embedding(const Embedding& embedding, const std::filesystem::path& output,
                     Overwrite overwrite = Overwrite::no);

}  // namespace etch::host
