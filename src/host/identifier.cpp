// Names in C++.
#include "identifier.hpp"

#include <etch/host/error.hpp>

#include <cctype>
#include <string_view>

namespace etch::host {

std::string identifier(const std::string& stem) {
  static constexpr std::string_view reserved =
      " alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl "
      "concept const consteval constexpr constinit continue decltype default delete do double else "
      "enum etch explicit export extern false float for friend goto if inline int long main "
      "mutable "
      "namespace new noexcept not not_eq nullptr operator or or_eq private protected public "
      "register requires return short signed sizeof static std struct switch template this throw "
      "true try typedef typeid typename union unsigned using virtual void volatile while xor ";
  std::string all;
  for (const char c : stem) all += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  if (all.empty() || std::isdigit(static_cast<unsigned char>(all[0]))) all.insert(0, "net_");
  if (reserved.find(text(" ", all, " ")) != std::string_view::npos) all += "_net";
  return all;
}

void check_name(const std::string& name) {
  if (name == identifier(name)) return;
  throw Error("--name ", name, ": can't be a name in C++; ", identifier(name), " could");
}

std::string comment_text(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127 || c == '\\') c = '?';
  }
  return text;
}

}  // namespace etch::host
