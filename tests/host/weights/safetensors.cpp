// safetensors files: written, read, and refused where they are damaged.
#include <etch/host/weights/safetensors.hpp>

#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <iterator>

using namespace etch::host;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// A file with this header and so many bytes of data.
std::string file_of(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string all(8, '\0');
  std::memcpy(all.data(), &length, 8);
  return all + header + std::string(data, '\x01');
}

std::string header_of(const std::string& shape, const std::string& offsets,
                      const std::string& dtype = "F32") {
  return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

std::string repeated(std::size_t times, const std::string& part) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

std::string nested(std::size_t levels, const std::string& open, const std::string& close) {
  return repeated(levels, open) + "0" + repeated(levels, close);
}

// What a reader makes of the file: every tensor's name, shape and bytes, and the metadata.
std::string meaning(const fs::path& path) {
  const Safetensors file(path);
  std::string all;
  for (const auto& [key, value] : file.metadata()) all += key + "=" + value + "\n";
  for (const auto& [name, t] : file.tensors()) {
    all += name + dtype_name(t.dtype);
    for (const std::size_t n : t.shape) all += " " + std::to_string(n);
    all.append(reinterpret_cast<const char*>(t.bytes.data()), t.bytes.size());
  }
  return all;
}

// True where the file was refused; else it must mean what it did.
bool refused(const fs::path& path, const std::string& expected) {
  try {
    const std::string now = meaning(path);
    CHECK(now == expected);
    return false;
  } catch (const Error& e) {
    CHECK_THAT(e.what(), Catch::StartsWith(path.string() + ": "));
    return true;
  }
}

}  // namespace

TEST_CASE("What is written is read") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const std::vector<float> weight{1, 2, 3, 4, 5, 6};
  const std::vector<double> precise{0.1};
  const std::vector<std::int64_t> labels{-1, 1};
  write_safetensors(path,
                    {source("weight", {2, 3}, weight.data()), source("scalar", {}, precise.data()),
                     source("labels", {2}, labels.data()), source("none", {0, 4}, weight.data())},
                    {{"key", "text with \"quotes\""}});
  const Safetensors file(path);
  CHECK(file.tensors().size() == 4);
  CHECK(file.metadata() == Metadata{{"etch.format", "2"}, {"key", "text with \"quotes\""}});
  CHECK(file.has_checksum());
  CHECK(file.find("weight")->shape == std::vector<std::size_t>{2, 3});
  std::vector<float> w(6);
  file.find("weight")->copy_to(w.data());
  CHECK(w == weight);
  double p = 0;
  file.find("scalar")->copy_to(&p);
  CHECK(p == 0.1);
  std::vector<std::int64_t> l(2);
  file.find("labels")->copy_to(l.data());
  CHECK(l == labels);
  CHECK(file.find("none")->elements() == 0);
  CHECK(file.find("bias") == nullptr);
  CHECK_THROWS_WITH(file.find("labels")->copy_to(w.data()),
                    "a tensor has dtype I64, but F32 is expected");
}

TEST_CASE("Writing again makes the same bytes, and leaves no other file") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const std::vector<float> x{1, 2};
  write_safetensors(path, {source("x", {2}, x.data())}, {{"b", "1"}, {"a", "2"}});
  const std::string before = contents(path);
  write_safetensors(path, {source("x", {2}, x.data())}, {{"a", "2"}, {"b", "1"}});
  CHECK(contents(path) == before);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
  std::uint64_t header = 0;
  std::memcpy(&header, before.data(), 8);
  CHECK(header % 8 == 0);
}

TEST_CASE("A write that fails leaves the file that was there") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  write(path, "old");
  TensorSource broken{"x", Dtype::f32, {1}, [](std::byte*) { throw Error("no"); }};
  CHECK_THROWS_WITH(write_safetensors(path, {broken}), "no");
  CHECK(contents(path) == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
  const float x = 0;
  CHECK_THROWS_WITH(write_safetensors(path, {source("x", {}, &x), source("x", {}, &x)}),
                    Catch::Contains("two tensors are named x"));
  CHECK_THROWS_WITH(write_safetensors(folder.path() / "no" / "a", {}),
                    Catch::Contains("can't be written: No such file or directory"));
}

TEST_CASE("Damaged files are refused by a sentence") {
  struct Case {
    std::string bytes, message;
  };
  const std::string good = header_of("[2]", "[0,8]");
  const std::vector<Case> cases = {
      {"", "ends after 0 bytes"},
      {"1234567", "ends after 7 bytes"},
      {file_of(good, 8).substr(0, 20), "the header is said to have"},
      {std::string(8, '\xff') + "{}", "the header is said to have 18446744073709551615 bytes"},
      {file_of("{", 0), "the header is damaged: it isn't JSON at byte 2"},
      {file_of("[]", 0), "the header is damaged: it isn't a JSON object"},
      {file_of("", 0), "the header is damaged: it isn't JSON at byte 1"},
      {file_of("{\"\xff\":1}", 0), "the header is damaged: it isn't JSON at byte 3"},
      {file_of("{\"a\":1e999}", 0), "it isn't JSON: a number is out of range"},
      {file_of(nested(100'000, "{\"a\":", "}"), 0), "it is nested deeper than 16 levels"},
      {file_of(R"({"w":)" + nested(100'000, "[", "]") + "}", 0),
       "it is nested deeper than 16 levels"},
      {file_of(R"({"w":1})", 0), "tensor w: it is 1, but an object is expected"},
      {file_of(R"({"w":{"dtype":"F32","shape":[2]}})", 8), "tensor w: data_offsets is missing"},
      {file_of(header_of("[-2]", "[0,8]"), 8),
       "tensor w: shape[0] is -2, but a whole number is expected"},
      {file_of(header_of("[2.0]", "[0,8]"), 8), "tensor w: shape[0] is 2.0"},
      {file_of(header_of("[2]", "[0]"), 8), "tensor w: data_offsets are two numbers, but it has 1"},
      {file_of(header_of("[2]", "[0,8]", "BF16"), 8), "tensor w: its dtype is BF16"},
      {file_of(header_of("[2]", "[0,8]", "a\\nb"), 8), "tensor w: its dtype is a?b"},
      {file_of(good, 7), "tensor w: it lies at bytes 0 to 8, but the file has 7 bytes of data"},
      {file_of(good, 9), "the tensors end at byte 8, but the file has 9 bytes of data"},
      {file_of(header_of("[2]", "[8,0]"), 8), "tensor w: it lies at bytes 8 to 0"},
      {file_of(header_of("[2]", "[0,18446744073709551615]"), 8), "to 18446744073709551615"},
      {file_of(header_of("[2]", "[0,18446744073709551616]"), 8),
       "data_offsets[1] is 1.8446744073709552e+19"},
      {file_of(header_of("[3]", "[0,8]"), 8),
       "tensor w: its shape [3] and dtype F32 take 12 bytes, but 8 are given to it"},
      {file_of(header_of("[4294967296,4294967296]", "[0,0]"), 0), "take too many bytes"},
      {file_of(header_of("[" + repeated(64, "1,") + "1]", "[0,4]"), 4), "it has 65 sizes"},
      {file_of(R"({"a\nb":{}})", 0), "the header has the name a?b: a line of at most 1024 bytes"},
      {file_of("{\"" + repeated(1025, "a") + "\":{}}", 0), "a line of at most 1024 bytes"},
      {file_of(R"({"__metadata__":{"a\u001bb":"c"}})", 0), "the header has the name a?b"},
      {file_of(R"({"__metadata__":{"etch.format":"3"}})", 0),
       "is of format 3, but this etch reads 1 to 2: it was written by a newer one"},
      {file_of(R"({"__metadata__":{"etch.format":"2"}})", 0), "has lost its checksum"},
      {file_of(R"({"__metadata__":{"etch.checksum":"00000000"}})", 0),
       "is damaged, or was changed without its checksum: it should be 00000000, but is "},
      {file_of(header_of("[1]", "[4,8]"), 8), "bytes 0 to 4 before tensor w belong to no tensor"},
      {file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
               8),
       "tensor b begins at byte 4, inside the tensor before it, which ends at 8"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
               R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
               4),
       "the header is damaged: it names a twice"},
      {file_of(R"({"__metadata__":{"a":1}})", 0), "metadata a isn't a text"},
      {file_of(R"({"__metadata__":[1]})", 0), "the metadata isn't a JSON object"},
      {std::string("\xff\xff\xff\x7f\0\0\0\0", 8) + "{}", "the header is said to have 2147483647"},
  };
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "damaged.safetensors";
  for (const Case& c : cases) {
    INFO(c.message);
    write(path, c.bytes);
    CHECK_THROWS_WITH(Safetensors(path),
                      Catch::Contains(path.string()) && Catch::Contains(c.message));
  }
  CHECK_THROWS_WITH(Safetensors(folder.path() / "none"),
                    Catch::Contains("can't be opened: No such file or directory"));
  CHECK_THROWS_WITH(Safetensors(folder.path()), Catch::Contains("isn't a file"));
}

TEST_CASE("A file of others is read, and known to be without a checksum") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  write(path, file_of(header_of("[2]", "[0,8]"), 8));
  CHECK_FALSE(Safetensors(path).has_checksum());
  write(path, file_of(R"({"__metadata__":{"etch.format":"1"}})", 0));
  CHECK_FALSE(Safetensors(path).has_checksum());
}

TEST_CASE("A file that is cut anywhere, or longer, is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const std::vector<float> x{1, 2, 3, 4, 5};
  write_safetensors(path, {source("x", {3}, x.data()), source("y", {1, 5}, x.data())},
                    {{"key", "value"}});
  const std::string whole = contents(path), expected = meaning(path);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write(path, whole.substr(0, length));
    CHECK(refused(path, expected));
  }
  write(path, whole + std::string(1, '\0'));
  CHECK(refused(path, expected));
}

TEST_CASE("Every flipped bit is refused, or changes nothing") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<double> y{0.5, 0.25};
  write_safetensors(path, {source("b.weight", {2, 4}, x.data()), source("a", {2}, y.data())},
                    {{"key", "value"}, {"other", "[1,2,{\"a\":\"b\"}]"}});
  const std::string whole = contents(path), expected = meaning(path);
  int accepted = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    write(path, flipped);
    INFO("bit " << bit);
    accepted += !refused(path, expected);
  }
  CHECK(accepted < 8);  // a space behind the header's JSON may be any end of a text
}

// Not our code: the format's description, in Python.
static constexpr const char* independent_reader = R"(
import json, struct, sys, zlib
data = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", data[:8])
assert length % 8 == 0
header = json.loads(data[8:8 + length])
metadata = header.pop("__metadata__")
checksum = metadata.pop("etch.checksum")
assert metadata == {"etch.format": "2", "key": "value"}, metadata
at = 0
for name, t in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, end = t["data_offsets"]
    assert begin == at, name
    at = end
    code, size = {"F32": ("f", 4), "F64": ("d", 8), "I64": ("q", 8)}[t["dtype"]]
    count = 1
    for n in t["shape"]:
        count *= n
    assert count * size == end - begin, name
    numbers = struct.unpack(f"<{count}{code}", data[8 + length + begin:8 + length + end])
    print(name, t["shape"], *numbers)
assert 8 + length + at == len(data)

def word(n): return struct.pack("<Q", n)
def text(t): return word(len(t.encode())) + t.encode()
content = word(len(metadata)) + b"".join(text(k) + text(v) for k, v in sorted(metadata.items()))
for name, t in sorted(header.items()):
    content += text(name) + text(t["dtype"]) + word(len(t["shape"]))
    content += b"".join(word(n) for n in t["shape"])
    begin, end = t["data_offsets"]
    content += data[8 + length + begin:8 + length + end]
assert checksum == f"{zlib.crc32(content):08x}"
)";

TEST_CASE("Another program reads what is written") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors", script = folder.path() / "read.py";
  write(script, independent_reader);
  const std::vector<float> x{0.5f, -2};
  const std::int64_t n = 3;
  write_safetensors(path, {source("x", {1, 2}, x.data()), source("n", {}, &n)}, {{"key", "value"}});
  const Outcome outcome = run_program({"python3", script, path}, folder.path());
  if (outcome.status == 127) {
    WARN("skipped: there is no python3 here");
    return;
  }
  CHECK(outcome.errors == "");
  CHECK(outcome.output == "x [1, 2] 0.5 -2.0\nn [] 3\n");
}
