// Options that several commands have.
#include "commands.hpp"

#include "suggestion.hpp"

#include <etch/host/error.hpp>
#include <etch/host/network/open_model.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <new>
#include <thread>

namespace etch::host {

std::size_t default_threads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, max_threads);
}

std::string not_negative(const std::string& given) {
  if (given.starts_with('-')) return given + ": must not be negative";
  std::size_t value = 0;
  const char* end = given.data() + given.size();
  const auto [at, error] = std::from_chars(given.data(), end, value);
  return error == std::errc{} && at == end ? "" : given + ": must be a whole number";
}

std::string number(const std::string& given) {
  if (given.starts_with('-')) return given + ": must not be negative";
  double value = 0;
  const char* end = given.data() + given.size();
  const auto [at, error] = std::from_chars(given.data(), end, value);
  return error == std::errc{} && at == end ? "" : given + ": must be a number";
}

Check from_to(std::size_t low, std::size_t high) {
  return [=](const std::string& given) {
    std::size_t value = 0;
    const bool whole = not_negative(given).empty();
    if (whole) std::from_chars(given.data(), given.data() + given.size(), value);
    return whole && value >= low && value <= high
               ? ""
               : text(given, ": must be from ", low, " to ", high);
  };
}

Check one_of(std::vector<std::string> allowed) {
  return [=](const std::string& given) -> std::string {
    std::string all;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      if (allowed[i] == given) return "";
      all += (i == 0 ? "" : i + 1 < allowed.size() ? ", " : " or ") + allowed[i];
    }
    return given + ": must be " + all + suggestion(given, allowed);
  };
}

CLI::Option* add_threads(CLI::App& command, std::size_t& threads) {
  threads = default_threads();
  return command.add_option("--threads", threads, "threads, 1 to 64 (as many as processors)")
      ->check(not_negative);
}

static std::string& default_name() {
  static std::string name;
  return name;
}

const std::string& default_model() { return default_name(); }
void set_default_model(std::string name) { default_name() = std::move(name); }

void add_model(CLI::App& command, std::string& model) {
  model = default_model();
  CLI::Option* option = command.add_option("MODEL", model, "a model's name, or a file");
  if (model.empty()) option->required();
  command.footer(list_openable());
}

void check_threads(std::size_t threads) {
  if (threads >= 1 && threads <= max_threads) return;
  throw Error("--threads ", threads, ": must be from 1 to ", max_threads);
}

void add_overwrite(CLI::App& command, bool& overwrite) {
  command.add_flag("--overwrite", overwrite,
                   "replace files that are there, also those that others wrote or changed");
}

void note_unchecked(const std::string& file, bool has_checksum) {
  if (!has_checksum) std::cerr << file << ": has no checksum: its numbers are unchecked\n";
}

std::string sentence(const std::exception& e) {
  if (dynamic_cast<const std::bad_alloc*>(&e) == nullptr) return e.what();
  return "there is not enough memory (`etch plan` tells how much is needed)";
}

}  // namespace etch::host
