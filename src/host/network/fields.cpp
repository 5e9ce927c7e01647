// The fields of a layer that is chosen at run time.
#include "network/fields.hpp"

#include "suggestion.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <nlohmann/json.hpp>

#include <charconv>

namespace etch::host {

using Json = nlohmann::json;

namespace {

constexpr const char* algorithm_names[] = {"gemm", "loops", "unrolled"};
constexpr const char* approximate_names[] = {"none", "tanh"};
constexpr const char* interpolation_names[] = {"nearest", "bilinear"};

// A size of a file: far from where sums and products of some would wrap.
constexpr std::size_t most_of_field = std::size_t{1} << 28;

std::string code_of(std::size_t n) { return std::to_string(n); }
std::string code_of(Pair p) {
  return p.height == p.width ? std::to_string(p.height) : text("{", p.height, ", ", p.width, "}");
}
std::string code_of(bool b) { return b ? "true" : "false"; }
std::string code_of(Algorithm a) {
  return text("Algorithm::", algorithm_names[static_cast<std::size_t>(a)]);
}
std::string code_of(Approximate a) {
  return text("Approximate::", approximate_names[static_cast<std::size_t>(a)]);
}
std::string code_of(Interpolation i) {
  return text("Interpolation::", interpolation_names[static_cast<std::size_t>(i)]);
}
std::string code_of(Sides s) {
  if (s == Sides(s.left)) return std::to_string(s.left);
  return text("{", s.left, ", ", s.right, ", ", s.top, ", ", s.bottom, "}");
}
std::string code_of(float x) {
  char buffer[32];
  std::string digits(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  return digits + "f";
}

Json json_of(std::size_t n) { return n; }
Json json_of(Pair p) { return {p.height, p.width}; }
Json json_of(bool b) { return b; }
Json json_of(Algorithm a) { return algorithm_names[static_cast<std::size_t>(a)]; }
Json json_of(Approximate a) { return approximate_names[static_cast<std::size_t>(a)]; }
Json json_of(Interpolation i) { return interpolation_names[static_cast<std::size_t>(i)]; }
Json json_of(Sides s) { return {s.left, s.right, s.top, s.bottom}; }
Json json_of(float x) { return x; }

void read_field(const JsonValue& j, bool& b) { read(j, b); }
void read_field(const JsonValue& j, float& x) { read(j, x); }
void read_field(const JsonValue& j, std::size_t& n) { n = j.number(most_of_field); }
void read_field(const JsonValue& j, Pair& p) {
  p = {j.at(std::size_t{0}).number(most_of_field), j.at(1).number(most_of_field)};
}
template <class Enum, std::size_t n>
void read_named(const JsonValue& j, const char* const (&names)[n], const char* all, Enum& value) {
  for (std::size_t i = 0; i < n; ++i) {
    if (j.text() != names[i]) continue;
    value = static_cast<Enum>(i);
    return;
  }
  throw Error(j.name(), " is ", printable(j.text()), ", but ", all, " is expected");
}
void read_field(const JsonValue& j, Algorithm& a) {
  read_named(j, algorithm_names, "gemm, loops or unrolled", a);
}
void read_field(const JsonValue& j, Sides& s) {
  const auto side = [&](std::size_t i) { return j.at(i).number(most_of_field); };
  s = {side(0), side(1), side(2), side(3)};
}
void read_field(const JsonValue& j, Interpolation& i) {
  read_named(j, interpolation_names, "nearest or bilinear", i);
}
void read_field(const JsonValue& j, Approximate& a) {
  read_named(j, approximate_names, "none or tanh", a);
}

template <std::size_t i = 0>
AnyLayer layer_named(const std::string& name) {
  if constexpr (i < std::variant_size_v<AnyLayer>) {
    using L = std::variant_alternative_t<i, AnyLayer>;
    return name == L::name ? AnyLayer(L{}) : layer_named<i + 1>(name);
  } else {
    throw Error("there is no layer ", printable(name));
  }
}

}  // namespace

const char* name_of(const AnyLayer& layer) {
  return std::visit([](const auto& l) { return l.name; }, layer);
}

std::vector<Field> fields_of(const AnyLayer& layer) {
  std::vector<Field> all;
  std::visit(
      [&]<class L>(const L& l) {
        const L otherwise{};
        L::fields(l, [&](const char* name, const auto& value) {
          all.push_back({name, value, {}});
        });
        std::size_t i = 0;
        L::fields(otherwise,
                  [&](const char*, const auto& value) { all[i++].otherwise = FieldValue(value); });
      },
      layer);
  return all;
}

std::string layer_code(const AnyLayer& layer) {
  std::string all;
  for (const Field& f : fields_of(layer)) {
    if (f.is_default()) continue;
    const std::string value = std::visit([](const auto& v) { return code_of(v); }, f.value);
    all += text(all.empty() ? "." : ", .", f.name, " = ", value);
  }
  return text(name_of(layer), "{", all, "}");
}

Json layer_json(const AnyLayer& layer) {
  Json j{{"layer", name_of(layer)}};
  for (const Field& f : fields_of(layer)) {
    if (!f.is_default()) j[f.name] = std::visit([](const auto& v) { return json_of(v); }, f.value);
  }
  return j;
}

AnyLayer layer_from(const JsonValue& json) {
  AnyLayer layer = layer_named(json.at("layer").text());
  std::size_t known = 1;
  std::visit(
      [&]<class L>(L& l) {
        L::fields(l, [&](const char* name, auto& value) {
          if (!json.has(name)) return;
          read_field(json.at(name), value);
          ++known;
        });
      },
      layer);
  if (known != json.members()) {
    throw Error(json.name(), " has fields that a ", name_of(layer), " hasn't");
  }
  return layer;
}

}  // namespace etch::host
