// A network as nested modules.
#include "network/modules.hpp"

#include <algorithm>
#include <string_view>

namespace etch::host {
static std::string pair_text(Pair p) {
  return std::to_string(p.height) + "x" + std::to_string(p.width);
}

std::string window_text(const Op& op) {
  const Window& w = op.attributes.geometry.window;
  const bool is_convolution = std::string_view(op.kind).starts_with("Conv");
  if (w.kernel_size.area() <= 1 && w.stride == Pair(1) && !is_convolution) return "";
  std::string all = pair_text(w.kernel_size);
  if (w.stride != Pair(1)) {
    all += "/" + (w.stride.height == w.stride.width ? std::to_string(w.stride.height)
                                                    : pair_text(w.stride));
  }
  const std::size_t groups = op.attributes.geometry.groups;
  if (w.dilation != Pair(1)) all += " d" + std::to_string(w.dilation.height);
  if (groups > 1 && is_convolution) all += " g" + std::to_string(groups);
  return all;
}

namespace {

// Scopes from the root to an op's own.
std::vector<int> path_of(GraphView graph, int scope) {
  std::vector<int> path;
  for (; scope != none; scope = graph.scopes[scope].parent) path.push_back(scope);
  std::reverse(path.begin(), path.end());
  return path;
}

std::string last_name(const Scope& s) {
  return s.name != nullptr ? s.name : std::to_string(s.index);
}

void count_op(ModuleRow& row, const Op& op, Shape output) {
  row.parameters += op.num_parameters;
  row.frozen += op.frozen ? op.num_parameters : 0;
  row.buffers += op.num_buffers;
  row.macs += op.macs;
  row.outputs += output.elements();
  row.output = output;
}

// Rows grow op by op; the groups that are open are those of the op before.
class Rows {
 public:
  Rows(GraphView graph, std::string name)
      : graph_(graph), ops_in_(static_cast<std::size_t>(graph.size.scopes)) {
    for (int i = 0; i < graph.size.ops; ++i) {
      for (const int s : path_of(graph, graph.ops[i].scope)) ++ops_in_[index(s)];
    }
    rows_.push_back({.name = std::move(name), .output = graph.values[0]});
    open_.push_back({none, 0});
  }

  void add_op(const Op& op) {
    std::vector<int> path = path_of(graph_, op.scope);
    // A scope with this op and nothing else is the layer's own.
    const bool named = !path.empty() && ops_in_[index(path.back())] == 1;
    if (named) path.pop_back();
    enter(path);
    open_row(named ? last_name(graph_.scopes[op.scope]) : "");
    rows_.back().kind = op.kind;
    rows_.back().leaf = true;
    rows_.back().window = window_text(op);
    rows_.back().depth = open_.size();
    for (const Open& o : open_) count_op(rows_[o.row], op, graph_.values[op.y]);
    count_op(rows_.back(), op, graph_.values[op.y]);
  }

  std::vector<ModuleRow> finish() {
    // Seen from the end, the first row of a group is its last.
    std::vector<bool> seen;
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      seen.resize(row->depth + 1);
      row->last = !seen[row->depth];
      seen[row->depth] = true;
    }
    return std::move(rows_);
  }

 private:
  struct Open {
    int scope;
    std::size_t row;
  };
  static std::size_t index(int scope) { return static_cast<std::size_t>(scope); }

  void open_row(std::string name) {
    rows_.push_back({.name = std::move(name), .depth = open_.size()});
  }

  void enter(const std::vector<int>& path) {
    std::size_t same = 0;
    while (same < path.size() && same + 1 < open_.size() && open_[same + 1].scope == path[same]) {
      ++same;
    }
    open_.resize(same + 1, {none, 0});
    for (; same < path.size(); ++same) {
      open_row(last_name(graph_.scopes[path[same]]));
      open_.push_back({path[same], rows_.size() - 1});
    }
  }

  GraphView graph_;
  std::vector<std::size_t> ops_in_;
  std::vector<ModuleRow> rows_;
  std::vector<Open> open_;
};

}  // namespace

std::string ModuleRow::label() const {
  return name + (name.empty() || kind[0] == '\0' ? "" : " ") + kind;
}

std::vector<ModuleRow> module_rows(GraphView graph, std::string name) {
  Rows rows(graph, std::move(name));
  for (int i = 0; i < graph.size.ops; ++i) rows.add_op(graph.ops[i]);
  return rows.finish();
}

std::vector<ModuleRow> up_to_depth(const std::vector<ModuleRow>& rows, std::size_t depth) {
  std::vector<ModuleRow> kept;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(kept),
               [&](const ModuleRow& r) { return r.depth <= depth; });
  return kept;
}

std::vector<std::string> branches(const std::vector<ModuleRow>& rows) {
  std::vector<std::string> all;
  std::vector<bool> ended;  // whether the group at a depth has had its last row
  for (const ModuleRow& r : rows) {
    ended.resize(r.depth + 1);
    ended[r.depth] = r.last;
    std::string branch;
    for (std::size_t d = 1; d < r.depth; ++d) branch += ended[d] ? "   " : "│  ";
    if (r.depth > 0) branch += r.last ? "└─ " : "├─ ";
    all.push_back(branch);
  }
  return all;
}

}  // namespace etch::host
