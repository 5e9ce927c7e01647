// Weights in files beside an ONNX file.
#include "host/import/onnx_model.hpp"

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

// The bytes of w and b leave the model for files in and below its folder, as PyTorch's exporter and
// onnx.save leave them. `change` comes after.
class External {
 public:
  template <class Change>
  explicit External(const Change& change) {
    OnnxModel m = small_network();
    onnx::GraphProto& g = *m.model.mutable_graph();
    std::filesystem::create_directory(folder_.path() / "parts");
    leave(*g.mutable_initializer(1), "m.onnx.data", 16);
    leave(*g.mutable_initializer(2), "./parts/b", 0);
    change(*g.mutable_initializer(1));
    write_file(path(), m.bytes());
  }
  std::filesystem::path path() const { return folder_.path() / "m.onnx"; }

  static void set(onnx::TensorProto& t, const char* key, const std::string& value) {
    for (onnx::StringStringEntryProto& e : *t.mutable_external_data()) {
      if (e.key() == key) return e.set_value(value);
    }
    onnx::StringStringEntryProto* e = t.add_external_data();
    e->set_key(key);
    e->set_value(value);
  }

 private:
  // Other bytes before and after; without an offset, the whole file.
  void leave(onnx::TensorProto& t, const char* location, std::size_t offset) {
    const std::string bytes(reinterpret_cast<const char*>(t.float_data().data()),
                            static_cast<std::size_t>(t.float_data_size()) * sizeof(float));
    t.clear_float_data();
    t.set_data_location(onnx::TensorProto::EXTERNAL);
    set(t, "location", location);
    if (offset > 0) set(t, "offset", std::to_string(offset));
    if (offset > 0) set(t, "length", std::to_string(bytes.size()));
    const std::string padding(offset, '#');
    write_file(folder_.path() / location, padding + bytes + padding);
  }

  TemporaryFolder folder_;
};

template <class Change>
void refuses_external(const char* message, const Change& change) {
  const External model(change);
  INFO(message);
  CHECK_THROWS_WITH(read_onnx(model.path()),
                    Catch::Contains(message) && Catch::StartsWith(model.path().string() + ": w: "));
}

}  // namespace

TEST_CASE("Weights in files beside an ONNX file") {
  using T = onnx::TensorProto;
  const ImportedNetwork whole = small_network().read();
  const ImportedNetwork parts = read_onnx(External([](T&) {}).path());
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(parts.layers()[0].tensors.at(i).values == whole.layers()[0].tensors.at(i).values);
  }
  refuses_external("lies in the file \"../m.onnx.data\", but one in the model's folder",
                   [](T& t) { External::set(t, "location", "../m.onnx.data"); });
  refuses_external("lies in the file \"parts/../../m\", but one in the model's folder",
                   [](T& t) { External::set(t, "location", "parts/../../m"); });
  refuses_external("lies in the file \"/etc/passwd\", but one in the model's folder",
                   [](T& t) { External::set(t, "location", "/etc/passwd"); });
  refuses_external("lies in the file \"\", but one in the model's folder",
                   [](T& t) { t.clear_external_data(); });
  refuses_external("/elsewhere, which isn't there or isn't a file",
                   [](T& t) { External::set(t, "location", "elsewhere"); });
  refuses_external("/parts, which isn't there or isn't a file",
                   [](T& t) { External::set(t, "location", "parts"); });
  refuses_external(
      "lies in m.onnx.data from byte 33, 432 bytes long, but m.onnx.data has 464 bytes",
      [](T& t) { External::set(t, "offset", "33"); });
  refuses_external("from byte 465, 432 bytes long, but",
                   [](T& t) { External::set(t, "offset", "465"); });
  refuses_external("from byte 16, 18446744073709551615 bytes long, but",
                   [](T& t) { External::set(t, "length", "18446744073709551615"); });
  refuses_external("its offset in another file is \"-1\", but a number of bytes is expected",
                   [](T& t) { External::set(t, "offset", "-1"); });
  refuses_external("its length in another file is \"432x\", but",
                   [](T& t) { External::set(t, "length", "432x"); });
  // Read by nobody: holes in files take no room.
  const External large([](T& t) { External::set(t, "location", "large"); });
  write_file(large.path().parent_path() / "large", "");
  std::filesystem::resize_file(large.path().parent_path() / "large", (std::size_t{2} << 30) + 16);
  CHECK_THROWS_WITH(read_onnx(large.path()),
                    large.path().string() +
                        ": the size of its files of weights in bytes is more "
                        "than 2147483648");
  const External again([](T&) {});
  OnnxModel repeated = small_network();
  for (const int i : {1, 2}) {
    T& t = *repeated.model.mutable_graph()->mutable_initializer(i);
    t.clear_float_data();
    t.set_data_location(T::EXTERNAL);
    External::set(t, "location", "large");
  }
  write_file(again.path(), repeated.bytes());
  write_file(again.path().parent_path() / "large", "");
  std::filesystem::resize_file(again.path().parent_path() / "large", std::size_t{3} << 29);
  CHECK_THROWS_WITH(
      read_onnx(again.path()),
      again.path().string() + ": the size of its weights in bytes is more than 2147483648");
  const External shorter([](T& t) { External::set(t, "length", "428"); });
  CHECK_THROWS_WITH(read_onnx(shorter.path()),
                    Catch::Contains("w of shape [4, 3, 3, 3] has 107 numbers instead of 108"));
}
