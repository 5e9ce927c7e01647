// GELU as exporters write it.
#include "import/onnx_gelu.hpp"

#include <cmath>

namespace etch::host {
namespace {

using Node = onnx::NodeProto;

class Finder {
 public:
  explicit Finder(const OnnxFile& file) : file_(file) {
    for (const Node& n : file.graph().node()) {
      for (const std::string& y : n.output()) makers_[y] = &n;
      for (const std::string& x : n.input()) takers_[x] = &n;
    }
    for (const Node& n : file.graph().node()) {
      if (n.op_type() == "Erf") find(n, Approximate::exact);
      if (n.op_type() == "Tanh") find(n, Approximate::tanh);
    }
  }
  OnnxGelus found;

 private:
  // x / 2 * (1 + f), or x * (1 + f) / 2, with f of x.
  void find(const Node& f, Approximate approximate) {
    inside_ = {&f};
    const std::string x =
        approximate == Approximate::exact ? of_erf(f) : of_cubic(made(f, 0, "Mul"));
    const Node* sum = x.empty() ? nullptr : taker(f, "Add");
    if (beside_constant(sum, 1).empty()) return;
    const Node* product = taker(*sum, "Mul");
    if (product == nullptr) return;
    const std::string other = other_input(*product, sum->output(0));
    const Node* last = product;
    if (other == x) {
      last = taker(*product, "Mul");
      if (beside_constant(last, 0.5).empty()) return;
    } else {
      const auto half = makers_.find(other);
      if (half == makers_.end() || half->second->op_type() != "Mul" || !is_inner(other)) return;
      if (beside_constant(half->second, 0.5) != x) return;
      inside_.insert(half->second);
    }
    inside_.erase(last);
    found.inside.insert(inside_.begin(), inside_.end());
    found.at[last] = {x, approximate};
  }

  // x where f is erf(x / sqrt(2)), else "".
  std::string of_erf(const Node& f) {
    if (const Node* n = made(f, 0, "Div")) {
      return is_number(*n, 1, std::sqrt(2)) ? n->input(0) : "";
    }
    return beside_constant(made(f, 0, "Mul"), std::sqrt(0.5));
  }

  // x where n is sqrt(2 / pi) * (x + 0.044715 * x^3), else "".
  std::string of_cubic(const Node* n) {
    const std::string inner = beside_constant(n, std::sqrt(2 / std::acos(-1)));
    const Node* sum = maker(inner, "Add");
    if (sum == nullptr) return "";
    for (const int i : {0, 1}) {
      const std::string x = sum->input(1 - i);
      const Node* scaled = maker(sum->input(i), "Mul");
      if (is_cube(beside_constant(scaled, 0.044715), x)) return x;
    }
    return "";
  }
  bool is_cube(const std::string& value, const std::string& x) {
    if (const Node* n = maker(value, "Pow")) return n->input(0) == x && is_number(*n, 1, 3);
    const Node* n = maker(value, "Mul");
    const Node* square = n == nullptr ? nullptr : maker(other_input(*n, x), "Mul");
    return square != nullptr && square->input(0) == x && square->input(1) == x;
  }

  bool is_number(const Node& n, int i, double wanted) const {
    if (n.input_size() <= i || !file_.is_constant(n.input(i))) return false;
    if (file_.elements(n.input(i)) != 1 || file_.is_integers(n.input(i))) return false;
    return std::abs(double{file_.floats(n.input(i))[0]} - wanted) < 1e-5;
  }
  // What a sum or product takes beside this number, else "".
  std::string beside_constant(const Node* n, double number) const {
    for (const int i : {0, 1}) {
      if (n != nullptr && is_number(*n, i, number)) return n->input(1 - i);
    }
    return "";
  }
  static std::string other_input(const Node& n, const std::string& x) {
    if (n.input_size() != 2) return "";
    return n.input(0) == x ? n.input(1) : n.input(1) == x ? n.input(0) : "";
  }

  // Nobody else takes the value.
  bool is_inner(const std::string& value) const {
    for (const auto& y : file_.graph().output()) {
      if (y.name() == value) return false;
    }
    return file_.uses(value) == 1;
  }
  // What makes a value that nobody else takes, and what takes that of n, where they are of these
  // operators: two inputs but for Erf and Tanh.
  const Node* maker(const std::string& value, const char* op) {
    const auto at = makers_.find(value);
    if (at == makers_.end() || at->second->op_type() != op || at->second->input_size() != 2) {
      return nullptr;
    }
    // x * x is one use of two.
    if (!is_inner(value)) return nullptr;
    inside_.insert(at->second);
    return at->second;
  }
  const Node* made(const Node& n, int input, const char* op) {
    return n.input_size() > input ? maker(n.input(input), op) : nullptr;
  }
  const Node* taker(const Node& n, const char* op) {
    const auto at = takers_.find(n.output(0));
    if (at == takers_.end() || at->second->op_type() != op || at->second->input_size() != 2 ||
        !is_inner(n.output(0))) {
      return nullptr;
    }
    inside_.insert(at->second);
    return at->second;
  }

  const OnnxFile& file_;
  std::map<std::string, const Node*> makers_, takers_;
  std::set<const Node*> inside_;
};

}  // namespace

OnnxGelus find_gelus(const OnnxFile& file) { return Finder(file).found; }

}  // namespace etch::host
