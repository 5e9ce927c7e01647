// Which rows a convolution's tiles sum over: tables of pointers, one a tap and pixel.
#if defined(ETCH_CONV2D_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_CONV2D_ROWS_INL_HPP
#undef ETCH_CONV2D_ROWS_INL_HPP
#else
#define ETCH_CONV2D_ROWS_INL_HPP
#endif

#include <etch/kernels/conv2d_scratch.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

#include <etch/kernels/tile_tables-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct Pixel {
  std::size_t n, r, c;
};

// Positions along one axis whose taps are all inside: [begin, end).
struct Inner {
  std::size_t begin, end;
  std::size_t size() const { return end - begin; }
};

// The order in which pixels of a (batch, height, width) tensor become rows of tiles.
struct PixelOrder {
  std::size_t batch, height, width;
  bool batch_inner = false;  // (r, c, n) instead of (n, r, c)
  // Of each image first the pixels in these rows and columns, which have all taps; then lines
  // above and below, and what is left and right of them. Only without batch_inner.
  Inner rows{0, height}, columns{0, width};
  // Where they are: the first, and how far the next column, row and image is from it.
  std::size_t first = 0, to_column = 1, to_row = width, to_image = height * width;

  std::size_t size() const { return batch * height * width; }
  bool has_edges() const { return rows.size() < height || columns.size() < width; }

  Pixel at(std::size_t m) const {
    if (batch_inner) return {m % batch, m / batch / width, m / batch % width};
    if (has_edges()) return at_edges(m / (height * width), m % (height * width)).first;
    return {m / (height * width), m / width % height, m % width};
  }

  // How many from m on may share a tile: those with about the same taps.
  std::size_t together(std::size_t m) const {
    if (!has_edges()) return size();
    return at_edges(m / (height * width), m % (height * width)).second;
  }

  // The pixel after p, where p isn't the last of those together: no division.
  Pixel after(Pixel p) const {
    if (batch_inner && ++p.n < batch) return p;
    if (batch_inner) p.n = 0;
    const bool inner = p.r >= rows.begin && p.r < rows.end;
    const bool left = p.c < columns.begin, right = p.c >= columns.end;
    const std::size_t end = !inner || right ? width : left ? columns.begin : columns.end;
    if (++p.c < end) return p;
    p.c = !inner || left ? 0 : right ? columns.end : columns.begin;
    if (++p.r < height || batch_inner) return p;
    return {p.n + 1, 0, 0};
  }

  std::size_t index(Pixel p) const {
    return first + p.n * to_image + p.r * to_row + p.c * to_column;
  }

 private:
  // Pixel m of image n, and how many are left of its part of the image.
  std::pair<Pixel, std::size_t> at_edges(std::size_t n, std::size_t m) const {
    const Inner all{0, width}, left{0, columns.begin}, right{columns.end, width};
    const std::pair<Inner, Inner> parts[] = {{rows, columns},
                                             {{0, rows.begin}, all},
                                             {{rows.end, height}, all},
                                             {rows, left},
                                             {rows, right}};
    std::size_t i = 0;
    for (; m >= parts[i].first.size() * parts[i].second.size(); ++i) {
      m -= parts[i].first.size() * parts[i].second.size();
    }
    const auto& [down, across] = parts[i];
    return {{n, down.begin + m / across.size(), across.begin + m % across.size()},
            down.size() * across.size() - m};
  }
};

// Addresses are computed four at a time.
using Address = std::conditional_t<sizeof(void*) == 8, std::int64_t, std::int32_t>;
using Addresses = hn::CappedTag<Address, 4>;
inline constexpr std::size_t address_lanes = hn::MaxLanes(Addresses());
static_assert(tile_rows % address_lanes == 0);
// Rows of a tile of this target, in whole vectors of addresses.
inline constexpr std::size_t placed_rows =
    (max_rows + address_lanes - 1) / address_lanes * address_lanes;

// Rows of a tile are pixels of one tensor; tap (u, v) of a pixel is a place of another, the grid.
// Forward, pixels of y look at the grid x, from their first tap onwards. Backward, pixels of x of
// one class look back at those of dy that saw them.
template <bool forward>
class GridRows {
 public:
  GridRows(const ConvGeometry& g, const Taps& taps, const PixelOrder& pixels, const float* grid,
           const float* zeros)
      : g_(g),
        taps_(taps),
        pixels_(pixels),
        grid_(grid),
        zeros_(zeros),
        shape_(forward ? g.input : g.output),
        channels_(forward ? g.inputs() : g.outputs()) {}

  std::size_t together(std::size_t m) const { return pixels_.together(m); }

  void build(std::size_t m, std::size_t count, const Tables& tables, std::size_t tile) const {
    TileRows& rows = tables.rows(tile);
    rows.num_rows = static_cast<std::uint32_t>(count);
    Place place;
    Pixel p = pixels_.at(m);
    for (std::size_t i = 0; i < placed_rows; ++i) {
      set(place, i, p);
      if (i >= count) continue;
      rows.pixel[i] = static_cast<std::uint32_t>(pixels_.index(p));
      if (i + 1 < count) p = pixels_.after(p);
    }
    const bool inside = (forward && !has_padding(g_)) || all_inside(place);
    Segment* segment = tables.segments(tile);
    float* padded = tables.padded(tile);
    const std::size_t width = taps_.across.count;
    const std::size_t taps = forward && merges_taps(g_) ? width : 1;
    for (std::size_t u = 0; u < taps_.down.count; ++u) {
      for (std::size_t v = 0; v < width; v += taps) {
        segment->k = static_cast<std::uint32_t>((u * width + v) * channels_);
        segment->length = static_cast<std::uint32_t>(taps * channels_);
        bool any = inside;
        if (inside) {
          look_inside(place, u, v, *segment);
        } else {
          any = look(place, u, v, taps, *segment);
          if (taps > 1 && has_padding(g_)) any |= look_across(place, u, count, *segment, padded);
        }
        if (any) ++segment;
      }
    }
    rows.num_segments = static_cast<std::uint32_t>(segment - tables.segments(tile));
  }

 private:
  // Where the first tap of each row is in the grid; it may lie outside.
  struct Place {
    HWY_ALIGN Address r[placed_rows], c[placed_rows], address[placed_rows];
  };

  void set(Place& place, std::size_t i, Pixel p) const {
    const auto first = [](std::size_t at, const AxisTaps& taps) {
      return static_cast<Address>(forward ? at * static_cast<std::size_t>(taps.stride) : at) +
             taps.begin;
    };
    place.r[i] = first(p.r, taps_.down);
    place.c[i] = first(p.c, taps_.across);
    const Address line = static_cast<Address>(p.n * shape_.height) + place.r[i];
    const Address pixel = line * static_cast<Address>(shape_.width) + place.c[i];
    place.address[i] = reinterpret_cast<Address>(grid_) + pixel * pixel_bytes();
  }

  Address pixel_bytes() const { return static_cast<Address>(shape_.channels * sizeof(float)); }
  // How far tap `at` of an axis is from the first.
  static Address from_first(std::size_t at, const AxisTaps& taps) {
    return static_cast<Address>(at) * taps.move;
  }

  // Bytes from a row's first tap to tap (u, v).
  Address to_tap(std::size_t u, std::size_t v) const {
    const Address line = static_cast<Address>(shape_.width);
    return (from_first(u, taps_.down) * line + from_first(v, taps_.across)) * pixel_bytes();
  }

  // Whether every tap of every row is inside.
  bool all_inside(const Place& place) const {
    const Addresses d;
    const Address down = from_first(taps_.down.count - 1, taps_.down);
    const Address across = from_first(taps_.across.count - 1, taps_.across);
    const auto within = [&](const Address* at, Address to_last, std::size_t length) HWY_ATTR {
      const Address first = std::min(to_last, Address{0}), last = std::max(to_last, Address{0});
      const auto low = hn::Set(d, -first - 1);
      const auto high = hn::Set(d, static_cast<Address>(length) - last);
      auto all = hn::And(hn::Gt(hn::Load(d, at), low), hn::Gt(high, hn::Load(d, at)));
      for (std::size_t i = address_lanes; i < placed_rows; i += address_lanes) {
        const auto a = hn::Load(d, at + i);
        all = hn::And(all, hn::And(hn::Gt(a, low), hn::Gt(high, a)));
      }
      return hn::AllTrue(d, all);
    };
    return within(place.r, down, shape_.height) && within(place.c, across, shape_.width);
  }

  // Points the rows at tap (u, v), which is inside for all.
  void look_inside(const Place& place, std::size_t u, std::size_t v, Segment& segment) const {
    const Addresses d;
    const auto move = hn::Set(d, to_tap(u, v));
    HWY_UNROLL(4)
    for (std::size_t i = 0; i < placed_rows; i += address_lanes) {
      hn::StoreU(hn::Add(hn::Load(d, place.address + i), move), d,
                 reinterpret_cast<Address*>(segment.rows) + i);
    }
  }

  // Points the rows at taps (u, v) to (u, v + taps - 1), or at zeros where one of these is outside.
  // Returns whether any is inside.
  bool look(const Place& place, std::size_t u, std::size_t v, std::size_t taps,
            Segment& segment) const {
    const Addresses d;
    const auto down = hn::Set(d, from_first(u, taps_.down));
    const auto across = hn::Set(d, from_first(v, taps_.across));
    const auto height = hn::Set(d, static_cast<Address>(shape_.height));
    const auto last = hn::Set(d, static_cast<Address>(shape_.width) - static_cast<Address>(taps));
    const auto minus_one = hn::Set(d, Address{-1});
    const auto zeros = hn::Set(d, reinterpret_cast<Address>(zeros_));
    const auto move = hn::Set(d, to_tap(u, v));
    bool any = false;
    HWY_UNROLL(4)
    for (std::size_t i = 0; i < placed_rows; i += address_lanes) {
      const auto r = hn::Add(hn::Load(d, place.r + i), down);
      const auto c = hn::Add(hn::Load(d, place.c + i), across);
      const auto inside = hn::And(hn::And(hn::Gt(r, minus_one), hn::Gt(height, r)),
                                  hn::AndNot(hn::Gt(c, last), hn::Gt(c, minus_one)));
      const auto at = hn::Add(hn::Load(d, place.address + i), move);
      hn::StoreU(hn::IfThenElse(inside, at, zeros), d,
                 reinterpret_cast<Address*>(segment.rows) + i);
      any = any || !hn::AllFalse(d, inside);
    }
    return any;
  }

  // Forward over merged taps: rows whose kernel row is partly outside get a padded copy of it.
  bool look_across(const Place& place, std::size_t u, std::size_t count, Segment& segment,
                   float*& padded) const {
    const Address taps = static_cast<Address>(g_.window.kernel_size.width);
    const Address width = static_cast<Address>(shape_.width);
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
      const Address r = place.r[i] + from_first(u, taps_.down), c = place.c[i];
      if (r < 0 || r >= static_cast<Address>(shape_.height)) continue;
      if ((c >= 0 && c + taps <= width) || c + taps <= 0 || c >= width) continue;
      const Address line = place.address[i] + from_first(u, taps_.down) * width * pixel_bytes();
      segment.rows[i] = pad(line, c, padded);
      padded += segment.length;
      any = true;
    }
    return any;
  }

  // A kernel row that begins at `column`, `at` in memory, with zeros where it is outside.
  const float* pad(Address at, Address column, float* to) const {
    const Address taps = static_cast<Address>(g_.window.kernel_size.width);
    for (Address v = 0; v < taps; ++v, to += channels_) {
      const bool inside = column + v >= 0 && column + v < static_cast<Address>(shape_.width);
      const float* from = inside ? reinterpret_cast<const float*>(at + v * pixel_bytes()) : zeros_;
      for (std::size_t i = 0; i < channels_; ++i) to[i] = from[i];
    }
    return to - static_cast<std::size_t>(taps) * channels_;
  }

  const ConvGeometry& g_;
  const Taps& taps_;
  const PixelOrder& pixels_;
  const float* grid_;
  const float* zeros_;
  Shape shape_;
  std::size_t channels_;
};
using ForwardRows = GridRows<true>;
using BackwardRows = GridRows<false>;

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
