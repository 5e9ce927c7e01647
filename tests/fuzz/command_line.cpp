// A command line, a word a line: parsed, not run. And the values that are parsed by the commands
// themselves.
#include "commands.hpp"
#include "fuzz.hpp"
#include "identifier.hpp"
#include "training/run_json.hpp"

#include <etch/host/network/models.hpp>
#include <etch/host/program/program.hpp>
#include <etch/host/training/settings.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace etch;
using namespace etch::host;

namespace etch::fuzz {

// To add a command takes far longer than to parse: only the one that is named is added.
static void parse(std::vector<std::string> words) {
  CLI::App app{"etch", "etch"};
  app.require_subcommand(1);
  Action action;
  const std::string command = words.empty() ? "" : words.front();
  if (command == "plan") {
    add_plan(app, action);
  } else if (command == "embed") {
    add_embed(app, action);
  } else {
    add_train(app, action);
  }
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::ParseError&) {
  }
}

void read(std::span<const std::byte> input) {
  const std::string text{reinterpret_cast<const char*>(input.data()), input.size()};
  std::vector<std::string> words;
  std::istringstream lines(text);
  for (std::string word; std::getline(lines, word);) words.push_back(word);
  accepted([&] { parse(words); });
  for (const std::string& word : words) {
    accepted([&] { recompute_from_text(word); });
    accepted([&] { find_model(word); });
    accepted([&] { check_name(word); });
    check_name(identifier(word));
  }
}

std::vector<std::string> seeds() {
  std::string all = "train\nlenet";
  const nlohmann::json settings = to_json(Settings{});
  for (const auto& [name, value] : settings.items()) {
    if (name == "model" || value.is_boolean()) continue;
    all += "\n--" + name + "\n" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return {all, "train\nlenet\n--nesterov\n--winograd\n--seed=18446744073709551615\n--lr\n-1e999",
          "plan\nconvnet\n--train\n--recompute\n60MiB\n--batch\n65536\n--threads\n-1",
          "embed\nrun.safetensors\n--name\nclass\n-o\nw.hpp\n--fold"};
}

}  // namespace etch::fuzz
