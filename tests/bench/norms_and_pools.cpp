// Batch norm in training and pools, at the shapes of ResNet-101: bound by memory.
#include "row.hpp"
#include "with_torch.hpp"

#include <etch/kernels/batch_norm.hpp>
#include <etch/kernels/pool.hpp>

namespace bench {
namespace {

using namespace etch;
using namespace etch::kernels;

struct Norm {
  Norm(std::size_t rows_, std::size_t channels_)
      : rows(rows_),
        channels(channels_),
        x(rows * channels),
        y(x_size()),
        dx(x_size()),
        numbers(8 * channels) {}
  std::size_t x_size() const { return rows * channels; }
  float* number(std::size_t i) const { return numbers.data() + i * channels; }

  // weight, bias, running mean and variance, saved mean and 1 / std; their gradients
  void forward() const {
    batch_norm_forward({rows, channels, threads(), 1e-5f, 0.1f, x.data(), number(0), number(1),
                        number(2), number(3), number(4), number(5), y.data()});
  }
  void backward() const {
    batch_norm_gradient({rows, channels, threads(), x.data(), y.data(), number(0), number(4),
                         number(5), dx.data(), number(6), number(7), false});
  }

  std::size_t rows, channels;
  Values x, y, dx, numbers;
};

void add_norm(std::size_t batch, std::size_t channels, std::size_t side) {
  const std::size_t rows = batch * side * side;
  const double bytes = static_cast<double>(rows * channels * sizeof(float));
  const auto norm = [=] { return std::make_shared<Norm>(rows, channels); };
  const std::string shape = text("/", batch, "x", channels, "x", side, "x", side, "/");
  // x once for the statistics and once more, y; in backward x and dy twice, dx.
  const Work forward{.bytes = 3 * bytes}, both{.bytes = 8 * bytes};
  add_row("batch norm, forward" + shape + "etch", forward,
          [=] { return Run([n = norm()] { n->forward(); }); });
  add_row("batch norm, forward and backward" + shape + "etch", both, [=] {
    return Run([n = norm()] {
      n->forward();
      n->backward();
    });
  });
  if (!with_torch) return;
  const TorchNorm torch{batch, channels, side};
  add_row("batch norm, forward" + shape + "torch", forward,
          [=] { return torch_batch_norm(torch); });
  add_row("batch norm, forward and backward" + shape + "torch", both, [=] {
    TorchNorm t = torch;
    t.backward = true;
    return torch_batch_norm(t);
  });
}

struct Pool {
  Pool(const TorchPool& p)
      : batch(p.batch),
        input{p.channels, p.side, p.side},
        window{p.kernel, p.stride, p.padding, 1},
        output(window.output(input, p.channels)),
        x(batch * input.elements()),
        y(batch * output.elements()),
        argmax(scratch(batch * output.elements())) {}

  std::uint8_t* taps() const { return reinterpret_cast<std::uint8_t*>(argmax.get()); }
  void maximum(bool backward) const {
    max_pool_forward({input, output, window, batch, threads(), x.data(), taps(), y.data()});
    if (!backward) return;
    max_pool_gradient({input, output, window, batch, threads(), y.data(), taps(), x.data()});
  }
  void average(bool backward) const {
    avg_pool_forward({input, output, window, true, batch, threads(), x.data(), y.data()});
    if (!backward) return;
    avg_pool_gradient({input, output, window, true, batch, threads(), y.data(), x.data()});
  }

  std::size_t batch;
  Shape input;
  Window window;
  Shape output;
  Values x, y;
  std::shared_ptr<std::byte> argmax;
};

void add_pool(const std::string& name, TorchPool p) {
  const Pool shape(p);
  const double ends = static_cast<double>(
      p.batch * (shape.input.elements() + shape.output.elements()) * sizeof(float));
  for (const bool backward : {false, true}) {
    p.backward = backward;
    const Work work{.bytes = backward ? 2 * ends : ends};
    const std::string row = text(name, backward ? ", forward and backward/" : ", forward/", p.batch,
                                 "x", p.channels, "x", p.side, "x", p.side, "/");
    add_row(row + "etch", work, [p] {
      return Run([pool = std::make_shared<Pool>(p), p] {
        p.maximum ? pool->maximum(p.backward) : pool->average(p.backward);
      });
    });
    if (with_torch) add_row(row + "torch", work, [p] { return torch_pool(p); });
  }
}

}  // namespace

void add_norms_and_pools() {
  add_norm(8, 64, 112);
  add_norm(8, 256, 56);
  add_norm(8, 1024, 14);
  add_norm(64, 64, 16);
  add_norm(64, 1024, 2);
  add_pool("max pool 3x3:2", {8, 64, 112, 3, 2, 1, true});
  add_pool("max pool 2x2", {32, 6, 28, 2, 2, 0, true});
  add_pool("global average pool", {8, 2048, 7, 7, 7, 0, false});
}

}  // namespace bench
