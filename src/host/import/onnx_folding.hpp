// What an ONNX file computes of constants: chains of small operators that exporters leave for what
// was a constant, like the padding of torch's F.pad or the transpose of a Linear's weights.
#pragma once
#include "import/onnx_file.hpp"

namespace etch::host {

// Evaluates the node where all that it takes are constants, and makes its output one: sizes, which
// are integers, and the identity and the transpose of weights. False where it isn't such a node.
bool fold_constants(OnnxFile& file, const onnx::NodeProto& node);

}  // namespace etch::host
