// A training run over epochs of a data set.
#include <etch/host/training/training_run.hpp>

#include <etch/host/error.hpp>

#include <algorithm>

namespace etch::host {

Shape input_shape(GraphView graph) { return graph.values[0]; }
std::size_t num_classes(GraphView graph) { return graph.values[graph.output].elements(); }

static const Dataset& checked(const Dataset& data, std::size_t outputs) {
  check_classes(data);
  check_targets(data, outputs);
  return data;
}

// Images of each class.
static std::vector<std::uint64_t> class_sizes(const Dataset& data, std::size_t classes) {
  std::vector<std::uint64_t> sizes(classes);
  for (const auto label : data.targets.labels) ++sizes[static_cast<std::size_t>(label)];
  return sizes;
}

SessionOptions TrainingRun::session_options(const RunOptions& o) const {
  const Settings& s = settings_;
  SessionOptions options;
  options.training = {.batch = s.batch,
                      .update = o.update,
                      .recompute = o.recompute,
                      .threads = o.threads,
                      .winograd = s.winograd};
  options.optimizer = make_optimizer(s);
  options.loss.label_smoothing = static_cast<float>(s.label_smoothing);
  if (!class_weights_.empty()) options.loss.weight = &class_weights_;
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
      train_(&checked(train, num_classes(graph))),
      weight_numbers_(class_weights(settings, class_sizes(train, num_classes(graph)))),
      class_weights_(weight_numbers_),
      network_(options.network),
      session_(graph, session_options(options)),
      progress_(num_classes(graph)),
      best_(settings.keep == "best" ? graph.total() : 0),
      reader_(train, input_shape(graph), augmentation_from_text(settings.augment), settings.seed) {
  const BatchReader test_fits(test, input_shape(graph));
  checked(test, num_classes(graph));
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
  const std::size_t classes = progress_.running.classes();
  if (progress.running.classes() != classes) {
    throw Error("the checkpoint counts ", progress.running.classes(),
                " classes, but the network has ", classes);
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
  const auto& [images, labels] = reader_.take();
  const std::size_t n = labels.size();
  read_next(progress_.position + n);
  session_.set_lr(warmed_up(settings_, epoch_lr_, session_.updates()));
  const float loss = session_.step(images, labels, static_cast<float>(settings_.clip_grad_norm));
  if (session_.diverged()) {
    throw Diverged("step ", session_.updates() + 1, ": the loss is ", loss_text(loss), ", and ",
                   session_.where_diverged(images, labels));
  }
  progress_.running.add(static_cast<double>(loss), session_.output(), labels);
  progress_.position += n;
  return loss;
}

void TrainingRun::finish_epoch(const Scores& test) {
  progress_.history.push_back({progress_.running.scores(), test});
  if (best_epoch(progress_.history) == progress_.epoch) {
    std::copy_n(session_.parameters().begin(), best_.size(), best_.begin());
  }
  progress_.running = Metrics(progress_.running.classes());
  progress_.position = 0;
  ++progress_.epoch;
  begin_epoch();
}

}  // namespace etch::host
