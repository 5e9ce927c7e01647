// A training run over epochs of a data set.
#include <etch/host/training/training_run.hpp>

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

Shape input_shape(GraphView graph) { return graph.values[0]; }
std::size_t num_outputs(GraphView graph) { return graph.values[graph.output].elements(); }

static const Dataset& checked(const Dataset& data, GraphView graph, const Settings& settings) {
  const Task task = task_of(make_loss(settings));
  const Shape output = graph.values[graph.output];
  if (task == Task::classes && output.height * output.width != 1) {
    throw Error("--loss cross_entropy takes an output of one number a class, but the network's is ",
                shape_text(output));
  }
  check_targets(data, num_outputs(graph), task);
  return data;
}

std::optional<Metrics> evaluate(Session& session, const Dataset& data,
                                const std::function<bool(const Metrics&)>& stop) {
  const GraphView graph = session.graph();
  const Training& options = session.options().training;
  const AnyLoss loss_of = unweighted(session.options().loss);
  Metrics metrics(task_of(loss_of), num_outputs(graph));
  check_targets(data, metrics.outputs(), metrics.task());
  ReadAhead reader(data, input_shape(graph), {}, 0);
  const std::vector<std::uint32_t> all = in_order(data.size());
  const auto start = [&](std::size_t at) {
    const std::size_t n = std::min(options.batch, all.size() - at);
    if (n > 0) reader.start(std::span(all).subspan(at, n), 0);
    return n;
  };
  std::size_t at = 0;
  for (std::size_t n = start(0); n > 0;) {
    if (stop(metrics)) return std::nullopt;
    const ReadAhead::Batch& batch = reader.take();
    const std::size_t next = start(at + n);
    const std::span<const float> outputs = session.evaluate(batch.images);
    const float loss = evaluate_loss(loss_of, options.threads, outputs, n, batch.targets());
    if (!std::isfinite(loss)) {
      throw Diverged("image ", at, " of the evaluation: the loss is ", loss_text(loss), ", and ",
                     session.where_evaluation_diverged(batch.images));
    }
    metrics.add(static_cast<double>(loss), outputs, batch.targets());
    at += n;
    n = next;
  }
  return metrics;
}

SessionOptions TrainingRun::session_options(GraphView graph, const RunOptions& o) const {
  const Settings& s = settings_;
  SessionOptions options;
  options.training = {.batch = s.batch,
                      .update = o.update,
                      .recompute = o.recompute,
                      .threads = o.threads,
                      .winograd = s.winograd};
  options.optimizer = make_optimizer(s);
  options.rules = tensor_rules(s, graph);
  options.loss = make_loss(s);
  if (!loss_weights_.empty()) {
    if (auto* loss = std::get_if<CrossEntropyLoss>(&options.loss)) loss->weight = &loss_weights_;
    if (auto* loss = std::get_if<BCEWithLogitsLoss>(&options.loss)) {
      loss->pos_weight = &loss_weights_;
    }
  }
  options.seed = s.seed;
  options.initialization = make_initialization(s);
  if (o.update == Update::fused && s.clip_grad_norm > 0) {
    throw Error("--clip-grad-norm ", s.clip_grad_norm,
                " needs --update accumulate: the norm is known only when all gradients are");
  }
  return options;
}

static void check_batches(GraphView graph, std::size_t batch, std::size_t images) {
  const std::size_t rest = images % batch, smallest = rest > 0 ? rest : batch;
  if (smallest >= graph.fewest_images()) return;
  throw Error(
      "--batch ", batch, " makes a batch of ", smallest, " of ", images,
      " images, but batch norm needs more than one value a channel: choose another --batch");
}

TrainingRun::TrainingRun(GraphView graph, const Settings& settings, const RunOptions& options,
                         const Dataset& train, const Dataset& test, const Description& description)
    : settings_(settings),
      description_(description),
      train_(&checked(train, graph, settings)),
      weight_numbers_(loss_weights(settings, train.targets, num_outputs(graph))),
      loss_weights_(weight_numbers_),
      network_(options.network),
      session_(graph, session_options(graph, options)),
      progress_(task(), num_outputs(graph)),
      best_(settings.keep == "best" ? graph.total() : 0),
      reader_(train, input_shape(graph), augmentation_from_text(settings.augment), settings.seed) {
  const BatchReader test_fits(test, input_shape(graph));
  checked(test, graph, settings);
  check_batches(graph, settings.batch, train.size());
  progress_.images = train.size();
  progress_.data_checksum = train.checksum();
  begin_epoch();
}

void TrainingRun::begin_with(std::span<const float> values) {
  std::ranges::copy(values, session_.parameters().begin());
}

void TrainingRun::begin_epoch() {
  reader_.drop();
  order_ = shuffled(train_->size(), settings_.seed, progress_.epoch);
  epoch_lr_ = next_lr(settings_, progress_.history);
}

void TrainingRun::restore(const Checkpoint& checkpoint) {
  Progress progress = checkpoint.progress();
  if (progress.images != progress_.images || progress.data_checksum != progress_.data_checksum) {
    throw Error("the checkpoint was trained on other data: ", progress.images,
                " images with checksum ", progress.data_checksum, ", but these are ",
                progress_.images, " with ", progress_.data_checksum);
  }
  const Metrics& kept = progress.running;
  if (kept.task() != task() || kept.outputs() != progress_.running.outputs()) {
    throw Error("the checkpoint counts ", kept.outputs(), " ", task_name(kept.task()),
                ", but the network has ", progress_.running.outputs(), " ", task_name(task()));
  }
  checkpoint.restore_training(session_, best_);
  progress_ = std::move(progress);
  begin_epoch();
}

void TrainingRun::save(const std::filesystem::path& path) const {
  // Before an epoch has ended the best parameters are what there is.
  const bool none_yet = !best_.empty() && progress_.history.empty();
  save_checkpoint(path, session_, settings_, progress_,
                  none_yet ? session_.parameters() : std::span<const float>(best_), description_,
                  network_);
}

// Without the sign that a NaN may have.
std::string loss_text(float loss) { return std::isnan(loss) ? "NaN" : text(loss); }

// Begins to read the batch of the epoch that begins there, if one does.
void TrainingRun::read_next(std::uint64_t position) {
  const std::size_t n = std::min(settings_.batch, train_->size() - position);
  if (n > 0) reader_.start(std::span(order_).subspan(position, n), progress_.epoch);
}

float TrainingRun::step() {
  if (!reader_.started()) read_next(progress_.position);
  const ReadAhead::Batch& batch = reader_.take();
  const std::size_t n = std::min(settings_.batch, train_->size() - progress_.position);
  read_next(progress_.position + n);
  session_.set_lr(warmed_up(settings_, epoch_lr_, session_.updates()));
  const float loss =
      session_.step(batch.images, batch.targets(), static_cast<float>(settings_.clip_grad_norm));
  if (session_.diverged()) {
    throw Diverged("step ", session_.updates() + 1, ": the loss is ", loss_text(loss), ", and ",
                   session_.where_diverged(batch.images, batch.targets()));
  }
  progress_.running.add(static_cast<double>(loss), session_.output(), batch.targets());
  progress_.position += n;
  return loss;
}

void TrainingRun::finish_epoch(const Scores& test) {
  if (test.task != task() || test.figures.size() != figures_of(task()).size()) {
    throw Error("the scores of an epoch must be of ", task_name(task()), ", with ",
                figures_of(task()).size(), " figures");
  }
  progress_.history.push_back({progress_.running.scores(), test});
  if (best_epoch(progress_.history) == progress_.epoch) {
    std::copy_n(session_.parameters().begin(), best_.size(), best_.begin());
  }
  progress_.running = Metrics(task(), progress_.running.outputs());
  progress_.position = 0;
  ++progress_.epoch;
  begin_epoch();
}

}  // namespace etch::host
