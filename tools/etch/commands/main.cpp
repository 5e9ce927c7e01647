// etch: trains, evaluates, lays out and times the models of the zoo.
#include "commands/commands.hpp"
#include "error.hpp"

#include <exception>
#include <iostream>
#include <new>

// Of a misspelt command CLI11 says only that one is required.
static void check_command(const CLI::App& app, const std::string& name) {
  std::string all;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == name) return;
    all += " " + command->get_name();
  }
  throw etch::host::Error("there is no command '", name, "'; there are:", all);
}

int main(int argc, char** argv) {
  using namespace etch::host;
  CLI::App app{"etch: neural networks whose memory is settled by the compiler", "etch"};
  app.require_subcommand(1);
  Action action;
  add_train(app, action);
  add_eval(app, action);
  add_plan(app, action);
  add_bench(app, action);
  add_plot(app, action);
  add_profile(app, action);
  add_summary(app, action);
  add_data(app, action);
  add_import(app, action);
  add_embed(app, action);
  try {
    if (argc > 1 && argv[1][0] != '-') check_command(app, argv[1]);
    app.parse(argc, argv);
    return action();
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::bad_alloc&) {
    std::cerr << "etch: there is not enough memory (`etch plan` tells how much is needed)\n";
  } catch (const std::exception& e) {
    std::cerr << "etch: " << e.what() << '\n';
  }
  return 1;
}
