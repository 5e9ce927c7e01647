// etch summary: a model's layers, nested as in PyTorch, and what each has and costs.
#include "commands.hpp"

#include "network/modules.hpp"
#include "network/network_picture.hpp"

#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/program/program.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace etch::host {
namespace {

struct SummaryOptions {
  std::string model;
  std::size_t batch = 1, depth = 0;
  bool json = false, overwrite = false;
  std::string svg;
};

class Summary {
 public:
  explicit Summary(const SummaryOptions& o)
      : o_(o),
        model_(open_model(o.model)),
        graph_(model_.graph),
        rows_(module_rows(graph_, model_.name)),
        inference_(make_program(graph_, InferenceOptions{.batch = o.batch}).peak.arena_bytes),
        training_(make_program(graph_, Training{.batch = o.batch}).peak.arena_bytes) {}

  void print() const {
    print_table(o_.depth > 0 ? up_to_depth(rows_, o_.depth) : rows_);
    std::cout << '\n';
    print_totals();
  }

  void draw() const { draw_network(graph_, model_.name, o_.svg, Overwrite{o_.overwrite}); }

  void print_json() const {
    nlohmann::ordered_json j;
    j["model"] = model_.name;
    j["input"] = shape_text(model_.input);
    j["output"] = shape_text(model_.output);
    j["batch"] = o_.batch;
    j["parameters"] = rows_[0].parameters;
    j["frozen_parameters"] = rows_[0].frozen;
    j["buffers"] = rows_[0].buffers;
    j["macs"] = rows_[0].macs;
    j["parameter_bytes"] = graph_.total() * sizeof(float);
    j["output_bytes"] = output_bytes(rows_[0]);
    j["inference_arena_bytes"] = inference_;
    j["training_arena_bytes"] = training_;
    for (const ModuleRow& r : rows_) j["modules"].push_back(json_row(r));
    std::cout << j.dump(2) << '\n';
  }

 private:
  static std::size_t weight_bytes(const ModuleRow& r) {
    return (r.parameters + r.buffers) * sizeof(float);
  }
  std::size_t output_bytes(const ModuleRow& r) const {
    return o_.batch * r.outputs * sizeof(float);
  }

  nlohmann::ordered_json json_row(const ModuleRow& r) const {
    return {{"name", r.name},
            {"kind", r.kind},
            {"depth", r.depth},
            {"window", r.window},
            {"output", shape_text(r.output)},
            {"parameters", r.parameters},
            {"buffers", r.buffers},
            {"macs", r.macs},
            {"weight_bytes", weight_bytes(r)},
            {"output_bytes", output_bytes(r)}};
  }

  void print_table(const std::vector<ModuleRow>& rows) const {
    const std::vector<std::string> tree = branches(rows);
    std::size_t width = 5;
    for (const ModuleRow& r : rows) width = std::max(width, label_width(r));
    std::cout << padded_right("layer", width)
              << "  kernel           output   parameters      MACs\n"
              << padded_right("input", width) << std::string(10, ' ')
              << padded_left(shape_text(model_.input), 13) << '\n';
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const ModuleRow& r = rows[i];
      std::string line = tree[i] + r.label() + std::string(width - label_width(r), ' ') + "  " +
                         padded_right(r.window, 8) + padded_left(shape_text(r.output), 13) +
                         padded_left(r.parameters > 0 ? grouped(r.parameters) : "", 13) +
                         padded_left(r.macs > 0 ? count_text(r.macs) : "", 10) +
                         (r.leaf && r.frozen > 0 ? "  frozen" : "");
      line.erase(line.find_last_not_of(' ') + 1);
      std::cout << line << '\n';
    }
  }

  // In columns: a branch is three of them for each level.
  static std::size_t label_width(const ModuleRow& r) { return 3 * r.depth + r.label().size(); }

  static void print_total(const char* name, const std::string& value, const char* note = "") {
    std::cout << padded_right(name, 20) << padded_left(value, 14) << (*note ? "  " : "") << note
              << '\n';
  }

  void print_totals() const {
    const ModuleRow& all = rows_[0];
    std::cout << model_.name << ", input " << shape_text(model_.input) << ", batch " << o_.batch
              << '\n';
    print_total("parameters", grouped(all.parameters));
    if (all.frozen > 0) print_total("  frozen", grouped(all.frozen));
    print_total("running statistics", grouped(all.buffers));
    print_total("MACs", count_text(all.macs), "an image, forward");
    print_total("weights", bytes_text(graph_.total() * sizeof(float)),
                "parameters and running statistics, aligned");
    print_total("outputs", bytes_text(output_bytes(all)), "of all layers, if all were kept");
    print_total("inference arena", bytes_text(inference_),
                "what is planned for them, with scratch");
    print_total("training arena", bytes_text(training_), "the same, with gradients of activations");
  }

  SummaryOptions o_;
  OpenModel model_;
  GraphView graph_;
  std::vector<ModuleRow> rows_;
  std::size_t inference_, training_;
};

int summarise(const SummaryOptions& o) {
  const Summary s(o);
  if (!o.svg.empty()) s.draw();
  o.json ? s.print_json() : s.print();
  return 0;
}

}  // namespace

void add_summary(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("summary", "a model's layers: shapes, parameters, MACs");
  auto o = std::make_shared<SummaryOptions>();
  add_model(*command, o->model);
  command->add_option("--batch", o->batch, "images a step [1]")->check(from_to(1, 65536));
  command->add_option("--depth", o->depth, "levels of nesting that are shown [all]")
      ->check(from_to(1, 64));
  command->add_flag("--json", o->json, "all of it as JSON");
  command->add_option("--svg", o->svg, "a picture of the network, to this FILE.svg");
  add_overwrite(*command, o->overwrite);
  command->callback([o, &action] { action = [o] { return summarise(*o); }; });
}

}  // namespace etch::host
