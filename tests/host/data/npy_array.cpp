// NPY files: read, and refused where they are damaged or hold something else.
#include "data/npy_array.hpp"

#include "host/data_files.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
using Catch::Contains;

static NpyArray parse(const std::string& file) {
  return parse_npy(std::as_bytes(std::span(file)), "x.npy");
}

template <class T>
static void check_type(const char* type) {
  const std::vector<T> values{T(1), T(0), T(3)};
  const std::string file = npy(type, {3}, raw(values));
  const NpyArray array = parse(file);
  REQUIRE(array.count() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(array.number(i) == static_cast<double>(values[i]));
}

TEST_CASE("Numbers of every type are read") {
  check_type<float>("<f4");
  check_type<double>("<f8");
  check_type<std::int8_t>("|i1");
  check_type<std::int16_t>("<i2");
  check_type<std::int32_t>("<i4");
  check_type<std::int64_t>("<i8");
  check_type<std::uint8_t>("|u1");
  check_type<std::uint16_t>("<u2");
  check_type<std::uint32_t>("<u4");
  check_type<std::uint64_t>("<u8");
  const std::string bools = npy("|b1", {2}, std::string("\1\0", 2));
  CHECK(parse(bools).number(0) == 1);
  CHECK(parse(bools).number(1) == 0);
  const std::string negative = npy("<i2", {1}, "\xfe\xff");
  CHECK(parse(negative).number(0) == -2);
}

TEST_CASE("Shapes of all ranks, and headers as others write them") {
  const std::string scalar = npy("<f4", {}, std::string(4, '\0'));
  CHECK(parse(scalar).sizes.empty());
  const std::string cube = npy("<f4", {2, 3, 4}, std::string(96, '\0'));
  CHECK(parse(cube).sizes == std::vector<std::size_t>{2, 3, 4});
  const std::string order = npy_with_header(
      "{\"shape\":(2,),\"descr\":\"<f4\",\"fortran_order\":False}", std::string(8, '\0'));
  CHECK(parse(order).sizes == std::vector<std::size_t>{2});
  std::string second = npy("<f4", {1}, std::string(4, '\0'));
  second[6] = 2;
  second.insert(10, std::string(2, '\0'));
  CHECK(parse(second).count() == 1);
}

TEST_CASE("Damaged and other NPY files are refused by a sentence") {
  const auto header = [](const std::string& text) {
    return npy_with_header(text, std::string(24, '\0'));
  };
  const std::string good = npy("<f4", {2, 3}, std::string(24, '\0'));
  struct Case {
    std::string file, message;
  };
  const std::vector<Case> cases = {
      {"", "isn't an NPY file"},
      {"PK\3\4", "isn't an NPY file"},
      {good.substr(0, 6), "ends within its header"},
      {good.substr(0, 9), "ends within its header"},
      {good.substr(0, 60), "ends within its header"},
      {good.substr(0, good.size() - 1), "has 23 bytes of numbers, but its shape [2, 3] takes 24"},
      {good + "x", "has 25 bytes of numbers, but its shape [2, 3] takes 24"},
      {npy(">f4", {2, 3}, std::string(24, '\0')), "its numbers are '>f4', big-endian: save it"},
      {npy("|O", {3}, std::string(24, '\0')), "holds Python objects, but numbers are expected"},
      {npy("<U8", {3}, std::string(24, '\0')), "its numbers are '<U8', but float32, float64"},
      {npy("<c8", {3}, std::string(24, '\0')), "its numbers are '<c8', but"},
      {npy("<f3", {8}, std::string(24, '\0')), "its numbers are '<f3', but"},
      {header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }"),
       "holds records of several fields"},
      {header("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"),
       "is in Fortran's order: save it in C's, with np.ascontiguousarray(x)"},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"),
       "its bytes of numbers is more than"},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }"),
       "its header isn't a dictionary"},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), }"), "its header isn't"},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,) "), "its header isn't"},
      {header("{'descr': '<f4', 'fortran_order': False}"), "its header isn't"},
      {header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}"),
       "its header isn't"},
      {header("{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}"), "its header isn't"},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} + evil"),
       "its header isn't"},
      {header("{'descr: 1"), "its header isn't"},
      {header(""), "its header isn't"},
  };
  for (const Case& c : cases) {
    INFO(c.message);
    CHECK_THROWS_WITH(parse(c.file), Catch::StartsWith("x.npy: ") && Contains(c.message));
  }
  std::string future = good;
  future[6] = 9;
  CHECK_THROWS_WITH(parse(future), "x.npy: format 9 of NPY, but 1 to 3 are understood");
}

TEST_CASE("An NPY file that is cut anywhere is refused") {
  const std::string file = npy("<f8", {3, 2}, std::string(48, '\1'));
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK_THROWS_AS(parse(file.substr(0, size)), Error);
  }
}
