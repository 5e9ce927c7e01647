// The subcommands. Each adds itself to the application; what it is to do is left in `action`,
// which returns the exit status.
#pragma once
#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace etch::host {

using Action = std::function<int()>;

void add_train(CLI::App& app, Action& action);
void add_eval(CLI::App& app, Action& action);
void add_predict(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_plot(CLI::App& app, Action& action);
void add_profile(CLI::App& app, Action& action);
void add_summary(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_embed(CLI::App& app, Action& action);

// Options that several commands have.
inline constexpr std::size_t max_threads = 64;
std::size_t default_threads();
CLI::Option* add_threads(CLI::App& command, std::size_t& threads);
// Checks of options, for CLI::Option::check: "VALUE: must be ...", or nothing. The option's name is
// put before it.
using Check = std::function<std::string(const std::string&)>;
// A whole number: "-3" would become 2^64 - 3.
std::string not_negative(const std::string& given);
std::string number(const std::string& given);  // 0 or more
Check from_to(std::size_t low, std::size_t high);
Check one_of(std::vector<std::string> allowed);
// The positional MODEL, see open_model(), with what it can be in the command's footer.
void add_model(CLI::App& command, std::string& model);
// What MODEL is where none is given; empty: it has to be.
const std::string& default_model();
void set_default_model(std::string name);
void check_threads(std::size_t threads);
// See overwrite.hpp.
void add_overwrite(CLI::App& command, bool& overwrite);

// Says, on stderr, that damage to a file's numbers couldn't be seen.
void note_unchecked(const std::string& file, bool has_checksum);
// What went wrong, for the user.
std::string sentence(const std::exception& e);

}  // namespace etch::host
