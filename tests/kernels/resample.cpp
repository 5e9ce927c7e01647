// Borders and images of another size over cases drawn by lot, against their definition in double:
// a matrix an axis.
#include <etch/kernels/resample.hpp>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

using Matrix = std::vector<std::vector<double>>;  // a row a place of the output

// torch.nn.functional.pad and interpolate along one axis.
Matrix axis_of(Sampling how, std::size_t input, std::size_t output, std::size_t before) {
  Matrix m(output, std::vector<double>(input));
  const auto n = static_cast<double>(input);
  for (std::size_t o = 0; o < output; ++o) {
    const auto place = static_cast<double>(o);
    const double inside = place - static_cast<double>(before);
    double source = 0;
    if (how == Sampling::zeros) {
      if (inside < 0 || inside >= n) continue;
      source = inside;
    } else if (how == Sampling::reflect) {
      source = std::abs(inside);
      if (source >= n) source = 2 * (n - 1) - source;
    } else if (how == Sampling::replicate) {
      source = std::clamp(inside, 0.0, n - 1);
    } else if (how == Sampling::nearest) {
      source = std::min(std::floor(place * n / static_cast<double>(output)), n - 1);
    } else if (how == Sampling::bilinear) {
      source = std::clamp((place + 0.5) * n / static_cast<double>(output) - 0.5, 0.0, n - 1);
    } else if (output > 1) {
      source = place * (n - 1) / static_cast<double>(output - 1);
    }
    const double low = std::min(std::floor(source), n - 1);
    m[o][static_cast<std::size_t>(low)] += 1 - (source - low);
    if (source > low) m[o][static_cast<std::size_t>(low) + 1] += source - low;
  }
  return m;
}

}  // namespace

TEST_CASE("borders and images of another size over cases drawn by lot") {
  constexpr Sampling kinds[] = {Sampling::zeros,   Sampling::reflect,  Sampling::replicate,
                                Sampling::nearest, Sampling::bilinear, Sampling::corners};
  unsigned long_ones = 0;
  drawn::for_each_case(180, [&](Generator& random, unsigned i) {
    const Sampling how = kinds[i % 6];
    const bool is_long = random.below(10) == 0;
    const Shape in{drawn::size(random, is_long ? 200 : 40), pick(random, 1, 9), pick(random, 1, 9)};
    Shape out{in.channels, pick(random, 1, 20), pick(random, 1, 20)};
    Pair before = 0;
    if (how <= Sampling::replicate) {
      const auto border = [&](std::size_t side) {
        return random.below(how == Sampling::reflect ? side : 4);
      };
      before = {border(in.height), border(in.width)};
      out.height = in.height + before.height + border(in.height);
      out.width = in.width + before.width + border(in.width);
    } else if (how == Sampling::nearest) {
      // Whole factors: of others a float and a double may round to different places.
      out.height = in.height * pick(random, 1, 4);
      out.width = in.width * pick(random, 1, 4);
    }
    const std::size_t batch = pick(random, 1, is_long ? 9 : 3), threads = pick(random, 1, 4);
    long_ones += batch * out.elements() > 32768 && threads > 1 && batch > 1;
    INFO("kind " << i % 6 << ", " << batch << " images of " << in.channels << "x" << in.height
                 << "x" << in.width << " to " << out.height << "x" << out.width << ", before "
                 << before.height << "x" << before.width << ", threads " << threads);
    const Guarded x = random_values(batch * in.elements(), random);
    const Guarded dy = random_values(batch * out.elements(), random);
    const Matrix rows = axis_of(how, in.height, out.height, before.height);
    const Matrix columns = axis_of(how, in.width, out.width, before.width);
    std::vector<double> want(dy.size()), want_dx(x.size()), terms(x.size());
    for (std::size_t at = 0; at < dy.size(); ++at) {
      const std::size_t n = at / out.elements(), pixel = at % out.elements() / out.channels;
      const auto& row = rows[pixel / out.width];
      const auto& column = columns[pixel % out.width];
      for (std::size_t k = 0; k < in.height * in.width; ++k) {
        const double weight = row[k / in.width] * column[k % in.width];
        const std::size_t from = n * in.elements() + k * in.channels + at % out.channels;
        want[at] += weight * x[from];
        want_dx[from] += weight * dy[at];
        terms[from] += std::abs(weight);
      }
    }
    for_each_target([&] {
      Guarded y(dy.size(), poison), dx(x.size(), poison), y1(dy.size(), poison),
          dx1(x.size(), poison);
      resample({how, in, out, before, batch, 1, x.data(), y1.data()});
      resample({how, in, out, before, batch, threads, x.data(), y.data()});
      resample_gradient({how, in, out, before, batch, 1, dy.data(), dx1.data()});
      resample_gradient({how, in, out, before, batch, threads, dy.data(), dx.data()});
      CHECK((same_bits(y, y1) && same_bits(dx, dx1)));
      REQUIRE((y.intact() && dx.intact()));
      // A place up to 20 is rounded to a float, and so its weight to 2^-20; numbers are within 1.
      for (std::size_t k = 0; k < y.size(); ++k) REQUIRE(std::abs(y[k] - want[k]) <= 4 * 0x1p-20);
      for (std::size_t k = 0; k < dx.size(); ++k) {
        REQUIRE(std::abs(dx[k] - want_dx[k]) <= 4 * 0x1p-20 * (1 + terms[k]));
      }
    });
  });
  CHECK(long_ones > 0);
}
