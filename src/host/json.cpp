// JSON of files, within bounds.
#include "json.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <set>
#include <vector>

namespace etch::host {

using Json = nlohmann::json;

namespace {

// The parser keeps the last of two equal names, and nests as deep as there is memory.
class Watch {
 public:
  explicit Watch(int depth) : most_(depth) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= most_) throw Error("it is nested deeper than ", most_, " levels");
    }
    if (event == Event::object_start) names_.emplace_back();
    if (event == Event::object_end) names_.pop_back();
    if (event == Event::key) {
      const std::string& name = value.get_ref<const std::string&>();
      if (!names_.back().insert(name).second) throw Error("it names ", printable(name), " twice");
    }
    return true;
  }

 private:
  int most_;
  std::vector<std::set<std::string>> names_;  // of each open object
};

}  // namespace

Json parse_json(std::string_view text, int most) {
  Watch watch(most);
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json& value) {
      return watch(depth, event, value);
    });
  } catch (const Json::parse_error& e) {
    throw Error("it isn't JSON at byte ", e.byte);
  } catch (const Json::exception&) {
    throw Error("it isn't JSON: a number is out of range");
  }
}

JsonValue JsonValue::at(const char* name) const {
  if (has(name)) return {value_->at(name), *this, name, 0};
  throw Error(JsonValue(*value_, *this, name, 0).name(), " is missing");
}

JsonValue JsonValue::at(std::size_t index) const {
  if (index >= size()) throw Error(name(), " has ", size(), " values, but more are expected");
  return {(*value_)[index], *this, nullptr, index};
}

bool JsonValue::has(const char* name) const {
  if (!value_->is_object()) expected("an object");
  return value_->contains(name);
}

std::size_t JsonValue::members() const {
  if (!value_->is_object()) expected("an object");
  return value_->size();
}

std::size_t JsonValue::size() const {
  if (!value_->is_array()) expected("an array");
  return value_->size();
}

std::uint64_t JsonValue::number(std::uint64_t most) const {
  const bool whole = value_->is_number_integer();
  if (!whole || (!value_->is_number_unsigned() && value_->get<std::int64_t>() < 0)) {
    expected("a whole number");
  }
  const auto n = value_->get<std::uint64_t>();
  if (n > most) throw Error(name(), " is ", n, ", but at most ", most, " is expected");
  return n;
}

double JsonValue::real() const {
  if (!value_->is_number()) expected("a number");
  return value_->get<double>();  // JSON has no infinities, and the parser makes none
}

bool JsonValue::flag() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}

const std::string& JsonValue::text() const {
  if (!value_->is_string()) expected("a text");
  return value_->get_ref<const std::string&>();
}

std::string JsonValue::name() const {
  if (parent_ == nullptr) return "";
  const std::string outer = parent_->name();
  if (member_ == nullptr) return host::text(outer, "[", index_, "]");
  return outer.empty() ? member_ : outer + "." + member_;
}

void JsonValue::expected(const char* what) const {
  const std::string called = name();
  const bool small = value_->is_primitive();
  throw Error(called.empty() ? "it" : called, " is ",
              small ? printable(value_->dump()) : host::text("an ", value_->type_name()), ", but ",
              what, " is expected");
}

void read(const JsonValue& json, std::string& field) { field = json.text(); }
void read(const JsonValue& json, bool& field) { field = json.flag(); }
void read(const JsonValue& json, double& field) { field = json.real(); }
void read(const JsonValue& json, std::uint64_t& field) { field = json.number(); }
void read(const JsonValue& json, float& field) {
  const double value = json.real();
  field = static_cast<float>(value);
  if (!std::isfinite(field)) throw Error(json.name(), " is ", value, ", which is no float");
}

}  // namespace etch::host
