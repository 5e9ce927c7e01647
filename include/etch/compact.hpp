// Tables of constants as they lie in a binary: of a column what differs, in 16 bits where these are
// enough.
#pragma once
#include <etch/compiler.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace etch {

template <class Row, class T>
T member_type(T Row::*);
template <auto column>
using MemberType = decltype(member_type(column));

// A value that all rows have takes no room.
template <auto value>
struct SameInAll {};

// Of a column: all rows are as the first; and all have 16 bits, where large numbers, as `absent`
// is, are -1, -2... Functions count as different: g++ 12 with -fsanitize=undefined can't compare
// them in a constant.
struct ColumnFacts {
  bool same = true, few_bits = true;
};
template <const auto& table, auto column>
constexpr ColumnFacts column_facts() {
  ColumnFacts facts;
  for (const auto& row : table) {
    const auto value = row.*column;
    if constexpr (std::is_pointer_v<MemberType<column>>) {
      facts.same = false;
    } else if (value != table[0].*column) {
      facts.same = false;
    }
    if constexpr (std::is_unsigned_v<MemberType<column>>) {
      if (static_cast<MemberType<column>>(static_cast<std::int16_t>(value)) != value) {
        facts.few_bits = false;
      }
    }
  }
  return facts;
}
template <const auto& table, auto column>
constexpr auto compact_type() {
  using T = MemberType<column>;
  constexpr ColumnFacts facts = column_facts<table, column>();
  if constexpr (facts.same) {
    constexpr T first = table.size() > 0 ? table.data()->*column : T{};
    return std::type_identity<SameInAll<first>>{};
  } else if constexpr (std::is_unsigned_v<T> && sizeof(T) > sizeof(std::int16_t)) {
    return std::type_identity<std::conditional_t<facts.few_bits, std::int16_t, T>>{};
  } else {
    return std::type_identity<T>{};
  }
}
template <const auto& table, auto column>
using CompactType = typename decltype(compact_type<table, column>())::type;

template <const auto& table, auto column, class T = CompactType<table, column>>
struct CompactColumn {
  T value{};
};
template <const auto& table, auto column, auto same>
struct CompactColumn<table, column, SameInAll<same>> {
  static constexpr auto value = same;
};

// A row. What it is converted to has constants for what all rows share, and code that reads it
// shrinks with them.
template <const auto& table, auto... columns>
struct CompactRow : CompactColumn<table, columns>... {
  using Row = std::remove_cvref_t<decltype(table[0])>;

  [[gnu::always_inline]] constexpr operator Row() const {
    return {static_cast<MemberType<columns>>(CompactColumn<table, columns>::value)...};
  }
};

template <const auto& table, auto column>
constexpr void fill_column(auto& rows) {
  using T = CompactType<table, column>;
  if constexpr (std::is_scalar_v<T>) {
    const auto* from = table.data();
    for (CompactColumn<table, column>& to : rows) to.value = static_cast<T>(from++->*column);
  }
}
// `columns` are the members of a row in their order. Those at its end that nobody reads at run time
// may be left out. A longer table, of a program for a host, stays as it is: the compiler would take
// tens of MB for a few KB.
template <const auto& table, auto... columns>
inline constexpr auto compact = [] {
  if constexpr (table.size() > 256) {
    return table;
  } else {
    std::array<CompactRow<table, columns...>, table.size()> rows{};
    (fill_column<table, columns>(rows), ...);
    return rows;
  }
}();

}  // namespace etch
