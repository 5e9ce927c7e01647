// What an ONNX file computes of constants.
#include "import/onnx_folding.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <set>

namespace etch::host {

namespace {

// Larger arrays of integers aren't sizes, and larger numbers could overflow.
constexpr std::size_t most = 256;
constexpr std::int64_t most_number = 1 << 30;

bool is_small(std::int64_t n) { return n >= -most_number && n <= most_number; }

using Integers = std::vector<std::int64_t>;

struct Array {
  std::vector<std::size_t> dimensions;
  Integers values;

  // Elements beyond an axis, and within one step of it.
  std::size_t inner(std::size_t axis) const {
    std::size_t n = 1;
    for (std::size_t k = axis + 1; k < dimensions.size(); ++k) n *= dimensions[k];
    return n;
  }
};

std::optional<std::size_t> index_of(std::int64_t i, std::size_t length) {
  if (i < 0) i += static_cast<std::int64_t>(length);
  if (i < 0 || i >= static_cast<std::int64_t>(length)) return std::nullopt;
  return static_cast<std::size_t>(i);
}

// The folding of one node of integers. Whatever is unexpected ends it: then the node isn't folded.
class Folding {
 public:
  Folding(const OnnxFile& file, const onnx::NodeProto& node) : file_(file), node_(node) {}

  std::optional<Array> result() {
    if (node_.op_type() == "Shape") return shape();
    for (const std::string& name : node_.input()) {
      if (name.empty() || !file_.is_integers(name)) return std::nullopt;
      if (file_.elements(name) > most) return std::nullopt;
      inputs_.push_back({file_.dimensions(name), file_.integers(name)});
    }
    if (inputs_.empty()) return std::nullopt;
    const std::string& op = node_.op_type();
    if (op == "Add") return combined(std::plus<>());
    if (op == "Sub") return combined(std::minus<>());
    if (op == "Mul") return combined(std::multiplies<>());
    if (op == "Cast" || op == "Identity") return same();
    if (op == "Concat") return concatenated();
    if (op == "ConstantOfShape") return filled();
    if (op == "Gather") return gathered();
    if (op == "Reshape") return reshaped();
    if (op == "Slice") return sliced();
    if (op == "Squeeze" || op == "Unsqueeze") return squeezed(op == "Unsqueeze");
    if (op == "Transpose") return transposed();
    return std::nullopt;
  }

 private:
  // Since opset 15 of a part of the dimensions: not folded.
  std::optional<Array> shape() const {
    if (node_.input_size() < 1 || !file_.is_constant(node_.input(0))) return std::nullopt;
    if (node_.attribute_size() > 0) return std::nullopt;
    const std::vector<std::size_t> d = file_.dimensions(node_.input(0));
    return Array{{d.size()}, {d.begin(), d.end()}};
  }

  // Integers of 32 bits are kept as 64.
  std::optional<Array> same() const {
    const std::int64_t to = file_.integer(node_, "to", onnx::TensorProto::INT64);
    const bool wide = to == onnx::TensorProto::INT64 || to == onnx::TensorProto::INT32;
    const bool fits = to == onnx::TensorProto::INT64 ||
                      std::all_of(inputs_[0].values.begin(), inputs_[0].values.end(), is_small);
    return wide && fits ? std::optional(inputs_[0]) : std::nullopt;
  }

  // Of equal dimensions, or with one number.
  template <class F>
  std::optional<Array> combined(F f) const {
    if (inputs_.size() != 2) return std::nullopt;
    const Array &a = inputs_[0], &b = inputs_[1];
    const bool one_of_a = a.values.size() == 1 && a.dimensions.size() <= b.dimensions.size();
    const bool one_of_b = b.values.size() == 1 && b.dimensions.size() <= a.dimensions.size();
    if (a.dimensions != b.dimensions && !one_of_a && !one_of_b) return std::nullopt;
    Array y{one_of_b ? a.dimensions : b.dimensions, {}};
    for (std::size_t i = 0; i < std::max(a.values.size(), b.values.size()); ++i) {
      if (a.values.empty() || b.values.empty()) return std::nullopt;
      const std::int64_t p = a.values[i % a.values.size()], q = b.values[i % b.values.size()];
      if (!is_small(p) || !is_small(q)) return std::nullopt;
      y.values.push_back(f(p, q));
    }
    return y;
  }

  std::optional<Array> concatenated() const {
    Array y{{0}, {}};
    for (const Array& a : inputs_) {
      if (a.dimensions.size() != 1 || y.values.size() + a.values.size() > most) return std::nullopt;
      y.values.insert(y.values.end(), a.values.begin(), a.values.end());
    }
    y.dimensions = {y.values.size()};
    return y;
  }

  std::optional<Array> filled() const {
    std::size_t n = 1;
    for (const std::int64_t d : inputs_[0].values) {
      if (d < 0 || d > static_cast<std::int64_t>(most)) return std::nullopt;
      n *= static_cast<std::size_t>(d);
      if (n > most) return std::nullopt;
    }
    const onnx::AttributeProto* a = file_.attribute(node_, "value", onnx::AttributeProto::TENSOR);
    const bool integers = a != nullptr && a->t().data_type() == onnx::TensorProto::INT64;
    if (!integers) return std::nullopt;
    std::int64_t value = 0;
    if (integers && a->t().int64_data_size() == 1) value = a->t().int64_data(0);
    if (integers && a->t().raw_data().size() == 8) {
      std::copy_n(a->t().raw_data().data(), 8, reinterpret_cast<char*>(&value));
    }
    return Array{{inputs_[0].values.begin(), inputs_[0].values.end()}, Integers(n, value)};
  }

  std::optional<Array> gathered() const {
    const std::int64_t axis = file_.integer(node_, "axis", 0);
    if (inputs_.size() != 2 || inputs_[0].dimensions.size() != 1 || axis != 0) return std::nullopt;
    Array y{inputs_[1].dimensions, {}};
    for (const std::int64_t i : inputs_[1].values) {
      const auto at = index_of(i, inputs_[0].values.size());
      if (!at) return std::nullopt;
      y.values.push_back(inputs_[0].values[*at]);
    }
    return y;
  }

  std::optional<Array> reshaped() const {
    if (inputs_.size() != 2 || inputs_[1].dimensions.size() != 1) return std::nullopt;
    if (std::count(inputs_[1].values.begin(), inputs_[1].values.end(), -1) > 1) return std::nullopt;
    Array y{{}, inputs_[0].values};
    std::size_t known = 1;
    for (const std::int64_t d : inputs_[1].values) {
      if (d == 0 || d < -1 || d > static_cast<std::int64_t>(most)) return std::nullopt;
      if (d > 0) known *= static_cast<std::size_t>(d);
      if (known > most) return std::nullopt;
    }
    for (const std::int64_t d : inputs_[1].values) {
      y.dimensions.push_back(d == -1 ? y.values.size() / known : static_cast<std::size_t>(d));
    }
    const std::size_t all = std::accumulate(y.dimensions.begin(), y.dimensions.end(),
                                            std::size_t{1}, std::multiplies<>());
    if (all != y.values.size()) return std::nullopt;
    return y;
  }

  std::optional<Array> squeezed(bool adds) const {
    Array y = inputs_[0];
    std::vector<std::int64_t> axes =
        file_.list(node_, "axes").value_or(std::vector<std::int64_t>{});
    if (inputs_.size() > 1) axes = inputs_[1].values;
    if (axes.empty()) return std::nullopt;
    const std::size_t rank = y.dimensions.size() + (adds ? axes.size() : 0);
    std::set<std::size_t> at;
    for (const std::int64_t a : axes) {
      const auto index = index_of(a, rank);
      if (!index || !at.insert(*index).second) return std::nullopt;
    }
    if (adds) {
      for (const std::size_t a : at) y.dimensions.insert(y.dimensions.begin() + signed_of(a), 1);
    } else {
      for (auto a = at.rbegin(); a != at.rend(); ++a) {
        if (y.dimensions[*a] != 1) return std::nullopt;
        y.dimensions.erase(y.dimensions.begin() + signed_of(*a));
      }
    }
    return y.dimensions.size() > 8 ? std::nullopt : std::optional(y);
  }
  static std::ptrdiff_t signed_of(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  // Inputs: data, starts, ends, axes, steps.
  std::optional<Array> sliced() const {
    if (inputs_.size() < 3) return std::nullopt;
    Array y = inputs_[0];
    const std::size_t count = inputs_[1].values.size();
    if (count > y.dimensions.size()) return std::nullopt;
    for (const Array& a : inputs_) {
      if (&a != &inputs_[0] && a.values.size() != count) return std::nullopt;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t number =
          inputs_.size() > 3 ? inputs_[3].values[i] : static_cast<std::int64_t>(i);
      const std::int64_t step = inputs_.size() > 4 ? inputs_[4].values[i] : 1;
      const auto axis = index_of(number, y.dimensions.size());
      if (!axis || step == 0 || !is_small(step)) return std::nullopt;
      // Where it begins before all of them and runs back, ONNX and numpy don't agree.
      const auto length = static_cast<std::int64_t>(y.dimensions[*axis]);
      if (step < 0 && inputs_[1].values[i] < -length) return std::nullopt;
      y = along(y, *axis, inputs_[1].values[i], inputs_[2].values[i], step);
    }
    return y;
  }
  static Array along(const Array& x, std::size_t axis, std::int64_t start, std::int64_t end,
                     std::int64_t step) {
    const auto length = static_cast<std::int64_t>(x.dimensions[axis]);
    const auto placed = [&](std::int64_t i) {
      if (i < 0) i = std::max(i + length, std::int64_t{-1});
      return step > 0 ? std::clamp<std::int64_t>(i, 0, length)
                      : std::clamp<std::int64_t>(i, -1, length - 1);
    };
    Integers kept;
    for (std::int64_t i = placed(start); step > 0 ? i < placed(end) : i > placed(end); i += step) {
      kept.push_back(i);
    }
    const std::size_t inner = x.inner(axis), block = inner * x.dimensions[axis];
    Array y = x;
    y.dimensions[axis] = kept.size();
    y.values.clear();
    for (std::size_t outer = 0; block > 0 && outer < x.values.size(); outer += block) {
      for (const std::int64_t i : kept) {
        const auto from = static_cast<std::ptrdiff_t>(outer + static_cast<std::size_t>(i) * inner);
        y.values.insert(y.values.end(), x.values.begin() + from,
                        x.values.begin() + from + static_cast<std::ptrdiff_t>(inner));
      }
    }
    return y;
  }

  // Of a matrix.
  std::optional<Array> transposed() const {
    const Array& x = inputs_[0];
    const auto permutation = file_.list(node_, "perm");
    if (x.dimensions.size() != 2 || (permutation && *permutation != Integers{1, 0})) {
      return std::nullopt;
    }
    const std::size_t rows = x.dimensions[0], columns = x.dimensions[1];
    Array y{{columns, rows}, Integers(x.values.size())};
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      y.values[i % columns * rows + i / columns] = x.values[i];
    }
    return y;
  }

  const OnnxFile& file_;
  const onnx::NodeProto& node_;
  std::vector<Array> inputs_;
};

}  // namespace

// Weights stay where they are, unless they are transposed.
static bool fold_weights(OnnxFile& file, const onnx::NodeProto& node) {
  if (node.input_size() < 1 || !file.is_constant(node.input(0)) ||
      file.is_integers(node.input(0))) {
    return false;
  }
  const std::string& op = node.op_type();
  const bool to_float = file.integer(node, "to", 0) == onnx::TensorProto::FLOAT;
  if (op == "Identity" || (op == "Cast" && to_float)) {
    file.name_constant(node.output(0), node.input(0));
    return true;
  }
  const std::vector<std::size_t> d = file.dimensions(node.input(0));
  if (op != "Transpose" || d.size() != 2) return false;
  const auto permutation = file.list(node, "perm");
  if (permutation && *permutation != Integers{1, 0}) return false;
  const std::vector<float> from = file.floats(node.input(0));
  std::vector<float> to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i % d[1] * d[0] + i / d[1]] = from[i];
  file.set_floats(node.output(0), {d[1], d[0]}, to);
  return true;
}

bool fold_constants(OnnxFile& file, const onnx::NodeProto& node) {
  if (node.output_size() != 1) return false;
  if (fold_weights(file, node)) return true;
  const std::optional<Array> y = Folding(file, node).result();
  if (!y) return false;
  file.set_integers(node.output(0), y->dimensions, y->values);
  return true;
}

}  // namespace etch::host
