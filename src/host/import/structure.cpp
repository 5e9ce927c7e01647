// The shape of an imported network as a person would write it.
#include "import/structure.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace etch::host {

namespace {

// The branches of the network aren't residual blocks in each other.
struct NotNested {};

// Residual blocks: where two ways from a value meet in an add.
class Chains {
 public:
  explicit Chains(const ImportedNetwork& network)
      : network_(network), values_(network.num_values()), used_(network.layers().size()) {
    for (std::size_t i = 0; i < network.layers().size(); ++i) {
      const ImportedLayer& l = network.layers()[i];
      Place& y = place(l.y);
      y.maker = static_cast<int>(i);
      if (l.is_join() && l.join != ImportedLayer::sum) throw NotNested();
      y.before = l.is_join() ? fork(l) : l.x;
      y.depth = place(y.before).depth + 1;
    }
  }

  // The pieces between two values; `nested`: in so many residual blocks.
  std::vector<Piece> between(int from, int to, int nested = 0) {
    std::vector<Piece> pieces;
    for (int v = to; v != from;) {
      const int i = maker(v);
      use(i);
      const ImportedLayer& l = network_.layers()[static_cast<std::size_t>(i)];
      Piece piece{.index = i, .x = l.x, .y = l.y};
      if (l.is_join()) piece = residual(i, nested + 1);
      v = piece.x;
      pieces.push_back(std::move(piece));
    }
    std::reverse(pieces.begin(), pieces.end());
    return pieces;
  }

 private:
  const ImportedLayer& layer(int i) const { return network_.layers()[static_cast<std::size_t>(i)]; }

  // Of a value: the layer that makes it; the nearest value that all of it comes from, adds stepped
  // over; steps to the input.
  struct Place {
    int maker = none, before = none, depth = 0;
  };
  Place& place(int value) { return values_[static_cast<std::size_t>(value)]; }
  const Place& place(int value) const { return values_[static_cast<std::size_t>(value)]; }

  int maker(int value) const {
    if (place(value).maker == none) throw NotNested();
    return place(value).maker;
  }

  void use(int i) {
    if (used_[static_cast<std::size_t>(i)]) throw NotNested();
    used_[static_cast<std::size_t>(i)] = true;
  }

  // Where the two ways to an add part: the nearest value that both come from as a whole.
  int fork(const ImportedLayer& l) const {
    int a = l.x, b = l.others[0];
    while (a != b) {
      int& deeper = place(a).depth >= place(b).depth ? a : b;
      deeper = place(deeper).before;
    }
    return a;
  }

  // The longer way is the body.
  Piece residual(int i, int nested) {
    const ImportedLayer& l = layer(i);
    if (nested > most_nested) {
      network_.fail(l.name, "is a residual block in more than ", most_nested,
                    " others, which is the most that can be imported");
    }
    const int from = fork(l);
    Piece piece{.kind = Piece::residual, .index = i, .x = from, .y = l.y};
    piece.body = between(from, l.x, nested);
    piece.shortcut = between(from, l.others[0], nested);
    if (piece.shortcut.size() > piece.body.size()) std::swap(piece.body, piece.shortcut);
    if (piece.body.empty()) throw NotNested();
    return piece;
  }

  const ImportedNetwork& network_;
  std::vector<Place> values_;
  std::vector<bool> used_;  // whether a layer is in a chain
};

// Repeats: neighbours that are the same code and keep their input's shape.
class Repeats {
 public:
  explicit Repeats(const ImportedNetwork& network) : network_(network) {}

  std::vector<Piece> found_in(std::vector<Piece> pieces) {
    for (Piece& p : pieces) {
      p.body = found_in(std::move(p.body));
      p.shortcut = found_in(std::move(p.shortcut));
    }
    std::vector<std::size_t> codes;
    for (const Piece& p : pieces) codes.push_back(code(p));
    std::vector<Piece> all;
    for (std::size_t i = 0; i < pieces.size();) {
      const Run run = longest_run(pieces, codes, i);
      if (run.copies < 2) {
        all.push_back(std::move(pieces[i++]));
        continue;
      }
      Piece repeat{.kind = Piece::repeat, .copies = run.copies};
      for (std::size_t k = 0; k < run.length * run.copies; ++k) {
        repeat.body.push_back(std::move(pieces[i++]));
      }
      repeat.x = repeat.body.front().x;
      repeat.y = repeat.body.back().y;
      all.push_back(std::move(repeat));
    }
    return all;
  }

 private:
  struct Run {
    std::size_t length = 0, copies = 1;
  };

  // Blocks are looked for up to this many pieces; they begin with something that has weights.
  static constexpr std::size_t longest_block = 12;

  Run longest_run(const std::vector<Piece>& pieces, const std::vector<std::size_t>& codes,
                  std::size_t at) const {
    Run best;
    if (!begins_block(pieces[at])) return best;
    for (std::size_t length = 1; length <= longest_block && at + 2 * length <= pieces.size();
         ++length) {
      if (network_.shape(pieces[at].x) != network_.shape(pieces[at + length - 1].y)) continue;
      std::size_t end = at + length;
      while (end + length <= pieces.size() &&
             std::equal(codes.begin() + signed_of(at), codes.begin() + signed_of(at + length),
                        codes.begin() + signed_of(end))) {
        end += length;
      }
      const std::size_t copies = (end - at) / length;
      if (copies > 1 && copies * length > best.copies * best.length) best = {length, copies};
    }
    return best;
  }

  bool begins_block(const Piece& p) const {
    if (p.kind != Piece::layer) return true;
    return !network_.layers()[static_cast<std::size_t>(p.index)].tensors.empty();
  }

  // A number for each code that there is: of a block made of its children's.
  std::size_t code(const Piece& p) {
    if (p.kind == Piece::layer) {
      return number_of(layer_code(network_.layers()[static_cast<std::size_t>(p.index)].layer));
    }
    std::string all = p.kind == Piece::residual ? "R" : text("*", p.copies);
    for (const Piece& b : p.body) all += text(";", code(b));
    all += "|";
    for (const Piece& s : p.shortcut) all += text(";", code(s));
    return number_of(all);
  }
  std::size_t number_of(const std::string& code) {
    return numbers_.try_emplace(code, numbers_.size()).first->second;
  }

  static std::ptrdiff_t signed_of(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  const ImportedNetwork& network_;
  std::map<std::string, std::size_t> numbers_;
};

}  // namespace

namespace {

void check_all_used(const ImportedNetwork& network) {
  std::vector<bool> used(network.num_values());
  used[static_cast<std::size_t>(network.output())] = true;
  for (auto l = network.layers().rbegin(); l != network.layers().rend(); ++l) {
    if (!used[static_cast<std::size_t>(l->y)]) {
      network.fail(l->name, "isn't needed for the output: a network of one output is expected");
    }
    for (const int x : l->inputs()) used[static_cast<std::size_t>(x)] = true;
  }
}

// Layers one after the other. A value that isn't the one at hand is loaded by name, and was saved
// when it was there.
class ByNames {
 public:
  explicit ByNames(const ImportedNetwork& network) {
    for (const bool counts : {true, false}) {
      counts_ = counts;
      all_ = {};
      at_hand_ = 0;
      save();
      for (const ImportedLayer& l : network.layers()) {
        if (l.is_join()) {
          join(l);
        } else {
          load(l.x);
          all_.children.push_back({.kind = Tree::layer, .leaf = l.layer});
        }
        at_hand_ = l.y;
        save();
      }
      load(network.output());
    }
  }
  Tree tree() { return std::move(all_); }

 private:
  static std::string name_of(int value) { return text("value", value); }

  Tree named(Tree::Kind kind, int value) {
    if (counts_) named_.insert(value);
    return {.kind = kind, .name = name_of(value)};
  }
  void save() {
    if (!counts_ && named_.contains(at_hand_)) {
      all_.children.push_back(named(Tree::save, at_hand_));
    }
  }
  void load(int value) {
    if (value != at_hand_) all_.children.push_back(named(Tree::load, value));
    at_hand_ = value;
  }

  void join(const ImportedLayer& l) {
    int x = l.x, other = l.others.empty() ? none : l.others[0];
    if (l.join != ImportedLayer::concat && other == at_hand_) std::swap(x, other);
    if (l.join == ImportedLayer::concat && (l.others.size() != 1 || x != at_hand_)) {
      return concat(l);
    }
    load(x);
    constexpr Tree::Kind kinds[] = {Tree::sequential, Tree::add_with, Tree::multiply_with,
                                    Tree::concat_with};
    all_.children.push_back(named(kinds[l.join], other));
  }
  void concat(const ImportedLayer& l) {
    Tree tree{.kind = Tree::concat};
    for (const int v : l.inputs()) {
      tree.children.push_back(v == at_hand_ ? Tree{} : named(Tree::load, v));
    }
    all_.children.push_back(std::move(tree));
  }

  Tree all_;
  std::set<int> named_;  // values
  int at_hand_ = 0;
  bool counts_ = true;
};

}  // namespace

std::vector<Piece> structure_of(const ImportedNetwork& network) {
  check_all_used(network);
  try {
    return Repeats(network).found_in(Chains(network).between(0, network.output()));
  } catch (const NotNested&) {
    return {{.kind = Piece::by_names, .x = 0, .y = network.output()}};
  }
}

namespace {

// A sum of its own, so that a piece is a value of the compiler: one layer, or several.
Tree one_or_more(std::vector<Tree> children) {
  if (children.size() == 1 && children[0].kind == Tree::layer) return std::move(children[0]);
  return {.kind = Tree::sequential, .children = std::move(children)};
}

}  // namespace

Tree tree_of(const ImportedNetwork& network, std::span<const Piece> pieces) {
  Tree all;
  for (const Piece& p : pieces) {
    if (p.kind == Piece::by_names) return ByNames(network).tree();
    if (p.kind == Piece::layer) {
      const ImportedLayer& l = network.layers()[static_cast<std::size_t>(p.index)];
      all.children.push_back({.kind = Tree::layer, .leaf = l.layer});
    } else if (p.kind == Piece::residual) {
      Tree shortcut = tree_of(network, p.shortcut);
      if (!p.shortcut.empty()) shortcut = one_or_more(std::move(shortcut.children));
      all.children.push_back(
          {.kind = Tree::residual, .children = {tree_of(network, p.body), std::move(shortcut)}});
    } else {
      Tree copy = tree_of(network, std::span(p.body).first(p.pieces_of_copy()));
      if (copy.children.size() == 1) copy = Tree(copy.children[0]);
      all.children.push_back(
          {.kind = Tree::repeat, .copies = p.copies, .children = {std::move(copy)}});
    }
  }
  return all;
}

std::vector<int> layers_in_order(const ImportedNetwork& network, std::span<const Piece> pieces) {
  std::vector<int> all;
  if (pieces.size() == 1 && pieces[0].kind == Piece::by_names) {
    for (std::size_t i = 0; i < network.layers().size(); ++i) {
      const ImportedLayer& l = network.layers()[i];
      if (l.as<Flatten>()) continue;
      all.insert(all.end(), l.join == ImportedLayer::concat ? l.inputs().size() : 1,
                 static_cast<int>(i));
    }
    return all;
  }
  const auto append = [&](const std::vector<Piece>& inner) {
    const std::vector<int> more = layers_in_order(network, inner);
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const Piece& p : pieces) {
    append(p.body);
    append(p.shortcut);
    if (p.kind == Piece::layer &&
        network.layers()[static_cast<std::size_t>(p.index)].as<Flatten>()) {
      continue;
    }
    if (p.kind != Piece::repeat) all.push_back(p.index);
  }
  return all;
}

}  // namespace etch::host
