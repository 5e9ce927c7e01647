// etch plan: what a model needs, step by step.
#include "commands.hpp"

#include "program/layout.hpp"
#include "program/memory_map.hpp"
#include "program_options.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/overwrite.hpp>
#include <etch/host/training/settings.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace etch::host {
namespace {

struct PlanOptions : ProgramOptions {
  std::string model, optimizer = "adam", svg;
  bool json = false, summary = false, overwrite = false;
};

class Plan {
 public:
  explicit Plan(const PlanOptions& o)
      : o_(o),
        model_(open_model(o.model)),
        graph_(model_.graph),
        program_(make_program(graph_, o)),
        live_(live_bytes(program_)),
        peak_(static_cast<std::size_t>(program_.peak.step)) {
    const std::size_t learned = graph_.num_trainable * sizeof(float);
    Settings s;
    s.optimizer = o.optimizer;
    if (o.optimizer == "sgd") s.momentum = 0.9;
    const std::size_t states = state_names(make_optimizer(s)).size();
    bytes_ = {graph_.total() * sizeof(float), program_.prepared_bytes,
              o.train && o.update == "accumulate" ? learned : 0, o.train ? states * learned : 0,
              program_.peak.arena_bytes};
  }

  void print_json() const {
    nlohmann::ordered_json j;
    j["model"] = model_.name;
    j["input"] = shape_text(model_.input);
    j["output"] = shape_text(model_.output);
    j["mode"] = o_.train ? "training" : "inference";
    j["batch"] = o_.batch;
    j["threads"] = o_.threads;
    if (o_.train) j["update"] = o_.update;
    if (o_.train) j["recompute"] = o_.recompute;
    if (o_.train) j["optimizer"] = o_.optimizer;
    j["parameters"] = graph_.num_parameters;
    j["macs"] = graph_.macs;
    j["parameter_bytes"] = bytes_.parameters;
    j["prepared_bytes"] = bytes_.prepared;
    j["gradient_bytes"] = bytes_.gradients;
    j["optimizer_bytes"] = bytes_.optimizer;
    j["arena_bytes"] = bytes_.arena;
    if (o_.train) j["recompute_macs"] = program_.recompute_macs;
    j["total_bytes"] = bytes_.total();
    j["peak"] = {{"step", peak_}, {"live_bytes", program_.peak.live_bytes}};
    for (const Holding& h : holdings(graph_, program_, peak_)) {
      j["peak"]["buffers"].push_back({{"name", h.name}, {"bytes", h.bytes}, {"offset", h.offset}});
    }
    for (std::size_t i = 0; i < program_.steps.size(); ++i) j["steps"].push_back(json_row(i));
    std::cout << j.dump(2) << '\n';
  }

  void draw() const {
    const std::string title =
        text(model_.name, ", input ", shape_text(model_.input), ", ", o_.about(), ": the arena");
    constexpr const char* command = "etch plan";
    check_replaceable(o_.svg, command, Overwrite{o_.overwrite});
    replace_file(o_.svg, with_writer(memory_map(graph_, program_, title), command, "<!--", " -->"));
  }

  void print() const {
    if (!o_.summary) print_table();
    print_totals();
    print_peak();
  }

 private:
  const Op* op_of(const Step& s) const { return s.op >= 0 ? &graph_.ops[s.op] : nullptr; }

  // What a row says of its op once: in the forward pass.
  bool first_pass(const Step& s) const {
    return s.kind == StepKind::forward && s.mode != Mode::replay;
  }

  nlohmann::ordered_json json_row(std::size_t i) const {
    const Step& s = program_.steps[i];
    const Op* op = op_of(s);
    nlohmann::ordered_json row{
        {"step", i}, {"pass", step_kind(s)}, {"layer", step_name(graph_, s)}};
    if (op != nullptr) row["output"] = shape_text(graph_.values[op->y]);
    if (op != nullptr && first_pass(s)) {
      row["parameters"] = op->num_parameters;
      row["macs"] = op->macs;
    }
    row["live_bytes"] = live_[i];
    return row;
  }

  std::size_t name_width() const {
    std::size_t width = 5;
    for (const Step& s : program_.steps) {
      width = std::max(width, step_name(graph_, s).size());
    }
    return width;
  }

  void print_table() const {
    const std::size_t names = name_width();
    std::cout << " step  " << (o_.train ? "pass      " : "") << padded_right("layer", names)
              << "       output   parameters       MACs        live\n";
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      const Step& s = program_.steps[i];
      const Op* op = op_of(s);
      const bool first = op != nullptr && first_pass(s);
      std::cout << padded_left(std::to_string(i), 5) << "  "
                << (o_.train ? padded_right(step_kind(s), 10) : "")
                << padded_right(step_name(graph_, s), names)
                << padded_left(op != nullptr ? shape_text(graph_.values[op->y]) : "", 13)
                << padded_left(first && op->num_parameters > 0 ? grouped(op->num_parameters) : "",
                               13)
                << padded_left(first && op->macs > 0 ? count_text(op->macs) : "", 11)
                << padded_left(bytes_text(live_[i]), 12) << (i == peak_ ? "  <- peak" : "") << '\n';
    }
    std::cout << '\n';
  }

  static void print_total(const char* name, const std::string& value, const std::string& note) {
    std::cout << padded_right(name, 18) << padded_left(value, 14) << (note.empty() ? "" : "  ")
              << note << '\n';
  }

  void print_bytes(const char* name, std::size_t bytes, const std::string& note = "") const {
    print_total(name, bytes_text(bytes), note);
  }

  void print_totals() const {
    std::cout << model_.name << ", input " << shape_text(model_.input) << ", " << o_.about()
              << '\n';
    print_total("parameters", grouped(graph_.num_parameters), "");
    print_total("MACs", count_text(graph_.macs), "an image, forward");
    if (program_.recompute_macs > 0) {
      print_total("recomputed", count_text(program_.recompute_macs), "MACs an image, in backward");
    }
    print_bytes("parameter memory", bytes_.parameters, "with running statistics");
    if (bytes_.prepared > 0) print_bytes("prepared weights", bytes_.prepared, "Winograd's");
    if (o_.train) print_bytes("gradients", bytes_.gradients);
    if (o_.train) print_bytes("optimizer state", bytes_.optimizer, o_.optimizer);
    print_bytes("arena", bytes_.arena, "activations and scratch");
    print_bytes("total", bytes_.total());
  }

  void print_peak() const {
    const Step& s = program_.steps[peak_];
    std::cout << "\npeak: " << bytes_text(program_.peak.live_bytes) << " live at step " << peak_
              << ", " << step_kind(s) << " of " << step_name(graph_, s) << '\n';
    const std::vector<Holding> all = holdings(graph_, program_, peak_);
    // A summary of hundreds of buffers tells their kinds.
    if (o_.summary && all.size() > 12) return print_groups(all);
    for (const Holding& h : all) {
      std::cout << padded_left(bytes_text(h.bytes), 14) << "  " << h.name << '\n';
    }
  }

  static void print_groups(const std::vector<Holding>& all) {
    for (const HoldingGroup& g : grouped_holdings(all)) {
      std::cout << padded_left(bytes_text(g.bytes), 14) << padded_left(std::to_string(g.count), 6)
                << " x " << g.name << '\n';
    }
  }

  PlanOptions o_;
  OpenModel model_;
  GraphView graph_;
  Program program_;
  std::vector<std::size_t> live_;
  std::size_t peak_;
  Bytes bytes_{};
};

int plan(const PlanOptions& o) {
  const Plan p(o);
  if (!o.svg.empty()) p.draw();
  o.json ? p.print_json() : p.print();
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("plan", "what a model needs: memory, step by step");
  auto o = std::make_shared<PlanOptions>();
  add_model(*command, o->model);
  add_program_options(*command, *o);
  command->add_option("--optimizer", o->optimizer, "of training, sgd with momentum [adam]")
      ->check(one_of({"sgd", "adam", "adamw", "adabound"}));
  command->add_flag("--summary", o->summary, "totals and peak only");
  command->add_option("--svg", o->svg, "file to draw the memory map into: hover tells names");
  add_overwrite(*command, o->overwrite);
  command->add_flag("--json", o->json, "all of it as JSON");
  command->callback([o, &action] { action = [o] { return plan(*o); }; });
}

}  // namespace etch::host
