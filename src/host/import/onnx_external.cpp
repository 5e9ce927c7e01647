// ONNX tensors whose numbers lie in other files, as exporters write large models.
#include "import/onnx_external.hpp"

#include "checked.hpp"
#include "import/imported.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>
#include <etch/host/format.hpp>

#include <charconv>
#include <map>
#include <optional>

namespace etch::host {

namespace {

// Of all tensors together: as many numbers as a network may have, each of 8 bytes.
constexpr std::size_t most_external = sizeof(double) * most_parameters;

// Finds out where everything lies before anything is read: many tensors may name the same bytes.
class ExternalData {
 public:
  explicit ExternalData(const std::string& file) : file_(file) {}

  void add(onnx::TensorProto& t) {
    if (t.data_location() != onnx::TensorProto::EXTERNAL) return;
    const std::string location = entry(t, "location").value_or("");
    Part part{&t, path_of(t, location), number(t, "offset").value_or(0), 0};
    const std::size_t size = size_of(part.path);
    const std::size_t rest = part.offset < size ? size - part.offset : 0;
    part.length = number(t, "length").value_or(rest);
    if (part.offset > size || part.length > rest) {
      fail(t, "lies in ", location, " from byte ", part.offset, ", ", part.length,
           " bytes long, but ", location, " has ", size, " bytes");
    }
    bytes_ = checked_sum(bytes_, part.length, text(file_, ": the size of its weights in bytes"),
                         most_external);
    parts_.push_back(std::move(part));
  }

  void load() {
    std::map<std::string, FileBytes> files;
    for (const Part& part : parts_) {
      const FileBytes& file = files.try_emplace(part.path.string(), part.path).first->second;
      if (file.bytes().size() < part.offset + part.length) fail(*part.tensor, "its file was cut");
      part.tensor->set_raw_data(file.bytes().data() + part.offset, part.length);
      part.tensor->set_data_location(onnx::TensorProto::DEFAULT);
      part.tensor->clear_external_data();
    }
  }

 private:
  struct Part {
    onnx::TensorProto* tensor;
    std::filesystem::path path;
    std::size_t offset, length;
  };

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
  std::filesystem::path path_of(const onnx::TensorProto& t, const std::string& location) const {
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
    return path;
  }

  // Of a file that will be read whole.
  std::size_t size_of(const std::filesystem::path& path) {
    const auto [at, is_new] = sizes_.try_emplace(path.string(), std::filesystem::file_size(path));
    if (is_new) {
      read_ =
          checked_sum(read_, at->second, text(file_, ": the size of its files of weights in bytes"),
                      most_external);
    }
    return at->second;
  }

  std::string file_;
  std::vector<Part> parts_;
  std::map<std::string, std::size_t> sizes_;
  std::size_t bytes_ = 0, read_ = 0;
};

}  // namespace

void load_external_data(const std::string& file, onnx::ModelProto& model) {
  ExternalData external(file);
  for (onnx::TensorProto& t : *model.mutable_graph()->mutable_initializer()) external.add(t);
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    for (onnx::AttributeProto& a : *node.mutable_attribute()) {
      if (a.has_t()) external.add(*a.mutable_t());
    }
  }
  external.load();
}

}  // namespace etch::host
