// A training run in one safetensors file:
//   layer1.0.conv1.weight, ...                the model, in PyTorch's layout
//   optimizer.exp_avg.layer1.0.conv1.weight   the optimizer's state, the same
//   optimizer.last.layer1.0.conv1.weight      the model as the last step left it, where the plain
//                                             names hold the best epoch's (--keep best)
//   metadata: etch.model, etch.topology, etch.network, etch.settings, etch.data, etch.progress,
//   etch.history (JSON)
// There is no time in it: the same run makes the same bytes.
#pragma once
#include <etch/host/data/description.hpp>
#include <etch/host/error.hpp>
#include <etch/host/training/progress.hpp>
#include <etch/host/training/settings.hpp>
#include <etch/host/weights/fit.hpp>
#include <etch/host/weights/safetensors.hpp>

namespace etch::host {

// The error of numbers: a NaN or an infinity came up, where the message says.
struct Diverged : Error {
  using Error::Error;
};

// Writes a checkpoint, which replaces the file. Throws an Error where it can't, and Diverged where
// a number isn't finite; the file that was there stays. progress.runs and .updates are taken from
// the session. `best` are the parameters of the best epoch, to be kept beside the last ones; or
// nothing. `network` is network_text() of the session's graph, or nothing.
void save_checkpoint(const std::filesystem::path& path, const Session& session,
                     const Settings& settings, Progress progress, std::span<const float> best = {},
                     const Description& data = {}, const std::string& network = {});

// A checkpoint to be read. Any file of tensors with the model's names and shapes will do for the
// model; num_batches_tracked, which PyTorch adds, is skipped.
class Checkpoint {
 public:
  // Opens and checks the file: see Safetensors.
  explicit Checkpoint(const std::filesystem::path& path) : file_(path) {}

  // Whether it is a checkpoint of a training run of etch.
  bool has_settings() const { return file_.metadata().contains("etch.settings"); }
  // Throws an Error where the file has none: it isn't a checkpoint of etch.
  Settings settings() const;
  // The same of how far the run was.
  Progress progress() const;
  // How the data was prepared that it was trained on; as MNIST's where the file doesn't say.
  Description data() const;

  // As it was given.
  const std::string& path() const { return file_.path(); }
  // See Safetensors.
  bool has_checksum() const { return file_.has_checksum(); }

  // Copies the model's tensors into the session. All are checked first: an Error that lists every
  // tensor which is missing, not expected or of another shape, or names the first number that isn't
  // finite where it has to be, leaves the session as it was.
  void restore_model(Session& session, NonFinite non_finite = NonFinite::refused) const;
  // The same with the optimizer's state and the count of updates; all numbers are finite. `best`,
  // where it isn't empty, is given what save_checkpoint() was.
  void restore_training(Session& session, std::span<float> best = {}) const;

 private:
  std::string metadata(const std::string& key) const;
  void restore(Session& session, std::vector<TensorPlace> places, bool with_state,
               NonFinite non_finite) const;

  Safetensors file_;
};

}  // namespace etch::host
