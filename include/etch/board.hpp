// A board: how much memory it has, and whether a network fits it. What doesn't fit doesn't compile,
// and the compiler names the step at the peak and the bytes that are too many.
#pragma once
#include <etch/inference.hpp>
#include <etch/trainer.hpp>

#include <utility>

namespace etch {

// The memory of a board, in bytes. `ram` is what is left for networks beside the stack and the
// program's own data; `flash` what is left for weights beside the code. An object is a few bytes
// larger on a host than on a 32-bit core, never smaller.
//
//   inline constexpr Board stm32f405{.ram = 180 * 1024, .flash = 960 * 1024};
//   static_assert(fits<LeNet, InferenceOptions{}, stm32f405>);
//   static_assert(fits<LeNet, Learning{CrossEntropyLoss{}, SGD{}, Training{.batch = 4}},
//   stm32f405>);
struct Board {
  std::size_t ram = 0, flash = 0;  // bytes
};

// What a Trainer takes beside its network.
template <Loss L, Optimizer O>
struct Learning {
  L loss{};            // as Trainer's
  O optimizer{};       // as Trainer's
  Training options{};  // as Trainer's
};
// Learning{CrossEntropyLoss{}, SGD{}} has the types of these.
template <class L, class O>
Learning(L, O) -> Learning<L, O>;
// The same with options.
template <class L, class O>
Learning(L, O, Training) -> Learning<L, O>;

// Internal: the object that a mode means, and its flash: inference reads weights from there,
// training has them in RAM, but for what is frozen in place.
template <class Net, auto mode>
struct InMode {
  using Object = Inference<Net, mode>;
  static constexpr std::size_t flash = Net::parameter_bytes;
};
template <class Net, class L, class O, Learning<L, O> mode>
struct InMode<Net, mode> {
  using Object = Trainer<Net, mode.loss, mode.optimizer, mode.options>;
  static constexpr std::size_t flash = mode.options.frozen_in_place ? Net::parameter_bytes : 0;
};

// Internal: letters that a compiler prints.
template <class Named, std::size_t... i>
constexpr LayerName<Named::layer[i]...> layer_name(std::index_sequence<i...>) {
  return {};
}
// Internal: see above.
constexpr std::size_t name_length(const char* text) {
  std::size_t n = 0;
  while (text[n] != 0) ++n;
  return n;
}

// Internal: what is compared, with the bytes that are missing and the step that needs the most
// memory as arguments, which the compiler prints: its number (etch plan lists them), its layer, and
// its pass.
template <std::size_t bytes_over, std::size_t peak_step, class Layer, StepKind pass>
struct RamOf {
  static_assert(AtMost<bytes_over, 0u>,
                "Board: the network needs more RAM than there is: bytes_over, at its peak_step");
  static constexpr bool suffices = bytes_over == 0;
};
// Internal: see RamOf.
template <std::size_t bytes_over>
struct FlashOf {
  static_assert(AtMost<bytes_over, 0u>,
                "Board: the weights need more flash than there is: bytes_over");
  static constexpr bool suffices = bytes_over == 0;
};

// Internal: how much is missing.
constexpr std::size_t bytes_over(std::size_t needed, std::size_t there) {
  return needed > there ? needed - there : 0;
}

// Internal: the step at the peak, and its layer.
template <class Net, auto mode>
struct PeakOf {
  using Object = typename InMode<Net, mode>::Object;
  static constexpr Step step = Object::steps[Object::peak_step];
  static constexpr const char* layer = step.op < 0 ? "loss" : Net::graph.ops[step.op].kind;
};

// Internal: see fits.
template <class Net, auto mode, Board board>
constexpr bool check_board() {
  using AtPeak = PeakOf<Net, mode>;
  using Object = typename AtPeak::Object;
  using Layer =
      decltype(layer_name<AtPeak>(std::make_index_sequence<name_length(AtPeak::layer)>()));
  using Ram =
      RamOf<bytes_over(sizeof(Object), board.ram), Object::peak_step, Layer, AtPeak::step.kind>;
  using Flash = FlashOf<bytes_over(InMode<Net, mode>::flash, board.flash)>;
  return Ram::suffices && Flash::suffices;
}

// True where the object of this mode (InferenceOptions, or Learning) fits the RAM and its weights
// fit the flash; else an error of the compiler.
template <class Net, auto mode, Board board>
inline constexpr bool fits = check_board<Net, mode, board>();

}  // namespace etch
