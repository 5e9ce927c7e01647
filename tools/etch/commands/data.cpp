// etch data fetch: brings the data sets onto this machine.
#include "commands/commands.hpp"
#include "training/fetch.hpp"

#include <iostream>

namespace etch::host {

static int fetch_data(const std::string& name, std::string folder, bool overwrite) {
  const DataSource& data = find_data(name);
  if (folder.empty()) folder = "data/" + name;
  if (is_complete(data, folder)) {
    std::cout << name << " is in " << folder << ", with the right sha256" << std::endl;
    return 0;
  }
  fetch(data, folder, Overwrite{overwrite});
  std::cout << name << " fetched into " << folder << ", sha256 checked" << std::endl;
  return 0;
}

void add_data(CLI::App& app, Action& action) {
  struct Options {
    std::string name, folder;
    bool overwrite = false;
  };
  CLI::App* command = app.add_subcommand("data", "data sets");
  command->require_subcommand(1);
  CLI::App* fetch = command->add_subcommand("fetch", "fetch a data set and check it");
  auto o = std::make_shared<Options>();
  fetch->add_option("NAME", o->name, "mnist or fashion-mnist")->required();
  fetch->add_option("--data", o->folder, "the folder to put it into [data/NAME]");
  add_overwrite(*fetch, o->overwrite);
  fetch->callback(
      [o, &action] { action = [o] { return fetch_data(o->name, o->folder, o->overwrite); }; });
}

}  // namespace etch::host
