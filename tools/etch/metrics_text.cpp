// Metrics as they are printed.
#include "metrics_text.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <algorithm>

namespace etch::host {
namespace {

// Names in lines of 80 characters.
std::string short_name(const Targets& targets, std::size_t index) {
  constexpr std::size_t longest = 24;
  const std::string name = printable(targets.name(index));
  return name.size() > longest ? name.substr(0, longest - 2) + ".." : name;
}

// The column of names, as wide as its title at least.
class Names {
 public:
  Names(const Targets& targets, std::size_t count, std::size_t width)
      : targets_(&targets), width_(width) {
    for (std::size_t i = 0; i < count; ++i) {
      width_ = std::max(width_, short_name(targets, i).size());
    }
  }
  std::size_t width() const { return width_; }
  std::string operator[](std::size_t index) const {
    const std::string name = short_name(*targets_, index);
    return targets_->names.empty() ? padded_left(name, width_) : padded_right(name, width_);
  }

 private:
  const Targets* targets_;
  std::size_t width_;
};

// Of classes and labels: how often label i held.
template <class Shares, class Held>
std::string shares_table(const Shares& s, const char* title, const Names& names, std::size_t count,
                         const Held& held) {
  std::string all = padded_right(title, names.width()) + "  precision  recall      F1  images\n";
  for (std::size_t i = 0; i < count; ++i) {
    all += names[i] + padded_left(fixed(s.precision(i), 4), 11) +
           padded_left(fixed(s.recall(i), 4), 8) + padded_left(fixed(s.f1(i), 4), 8) +
           padded_left(grouped(held(i)), 8) + "\n";
  }
  return all;
}

// Columns have numbers: names don't fit above them.
std::string confusion_table(const Confusion& m, const Targets& targets) {
  const Names names(targets, m.classes(), 5);
  const std::size_t width = targets.names.empty() ? 0 : names.width() + 1;
  std::string all = "\nlabel (row) taken for (column)\n     " + std::string(width, ' ');
  for (std::size_t c = 0; c < m.classes(); ++c) all += padded_left(std::to_string(c), 6);
  all += '\n';
  for (std::size_t label = 0; label < m.classes(); ++label) {
    all += padded_left(std::to_string(label), 5);
    if (width > 0) all += " " + names[label];
    for (std::size_t c = 0; c < m.classes(); ++c) {
      all += padded_left(std::to_string(m.confused(label, c)), 6);
    }
    all += '\n';
  }
  return all;
}

std::string tables(const Confusion& m, const Targets& targets) {
  return shares_table(m, "class", {targets, m.classes(), 5}, m.classes(),
                      [&](std::size_t c) { return m.labelled(c); }) +
         confusion_table(m, targets);
}

std::string tables(const LabelCounts& m, const Targets& targets) {
  const std::size_t count = m.counts().size();
  return shares_table(m, "label", {targets, count, 5}, count,
                      [&](std::size_t i) { return m.counts()[i].right + m.counts()[i].missed; });
}

std::string tables(const NumberErrors& m, const Targets& targets) {
  const Names names(targets, m.columns().size(), 6);
  std::string all = padded_right("number", names.width()) + "         MAE        RMSE      R2\n";
  for (std::size_t i = 0; i < m.columns().size(); ++i) {
    all += names[i] + padded_left(significant(m.mae(i)), 12) +
           padded_left(significant(m.rmse(i)), 12) + padded_left(fixed(m.r2(i), 4), 8) + "\n";
  }
  return all;
}

}  // namespace

std::string scores_text(const Scores& s) {
  const std::span<const Figure> figures = figures_of(s.task);
  const bool of_numbers = s.task == Task::numbers;
  std::string all = "loss " + (of_numbers ? significant(s.loss) : fixed(s.loss, 4));
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const double x = s.figures[i];
    const bool in_units = of_numbers && figures[i].key != std::string_view("r2");
    all += text("  ", figures[i].name, " ",
                figures[i].is_share ? padded_left(fixed(100 * x, 2), 6) + " %"
                : in_units          ? significant(x)
                                    : fixed(x, 4));
  }
  return all;
}

std::string tables_text(const Metrics& metrics, const Targets& targets) {
  return std::visit([&](const auto& counts) { return tables(counts, targets); }, metrics.counts());
}

}  // namespace etch::host
