// Inference: a network's program and its arena in one plain object.
#pragma once
#include <etch/contract.hpp>
#include <etch/guard.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/network.hpp>

#include <span>

namespace etch {

// Internal: room for prepared weights, none without.
template <std::size_t bytes>
struct Prepared {
  alignas(buffer_alignment) std::byte values[bytes];
  std::byte* data() { return values; }
};
template <>
struct Prepared<0> {
  std::byte* data() { return nullptr; }
};

// Runs a network over batches of images. sizeof(Inference<Net>) is all the RAM it takes; the
// parameters stay where they are. Neither heap nor exceptions: a broken contract (a batch that is
// too large) is checked in debug builds, see contract_handler. One object serves one thread at a
// time; several may share parameters that nobody changes meanwhile. Outputs are the same bits for
// any number of threads.
//
//   static Inference<LeNet> net{weights};
//   std::span<const float, 10> logits = net(image);
template <class Net, InferenceOptions options = InferenceOptions{}>
class Inference {
  static_assert(AtLeast<options.batch, 1u>, "Inference: batch must be at least 1");
  static_assert(AtLeast<options.threads, 1u>, "Inference: threads must be at least 1");
  static_assert(AtMost<options.threads, kernels::most_threads>,
                "Inference: a header-only build, as firmware is, runs on one thread");

  static constexpr auto plan = draft<Net::graph.size>(bound_graph<Net>, options);

 public:
  // An array of Step: what runs.
  static constexpr auto steps = exact_steps<plan.num_steps>(plan);
  // Bytes of activations and scratch.
  static constexpr std::size_t arena_bytes = plan.peak.arena_bytes;
  // The most that lives at once: no arena could be smaller.
  static constexpr std::size_t peak_live_bytes = plan.peak.live_bytes;
  // The step at which it does.
  static constexpr std::size_t peak_step = static_cast<std::size_t>(plan.peak.step);

  // Floats of an image.
  static constexpr std::size_t input_size = Net::input_shape.elements();
  // Floats of an image's outputs.
  static constexpr std::size_t output_size = Net::output_shape.elements();

  // Bytes of weights transformed beforehand: InferenceOptions::winograd.
  static constexpr std::size_t prepared_bytes = plan.prepared_bytes;

  // Parameters must outlive it.
  explicit Inference(const Parameters<Net>& parameters) : parameters_(&parameters) {
    check_alignment();
    prepare();
  }
  // With what a Trainer has learned in the place of the first: Training::frozen_in_place.
  Inference(const Parameters<Net>& parameters, const Learned<Net>& learned)
      : parameters_(&parameters), learned_(&learned) {
    check_alignment();
    prepare();
  }
  explicit Inference(const Parameters<Net>&&) = delete;  // parameters of a temporary are gone
  Inference(const Parameters<Net>&&, const Learned<Net>&) = delete;
  Inference(const Parameters<Net>&&, const Learned<Net>&&) = delete;
  Inference(const Parameters<Net>&, const Learned<Net>&&) = delete;  // and so is what was learned

  // To be called where the parameters have changed and weights are transformed beforehand.
  void prepare() {
    const Memory m = memory();
    for (std::size_t i = 0; i < num_prepare; ++i) run_step(compact_steps<steps>[i], m);
  }

  // One image (H, W, C) to its outputs, which stay until the next call.
  std::span<const float, output_size> operator()(std::span<const float, input_size> image) {
    return std::span<const float, output_size>(run(image.data(), 1), output_size);
  }

  // A batch of images (N, H, W, C), N from 1 to options.batch, to (N, outputs), which stay until
  // the next call too.
  std::span<const float> batch(std::span<const float> images) {
    const std::size_t n = images.size() / input_size;
    must(n * input_size == images.size(), "Inference: a batch must hold whole images of input_size",
         images.size(), input_size);
    must(n >= 1, "Inference: a batch must have at least 1 image", n, 1);
    must(n <= options.batch, "Inference: a batch must have at most InferenceOptions::batch images",
         n, options.batch);
    return {run(images.data(), n), n * output_size};
  }

  // The same of an array.
  template <std::size_t numbers>
  std::span<const float> batch(const float (&images)[numbers]) {
    static_assert(Equal<numbers % input_size, 0u>,
                  "Inference: a batch must hold whole images of input_size");
    static_assert(AtMost<numbers / input_size, options.batch>,
                  "Inference: a batch must have at most InferenceOptions::batch images");
    return batch(std::span<const float>(images));
  }

  // How many threads to use, from 1 to options.threads (which it is at first).
  void set_threads(std::size_t threads) {
    must(threads >= 1, "Inference: threads must be at least 1", threads, 1);
    threads_ = threads < options.threads ? threads : options.threads;
  }

 private:
  void check_alignment() const {
    must_be_aligned(this, alignof(Inference), "Inference: the object must be aligned");
    must_be_aligned(parameters_, alignof(Parameters<Net>), "Inference: parameters must be aligned");
    must_be_aligned(learned_, alignof(Learned<Net>), "Inference: parameters must be aligned");
  }

  const float* run(const float* images, std::size_t batch) {
    Memory m = memory();
    m.input = images;
    m.batch = batch;
    if constexpr (options.guarded) {
      const Guard guard(
          {buffers.data(), buffers.size(), steps.data(), steps.size(), Net::graph.ops, arena_bytes},
          arena_);
      for (std::size_t i = num_prepare; i < steps.size(); ++i) {
        run_step(steps[i], m);
        guard.check(i);
      }
    } else {
      for (std::size_t i = num_prepare; i < steps.size(); ++i) run_step(compact_steps<steps>[i], m);
    }
    return m.source(plan.output);
  }

  Memory memory() {
    Memory m{.arena = arena_, .prepared = prepared_.data(), .parameters = parameters_->values};
    // Inference only reads them.
    if (learned_ != nullptr) m.trained = const_cast<float*>(learned_->values);
    m.threads = threads_;
    return m;
  }

  static constexpr auto buffers = exact_buffers < options.guarded ? plan.num_buffers : 0 > (plan);
  static constexpr std::size_t num_prepare = static_cast<std::size_t>(plan.num_prepare);

  alignas(buffer_alignment) std::byte arena_[arena_bytes > 0 ? arena_bytes : 1];
  [[no_unique_address]] Prepared<prepared_bytes> prepared_;
  const Parameters<Net>* parameters_;
  const Learned<Net>* learned_ = nullptr;
  std::size_t threads_ = options.threads;
};

}  // namespace etch
