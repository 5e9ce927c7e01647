// A program's parameters and training runs in safetensors files, under PyTorch's names and in its
// layouts: torch's load_state_dict() takes the tensors of a file of Parameters as they are.
//
//   save("net.safetensors", *parameters);
//   load("net.safetensors", *parameters);
//
//   save("run.safetensors", *trainer, {{"epoch", "3"}});
//   const Metadata more = load("run.safetensors", *trainer);  // goes on to the same bytes
//
// A file replaces the one that was there as a whole, or not at all, and holds a checksum; where it
// doesn't fit, an Error lists every tensor that is missing, not expected, of another shape or type,
// and what was to be filled stays as it was. Format: docs/files.md. Where no layer is user-defined
// the file holds its network, and is a MODEL for the etch command and for open_model().
#pragma once
#include <etch/host/network/open_model.hpp>
#include <etch/optimizers/lr_schedule.hpp>
#include <etch/trainer.hpp>

namespace etch::host {

// How far a trainer is, beside its arrays.
struct TrainerCounts {
  std::uint64_t seed = 0, runs = 0, updates = 0;  // see Trainer
  float lr = 0;                                   // of the next update
};

// Internal: the numbers of a network, and of its optimizer: what the templates below know of their
// types.
struct Numbers {
  GraphView graph;
  float* values;       // as Parameters has them
  bool learned_only;   // of these, `values` has those that learn
  float* state;        // states arrays of graph.num_trainable
  std::size_t states;  // 0 of parameters alone
};
// Internal: see save().
void save_numbers(const std::filesystem::path& path, const Numbers& numbers,
                  const TrainerCounts* counts, const std::string& network, const Metadata& more);
// Internal: returns the metadata that aren't etch's own.
Metadata load_numbers(const std::filesystem::path& path, const Numbers& numbers,
                      TrainerCounts* counts);

// Internal: network_text() of a network, or nothing where it has user-defined layers or is
// Folded<...>.
template <class Net>
inline std::string network_text_of = "";
template <Layer auto net, Shape input>
requires has_tree<decltype(net)>
inline std::string network_text_of<Network<net, input>> = network_text(tree_of(net), input);

// Internal: see save().
template <class Net>
Numbers numbers_of(const Parameters<Net>& parameters) {
  return {Net::graph, const_cast<float*>(parameters.values), false, nullptr, 0};
}
template <class Net, auto loss, auto optimizer, Training options>
Numbers numbers_of(const Trainer<Net, loss, optimizer, options>& trainer) {
  return {Net::graph, const_cast<float*>(trainer.parameters().values), options.frozen_in_place,
          const_cast<float*>(trainer.optimizer_state().data()), optimizer.states()};
}

// Writes the parameters of a network. `more` is text of the program's own that is kept beside the
// tensors; "etch..." are not its names. Throws an Error where the file can't be written, and
// Diverged where a number is NaN or infinite.
template <class Net>
void save(const std::filesystem::path& path, const Parameters<Net>& parameters,
          const Metadata& more = {}) {
  save_numbers(path, numbers_of(parameters), nullptr, network_text_of<Net>, more);
}

// Reads the parameters of a network from a file of parameters or of a training run, of etch or of
// others. Throws an Error.
template <class Net>
Metadata load(const std::filesystem::path& path, Parameters<Net>& parameters) {
  return load_numbers(path, numbers_of(parameters), nullptr);
}

// Writes all of a trainer after a step() or update(): parameters and running statistics, the
// optimizer's state, the learning rate, the seed, and the counts of updates and of random draws.
// With Training::frozen_in_place only the trainable parameters. Throws an Error, also between
// backward() and update() (gradients are not kept), and Diverged.
template <class Net, auto loss, auto optimizer, Training options>
void save(const std::filesystem::path& path, const Trainer<Net, loss, optimizer, options>& trainer,
          const Metadata& more = {}) {
  if (trainer.has_gradients()) {
    throw Error(path.string(), ": a trainer is saved after update(): gradients are not kept");
  }
  const TrainerCounts counts{trainer.seed(), trainer.runs(), trainer.updates(), trainer.lr()};
  save_numbers(path, numbers_of(trainer), &counts, network_text_of<Net>, more);
}

// Reads all of a trainer, which goes on where the saved one was, whose loss, batch, threads and
// memory options may have been others. Returns `more`. Throws an Error.
template <class Net, auto loss, auto optimizer, Training options>
Metadata load(const std::filesystem::path& path, Trainer<Net, loss, optimizer, options>& trainer) {
  TrainerCounts counts;
  Metadata more = load_numbers(path, numbers_of(trainer), &counts);
  trainer.resume_at(counts.runs, counts.updates, counts.seed);
  trainer.set_lr(static_cast<double>(counts.lr));
  return more;
}

// A schedule that has a state, as text for `more`, exact. Others follow from the epoch.
std::string schedule_text(const ReduceLROnPlateau& schedule);
// Reads a schedule back from that text. Throws an Error where it is none.
void restore_schedule(ReduceLROnPlateau& schedule, const std::string& text);

}  // namespace etch::host
