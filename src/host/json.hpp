// JSON of files, which may be anyone's: parsed within bounds, and every value that is asked for is
// checked. An Error names the value by its way from the root: "tensors[3].rank".
#pragma once
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace etch::host {

// Objects and arrays within each other, at most.
inline constexpr int json_depth = 16;

// Throws an Error where the text isn't JSON, is nested too deep or gives a name twice in one
// object.
nlohmann::json parse_json(std::string_view text, int depth = json_depth);

// A value of a document, which must outlive it, as must the value that it is part of.
class JsonValue {
 public:
  // The root.
  explicit JsonValue(const nlohmann::json& value) : value_(&value) {}

  // A part; an Error where there is none.
  JsonValue at(const char* name) const;
  JsonValue at(std::size_t index) const;
  bool has(const char* name) const;
  // How many names an object has.
  std::size_t members() const;
  // Of an array.
  std::size_t size() const;

  // What it holds; an Error where that is of another kind. Numbers are whole and at most `most`;
  // `real` is finite.
  std::uint64_t number(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;
  double real() const;
  bool flag() const;
  const std::string& text() const;

  // The way from the root, for an Error.
  std::string name() const;

 private:
  JsonValue(const nlohmann::json& value, const JsonValue& parent, const char* member,
            std::size_t index)
      : value_(&value), parent_(&parent), member_(member), index_(index) {}
  [[noreturn]] void expected(const char* what) const;

  const nlohmann::json* value_;
  const JsonValue* parent_ = nullptr;
  const char* member_ = nullptr;
  std::size_t index_ = 0;
};

// A value as a field of a struct.
void read(const JsonValue& json, std::string& field);
void read(const JsonValue& json, bool& field);
void read(const JsonValue& json, double& field);
void read(const JsonValue& json, float& field);
void read(const JsonValue& json, std::uint64_t& field);

}  // namespace etch::host
