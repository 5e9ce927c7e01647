// A loss that is chosen at run time.
#pragma once
#include <etch/host/data/targets.hpp>
#include <etch/losses/bce_with_logits.hpp>
#include <etch/losses/cross_entropy.hpp>
#include <etch/losses/huber.hpp>
#include <etch/losses/l1.hpp>
#include <etch/losses/mse.hpp>

namespace etch::host {

// One of the losses.
using AnyLoss =
    std::variant<CrossEntropyLoss, BCEWithLogitsLoss, MSELoss, L1Loss, SmoothL1Loss, HuberLoss>;

// What the loss takes as targets: only then may it be given them.
Task task_of(const AnyLoss& loss);
// The loss as an evaluation counts it: no label smoothing, and no weights of classes or labels.
AnyLoss unweighted(AnyLoss loss);
// The mean loss of a batch. Throws an Error where the targets aren't the loss's kind, or are fewer
// than outputs need.
float evaluate_loss(const AnyLoss& loss, std::size_t threads, std::span<const float> outputs,
                    std::size_t batch, const BatchTargets& targets, float scale = 1,
                    float* doutput = nullptr);

}  // namespace etch::host
