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
  return {{"loss", s.loss}, {"accuracy", s.accuracy}, {"macro_f1", s.macro_f1}};
}

static Scores scores_from(const JsonValue& j) {
  return {j.at("loss").real(), j.at("accuracy").real(), j.at("macro_f1").real()};
}

nlohmann::json to_json(const std::vector<EpochScores>& history) {
  Json all = Json::array();
  for (const EpochScores& e : history) {
    all.push_back({{"train", to_json(e.train)}, {"test", to_json(e.test)}});
  }
  return all;
}

nlohmann::json to_json(const Progress& p) {
  return {{"epoch", p.epoch},
          {"position", p.position},
          {"runs", p.runs},
          {"updates", p.updates},
          {"images", p.images},
          {"data_checksum", p.data_checksum},
          {"classes", p.running.classes()},
          {"running_loss", p.running.loss_sum()},
          {"running_confusion", p.running.confusion()}};
}

static std::vector<std::uint64_t> confusion_from(const JsonValue& j, std::size_t classes) {
  if (classes == 0 || classes > 100'000 || j.size() != classes * classes) {
    throw Error("the confusion matrix has ", j.size(), " numbers for ", classes, " classes");
  }
  std::vector<std::uint64_t> confusion(j.size());
  for (std::size_t i = 0; i < confusion.size(); ++i) confusion[i] = j.at(i).number(most_images);
  return confusion;
}

Progress progress_from_json(const nlohmann::json& json, const nlohmann::json& stored_history) {
  const JsonValue j(json), history(stored_history);
  const std::size_t classes = j.at("classes").number();
  const std::vector<std::uint64_t> confusion = confusion_from(j.at("running_confusion"), classes);
  Progress p(classes);
  p.epoch = j.at("epoch").number();
  p.position = j.at("position").number();
  p.runs = j.at("runs").number();
  p.updates = j.at("updates").number();
  p.images = j.at("images").number(most_images);
  p.data_checksum = j.at("data_checksum").number();
  p.running = Metrics::restored(classes, j.at("running_loss").real(), confusion);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const JsonValue e = history.at(i);
    p.history.push_back({scores_from(e.at("train")), scores_from(e.at("test"))});
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
