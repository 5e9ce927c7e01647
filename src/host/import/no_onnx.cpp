// Where ONNX files can't be read: what they are read with wasn't there when etch was built.
#include "import/onnx.hpp"

#include <etch/host/error.hpp>

namespace etch::host {

ImportedNetwork read_onnx(const std::filesystem::path& path) {
  throw Error(path.string(),
              ": this etch was built without ONNX; tools/build makes one with it (-Dimport=enabled "
              "with libonnx-dev, libprotobuf-dev)");
}

}  // namespace etch::host
