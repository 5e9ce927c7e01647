// How far a training run is.
#include <etch/host/training/progress.hpp>

#include "json.hpp"
#include "training/run_json.hpp"

#include <etch/host/error.hpp>

#include <nlohmann/json.hpp>

namespace etch::host {

using Json = nlohmann::json;

// Of a data set; sums of a matrix of such counts don't wrap around.
static constexpr std::uint64_t most_images = std::uint64_t{1} << 30;

static Json to_json(const Scores& s) {
  Json json{{"loss", s.loss}};
  const std::span<const Figure> figures = figures_of(s.task);
  if (s.figures.size() != figures.size()) {
    throw Error("scores of ", task_name(s.task), " have ", figures.size(), " figures, not ",
                s.figures.size());
  }
  for (std::size_t i = 0; i < figures.size(); ++i) json[figures[i].key] = s.figures[i];
  return json;
}

static Scores scores_from(const JsonValue& j, Task task) {
  Scores s{.loss = j.at("loss").real(), .task = task};
  for (const Figure& f : figures_of(task)) s.figures.push_back(j.at(f.key).real());
  return s;
}

nlohmann::json to_json(const std::vector<EpochScores>& history) {
  Json all = Json::array();
  for (const EpochScores& e : history) {
    all.push_back({{"train", to_json(e.train)}, {"test", to_json(e.test)}});
  }
  return all;
}

static void add_counts(Json& json, const Confusion& c) { json["running_confusion"] = c.counts(); }

static void add_counts(Json& json, const LabelCounts& labels) {
  json["running_samples"] = labels.count();
  for (const auto& c : labels.counts()) {
    json["running_labels"].push_back({c.right, c.missed, c.wrong});
  }
}

static void add_counts(Json& json, const NumberErrors& numbers) {
  json["running_samples"] = numbers.count();
  for (const auto& c : numbers.columns()) {
    json["running_errors"].push_back({c.absolute, c.squared, c.mean, c.spread});
  }
}

nlohmann::json to_json(const Progress& p) {
  Json json{{"epoch", p.epoch},
            {"position", p.position},
            {"runs", p.runs},
            {"updates", p.updates},
            {"images", p.images},
            {"data_checksum", p.data_checksum},
            {"task", task_name(p.running.task())},
            {"classes", p.running.outputs()},
            {"running_loss", p.running.loss_sum()}};
  std::visit([&](const auto& counts) { add_counts(json, counts); }, p.running.counts());
  return json;
}

// Older checkpoints don't say it.
static Task task_from(const JsonValue& j) {
  if (!j.has("task")) return Task::classes;
  const std::string name = j.at("task").text();
  for (const Task task : {Task::classes, Task::labels, Task::numbers}) {
    if (name == task_name(task)) return task;
  }
  throw Error("task ", name, ": must be classes, labels or numbers");
}

static Confusion confusion_from(const JsonValue& j, std::size_t classes) {
  if (classes == 0 || classes > 100'000 || j.size() != classes * classes) {
    throw Error("the confusion matrix has ", j.size(), " numbers for ", classes, " classes");
  }
  std::vector<std::uint64_t> counts(j.size());
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = j.at(i).number(most_images);
  return {classes, std::move(counts)};
}

// A row of `width` numbers an output.
static void check_rows(const JsonValue& j, std::size_t outputs, std::size_t width) {
  if (outputs == 0 || j.size() != outputs) {
    throw Error("there are results of ", j.size(), " outputs, and it has ", outputs);
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    if (j.at(i).size() != width) throw Error("results of output ", i, ": not ", width, " numbers");
  }
}

static LabelCounts labels_from(const JsonValue& j, std::size_t labels) {
  const std::uint64_t samples = j.at("running_samples").number(most_images);
  const JsonValue rows = j.at("running_labels");
  check_rows(rows, labels, 3);
  std::vector<LabelCounts::Counts> counts;
  for (std::size_t i = 0; i < labels; ++i) {
    const JsonValue row = rows.at(i);
    const auto count = [&](std::size_t column) { return row.at(column).number(samples); };
    counts.push_back({count(0), count(1), count(2)});
    if (counts[i].right + counts[i].missed + counts[i].wrong > samples) {
      throw Error("results of output ", i, ": more than there were samples");
    }
  }
  return {samples, std::move(counts)};
}

static NumberErrors errors_from(const JsonValue& j, std::size_t outputs) {
  const std::uint64_t samples = j.at("running_samples").number(most_images);
  const JsonValue rows = j.at("running_errors");
  check_rows(rows, outputs, 4);
  std::vector<NumberErrors::Column> columns;
  for (std::size_t i = 0; i < outputs; ++i) {
    const JsonValue row = rows.at(i);
    const auto real = [&](std::size_t column) { return row.at(column).real(); };
    columns.push_back({real(0), real(1), real(2), real(3)});
  }
  return {samples, std::move(columns)};
}

static Metrics::Counts counts_from(const JsonValue& j) {
  const Task task = task_from(j);
  const std::size_t outputs = j.at("classes").number();
  if (task == Task::labels) return labels_from(j, outputs);
  if (task == Task::numbers) return errors_from(j, outputs);
  return confusion_from(j.at("running_confusion"), outputs);
}

Progress progress_from_json(const nlohmann::json& json, const nlohmann::json& stored_history) {
  const JsonValue j(json), history(stored_history);
  Progress p(Metrics(0, counts_from(j)));
  p.epoch = j.at("epoch").number();
  p.position = j.at("position").number();
  p.runs = j.at("runs").number();
  p.updates = j.at("updates").number();
  p.images = j.at("images").number(most_images);
  p.data_checksum = j.at("data_checksum").number();
  p.running = Metrics(j.at("running_loss").real(), p.running.counts());
  for (std::size_t i = 0; i < history.size(); ++i) {
    const JsonValue e = history.at(i);
    const Task task = p.running.task();
    p.history.push_back({scores_from(e.at("train"), task), scores_from(e.at("test"), task)});
  }
  if (p.position > p.images || p.running.count() != p.position) {
    throw Error("it is at image ", p.position, " of ", p.images, " and has results of ",
                p.running.count());
  }
  if (p.history.size() != p.epoch) {
    throw Error("it has a history of ", p.history.size(), " epochs, but finished ", p.epoch);
  }
  return p;
}

}  // namespace etch::host
