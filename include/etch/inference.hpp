// Inference: a network's program and its arena in one plain object.
#pragma once
#include <etch/network.hpp>

#include <span>

namespace etch {

// sizeof(Inference<Net>) is all the RAM it takes; the parameters stay where they are.
//
//   static Inference<LeNet> net{weights};
//   std::span<const float, 10> logits = net(image);
template <class Net, InferenceOptions options = InferenceOptions{}>
class Inference {
  static_assert(AtLeast<options.batch, 1u>, "Inference: batch must be at least 1");
  static_assert(AtLeast<options.threads, 1u>, "Inference: threads must be at least 1");

  static constexpr auto plan = draft<Net::graph.size>(Net::graph, options);

 public:
  static constexpr auto steps = exact_steps<plan.num_steps>(plan);
  static constexpr std::size_t arena_bytes = plan.peak.arena_bytes;
  static constexpr std::size_t peak_live_bytes = plan.peak.live_bytes;
  static constexpr std::size_t peak_step = static_cast<std::size_t>(plan.peak.step);

  static constexpr std::size_t input_size = Net::input_shape.elements();
  static constexpr std::size_t output_size = Net::output_shape.elements();

  explicit Inference(const Parameters<Net>& parameters) : parameters_(&parameters) {}

  // One image (H, W, C) to its outputs, which stay until the next call.
  std::span<const float, output_size> operator()(std::span<const float, input_size> image) {
    return std::span<const float, output_size>(run(image.data(), 1), output_size);
  }

  // A batch of images (N, H, W, C), N at most options.batch, to (N, outputs).
  std::span<const float> batch(std::span<const float> images) {
    const std::size_t n = images.size() / input_size;
    return {run(images.data(), n), n * output_size};
  }

  // How many threads to use, at most options.threads (which it is at first).
  void set_threads(std::size_t threads) {
    threads_ = threads < options.threads ? threads : options.threads;
  }

 private:
  const float* run(const float* images, std::size_t batch) {
    Memory m{.arena = arena_, .input = images, .parameters = parameters_->values};
    m.batch = batch;
    m.threads = threads_;
    for (const Step& step : steps) run_step(step, m);
    return m.source(plan.output);
  }

  alignas(buffer_alignment) std::byte arena_[arena_bytes > 0 ? arena_bytes : 1];
  const Parameters<Net>* parameters_;
  std::size_t threads_ = options.threads;
};

}  // namespace etch
