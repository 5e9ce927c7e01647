// ONNX's nodes that give a value other dimensions. The batch stays the first of them.
#include "checked.hpp"
#include "import/onnx_reader.hpp"

#include <etch/host/format.hpp>

#include <algorithm>

namespace etch::host {

std::string OnnxReader::dimensions_text(const Value& v) const {
  std::string all = "(N";
  for (const std::size_t n : v.dimensions) all += text(", ", n);
  return all + ")";
}

// Since opset 15 of a part of the dimensions.
void OnnxReader::read_shape() {
  std::vector<std::int64_t> sizes = {batch_};
  for (const std::size_t n : x().dimensions) sizes.push_back(static_cast<std::int64_t>(n));
  const auto rank = static_cast<std::int64_t>(sizes.size());
  const auto at = [&](const char* name, std::int64_t otherwise) {
    const std::int64_t i = file_.integer(*node_, name, otherwise);
    return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  const std::int64_t start = at("start", 0), end = at("end", rank);
  const std::vector<std::int64_t> part(sizes.begin() + start, sizes.begin() + std::max(start, end));
  file_.set_integers(node_->output(0), {part.size()}, part);
}

OnnxReader::Value OnnxReader::read_flatten() {
  const std::int64_t a = file_.integer(*node_, "axis", 1);
  const auto rank = static_cast<std::int64_t>(x().rank());
  if (a != 1 && a != 1 - rank) {
    fail("Flatten of ", dimensions_text(x()), " from axis ", a,
         " isn't supported: only from axis 1, where the batch ends");
  }
  return {network_.flatten(name_, x().index), {x().elements()}};
}

OnnxReader::Value OnnxReader::read_squeeze() {
  std::vector<std::size_t> removed = axes(1);
  if (removed.empty()) {
    fail("Squeeze without axes isn't supported: it would take a batch of 1 away, too");
  }
  std::sort(removed.rbegin(), removed.rend());
  Value y = x();
  for (const std::size_t a : removed) {
    if (a < 2 || x().dimensions[a - 1] != 1) {
      fail("Squeeze of axis ", a, " of ", dimensions_text(x()),
           " isn't supported: only behind the channels, of a size of 1");
    }
    y.dimensions.erase(y.dimensions.begin() + static_cast<std::ptrdiff_t>(a - 1));
  }
  if (y.elements() != y.channels()) {
    fail("Squeeze of the image ", dimensions_text(x()), " isn't supported");
  }
  return y;
}

OnnxReader::Sizes OnnxReader::target_of(const std::vector<std::int64_t>& target) const {
  const auto refuse = [&](const char* why) {
    std::string all;
    for (const std::int64_t n : target) all += text(all.empty() ? "" : ", ", n);
    fail("Reshape of ", dimensions_text(x()), " to [", all, "] isn't supported: ", why);
  };
  const auto inferred = std::count(target.begin(), target.end(), -1);
  if (target.size() < 2 || target.size() > 8 || inferred > 1) refuse("only flattening is");
  const bool batch_stays = target[0] == 0 || target[0] == batch_ || target[0] == -1;
  if (!batch_stays) refuse("the batch must stay the first dimension");
  Sizes sizes;
  for (std::size_t k = 1; k < target.size(); ++k) {
    const std::int64_t n = target[k];
    if (n < -1 || (n == 0 && k >= x().rank())) refuse("its sizes can't be");
    sizes.push_back(n > 0 ? size_of("a size", n) : n == 0 ? x().dimensions[k - 1] : 1);
  }
  const std::size_t known =
      checked_product(sizes, text(network_.file(), ": ", name_, ": its size"));
  if (target[0] != -1 && inferred == 1 && x().elements() % known == 0) {
    const auto at = std::find(target.begin() + 1, target.end(), -1) - (target.begin() + 1);
    sizes[static_cast<std::size_t>(at)] = x().elements() / known;
  } else if (known != x().elements()) {
    refuse("the batch must stay the first dimension");
  }
  return sizes;
}

// Whether all that was read are names for the input, and lead to x alone.
bool OnnxReader::input_is_only_x() const {
  return std::all_of(values_.begin(), values_.end(), [&](const auto& named) {
    return named.second.index == x().index && file_.uses(named.first) == 1;
  });
}

OnnxReader::Value OnnxReader::read_reshape() {
  const std::vector<std::int64_t> target = file_.integers(input(1));
  const bool zeros_are_sizes = file_.integer(*node_, "allowzero", 0) != 0;
  if (zeros_are_sizes && std::count(target.begin(), target.end(), 0) > 0) {
    fail("Reshape to a size of 0 isn't supported");
  }
  const Sizes sizes = target_of(target);
  if (sizes == x().dimensions) return x();
  if (sizes.size() == 1) return {network_.flatten(name_, x().index), sizes};
  // One pixel, in other dimensions of 1. (What was flattened lies in another order.)
  const bool one_pixel = x().channels() == x().elements() && sizes[0] == x().elements();
  if (one_pixel && network_.layout(x().index) == network_.shape(x().index)) {
    return {x().index, sizes};
  }
  // A vector that enters the network as one channel: nothing moves.
  if (x().rank() == 2 && sizes.size() == 3 && sizes[0] == 1 && input_is_only_x() &&
      network_.reshape_input({1, sizes[1], sizes[2]})) {
    return {x().index, sizes};
  }
  fail("Reshape of ", dimensions_text(x()), " to ", dimensions_text({none, sizes}),
       " isn't supported: only flattening is");
}

}  // namespace etch::host
