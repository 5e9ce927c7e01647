// Named tensors in one file.
#include <etch/host/weights/safetensors.hpp>

#include "json.hpp"
#include "weights/checksum.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace etch::host {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

// Bytes of a header, whose parsing takes up to 20 times as much memory: a third of the format's own
// limit. ResNet-152's, with the state of Adam, has 0.2 MB.
static constexpr std::size_t header_limit = std::size_t{32} << 20;
static constexpr std::size_t name_limit = 1024, rank_limit = 64;
static constexpr const char* metadata_key = "__metadata__";

// Of what etch writes. 1 had no checksum, and stood in checkpoints alone.
static constexpr std::uint64_t format_version = 2;
static constexpr const char* format_key = "etch.format";

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

// Calls write(bytes) for each tensor.
template <class Write>
static void each_filled(const std::vector<const TensorSource*>& tensors, const Write& write) {
  std::vector<std::byte> buffer;
  for (const TensorSource* t : tensors) {
    buffer.resize(elements(t->shape) * dtype_bytes(t->dtype));
    t->fill(buffer.data());
    write(*t, buffer);
  }
}

static std::vector<const TensorSource*> in_order(const std::vector<TensorSource>& tensors) {
  std::vector<const TensorSource*> all;
  for (const TensorSource& t : tensors) all.push_back(&t);
  return all;
}

static std::string checksum_of(const std::vector<TensorSource>& tensors, const Metadata& metadata) {
  Checksum sum;
  sum.add(metadata);
  std::vector<const TensorSource*> by_name = in_order(tensors);
  std::sort(by_name.begin(), by_name.end(),
            [](const TensorSource* a, const TensorSource* b) { return a->name < b->name; });
  each_filled(by_name, [&](const TensorSource& t, std::span<const std::byte> bytes) {
    sum.add(t.name, dtype_name(t.dtype), t.shape, bytes);
  });
  return sum.text();
}

static std::string header_of(const std::string& path, const std::vector<TensorSource>& tensors,
                             Metadata metadata) {
  metadata[format_key] = std::to_string(format_version);
  metadata[checksum_key] = checksum_of(tensors, metadata);
  Json header = Json::object();
  header[metadata_key] = metadata;
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

void write_safetensors(FileReplacement& file, const std::string& name,
                       const std::vector<TensorSource>& tensors, const Metadata& metadata) {
  const std::string header = header_of(name, tensors, metadata);
  const std::uint64_t length = header.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  each_filled(in_order(tensors),
              [&](const TensorSource&, std::span<const std::byte> bytes) { file.write(bytes); });
}

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorSource>& tensors,
                       const Metadata& metadata) {
  FileReplacement file(path);
  write_safetensors(file, path.string(), tensors, metadata);
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

  Entry entry(const std::string& name, const JsonValue& about) const {
    try {
      return read_entry(name, about);
    } catch (const Error& e) {
      throw Error(path_, ": tensor ", name, ": ", e.what());
    }
  }

  Metadata metadata(const Json& about) const {
    if (!about.is_object()) throw Error(path_, ": the metadata isn't a JSON object");
    Metadata all;
    for (const auto& [key, value] : about.items()) {
      check_name(key);
      if (!value.is_string()) throw Error(path_, ": metadata ", key, " isn't a text");
      all[key] = value.get<std::string>();
    }
    return all;
  }

  // Names stand in sentences, and in what is made of the file.
  void check_name(const std::string& name) const {
    if (name.size() <= name_limit && name == printable(name)) return;
    throw Error(path_, ": the header has the name ", printable(name), ": a line of at most ",
                name_limit, " bytes is expected");
  }

 private:
  Json parse(std::string_view text) const {
    try {
      Json header = parse_json(text);
      if (!header.is_object()) throw Error("it isn't a JSON object");
      return header;
    } catch (const Error& e) {
      throw Error(path_, ": the header is damaged: ", e.what());
    }
  }

  static Dtype dtype(const std::string& name) {
    for (std::size_t i = 0; i < std::size(dtypes); ++i) {
      if (name == dtypes[i].name) return static_cast<Dtype>(i);
    }
    throw Error("its dtype is ", printable(name), ", but only F32, F64 and I64 are supported");
  }

  Entry read_entry(const std::string& name, const JsonValue& about) const {
    const JsonValue offsets = about.at("data_offsets"), shape = about.at("shape");
    if (offsets.size() != 2)
      throw Error("data_offsets are two numbers, but it has ", offsets.size());
    Entry e{name, {}, offsets.at(std::size_t{0}).number(), offsets.at(1).number()};
    e.tensor.dtype = dtype(about.at("dtype").text());
    if (shape.size() > rank_limit) {
      throw Error("it has ", shape.size(), " sizes, but at most ", rank_limit, " are expected");
    }
    for (std::size_t i = 0; i < shape.size(); ++i) e.tensor.shape.push_back(shape.at(i).number());
    if (e.begin > e.end || e.end > data_.size()) {
      throw Error("it lies at bytes ", e.begin, " to ", e.end, ", but the file has ", data_.size(),
                  " bytes of data: truncated or damaged");
    }
    check_size(e);
    return e;
  }

  // No product that wraps around passes.
  static void check_size(const Entry& e) {
    const std::size_t bytes = e.end - e.begin;
    std::size_t expected = dtype_bytes(e.tensor.dtype);
    bool overflow = false;
    for (const std::size_t n : e.tensor.shape) {
      overflow |= __builtin_mul_overflow(expected, n, &expected);
    }
    if (!overflow && expected == bytes) return;
    throw Error("its shape ", shape_text(e.tensor.shape), " and dtype ", dtype_name(e.tensor.dtype),
                " take ", overflow ? "too many" : text(expected), " bytes, but ", bytes,
                " are given to it");
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

// Of a file that says that etch wrote it. What is newer may mean another thing by the same names.
static void check_format(const std::string& path, const Metadata& metadata) {
  const auto at = metadata.find(format_key);
  if (at == metadata.end()) return;
  const std::string& version = at->second;
  if (version == "1") return;
  if (version != std::to_string(format_version)) {
    throw Error(path, ": is of format ", printable(version), ", but this etch reads 1 to ",
                format_version, ": it was written by a newer one, or is damaged");
  }
  if (metadata.contains(checksum_key)) return;
  throw Error(path, ": has lost its checksum: files of format ", version, " have one");
}

static void check_sum(const std::string& path, const Metadata& metadata,
                      const std::map<std::string, StoredTensor>& tensors) {
  Checksum sum;
  sum.add(metadata);
  for (const auto& [name, t] : tensors) sum.add(name, dtype_name(t.dtype), t.shape, t.bytes);
  const std::string& expected = metadata.at(checksum_key);
  if (sum.text() == expected) return;
  throw Error(path, ": is damaged, or was changed without its checksum: it should be ",
              printable(expected), ", but is ", sum.text());
}

Safetensors::Safetensors(const std::filesystem::path& path) : path_(path.string()), file_(path) {
  HeaderReader reader(path_, file_.bytes());
  const Json header = reader.header();
  if (header.contains(metadata_key)) metadata_ = reader.metadata(header.at(metadata_key));
  check_format(path_, metadata_);
  std::vector<Entry> entries;
  for (const auto& [name, about] : header.items()) {
    if (name == metadata_key) continue;
    reader.check_name(name);
    entries.push_back(reader.entry(name, JsonValue(about)));
  }
  check_layout(path_, entries, reader.data_bytes());
  for (Entry& e : entries) {
    e.tensor.bytes = reader.data(e);
    tensors_.emplace(e.name, std::move(e.tensor));
  }
  has_checksum_ = metadata_.contains(checksum_key);
  if (has_checksum_) check_sum(path_, metadata_, tensors_);
  metadata_.erase(checksum_key);
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
