// GELU as exporters write it before ONNX has an operator for it (opset 20): a handful of nodes.
#pragma once
#include "import/onnx_file.hpp"

#include <etch/layers/gelu.hpp>

#include <map>
#include <set>

namespace etch::host {

struct OnnxGelus {
  struct Gelu {
    std::string x;
    Approximate approximate;
  };
  std::map<const onnx::NodeProto*, Gelu> at;  // by the last of their nodes
  std::set<const onnx::NodeProto*> inside;    // the nodes before that
};

// Constants of the file must have been read.
OnnxGelus find_gelus(const OnnxFile& file);

}  // namespace etch::host
