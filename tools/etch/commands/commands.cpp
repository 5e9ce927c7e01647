// Options that several commands have.
#include "commands/commands.hpp"

#include "error.hpp"
#include "network/models.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

namespace etch::host {

std::size_t default_threads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, max_threads);
}

std::string not_negative(const std::string& given) {
  return given.starts_with('-') ? given + ": must not be negative" : "";
}

CLI::Option* add_threads(CLI::App& command, std::size_t& threads) {
  threads = default_threads();
  return command.add_option("--threads", threads, "threads, 1 to 64 (as many as processors)")
      ->check(not_negative);
}

void add_model(CLI::App& command, std::string& model) {
  command.add_option("MODEL", model, "one of the models below")->required();
  command.footer("Models:\n" + list_models());
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

}  // namespace etch::host
