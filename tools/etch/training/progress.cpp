// How far a training run is.
#include "training/progress.hpp"

#include "error.hpp"

#include <nlohmann/json.hpp>

namespace etch::host {

using Json = nlohmann::json;

static Json to_json(const Scores& s) {
  return {{"loss", s.loss}, {"accuracy", s.accuracy}, {"macro_f1", s.macro_f1}};
}

static Scores scores_from_json(const Json& json) {
  return {json.at("loss"), json.at("accuracy"), json.at("macro_f1")};
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

Progress progress_from_json(const nlohmann::json& json, const nlohmann::json& history) {
  const std::size_t classes = json.at("classes");
  const std::vector<std::uint64_t> confusion = json.at("running_confusion");
  if (classes == 0 || classes > 100'000 || confusion.size() != classes * classes) {
    throw Error("the confusion matrix has ", confusion.size(), " numbers for ", classes,
                " classes");
  }
  Progress p(classes);
  p.epoch = json.at("epoch");
  p.position = json.at("position");
  p.runs = json.at("runs");
  p.updates = json.at("updates");
  p.images = json.at("images");
  p.data_checksum = json.at("data_checksum");
  p.running = Metrics::restored(classes, json.at("running_loss"), confusion);
  for (const Json& e : history) {
    p.history.push_back({scores_from_json(e.at("train")), scores_from_json(e.at("test"))});
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
