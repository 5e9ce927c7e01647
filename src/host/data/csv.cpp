// Tables of text.
#include "data/csv.hpp"

#include "data/layout.hpp"
#include "suggestion.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>
#include <etch/host/format.hpp>

#include <csv.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <optional>

namespace etch::host {

namespace fs = std::filesystem;

namespace {

using Row = std::vector<std::string>;

// libcsv with what it needs around it: rows go to `use` with the line of the file that they end in.
class CsvParser {
 public:
  using Use = std::function<void(const Row&, std::size_t line)>;

  CsvParser(const std::string& name, char delimiter, const Use& use) : name_(name), use_(use) {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter));
    if (delimiter == '\t')
      csv_set_space_func(&parser_, [](unsigned char c) { return int{c == ' '}; });
  }
  ~CsvParser() { csv_free(&parser_); }
  CsvParser(const CsvParser&) = delete;
  CsvParser& operator=(const CsvParser&) = delete;

  // Line by line, so that the number of the line is known.
  void parse(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const std::string_view line = text.substr(0, text.find('\n') + 1);
      const std::string_view part = line.empty() ? text : line;
      if (csv_parse(&parser_, part.data(), part.size(), on_cell, on_row, this) != part.size())
        fail();
      check();
      text.remove_prefix(part.size());
    }
    if (csv_fini(&parser_, on_cell, on_row, this) != 0) fail();
    check();
  }

 private:
  // No exception passes through C.
  template <class F>
  void guarded(const F& f) noexcept {
    if (thrown_) return;
    try {
      f();
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }
  static void on_cell(void* text, std::size_t size, void* self) {
    auto& p = *static_cast<CsvParser*>(self);
    p.guarded([&] { p.row_.emplace_back(static_cast<const char*>(text), size); });
  }
  static void on_row(int, void* self) {
    auto& p = *static_cast<CsvParser*>(self);
    p.guarded([&] {
      p.use_(p.row_, p.line_);
      p.row_.clear();
    });
  }
  void check() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }
  [[noreturn]] void fail() {
    check();
    if (csv_error(&parser_) == CSV_ENOMEM) throw std::bad_alloc();
    throw Error(name_, ": line ", line_, ": a quoted cell doesn't end, or has a quote in it that ",
                "isn't doubled");
  }

  csv_parser parser_{};
  const std::string& name_;
  const Use& use_;
  Row row_;
  std::size_t line_ = 0;
  std::exception_ptr thrown_;
};

// Of the header's line.
char delimiter_of(std::string_view text) {
  const std::string_view header = text.substr(0, text.find('\n'));
  for (const char c : {',', '\t', ';'}) {
    if (header.find(c) != header.npos) return c;
  }
  return ',';
}

// A table that grows row by row.
class Table {
 public:
  Table(const std::string& name, const Reading& reading, Labelled labelled)
      : name_(name), reading_(reading), labelled_(labelled == Labelled::yes) {}

  void add(const Row& row, std::size_t line) {
    if (header_.empty()) return read_header(row);
    if (row.size() != header_.size()) {
      throw Error(name_, ": line ", line, " has ", row.size(), row.size() == 1 ? " cell" : " cells",
                  ", but the header names ", header_.size(), " columns");
    }
    for (const std::size_t c : features_) data_.values.push_back(number(row, c, line));
    for (const std::size_t c : targets_) data_.targets.values.push_back(number(row, c, line));
    if (label_) labels_.push_back(class_index(row[*label_], line));
  }

  Dataset finished() && {
    if (header_.empty()) throw Error(name_, ": is empty, but a header with columns is expected");
    if (data_.values.empty()) throw Error(name_, ": has a header, but no rows");
    if (label_) sort_classes();
    return std::move(data_);
  }

 private:
  void read_header(const Row& row) {
    header_ = row;
    for (std::size_t i = 0; i < header_.size(); ++i) {
      const bool again =
          std::find(header_.begin(), header_.begin() + static_cast<std::ptrdiff_t>(i),
                    header_[i]) != header_.begin() + static_cast<std::ptrdiff_t>(i);
      if (again) throw Error(name_, ": names two columns '", printable(header_[i]), "'");
    }
    if (labelled_) find_targets();
    for (const std::string& f : reading_.features) features_.push_back(feature(f));
    for (std::size_t c = 0; reading_.features.empty() && c < header_.size(); ++c) {
      if (!is_target(c)) features_.push_back(c);
    }
    if (features_.empty()) throw Error(name_, ": has no columns of features");
    data_.origin = name_;
    data_.shape = {features_.size()};
    for (const std::size_t c : features_) data_.features.push_back(header_[c]);
    data_.targets.width = targets_.size();
    for (const std::size_t c : targets_) data_.targets.names.push_back(header_[c]);
  }

  void find_targets() {
    for (const std::string& t : reading_.targets) targets_.push_back(column(t));
    if (targets_.empty()) label_ = column(label_name());
  }
  std::string label_name() const { return reading_.label.empty() ? "label" : reading_.label; }

  std::size_t column(const std::string& name) const {
    const auto at = std::find(header_.begin(), header_.end(), name);
    if (at != header_.end()) return static_cast<std::size_t>(at - header_.begin());
    std::string all;
    for (const std::string& h : header_) all += (all.empty() ? "" : ", ") + h;
    const bool guessed = reading_.label.empty() && reading_.targets.empty() && name == "label";
    throw Error(
        name_, ": has no column '", name, "'",
        guessed ? " (--label COLUMN names that of classes, --targets A,B those of numbers)" : "",
        "; its columns are ", printable(all), suggestion(name, header_));
  }
  std::size_t feature(const std::string& name) const {
    const std::size_t c = column(name);
    if (!is_target(c)) return c;
    throw Error(name_, ": column '", name, "' is a target, so it can't be a feature");
  }
  bool is_target(std::size_t c) const {
    const std::vector<std::string>& targets = reading_.targets;
    if (targets.empty()) return header_[c] == label_name();
    return std::find(targets.begin(), targets.end(), header_[c]) != targets.end();
  }

  [[noreturn]] void fail(std::size_t line, std::size_t c, const std::string& why) const {
    throw Error(name_, ": line ", line, ", column '", printable(header_[c]), "': ", why);
  }

  float number(const Row& row, std::size_t c, std::size_t line) const {
    const std::string& cell = row[c];
    if (cell.empty()) fail(line, c, "is empty, but a number is expected");
    const char* begin = cell.data() + (cell[0] == '+' ? 1 : 0);
    const char* end = cell.data() + cell.size();
    double value = 0;
    const auto [at, error] = std::from_chars(begin, end, value);
    if (at != end || error == std::errc::invalid_argument) {
      fail(line, c, text("'", printable(cell), "' isn't a number"));
    }
    if (error == std::errc{} && std::abs(value) <= double{std::numeric_limits<float>::max()}) {
      return static_cast<float>(value);
    }
    fail(line, c, text("'", printable(cell), "' isn't a finite number that a float holds"));
  }

  // In the order of appearance: sorted at the end, where they aren't known before.
  std::int32_t class_index(const std::string& name, std::size_t line) {
    if (name.empty()) fail(line, *label_, "is empty, but a class is expected");
    const auto [at, is_new] =
        classes_.try_emplace(name, static_cast<std::int32_t>(classes_.size()));
    if (is_new && !reading_.classes.empty()) {
      const auto& known = reading_.classes;
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        fail(line, *label_,
             text("the training data has no class '", printable(name), "'",
                  suggestion(name, known)));
      }
    }
    return at->second;
  }

  void sort_classes() {
    std::vector<std::string>& names = data_.targets.names;
    names = reading_.classes;
    if (names.empty()) {
      for (const auto& [name, index] : classes_) names.push_back(name);
      std::sort(names.begin(), names.end(), order_of(names));
    }
    std::vector<std::int32_t> place(classes_.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto at = classes_.find(names[i]);
      if (at != classes_.end())
        place[static_cast<std::size_t>(at->second)] = static_cast<std::int32_t>(i);
    }
    for (const std::int32_t i : labels_) {
      data_.targets.labels.push_back(place[static_cast<std::size_t>(i)]);
    }
  }

  static bool as_number(const std::string& name, double& value) {
    const char* end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data(), end, value);
    return error == std::errc{} && at == end && std::isfinite(value);
  }
  static std::function<bool(const std::string&, const std::string&)> order_of(const Row& names) {
    double ignored = 0;
    const bool numbers = std::all_of(names.begin(), names.end(),
                                     [&](const std::string& n) { return as_number(n, ignored); });
    if (!numbers) return std::less<>();
    return [](const std::string& a, const std::string& b) {
      double x = 0, y = 0;
      as_number(a, x);
      as_number(b, y);
      return x != y ? x < y : a < b;
    };
  }

  const std::string& name_;
  const Reading& reading_;
  bool labelled_;
  Row header_;
  std::vector<std::size_t> features_, targets_;
  std::optional<std::size_t> label_;
  std::map<std::string, std::int32_t> classes_;
  std::vector<std::int32_t> labels_;
  Dataset data_;
};

// Files by part.
class CsvSource : public Source {
 public:
  explicit CsvSource(const fs::path& path) : path_(path) {}

  bool has(Part part) const override { return fs::exists(file(part)); }
  Dataset read(Part part, const Reading& reading) const override {
    const FileBytes bytes(file(part));
    return fitted(read_csv(bytes.bytes(), file(part).string(), reading), reading);
  }

 private:
  fs::path file(Part part) const {
    if (fs::is_directory(path_)) return path_ / text(part_name(part), ".csv");
    return part == Part::train ? path_ : fs::path();
  }
  fs::path path_;
};

}  // namespace

Dataset read_csv(std::span<const std::byte> file, const std::string& name, const Reading& reading,
                 Labelled labelled) {
  std::string_view all(reinterpret_cast<const char*>(file.data()), file.size());
  // Spreadsheets write this before a text in UTF-8.
  if (all.starts_with("\xef\xbb\xbf")) all.remove_prefix(3);
  Table table(name, reading, labelled);
  const CsvParser::Use use = [&](const Row& row, std::size_t line) { table.add(row, line); };
  CsvParser(name, delimiter_of(all), use).parse(all);
  return std::move(table).finished();
}

bool is_csv(const fs::path& path) {
  if (fs::is_directory(path)) return fs::exists(path / "train.csv");
  return path.extension() == ".csv" || path.extension() == ".tsv";
}

std::unique_ptr<Source> open_csv(const fs::path& path) { return std::make_unique<CsvSource>(path); }

}  // namespace etch::host
