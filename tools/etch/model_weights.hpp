// Where the weights of a command's MODEL are.
#pragma once
#include <etch/host/network/open_model.hpp>
#include <etch/host/training/checkpoint.hpp>

#include <optional>
#include <string>

namespace etch::host {

// --checkpoint FILE, a MODEL that is a checkpoint itself, or nothing, where the MODEL's own weights
// are those of a file that was imported. Throws an Error where there are none at all.
std::optional<Checkpoint> open_weights(const OpenModel& model, const std::string& checkpoint);

// Copies them into the session, which is of the model's graph.
void load_weights(Session& session, const OpenModel& model,
                  const std::optional<Checkpoint>& checkpoint,
                  NonFinite non_finite = NonFinite::refused);

// How the data was prepared that they were trained on; as MNIST's where nothing says it.
Description data_of(const std::optional<Checkpoint>& checkpoint);

}  // namespace etch::host
