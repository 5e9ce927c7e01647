// Models at other image sizes and in plain loops: what `etch bench` compares them with.
#pragma once
#include "network/models.hpp"

#include <etch/layers/convolution.hpp>

namespace etch::host {

// `size`: the height and width of the images, 0 for the model's own. Throws an Error that tells
// what there is.
const Model& find_variant(const Model& model, std::size_t size, Algorithm algorithm);

}  // namespace etch::host
