// Named tensors in one file.
#include "weights/safetensors.hpp"

#include "error.hpp"
#include "format.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <set>

namespace etch::host {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

// The format's own limit for the header.
static constexpr std::size_t header_limit = 100'000'000;
static constexpr const char* metadata_key = "__metadata__";

struct DtypeRow {
  const char* name;
  std::size_t bytes;
};
static constexpr DtypeRow dtypes[] = {{"F32", 4}, {"F64", 8}, {"I64", 8}};

const char* dtype_name(Dtype dtype) { return dtypes[static_cast<std::size_t>(dtype)].name; }
std::size_t dtype_bytes(Dtype dtype) { return dtypes[static_cast<std::size_t>(dtype)].bytes; }

static std::size_t elements(const std::vector<std::size_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

template <class T>
static TensorSource copying(std::string name, Dtype dtype, std::vector<std::size_t> shape,
                            const T* values) {
  const std::size_t bytes = elements(shape) * sizeof(T);
  return {std::move(name), dtype, std::move(shape),
          [=](std::byte* to) { std::memcpy(to, values, bytes); }};
}

TensorSource source(std::string name, std::vector<std::size_t> shape, const float* values) {
  return copying(std::move(name), Dtype::f32, std::move(shape), values);
}
TensorSource source(std::string name, std::vector<std::size_t> shape, const double* values) {
  return copying(std::move(name), Dtype::f64, std::move(shape), values);
}
TensorSource source(std::string name, std::vector<std::size_t> shape, const std::int64_t* values) {
  return copying(std::move(name), Dtype::i64, std::move(shape), values);
}

// Writing.

static std::string header_of(const std::string& path, const std::vector<TensorSource>& tensors,
                             const Metadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::size_t at = 0;
  for (const TensorSource& t : tensors) {
    if (header.contains(t.name)) throw Error(path, ": two tensors are named ", t.name);
    const std::size_t end = at + elements(t.shape) * dtype_bytes(t.dtype);
    header[t.name] = {
        {"dtype", dtype_name(t.dtype)}, {"shape", t.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorSource>& tensors,
                       const Metadata& metadata) {
  const std::string header = header_of(path.string(), tensors, metadata);
  const std::uint64_t length = header.size();
  FileReplacement file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  std::vector<std::byte> buffer;
  for (const TensorSource& t : tensors) {
    buffer.resize(elements(t.shape) * dtype_bytes(t.dtype));
    t.fill(buffer.data());
    file.write(buffer);
  }
  file.commit();
}

// Reading.

namespace {

// Where a tensor's bytes are in the data, as its header says.
struct Entry {
  std::string name;
  StoredTensor tensor;
  std::size_t begin, end;
};

class HeaderReader {
 public:
  HeaderReader(const std::string& path, std::span<const std::byte> file)
      : path_(path), file_(file) {}

  Json header() {
    if (file_.size() < 8) {
      throw Error(path_, ": ends after ", file_.size(),
                  " bytes, but a safetensors file begins with 8 bytes of header length");
    }
    std::uint64_t length = 0;
    std::memcpy(&length, file_.data(), 8);
    if (length > header_limit || length > file_.size() - 8) {
      throw Error(path_, ": the header is said to have ", length, " bytes, but the file has ",
                  file_.size() - 8, " after the length: truncated, or not a safetensors file");
    }
    data_ = file_.subspan(8 + length);
    return parse({reinterpret_cast<const char*>(file_.data()) + 8, length});
  }

  std::size_t data_bytes() const { return data_.size(); }
  std::span<const std::byte> data(const Entry& e) const {
    return data_.subspan(e.begin, e.end - e.begin);
  }

  Entry entry(const std::string& name, const Json& about) const {
    try {
      return read_entry(name, about);
    } catch (const Json::exception&) {
      throw Error(path_, ": tensor ", name,
                  ": expected {\"dtype\": text, \"shape\": [sizes], \"data_offsets\": [begin, "
                  "end]}, found ",
                  about.dump());
    }
  }

  Metadata metadata(const Json& about) const {
    Metadata all;
    for (const auto& [key, value] : about.items()) {
      if (!value.is_string()) throw Error(path_, ": metadata ", key, " isn't a text");
      all[key] = value.get<std::string>();
    }
    return all;
  }

 private:
  // The parser keeps the last of two equal keys; here that is an error.
  Json parse(std::string_view text) const {
    std::vector<std::set<std::string>> keys;
    const auto watch = [&](int, Json::parse_event_t event, Json& value) {
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key &&
          !keys.back().insert(value.get<std::string>()).second) {
        throw Error(path_, ": the header names ", value.get<std::string>(), " twice");
      }
      return true;
    };
    try {
      Json header = Json::parse(text, watch);
      if (!header.is_object()) throw Error(path_, ": the header isn't a JSON object");
      return header;
    } catch (const Json::exception& e) {
      throw Error(path_, ": the header isn't JSON: ", e.what());
    }
  }

  Dtype dtype(const std::string& tensor, const std::string& name) const {
    for (std::size_t i = 0; i < std::size(dtypes); ++i) {
      if (name == dtypes[i].name) return static_cast<Dtype>(i);
    }
    throw Error(path_, ": tensor ", tensor, " has dtype ", name,
                ", but only F32, F64 and I64 are "
                "supported");
  }

  Entry read_entry(const std::string& name, const Json& about) const {
    Entry e{name,
            {},
            unsigned_number(about.at("data_offsets").at(0)),
            unsigned_number(about.at("data_offsets").at(1))};
    e.tensor.dtype = dtype(name, about.at("dtype").get<std::string>());
    for (const Json& n : about.at("shape")) e.tensor.shape.push_back(unsigned_number(n));
    if (e.begin > e.end || e.end > data_.size()) {
      throw Error(path_, ": tensor ", name, " lies at bytes ", e.begin, " to ", e.end,
                  ", but the file has ", data_.size(), " bytes of data: truncated or damaged");
    }
    check_size(e);
    return e;
  }

  static std::size_t unsigned_number(const Json& n) {
    if (!n.is_number_unsigned()) throw Json::type_error::create(302, "not a size", &n);
    return n.get<std::size_t>();
  }

  // No product that wraps around passes.
  void check_size(const Entry& e) const {
    const std::size_t bytes = e.end - e.begin;
    std::size_t expected = dtype_bytes(e.tensor.dtype);
    bool overflow = false;
    for (const std::size_t n : e.tensor.shape) {
      overflow |= __builtin_mul_overflow(expected, n, &expected);
    }
    if (!overflow && expected == bytes) return;
    throw Error(path_, ": tensor ", e.name, " of shape ", shape_text(e.tensor.shape), " and dtype ",
                dtype_name(e.tensor.dtype), " takes ", overflow ? "too many" : text(expected),
                " bytes, but ", bytes, " are given to it");
  }

  const std::string& path_;
  std::span<const std::byte> file_, data_;
};

// Every byte of the data belongs to one tensor.
void check_layout(const std::string& path, std::vector<Entry>& entries, std::size_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::size_t at = 0;
  for (const Entry& e : entries) {
    if (e.begin < at) {
      throw Error(path, ": tensor ", e.name, " begins at byte ", e.begin,
                  ", inside the tensor before it, which ends at ", at);
    }
    if (e.begin > at) {
      throw Error(path, ": bytes ", at, " to ", e.begin, " before tensor ", e.name,
                  " belong to no tensor");
    }
    at = e.end;
  }
  if (at != data_bytes) {
    throw Error(path, ": the tensors end at byte ", at, ", but the file has ", data_bytes,
                " bytes of data");
  }
}

}  // namespace

Safetensors::Safetensors(const std::filesystem::path& path) : path_(path.string()), file_(path) {
  HeaderReader reader(path_, file_.bytes());
  const Json header = reader.header();
  std::vector<Entry> entries;
  for (const auto& [name, about] : header.items()) {
    if (name == metadata_key) {
      metadata_ = reader.metadata(about);
    } else {
      entries.push_back(reader.entry(name, about));
    }
  }
  check_layout(path_, entries, reader.data_bytes());
  for (Entry& e : entries) {
    e.tensor.bytes = reader.data(e);
    tensors_.emplace(e.name, std::move(e.tensor));
  }
}

const StoredTensor* Safetensors::find(const std::string& name) const {
  const auto at = tensors_.find(name);
  return at == tensors_.end() ? nullptr : &at->second;
}

template <class T>
static void copy(const StoredTensor& t, Dtype dtype, T* values) {
  if (t.dtype != dtype) {
    throw Error("a tensor has dtype ", dtype_name(t.dtype), ", but ", dtype_name(dtype),
                " is expected");
  }
  std::memcpy(values, t.bytes.data(), t.bytes.size());
}

void StoredTensor::copy_to(float* values) const { copy(*this, Dtype::f32, values); }
void StoredTensor::copy_to(double* values) const { copy(*this, Dtype::f64, values); }
void StoredTensor::copy_to(std::int64_t* values) const { copy(*this, Dtype::i64, values); }

}  // namespace etch::host
