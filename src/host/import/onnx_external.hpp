// ONNX tensors whose numbers lie in other files, as exporters write large models.
// https://onnx.ai/onnx/repo-docs/ExternalData.html
#pragma once
#include <onnx/onnx_pb.h>

#include <string>

namespace etch::host {

// Moves the numbers of all such tensors into the model, which was read from `file`. Throws an
// Error that names the file and the tensor where they aren't at their place below its folder.
void load_external_data(const std::string& file, onnx::ModelProto& model);

}  // namespace etch::host
