// Where the weights of a command's MODEL are.
#include "model_weights.hpp"

#include "commands.hpp"

#include <algorithm>

namespace etch::host {

std::optional<Checkpoint> open_weights(const OpenModel& model, const std::string& given) {
  const bool own = given.empty() && model.name.ends_with(".safetensors");
  if (given.empty() && !own) {
    if (model.values != nullptr) return std::nullopt;
    throw Error(model.name, ": has no weights of its own: give --checkpoint FILE");
  }
  std::optional<Checkpoint> checkpoint(own ? model.name : given);
  note_unchecked(checkpoint->path(), checkpoint->has_checksum());
  return checkpoint;
}

void load_weights(Session& session, const OpenModel& model,
                  const std::optional<Checkpoint>& checkpoint, NonFinite non_finite) {
  if (checkpoint) {
    checkpoint->restore_model(session, non_finite);
  } else {
    std::ranges::copy(*model.values, session.parameters().begin());
  }
}

Description data_of(const std::optional<Checkpoint>& checkpoint) {
  return checkpoint ? checkpoint->data() : Description{};
}

}  // namespace etch::host
