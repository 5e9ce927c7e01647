// Convolution over geometries drawn by lot against its definition: every number, exactly. Operands
// are small integers, so that no order of summing rounds, and one wrong product shows.
#include <etch/kernels/conv2d.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../drawn.hpp"
#include "guarded.hpp"
#include "scratch.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

// ---- What is drawn.

Window draw_window(Generator& random) {
  Window w;
  w.kernel_size = {pick(random, 1, 7), pick(random, 1, 7)};
  if (random.below(3) == 0) w.kernel_size = 3;
  if (random.below(3) == 0) w.kernel_size = 1;
  if (random.below(3) == 0) w.stride = {pick(random, 1, 4), pick(random, 1, 4)};
  if (random.below(4) == 0) w.dilation = {pick(random, 1, 4), pick(random, 1, 4)};
  if (random.below(2) == 0) w.padding = {pick(random, 0, 3), pick(random, 0, 3)};
  if (random.below(12) == 0) w.padding = {pick(random, 0, 24), pick(random, 0, 24)};
  if (random.below(5) == 0) w.extra_padding = {pick(random, 0, 3), pick(random, 0, 3)};
  return w;
}

struct Channels {
  std::size_t groups, inputs, outputs;  // the latter two of a group
};
Channels draw_channels(Generator& random) {
  switch (random.below(8)) {
    case 0:
      return {drawn::size(random, 70), 1, 1};  // depthwise
    case 1:
      return {pick(random, 2, 5), drawn::size(random, 20), drawn::size(random, 20)};
    case 2:
      return {1, pick(random, 1, 4), drawn::size(random, 18)};
    case 3:
      return {1, pick(random, 1, 12), drawn::size(random, 70)};
    default:
      return {1, drawn::size(random, 70), drawn::size(random, 70)};
  }
}
Pair draw_image(Generator& random) {
  switch (random.below(4)) {
    case 0:
      return {pick(random, 1, 4), pick(random, 1, 4)};
    case 1:
      return {pick(random, 1, 20), pick(random, 1, 3)};
    default:
      return {pick(random, 1, 20), pick(random, 1, 20)};
  }
}

// Products of one image.
std::size_t work(const ConvGeometry& g) { return g.output.height * g.output.width * g.weights(); }

// A convolution of at most so many products, with at least one output.
ConvGeometry draw_geometry(Generator& random, std::size_t most_work = 200'000) {
  for (;;) {
    ConvGeometry g;
    const Channels c = draw_channels(random);
    const Pair image = draw_image(random);
    g.groups = c.groups;
    g.window = draw_window(random);
    g.input = {c.groups * c.inputs, image.height, image.width};
    g.output = g.window.output(g.input, c.groups * c.outputs);
    if (g.output.elements() > 0 && work(g) <= most_work) return g;
  }
}

// Integers in [-3, 3].
Guarded integers(std::size_t size, Generator& random) {
  Guarded values(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    values.data()[i] = static_cast<float>(random.below(7)) - 3;
  }
  return values;
}

// ---- The definition.

// Calls body(y, x, w) for each product x[x] * weight[w] of y[y]; and outside(y, w) for those whose
// x is padding.
template <class Body, class Outside>
void for_products(const ConvGeometry& g, std::size_t batch, const Body& body,
                  const Outside& outside) {
  const Window& w = g.window;
  const std::size_t kernel = g.taps(), inputs = g.inputs();
  std::vector<std::size_t> index;  // (o, tap, i)
  for (std::size_t o = 0; o < g.output.channels; ++o) {
    for (std::size_t tap = 0; tap < kernel; ++tap) {
      for (std::size_t i = 0; i < inputs; ++i) {
        const std::size_t u = tap / w.kernel_size.width, v = tap % w.kernel_size.width;
        index.push_back(g.weight_index(o, i, u, v));
      }
    }
  }
  std::size_t y = 0;
  for (std::size_t n = 0; n < batch; ++n) {
    for (std::size_t r = 0; r < g.output.height; ++r) {
      for (std::size_t c = 0; c < g.output.width; ++c) {
        for (std::size_t o = 0; o < g.output.channels; ++o, ++y) {
          const std::size_t* at = &index[o * kernel * inputs];
          for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
            for (std::size_t v = 0; v < w.kernel_size.width; ++v) {
              const auto row = static_cast<std::ptrdiff_t>(r * w.stride.height) +
                               static_cast<std::ptrdiff_t>(u * w.dilation.height) -
                               static_cast<std::ptrdiff_t>(w.padding.height);
              const auto column = static_cast<std::ptrdiff_t>(c * w.stride.width) +
                                  static_cast<std::ptrdiff_t>(v * w.dilation.width) -
                                  static_cast<std::ptrdiff_t>(w.padding.width);
              const bool inside = row >= 0 && row < static_cast<std::ptrdiff_t>(g.input.height) &&
                                  column >= 0 &&
                                  column < static_cast<std::ptrdiff_t>(g.input.width);
              const std::size_t pixel =
                  (n * g.input.height + static_cast<std::size_t>(row)) * g.input.width +
                  static_cast<std::size_t>(column);
              const std::size_t x = pixel * g.input.channels + o / g.outputs() * inputs;
              for (std::size_t i = 0; i < inputs; ++i, ++at) {
                inside ? body(y, x + i, *at) : outside(y, *at);
              }
            }
          }
        }
      }
    }
  }
}

// ---- One case.

enum class Special { nothing, x, weight, dy };  // which operand has one NaN or infinity

struct Case {
  ConvGeometry g;
  std::size_t planned, batch, threads;
  unsigned parts;  // of the epilogue
  bool accumulate;
  Special special = Special::nothing;
  Guarded x, weight, dy, shift, scale, skip;
  // By definition; `padded` where products with padding are made too.
  std::vector<float> y, dx, dweight, dbias, y_padded, dweight_padded;

  Case(const ConvGeometry& geometry, Generator& random)
      : g(geometry),
        planned(pick(random, 1, 9)),
        batch(random.below(3) == 0 ? pick(random, 1, planned) : planned),
        threads(pick(random, 1, 4)),
        parts(static_cast<unsigned>(random.below(32))),
        accumulate(random.below(2) == 0),
        x(integers(batch * g.input.elements(), random)),
        weight(integers(g.weights(), random)),
        dy(integers(batch * g.output.elements(), random)),
        shift(integers(g.output.channels, random)),
        scale(integers(g.output.channels, random)),
        skip(integers(dy.size(), random)) {}

  bool onto_y() const { return parts & 4 && parts & 16; }

  void plant(Special where, Generator& random) {
    special = where;
    Guarded& operand = where == Special::x ? x : where == Special::weight ? weight : dy;
    const float values[] = {nan, infinity, -infinity};
    operand.data()[random.below(operand.size())] = values[random.below(3)];
  }

  void define() {
    y.assign(dy.size(), 0);
    dx.assign(x.size(), accumulate ? 2.0f : 0.0f);
    dweight.assign(weight.size(), accumulate ? 2.0f : 0.0f);
    dbias.assign(g.output.channels, accumulate ? 2.0f : 0.0f);
    y_padded = y;
    dweight_padded = dweight;
    for_products(
        g, batch,
        [&](std::size_t iy, std::size_t ix, std::size_t iw) {
          y[iy] += x[ix] * weight[iw];
          dx[ix] += dy[iy] * weight[iw];
          dweight[iw] += dy[iy] * x[ix];
        },
        [&](std::size_t iy, std::size_t iw) {
          y_padded[iy] += 0 * weight[iw];
          dweight_padded[iw] += dy[iy] * 0;
        });
    for (std::size_t i = 0; i < y.size(); ++i) {
      y_padded[i] = finished(y[i] + y_padded[i], i);
      y[i] = finished(y[i], i);
      dbias[i % dbias.size()] += dy[i];
    }
    for (std::size_t i = 0; i < dweight.size(); ++i) dweight_padded[i] += dweight[i];
  }
  float finished(float sum, std::size_t i) const {
    const std::size_t o = i % g.output.channels;
    if (parts & 2) sum *= scale[o];
    if (parts & 1) sum += shift[o];
    if (parts & 4) sum += skip[i];
    return parts & 8 && sum < 0 ? 0 : sum;
  }

  std::string text() const {
    const auto pair = [](Pair p) {
      return std::to_string(p.height) + "x" + std::to_string(p.width);
    };
    const Window& w = g.window;
    std::ostringstream text;
    text << "images " << batch << " of " << planned << " planned, in " << g.input.channels << "x"
         << g.input.height << "x" << g.input.width << ", out " << g.output.channels << "x"
         << g.output.height << "x" << g.output.width << ", groups " << g.groups << ", kernel "
         << pair(w.kernel_size) << ", stride " << pair(w.stride) << ", padding " << pair(w.padding)
         << " and " << pair(w.extra_padding) << ", dilation " << pair(w.dilation) << ", threads "
         << threads << ", epilogue " << parts << ", accumulate " << accumulate << ", special "
         << static_cast<int>(special);
    return text.str();
  }
};

bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// `or_nan` are numbers that may be NaN instead, where these are.
void check(const char* what, const Guarded& got, const std::vector<float>& want,
           const std::vector<float>& or_nan) {
  INFO(what);
  REQUIRE(got.intact());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (same(got[i], want[i]) || (std::isnan(got[i]) && std::isnan(or_nan[i]))) continue;
    FAIL("at " << i << " of " << want.size() << ": " << got[i] << " instead of " << want[i]);
  }
}

#if defined(ETCH_HEADER_ONLY) && defined(HWY_COMPILE_ONLY_SCALAR)
#include "conv2d_firmware.hpp"
#else
#include "conv2d_host.hpp"
#endif

// Algorithm::loops, beside those of kernels_of.
constexpr Kernels loops{conv2d_forward_loops, conv2d_input_gradient_loops,
                        conv2d_weight_gradient_loops};

void run(Case& c, const Kernels& k) {
  {
    Scratch scratch(conv2d_forward_scratch(c.g, c.planned, c.threads));
    Guarded y = c.onto_y() ? c.skip : Guarded(c.dy.size(), poison);
    Epilogue e;
    if (c.parts & 1) e.shift = c.shift.data();
    if (c.parts & 2) e.scale = c.scale.data();
    if (c.parts & 4) e.skip = c.onto_y() ? y.data() : c.skip.data();
    e.relu = c.parts & 8;
    k.forward({c.g, c.batch, c.threads, c.x.data(), c.weight.data(), y.data(), e, scratch.data()});
    REQUIRE(scratch.intact());
    check("forward", y, c.y, c.y_padded);
  }
  {
    Scratch scratch(conv2d_input_gradient_scratch(c.g, c.planned, c.threads));
    Guarded dx(c.x.size(), c.accumulate ? 2 : poison);
    k.input_gradient({c.g, c.batch, c.threads, c.dy.data(), c.weight.data(), dx.data(),
                      c.accumulate, scratch.data()});
    REQUIRE(scratch.intact());
    // Of a weight that isn't finite, what an edge adds is not defined.
    if (c.special != Special::weight) check("input gradient", dx, c.dx, c.dx);
  }
  {
    Scratch scratch(conv2d_weight_gradient_scratch(c.g, c.planned, c.threads));
    Guarded dw(c.weight.size(), c.accumulate ? 2 : poison);
    Guarded db(c.g.output.channels, c.accumulate ? 2 : poison);
    k.weight_gradient({c.g, c.batch, c.threads, c.x.data(), c.dy.data(), dw.data(),
                       c.parts & 1 ? db.data() : nullptr, c.accumulate, scratch.data()});
    REQUIRE(scratch.intact());
    check("weight gradient", dw, c.dweight, c.dweight_padded);
    if (c.parts & 1) check("bias gradient", db, c.dbias, c.dbias);
  }
}

}  // namespace

TEST_CASE("convolutions drawn by lot are what they are defined to be, in every variant") {
  std::map<std::string, unsigned> seen;
  drawn::for_each_case(600, [&](Generator& random, unsigned) {
    Case c(draw_geometry(random), random);
    c.define();
    INFO(c.text());
    for (const std::string& variant : variants_of(c.g, c.planned)) ++seen[variant];
    run(c, loops);
    for_each_target([&] { run(c, kernels_of(c.g, c.planned)); });
  });
  for (const char* variant : variants) {
    INFO(variant);
    CHECK(seen[variant] > 0);
  }
}

TEST_CASE("a NaN or an infinity reaches what it is a factor of, and nothing else") {
  drawn::for_each_case(250, [&](Generator& random, unsigned i) {
    Case c(draw_geometry(random, 40'000), random);
    constexpr Special where[] = {Special::x, Special::weight, Special::dy};
    c.plant(where[i % 3], random);
    c.define();
    INFO(c.text());
    run(c, loops);
    for_each_target([&] { run(c, kernels_of(c.g, c.planned)); });
  });
}

TEST_CASE("convolutions have the same bits for any number of threads") {
  drawn::for_each_case(60, [](Generator& random, unsigned) {
    Case c(draw_geometry(random), random);
    c.x = random_values(c.x.size(), random);
    c.weight = random_values(c.weight.size(), random);
    c.dy = random_values(c.dy.size(), random);
    INFO(c.text());
    for_each_target([&] {
      const Kernels k = kernels_of(c.g, c.planned);
      const auto outputs = [&](std::size_t threads) {
        std::vector<std::vector<float>> all{std::vector<float>(c.dy.size()),
                                            std::vector<float>(c.x.size()),
                                            std::vector<float>(c.weight.size())};
        Scratch scratch(std::max({conv2d_forward_scratch(c.g, c.batch, threads),
                                  conv2d_input_gradient_scratch(c.g, c.batch, threads),
                                  conv2d_weight_gradient_scratch(c.g, c.batch, threads)}));
        k.forward({c.g,
                   c.batch,
                   threads,
                   c.x.data(),
                   c.weight.data(),
                   all[0].data(),
                   {.shift = c.shift.data()},
                   scratch.data()});
        k.input_gradient({c.g, c.batch, threads, c.dy.data(), c.weight.data(), all[1].data(), false,
                          scratch.data()});
        k.weight_gradient({c.g, c.batch, threads, c.x.data(), c.dy.data(), all[2].data(), nullptr,
                           false, scratch.data()});
        return all;
      };
      REQUIRE(outputs(1) == outputs(pick(random, 2, 4)));
    });
  });
}
