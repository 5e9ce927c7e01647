// etch profile: where the time of a model goes, step by step, the slowest first.
#include "program/step_times.hpp"
#include "program_options.hpp"
#include "surroundings.hpp"

#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <map>

namespace etch::host {
namespace {

struct ProfileOptions : ProgramOptions {
  std::string model;
  double seconds = 2;
  std::size_t top = 20;
  bool json = false;
};

std::string padded_time(double seconds) {
  if (seconds >= 1) return fixed(seconds, 2) + " s ";
  return seconds >= 1e-3 ? fixed(1e3 * seconds, 2) + " ms" : fixed(1e6 * seconds, 1) + " us";
}

std::string gflops_text(const StepTime& s) { return s.macs > 0 ? fixed(s.gflops(), 1) : ""; }

class Report {
 public:
  Report(const ProfileOptions& o, const OpenModel& model, Profile profile)
      : o_(o), model_(model), p_(std::move(profile)) {
    for (const StepTime& s : p_.steps) sum_ += s.seconds;
    for (std::size_t i = 0; i < p_.steps.size(); ++i) slowest_.push_back(i);
    std::stable_sort(slowest_.begin(), slowest_.end(), [&](std::size_t a, std::size_t b) {
      return p_.steps[a].seconds > p_.steps[b].seconds;
    });
  }

  void print_json() const {
    nlohmann::ordered_json j;
    j["model"] = model_.name;
    j["mode"] = o_.train ? "training" : "inference";
    j["batch"] = o_.batch;
    j["threads"] = o_.threads;
    j["runs"] = p_.runs;
    j["seconds"] = p_.seconds;
    for (const std::size_t i : slowest_) {
      const StepTime& s = p_.steps[i];
      j["steps"].push_back({{"step", i},
                            {"pass", s.pass},
                            {"layer", s.layer},
                            {"seconds", s.seconds},
                            {"best_seconds", s.best},
                            {"macs", s.macs},
                            {"gflops", s.gflops()}});
    }
    std::cout << j.dump(2) << '\n';
  }

  void print() const {
    print_steps();
    print_kinds();
    print_total();
  }

 private:
  std::string share(double seconds) const { return fixed(100 * seconds / sum_, 1) + " %"; }

  void print_steps() const {
    const std::size_t shown = std::min(o_.top, slowest_.size());
    std::size_t width = 5;
    for (std::size_t i = 0; i < shown; ++i) {
      width = std::max(width, p_.steps[slowest_[i]].layer.size());
    }
    std::cout << " step  pass      " << padded_right("layer", width)
              << "       time    share       MACs   GFLOP/s\n";
    double rest = sum_;
    for (std::size_t i = 0; i < shown; ++i) {
      const StepTime& s = p_.steps[slowest_[i]];
      std::cout << padded_left(std::to_string(slowest_[i]), 5) << "  " << padded_right(s.pass, 10)
                << padded_right(s.layer, width) << padded_left(padded_time(s.seconds), 11)
                << padded_left(share(s.seconds), 9)
                << padded_left(s.macs > 0 ? count_text(s.macs) : "", 11)
                << padded_left(gflops_text(s), 10) << '\n';
      rest -= s.seconds;
    }
    if (shown == slowest_.size()) return;
    const std::string note = text_of_rest(slowest_.size() - shown);
    std::cout << std::string(17, ' ') << padded_right(note, width)
              << padded_left(padded_time(rest), 11) << padded_left(share(rest), 9) << '\n';
  }

  static std::string text_of_rest(std::size_t steps) {
    return "and " + std::to_string(steps) + " more";
  }

  // Steps of one pass and kind together.
  void print_kinds() const {
    std::map<std::string, StepTime> kinds;
    for (const StepTime& s : p_.steps) {
      StepTime& sum = kinds[s.pass + " " + s.kind];
      sum.seconds += s.seconds;
      sum.macs += s.macs;
    }
    std::vector<std::pair<std::string, StepTime>> all(kinds.begin(), kinds.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.second.seconds > b.second.seconds;
    });
    std::cout << '\n';
    for (const auto& [name, s] : all) {
      std::cout << padded_right(name, 24) << padded_left(padded_time(s.seconds), 11)
                << padded_left(share(s.seconds), 9) << padded_left(gflops_text(s), 10)
                << (s.macs > 0 ? " GFLOP/s" : "") << '\n';
    }
  }

  void print_total() const {
    StepTime all;
    all.seconds = p_.seconds;
    for (const StepTime& s : p_.steps) all.macs += s.macs;
    std::cout << '\n'
              << model_.name << ", input " << shape_text(model_.input) << ", " << o_.about() << ": "
              << padded_time(p_.seconds) << " a run, " << gflops_text(all)
              << " GFLOP/s (medians of " << p_.runs
              << " runs; multiplications by padding are neither made nor counted)\n";
  }

  const ProfileOptions& o_;
  OpenModel model_;
  Profile p_;
  std::vector<std::size_t> slowest_;
  double sum_ = 0;
};

int run_profile(const ProfileOptions& o) {
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  const OpenModel model = open_model(o.model);
  const Report report(o, model,
                      o.train ? profile(model.graph, o.training(), o.seconds)
                              : profile(model.graph, o.inference(), o.seconds));
  o.json ? report.print_json() : report.print();
  return 0;
}

}  // namespace

void add_profile(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("profile", "where the time of a model goes");
  auto o = std::make_shared<ProfileOptions>();
  add_model(*command, o->model);
  add_program_options(*command, *o);
  command->add_option("--seconds", o->seconds, "how long to measure [2]")->check(number);
  command->add_option("--top", o->top, "how many of the slowest steps are shown [20]")
      ->check(not_negative);
  command->add_flag("--json", o->json, "every step as JSON");
  command->callback([o, &action] { action = [o] { return run_profile(*o); }; });
}

}  // namespace etch::host
