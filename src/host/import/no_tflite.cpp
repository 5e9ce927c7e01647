// Where TFLite files can't be read: what they are read with wasn't there when etch was built.
#include "import/tflite.hpp"

#include <etch/host/error.hpp>

namespace etch::host {

ImportedNetwork read_tflite(const std::filesystem::path& path) {
  throw Error(path.string(),
              ": this etch was built without TFLite; tools/build makes one with it "
              "(-Dimport=enabled with libflatbuffers-dev, flatbuffers-compiler)");
}

}  // namespace etch::host
