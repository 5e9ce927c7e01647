// Optimizers of groups of tensors. PyTorch equivalent: an optimizer's param_groups
// https://pytorch.org/docs/stable/optim.html#per-parameter-options
#pragma once
#include <etch/optimizer.hpp>

namespace etch {

// An optimizer for the tensors that `picks` is true of.
template <auto picks, auto optimizer>
struct Group {};

// Biases, and weights of norms: what has one dimension.
constexpr bool biases_and_norms(const ParameterTensor& t) { return t.rank == 1; }

// Several optimizers in one: a tensor has the optimizer of the first group that picks it, or else
// `others`. The learning rates keep their ratio where the trainer's, which is that of `others`, is
// changed.
//
//   constexpr bool is_head(const ParameterTensor& t) { return t.is_in("fc"); }
//   constexpr ParameterGroups<AdamW{.lr = 1e-3},
//                             Group<biases_and_norms, AdamW{.lr = 1e-3, .weight_decay = 0}>,
//                             Group<is_head, AdamW{.lr = 1e-2}>> optimizer;
//   static Trainer<Net, CrossEntropyLoss{}, optimizer> trainer;
template <auto others, class... Groups>
struct ParameterGroups;

template <auto others, auto... picks, auto... optimizers>
struct ParameterGroups<others, Group<picks, optimizers>...> {
  static_assert((check_optimizer<others>() && ... && check_optimizer<optimizers>()));
  static_assert(((optimizers.states() == others.states()) && ...),
                "ParameterGroups: all optimizers must have the same number of states");
  static_assert(((optimizers.lr == others.lr || others.lr > 0) && ...),
                "ParameterGroups: lr must be above 0, since those of the groups follow it");

  static constexpr double lr = others.lr;
  constexpr std::size_t states() const { return others.states(); }

  // Which group picks the tensor, counted from 1; 0: none.
  constexpr int group_of(const ParameterTensor& t) const {
    int group = 0, i = 0;
    ((++i, group = group == 0 && picks(t) ? i : group), ...);
    return group;
  }

  void operator()(const OptimizerCall& c, int group) const {
    int i = 0;
    if (group == 0) others(c);
    ((++i == group ? move<optimizers>(c) : void()), ...);
  }

 private:
  template <auto optimizer>
  static void move(OptimizerCall c) {
    if constexpr (optimizer.lr != lr) c.lr *= static_cast<float>(optimizer.lr / lr);
    optimizer(c);
  }
};

}  // namespace etch
