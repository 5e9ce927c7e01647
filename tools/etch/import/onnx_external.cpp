// ONNX tensors whose numbers lie in other files, as exporters write large models.
#include "import/onnx_external.hpp"

#include "error.hpp"
#include "file.hpp"
#include "format.hpp"

#include <charconv>
#include <map>
#include <optional>

namespace etch::host {

namespace {

class ExternalData {
 public:
  explicit ExternalData(const std::string& file) : file_(file) {}

  void load(onnx::TensorProto& t) {
    if (t.data_location() != onnx::TensorProto::EXTERNAL) return;
    const std::string location = entry(t, "location").value_or("");
    const std::span<const std::byte> all = bytes(t, location);
    const std::size_t offset = number(t, "offset").value_or(0);
    const std::size_t rest = offset < all.size() ? all.size() - offset : 0;
    const std::size_t length = number(t, "length").value_or(rest);
    if (offset > all.size() || length > rest) {
      fail(t, "lies in ", location, " from byte ", offset, ", ", length, " bytes long, but ",
           location, " has ", all.size(), " bytes");
    }
    t.set_raw_data(all.data() + offset, length);
    t.set_data_location(onnx::TensorProto::DEFAULT);
    t.clear_external_data();
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const onnx::TensorProto& t, const Parts&... parts) const {
    throw Error(file_, ": ", t.name().empty() ? "a Constant" : printable(t.name()), ": ", parts...);
  }

  static std::optional<std::string> entry(const onnx::TensorProto& t, const char* key) {
    for (const onnx::StringStringEntryProto& e : t.external_data()) {
      if (e.key() == key) return e.value();
    }
    return std::nullopt;
  }

  std::optional<std::size_t> number(const onnx::TensorProto& t, const char* key) const {
    const std::optional<std::string> word = entry(t, key);
    if (!word) return std::nullopt;
    std::size_t n = 0;
    const char* end = word->data() + word->size();
    const auto [at, error] = std::from_chars(word->data(), end, n);
    if (error != std::errc{} || at != end) {
      fail(t, "its ", key, " in another file is \"", printable(*word),
           "\", but a number of bytes is expected");
    }
    return n;
  }

  // A name in the file may not lead out of the model's folder; links there may.
  std::span<const std::byte> bytes(const onnx::TensorProto& t, const std::string& location) {
    const std::filesystem::path below = std::filesystem::path(location).lexically_normal();
    if (below.empty() || below.is_absolute() || *below.begin() == "..") {
      fail(t, "lies in the file \"", printable(location),
           "\", but one in the model's folder is expected");
    }
    const std::filesystem::path path = std::filesystem::path(file_).parent_path() / below;
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) {
      fail(t, "lies in ", printable(path.string()), ", which isn't there or isn't a file");
    }
    return files_.try_emplace(path.string(), path).first->second.bytes();
  }

  std::string file_;
  std::map<std::string, FileBytes> files_;
};

}  // namespace

void load_external_data(const std::string& file, onnx::ModelProto& model) {
  ExternalData external(file);
  for (onnx::TensorProto& t : *model.mutable_graph()->mutable_initializer()) external.load(t);
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    for (onnx::AttributeProto& a : *node.mutable_attribute()) {
      if (a.has_t()) external.load(*a.mutable_t());
    }
  }
}

}  // namespace etch::host
