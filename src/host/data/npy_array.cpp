// An array of NumPy as its file has it.
#include "data/npy_array.hpp"

#include "checked.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace etch::host {

namespace {

// The header is a literal of a Python dictionary, of these three and in any order:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
class Header {
 public:
  Header(std::string_view text, const std::string& name) : rest_(text), name_(name) {
    expect('{');
    while (!take('}')) {
      read_entry();
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    if (skip_space(), !rest_.empty()) fail();
    if (!type_ || !fortran_ || !sizes_) fail();
  }

  const std::string& type() const { return *type_; }
  bool fortran_order() const { return *fortran_; }
  const std::vector<std::size_t>& sizes() const { return *sizes_; }

 private:
  [[noreturn]] void fail() const {
    throw Error(name_,
                ": its header isn't a dictionary with 'descr', 'fortran_order' and 'shape', ",
                "each once");
  }
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail();
  }
  bool take_word(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string quoted() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = rest_.find(quote);
    if (end == rest_.npos) fail();
    std::string all(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return all;
  }

  void read_entry() {
    const std::string key = quoted();
    expect(':');
    if (key == "descr" && !type_) {
      if (take('['))
        throw Error(name_, ": holds records of several fields, but numbers are expected");
      type_ = quoted();
    } else if (key == "fortran_order" && !fortran_) {
      fortran_ = take_word("True");
      if (!*fortran_ && !take_word("False")) fail();
    } else if (key == "shape" && !sizes_) {
      sizes_ = tuple();
    } else {
      fail();
    }
  }

  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> all;
    expect('(');
    while (!take(')')) {
      skip_space();
      std::size_t n = 0;
      const auto [at, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
      if (error != std::errc{}) fail();
      rest_.remove_prefix(static_cast<std::size_t>(at - rest_.data()));
      all.push_back(n);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return all;
  }

  std::string_view rest_;
  const std::string& name_;
  std::optional<std::string> type_;
  std::optional<bool> fortran_;
  std::optional<std::vector<std::size_t>> sizes_;
};

void set_type(NpyArray& array, const std::string& type) {
  const std::string why = text(array.name, ": its numbers are '", printable(type), "'");
  if (type.find('O') != type.npos)
    throw Error(array.name, ": holds Python objects, but numbers are expected");
  if (type.starts_with('>')) {
    throw Error(why,
                ", big-endian: save it as little-endian, with x.astype(x.dtype.newbyteorder('<'))");
  }
  const bool known = type.size() == 3 && (type[0] == '<' || type[0] == '|' || type[0] == '=');
  const std::string number = known ? type.substr(1) : "";
  for (const char* t : {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}) {
    if (number != t) continue;
    array.kind = t[0];
    array.item = static_cast<std::size_t>(t[1] - '0');
    return;
  }
  throw Error(why, ", but float32, float64, bool and whole numbers of 1 to 8 bytes are understood");
}

template <class T>
double value_at(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return static_cast<double>(value);
}

// Behind the magic number, the version and its own length.
std::string_view header_text(std::span<const std::byte> file, const std::string& name) {
  const std::string_view all(reinterpret_cast<const char*>(file.data()), file.size());
  if (!all.starts_with("\x93NUMPY"))
    throw Error(name, ": isn't an NPY file: it doesn't begin as one");
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(all[i])}; };
  const std::size_t version = all.size() > 6 ? byte(6) : 0;
  if (all.size() > 6 && (version < 1 || version > 3)) {
    throw Error(name, ": format ", version, " of NPY, but 1 to 3 are understood");
  }
  const std::size_t begin = version == 1 ? 10 : 12;
  if (all.size() < begin) throw Error(name, ": ends within its header");
  const std::size_t length = version == 1
                                 ? byte(8) + 256 * byte(9)
                                 : byte(8) + (byte(9) << 8) + (byte(10) << 16) + (byte(11) << 24);
  if (length > all.size() - begin) throw Error(name, ": ends within its header");
  return all.substr(begin, length);
}

}  // namespace

double NpyArray::number(std::size_t index) const {
  const std::byte* from = data.data() + index * item;
  if (kind == 'f') return item == 4 ? value_at<float>(from) : value_at<double>(from);
  if (kind == 'b') return *from == std::byte{0} ? 0 : 1;
  const bool is_signed = kind == 'i';
  switch (item) {
    case 1:
      return is_signed ? value_at<std::int8_t>(from) : value_at<std::uint8_t>(from);
    case 2:
      return is_signed ? value_at<std::int16_t>(from) : value_at<std::uint16_t>(from);
    case 4:
      return is_signed ? value_at<std::int32_t>(from) : value_at<std::uint32_t>(from);
    default:
      return is_signed ? value_at<std::int64_t>(from) : value_at<std::uint64_t>(from);
  }
}

NpyArray parse_npy(std::span<const std::byte> file, const std::string& name) {
  const std::string_view text = header_text(file, name);
  const Header header(text, name);
  NpyArray array{.name = name, .sizes = header.sizes()};
  set_type(array, header.type());
  if (header.fortran_order() && array.sizes.size() > 1) {
    throw Error(name, ": is in Fortran's order: save it in C's, with np.ascontiguousarray(x)");
  }
  std::vector<std::size_t> all = array.sizes;
  all.push_back(array.item);
  const std::size_t bytes = checked_product(all, name + ": its bytes of numbers");
  const auto begin = static_cast<std::size_t>(text.data() + text.size() -
                                              reinterpret_cast<const char*>(file.data()));
  array.data = file.subspan(begin);
  if (array.data.size() == bytes) return array;
  throw Error(name, ": has ", array.data.size(), " bytes of numbers, but its shape ",
              shape_text(array.sizes), " takes ", bytes);
}

}  // namespace etch::host
