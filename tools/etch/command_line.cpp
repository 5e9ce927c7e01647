// The whole command: its subcommands, and what it says where one goes wrong.
#include <etch/host/command.hpp>

#include "commands.hpp"
#include "suggestion.hpp"
#include "surroundings.hpp"

#include <etch/host/error.hpp>

#include <exception>
#include <filesystem>
#include <iostream>

namespace etch::host {
namespace {

// Of a misspelt command CLI11 says only that one is required.
void check_command(const CLI::App& app, const char* const* words) {
  std::vector<std::string> names;
  std::string all;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
    all += " " + names.back();
  }
  if (names.empty()) return;
  const auto positional = [](const CLI::Option* option) { return option->get_positional(); };
  const bool has_path = !app.get_options(positional).empty();  // `etch data PATH`
  if (*words == nullptr && has_path) return;
  if (*words == nullptr) throw Error("a command is missing; there are:", all);
  const std::string given = *words;
  if (given.starts_with('-')) return;
  if (has_path && (std::filesystem::exists(given) || suggestion(given, names).empty())) return;
  if (std::find(names.begin(), names.end(), given) == names.end()) {
    throw Error(no_such("command", given, names), all);
  }
  check_command(*app.get_subcommand(given), words + 1);
}

// The command whose options were read, and its whole name.
std::pair<const CLI::App*, std::string> command_read(const CLI::App& app, std::string name) {
  const std::vector<CLI::App*> read = app.get_subcommands();
  if (read.empty()) return {&app, name};
  return command_read(*read.front(), name + " " + read.front()->get_name());
}

std::string unexpected(const CLI::App& command, const std::string& name, const std::string& word) {
  if (!word.starts_with('-')) return text("`", name, "` has no use for '", word, "'");
  const std::string given = word.substr(0, word.find('='));
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& known : option->get_lnames()) options.push_back("--" + known);
  }
  return text("`", name, "` has no option ", given, suggestion(given, options));
}

// CLI11's complaint as a sentence like ours. An option that there isn't is told first: what is
// missing or too much may come of it.
std::string parse_sentence(const CLI::App& app, const CLI::ParseError& e) {
  const auto [command, name] = command_read(app, app.get_name());
  const std::vector<std::string> rest = command->remaining();
  const auto option = std::find_if(rest.begin(), rest.end(),
                                   [](const std::string& word) { return word.starts_with('-'); });
  if (option != rest.end()) return unexpected(*command, name, *option);
  std::string message = e.what();
  const std::size_t colon = message.find(": ");
  if (colon != message.npos && e.get_name() == "ValidationError") {
    return message.erase(colon, 1);  // "--batch: 0: must be from 1 to 65536"
  }
  if (colon != message.npos && e.get_name() == "ArgumentMismatch") {
    return message.substr(0, colon) + " needs a value";
  }
  if (!rest.empty()) return unexpected(*command, name, rest.front());
  return text(message, " (`", name, " --help` tells more)");
}

int run(const std::string& program, int argc, char** argv) {
  check_surroundings();
  CLI::App app{program + ": neural networks whose memory is settled by the compiler", program};
  app.set_version_flag("--version", "etch " ETCH_VERSION, "print the version");
  app.require_subcommand(1);
  Action action;
  add_train(app, action);
  add_eval(app, action);
  add_predict(app, action);
  add_plan(app, action);
  add_bench(app, action);
  add_plot(app, action);
  add_profile(app, action);
  add_summary(app, action);
  add_data(app, action);
  add_import(app, action);
  add_embed(app, action);
  try {
    check_command(app, argv + 1);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    throw Error(parse_sentence(app, e));
  }
  return action();
}

int run_reporting(const std::string& program, int argc, char** argv) {
  int status = 1;
  try {
    status = run(program, argc, argv);
  } catch (const std::exception& e) {
    std::cerr << program << ": " << sentence(e) << std::endl;
  }
  return written(status);
}

}  // namespace

int command(int argc, char** argv) { return run_reporting("etch", argc, argv); }

int command(int argc, char** argv, const Model& own) {
  register_model(own);
  set_default_model(std::string(own.name));
  return run_reporting(std::filesystem::path(argv[0]).filename().string(), argc, argv);
}

}  // namespace etch::host
