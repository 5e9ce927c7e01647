// A loss that is chosen at run time.
#include <etch/host/program/any_loss.hpp>

#include <etch/host/error.hpp>

#include <type_traits>

namespace etch::host {

Task task_of(const AnyLoss& loss) {
  if (std::holds_alternative<CrossEntropyLoss>(loss)) return Task::classes;
  return std::holds_alternative<BCEWithLogitsLoss>(loss) ? Task::labels : Task::numbers;
}

AnyLoss unweighted(AnyLoss loss) {
  if (std::holds_alternative<CrossEntropyLoss>(loss)) return CrossEntropyLoss{};
  if (std::holds_alternative<BCEWithLogitsLoss>(loss)) return BCEWithLogitsLoss{};
  return loss;
}

float evaluate_loss(const AnyLoss& any, std::size_t threads, std::span<const float> outputs,
                    std::size_t batch, const BatchTargets& targets, float scale, float* doutput) {
  return std::visit(
      [&]<class L>(const L& loss) {
        using Target = typename L::Target;
        const auto* given = std::get_if<std::span<const Target>>(&targets);
        const std::size_t width = batch > 0 ? outputs.size() / batch : 0;
        const std::size_t needed = batch * L::targets_per_image(width);
        if (given == nullptr) {
          constexpr bool numbers = std::is_floating_point_v<Target>;
          throw Error("the loss takes ", numbers ? "numbers" : "classes", ", but its targets are ",
                      numbers ? "classes" : "numbers");
        }
        if (given->size() < needed) {
          throw Error("a batch of ", batch, " needs ", needed, " targets, but there are ",
                      given->size());
        }
        return loss(
            LossCall<Target>{batch, width, threads, scale, outputs.data(), given->data(), doutput});
      },
      any);
}

}  // namespace etch::host
