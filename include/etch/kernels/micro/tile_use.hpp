// Which tiles the shape of a convolution needs: the others are not in the flash.
#pragma once
#include <etch/kernels/conv_geometry.hpp>
#include <etch/kernels/micro/segments.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// Pixels are cut into tiles of `most_rows`. Where they fill them there is no other number of rows
// (but in a smaller batch, whose last rows tall tiles do as well); or there is only one pixel.
enum class Rows : unsigned char { any, whole, one };

struct TileUse {
  Rows rows = Rows::any;
  std::size_t columns = 0;  // there are at least as many: those of tall tiles, or of single ones
  bool operator==(const TileUse&) const = default;
};

constexpr Rows rows_of(std::size_t pixels) {
  return pixels == 1 ? Rows::one : pixels % most_rows == 0 ? Rows::whole : Rows::any;
}
// Of the pixels of all images, which are as one line.
constexpr Rows rows_of(const Shape& image, Images images) {
  const Rows rows = rows_of(image.height * image.width);
  if (rows == Rows::whole || images == Images::fill_tiles) return Rows::whole;
  return images == Images::one ? rows : Rows::any;
}
constexpr Images images_of(const ConvGeometry& g, std::size_t batch) {
  if (!is_one_line(g)) return Images::any;
  return batch == 1 ? Images::one : batch % most_rows == 0 ? Images::fill_tiles : Images::any;
}

// Few kinds of use, as each is a table of tiles.
constexpr TileUse tile_use(const Shapes& shapes, Rows rows, std::size_t columns) {
  const bool wide = columns >= shapes.single.columns || !overlaps;
  if (rows == Rows::one && wide) return {rows, shapes.single.columns};
  return {rows, columns >= shapes.tall.columns || !overlaps ? shapes.tall.columns : 0};
}
constexpr std::size_t narrowest_panel(std::size_t outputs) {
  return outputs < panel || outputs % panel == 0 ? std::min(outputs, panel) : outputs % panel;
}
constexpr TileUse forward_use(const ConvGeometry& g, Images images) {
  const Rows rows = is_one_line(g) ? rows_of(g.output, images) : rows_of(g.output.width);
  return tile_use(forward_shapes, rows, narrowest_panel(g.outputs()));
}
constexpr TileUse backward_use(const ConvGeometry& g, Images images) {
  const std::size_t step = g.window.stride.width, width = g.input.width;
  Rows rows = width <= step ? Rows::one : width % step == 0 ? rows_of(width / step) : Rows::any;
  if (is_one_line(g)) rows = rows_of(g.input, images);
  return tile_use(backward_shapes, rows, g.inputs());
}
// Rows are input channels, those of all taps of a kernel row where they are few; a bias is one row.
constexpr TileUse gradient_use(const ConvGeometry& g) {
  const bool whole = g.inputs() % gradient_shapes.tall.rows == 0;
  return tile_use(gradient_shapes, whole ? Rows::whole : Rows::any, narrowest_panel(g.outputs()));
}

}  // namespace etch::kernels::micro
