// Pools over cases drawn by lot against their definition.
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/pool.hpp>

#include <map>
#include <sstream>
#include <string>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Case {
  Shape input, output;
  Window window;
  std::size_t batch, threads;

  std::size_t inputs() const { return batch * input.elements(); }
  std::size_t outputs() const { return batch * output.elements(); }
  bool is_padded() const { return window.padding.width + window.extra_padding.width > 0; }

  std::string text() const {
    const auto pair = [](Pair p) {
      return std::to_string(p.height) + "x" + std::to_string(p.width);
    };
    std::ostringstream text;
    text << batch << " images of " << input.channels << "x" << input.height << "x" << input.width
         << ", kernel " << pair(window.kernel_size) << ", stride " << pair(window.stride)
         << ", padding " << pair(window.padding) << " and " << pair(window.extra_padding)
         << ", dilation " << pair(window.dilation) << ", threads " << threads;
    return text.str();
  }
};

// Each window meets the image, as the layers demand.
bool meets(std::size_t outputs, std::size_t taps, std::size_t stride, std::size_t dilation,
           std::size_t padding, std::size_t length) {
  for (std::size_t at = 0; at < outputs; ++at) {
    if (InsideTaps(at, taps, stride, dilation, padding, length).size() == 0) return false;
  }
  return true;
}

Shape draw_input(Generator& random) {
  switch (random.below(16)) {
    case 0:  // lines longer than what narrow images keep of one
      return {pick(random, 1, 8), pick(random, 1, 3), pick(random, 100, 1100)};
    case 1:  // enough for several threads
      return {pick(random, 30, 70), pick(random, 15, 20), pick(random, 15, 20)};
    case 2:
    case 3:
      return {pick(random, 1, 8), pick(random, 1, 20), pick(random, 1, 20)};
    default:
      return {drawn::size(random, 70), pick(random, 1, 20), pick(random, 1, 20)};
  }
}

Case draw_case(Generator& random, bool is_dilated) {
  for (;;) {
    Case c;
    c.input = draw_input(random);
    c.batch = c.input.elements() > 8000 ? pick(random, 1, 3) : pick(random, 1, 9);
    c.threads = pick(random, 1, 4);
    Window& w = c.window;
    w.kernel_size = {pick(random, 1, 7), pick(random, 1, 7)};
    if (random.below(3) == 0) w.kernel_size = pick(random, 2, 3);
    w.stride = {pick(random, 1, 4), pick(random, 1, 4)};
    if (random.below(3) == 0) w.stride = w.kernel_size;
    if (random.below(2) == 0) {
      w.padding = {random.below(w.kernel_size.height / 2 + 1),
                   random.below(w.kernel_size.width / 2 + 1)};
    }
    if (random.below(3) == 0) {
      w.extra_padding = {random.below(w.kernel_size.height - w.padding.height),
                         random.below(w.kernel_size.width - w.padding.width)};
    }
    if (is_dilated && random.below(2) == 0) w.dilation = {pick(random, 1, 4), pick(random, 1, 4)};
    if (random.below(10) == 0) {  // all of the image
      w = {.kernel_size = {c.input.height, c.input.width}};
      if (is_dilated && w.kernel_size.area() > 256) continue;
    }
    c.output = w.output(c.input, c.input.channels);
    if (c.output.elements() > 0 &&
        meets(c.output.height, w.kernel_size.height, w.stride.height, w.dilation.height,
              w.padding.height, c.input.height) &&
        meets(c.output.width, w.kernel_size.width, w.stride.width, w.dilation.width,
              w.padding.width, c.input.width)) {
      return c;
    }
  }
}

// Calls body(y index, x index or -1 in the padding, tap) for every tap.
template <class Body>
void for_taps(const Case& c, const Body& body) {
  const Window& w = c.window;
  const auto inside = [](std::size_t at, std::size_t padding, std::size_t length) {
    return at >= padding && at - padding < length;
  };
  std::size_t y = 0;
  for (std::size_t n = 0; n < c.batch; ++n)
    for (std::size_t r = 0; r < c.output.height; ++r)
      for (std::size_t q = 0; q < c.output.width; ++q, y += c.input.channels)
        for (std::size_t t = 0; t < w.kernel_size.area(); ++t) {
          const std::size_t row = r * w.stride.height + t / w.kernel_size.width * w.dilation.height;
          const std::size_t column =
              q * w.stride.width + t % w.kernel_size.width * w.dilation.width;
          const bool is_inside = inside(row, w.padding.height, c.input.height) &&
                                 inside(column, w.padding.width, c.input.width);
          const std::size_t pixel = (n * c.input.height + row - w.padding.height) * c.input.width +
                                    column - w.padding.width;
          for (std::size_t k = 0; k < c.input.channels; ++k) {
            body(y + k, is_inside ? static_cast<std::ptrdiff_t>(pixel * c.input.channels + k) : -1,
                 t);
          }
        }
}

// Bytes between unreadable pages.
class Taps {
 public:
  explicit Taps(std::size_t size)
      : pages_(size), taps_(reinterpret_cast<std::uint8_t*>(pages_.at(Pages::next_side(), 1))) {}
  std::uint8_t* data() { return taps_; }
  bool intact() const { return pages_.intact(taps_); }

 private:
  Pages pages_;
  std::uint8_t* taps_;
};

}  // namespace

TEST_CASE("max pool over cases drawn by lot: values, first winner or last NaN, gradient") {
  std::map<std::string, unsigned> seen;
  drawn::for_each_case(250, [&](Generator& random, unsigned i) {
    const Case c = draw_case(random, true);
    INFO(c.text());
    const std::size_t ny = c.outputs(), nx = c.inputs(), channels = c.input.channels;
    Guarded x = random_values(nx, random), dy = random_values(ny, random);
    for (std::size_t k = 0; k < nx; k += 3) x.data()[k] = 0.5f;  // ties
    if (i % 3 == 0) {
      constexpr float values[] = {poison, poison, infinity, -infinity};
      for (std::size_t k = random.below(5); k < nx; k += 1 + random.below(9)) {
        x.data()[k] = values[random.below(4)];
      }
    }
    seen["short lines of few channels"] += channels <= 8 && c.input.width * channels <= 1024;
    seen["long lines of few channels"] += channels <= 8 && c.input.width * channels > 1024;
    seen["a vector into the next pixel"] += channels > 4 && channels < 8 && !c.is_padded();
    seen["many channels"] += channels > 8;
    seen["padding"] += c.is_padded();
    seen["dilation"] += c.window.dilation != Pair(1);
    seen["several threads"] += ny > 32768 && c.threads > 1;
    std::vector<float> want(ny, -infinity);
    std::vector<double> want_dx(nx);
    std::vector<std::size_t> from(ny, nx), tap(ny);
    for_taps(c, [&](std::size_t o, std::ptrdiff_t in, std::size_t t) {
      if (in < 0) return;
      const float v = x[static_cast<std::size_t>(in)];
      if (from[o] != nx && !(v > want[o] || std::isnan(v))) return;
      want[o] = v;
      from[o] = static_cast<std::size_t>(in);
      tap[o] = t;
    });
    for (std::size_t o = 0; o < ny; ++o) want_dx[from[o]] += dy[o];
    for_each_target([&] {
      Guarded y(ny, poison), dx(nx, poison), alone(ny, poison);
      Taps argmax(ny);
      max_pool_forward(
          {c.input, c.output, c.window, c.batch, c.threads, x.data(), argmax.data(), y.data()});
      // In inference nobody asks for the taps.
      max_pool_forward(
          {c.input, c.output, c.window, c.batch, c.threads, x.data(), nullptr, alone.data()});
      max_pool_gradient(
          {c.input, c.output, c.window, c.batch, c.threads, dy.data(), argmax.data(), dx.data()});
      REQUIRE((y.intact() && alone.intact() && argmax.intact()));
      for (std::size_t o = 0; o < ny; ++o) {
        for (const Guarded* got : {&y, &alone}) {
          if ((*got)[o] != want[o] && !(std::isnan((*got)[o]) && std::isnan(want[o]))) {
            FAIL("at " << o << " of " << ny << ": " << (*got)[o] << " instead of " << want[o]);
          }
        }
        if (argmax.data()[o] != tap[o]) {
          FAIL("at " << o << " of " << ny << ": tap " << +argmax.data()[o] << " instead of "
                     << tap[o]);
        }
      }
      check_close(dx, want_dx);
    });
  });
  for (const auto& [what, times] : seen) {
    INFO(what);
    CHECK(times > 0);
  }
}

// On every target, and with the same bits of one thread.
static void check_average(const Case& c, bool counted, const Guarded& x, const Guarded& dy,
                          const std::vector<double>& want, const std::vector<double>& want_dx) {
  const std::size_t ny = c.outputs(), nx = c.inputs();
  for_each_target([&] {
    Guarded y(ny, poison), dx(nx, poison), y1(ny, poison), dx1(nx, poison);
    const auto pool = [&](std::size_t threads, Guarded& to, Guarded& down) {
      avg_pool_forward(
          {c.input, c.output, c.window, counted, c.batch, threads, x.data(), to.data()});
      avg_pool_gradient(
          {c.input, c.output, c.window, counted, c.batch, threads, dy.data(), down.data()});
    };
    pool(c.threads, y, dx);
    pool(1, y1, dx1);
    check_close(y, want);
    check_close(dx, want_dx);
    CHECK((same_bits(y, y1) && same_bits(dx, dx1)));
  });
}

TEST_CASE("average pool and its gradient over cases drawn by lot, padding counted or not") {
  drawn::for_each_case(150, [&](Generator& random, unsigned i) {
    const Case c = draw_case(random, false);
    const bool counted = i % 2;
    INFO(c.text() << ", padding counted " << counted);
    const std::size_t ny = c.outputs(), nx = c.inputs();
    Guarded x = random_values(nx, random), dy = random_values(ny, random);
    std::vector<double> want(ny), want_dx(nx), count(ny);
    for_taps(
        c, [&](std::size_t o, std::ptrdiff_t in, std::size_t) { count[o] += counted || in >= 0; });
    for_taps(c, [&](std::size_t o, std::ptrdiff_t in, std::size_t) {
      if (in < 0) return;
      want[o] += x[static_cast<std::size_t>(in)] / count[o];
      want_dx[static_cast<std::size_t>(in)] += dy[o] / count[o];
    });
    check_average(c, counted, x, dy, want, want_dx);
  });
}

// The kernel is all of the image: what GlobalAvgPool2d is.
TEST_CASE("global average pool over sizes drawn by lot") {
  drawn::for_each_case(100, [&](Generator& random, unsigned) {
    Case c;
    const bool is_large = random.below(8) == 0;  // enough for several threads
    c.input = {drawn::size(random, is_large ? 70 : 300), pick(random, 1, is_large ? 60 : 20),
               pick(random, 1, is_large ? 60 : 20)};
    c.output = {c.input.channels, 1, 1};
    c.window = {.kernel_size = {c.input.height, c.input.width}};
    if (random.below(2) == 0) c.window.stride = {pick(random, 1, 4), pick(random, 1, 4)};
    c.batch = pick(random, 1, is_large ? 2 : 9), c.threads = pick(random, 1, 4);
    INFO(c.text());
    const std::size_t ny = c.outputs(), nx = c.inputs(), channels = c.input.channels;
    const Guarded x = random_values(nx, random), dy = random_values(ny, random);
    const std::size_t pixels = c.input.height * c.input.width;
    std::vector<double> want(ny), want_dx(nx);
    for (std::size_t i = 0; i < nx; ++i) {
      const std::size_t o = i / (pixels * channels) * channels + i % channels;
      want[o] += x[i] / static_cast<double>(pixels);
      want_dx[i] = dy[o] / static_cast<double>(pixels);
    }
    check_average(c, true, x, dy, want, want_dx);
  });
}

TEST_CASE("average pool: a NaN or an infinity reaches the windows that hold it, and no other") {
  drawn::for_each_case(60, [&](Generator& random, unsigned i) {
    const Case c = draw_case(random, false);
    INFO(c.text());
    Guarded x = random_values(c.inputs(), random), dy = random_values(c.outputs(), random);
    const std::size_t hit = random.below(x.size()), hit_dy = random.below(dy.size());
    constexpr float values[] = {poison, infinity, -infinity};
    x.data()[hit] = dy.data()[hit_dy] = values[i % 3];
    std::vector<bool> hits_y(dy.size()), hits_dx(x.size());
    for_taps(c, [&](std::size_t o, std::ptrdiff_t in, std::size_t) {
      if (in == static_cast<std::ptrdiff_t>(hit)) hits_y[o] = true;
      if (in >= 0 && o == hit_dy) hits_dx[static_cast<std::size_t>(in)] = true;
    });
    for_each_target([&] {
      Guarded y(dy.size(), poison), dx(x.size(), poison);
      avg_pool_forward({c.input, c.output, c.window, true, c.batch, 1, x.data(), y.data()});
      avg_pool_gradient({c.input, c.output, c.window, true, c.batch, 1, dy.data(), dx.data()});
      const auto is_hit = [](float v, bool reached) { return std::isfinite(v) != reached; };
      CHECK(std::equal(y.data(), y.data() + dy.size(), hits_y.begin(), is_hit));
      CHECK(std::equal(dx.data(), dx.data() + x.size(), hits_dx.begin(), is_hit));
    });
  });
}
