// Why a layer can't take its input: a sentence and the two numbers that it compares. The compiler
// refuses a network so, and a file's network is refused by the same sentence at run time.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch {

// Why a layer can't take its input. `sentence` is null where it can. It begins with the layer's
// name: "Linear: in_features must equal the size of the input".
struct Problem {
  const char* sentence = nullptr;  // a literal; null: no problem
  std::size_t is = 0, wanted = 0;  // both 0 where the sentence compares no sizes

  // Whether there is one.
  constexpr bool found() const { return sentence != nullptr; }
};

// A problem and its place: the scope (graph.hpp) that it is in, and how many ops are before it.
struct Refusal {
  Problem problem{};       // none where nothing was refused
  int scope = -1, op = 0;  // scope: of Graph::scopes(), -1 for the root; op: how many are before
};

// The rules of a layer, checked in their order: it becomes the first problem that there is.
//
//   return Rules()
//       .equal(size, x.shape.channels, "...: the input must be a vector")
//       .at_least(out_features, 1, "...: out_features must be at least 1");
class Rules {
 public:
  // is == wanted, or else the sentence.
  constexpr Rules equal(std::size_t is, std::size_t wanted, const char* sentence) const {
    return with(is == wanted, {sentence, is, wanted});
  }
  // is >= wanted, or else the sentence.
  constexpr Rules at_least(std::size_t is, std::size_t wanted, const char* sentence) const {
    return with(is >= wanted, {sentence, is, wanted});
  }
  // is <= wanted, or else the sentence.
  constexpr Rules at_most(std::size_t is, std::size_t wanted, const char* sentence) const {
    return with(is <= wanted, {sentence, is, wanted});
  }
  // What compares no sizes.
  constexpr Rules holds(bool well, const char* sentence) const { return with(well, {sentence}); }

  // The first rule that is broken, or none.
  constexpr operator Problem() const { return problem_; }

 private:
  constexpr Rules with(bool well, Problem problem) const {
    Rules rules = *this;
    if (!well && !problem_.found()) rules.problem_ = problem;
    return rules;
  }

  Problem problem_{};
};

}  // namespace etch
