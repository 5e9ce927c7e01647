// See harness.hpp.
#include "harness.hpp"

#include "replay.hpp"

#include <etch/host/weights/safetensors.hpp>
#include <etch/random.hpp>

#include <cmath>
#include <filesystem>
#include <map>

namespace parity {

Difference difference(const Array& a, const Array& b, Tolerance t) {
  Difference worst;
  if (a.values.size() != b.values.size()) return {HUGE_VAL, HUGE_VAL, 0};
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double error = std::abs(a.values[i] - b.values[i]);
    const double ratio = error / (t.atol + t.rtol * std::abs(b.values[i]));
    if (!(ratio <= worst.ratio)) worst = {std::isnan(ratio) ? HUGE_VAL : ratio, error, i};
  }
  return worst;
}

namespace {

Array random_array(std::vector<std::size_t> shape, Input kind, etch::Generator& random) {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  Array a{std::move(shape), std::vector<double>(size)};
  for (double& v : a.values) {
    v = kind == Input::normal ? random.normal() : (random.uniform() + 1) / 2;
  }
  return a;
}

// Everything of a case in one file: what goes in, and what both sides made of it.
void write_replay(const std::filesystem::path& path, const Case& c, const Problem& problem,
                  const Outcome& etch, const Outcome& torch) {
  std::vector<etch::host::TensorSource> all;
  const auto put = [&](const std::string& name, const Array& a) {
    if (!a.values.empty()) all.push_back(etch::host::source(name, a.shape, a.values.data()));
  };
  put("x", problem.x);
  put("dy", problem.dy);
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    const std::string number = std::to_string(1000 + i).substr(1);
    put("parameter." + number + "." + problem.parameters[i].name, problem.parameters[i].array);
  }
  const auto side = [&](const std::string& who, const Outcome& o) {
    put(who + ".y", o.y);
    put(who + ".dx", o.dx);
    for (const NamedArray& g : o.gradients) put(who + ".gradient." + g.name, g.array);
    for (const NamedArray& b : o.buffers) put(who + ".buffer." + b.name, b.array);
  };
  side("etch", etch);
  side("torch", torch);
  etch::host::write_safetensors(path, all, {{"case", c.name}});
}

Array stored(const etch::host::Safetensors& file, const std::string& name) {
  const etch::host::StoredTensor* t = file.find(name);
  if (t == nullptr) throw std::runtime_error(file.path() + ": no tensor " + name);
  Array a{t->shape, std::vector<double>(t->elements())};
  t->copy_to(a.values.data());
  return a;
}

std::string replayed_case;
Problem replayed;

}  // namespace

Problem* Replay::of(const std::string& name) { return name == replayed_case ? &replayed : nullptr; }

std::string read_replay(const std::string& path) {
  const etch::host::Safetensors file(path);
  const auto name = file.metadata().find("case");
  if (name == file.metadata().end()) throw std::runtime_error(path + ": not a replay file");
  replayed.x = stored(file, "x");
  replayed.dy = stored(file, "dy");
  for (const auto& [key, tensor] : file.tensors()) {
    const std::string prefix = "parameter.";
    if (key.rfind(prefix, 0) != 0) continue;
    replayed.parameters.push_back({key.substr(prefix.size() + 4), stored(file, key)});
  }
  return replayed_case = name->second;
}

void require_equal(const Case& c, const Problem& problem, const Outcome& etch,
                   const Outcome& torch) {
  std::string report;
  const auto check = [&](const std::string& what, const Array& a, const Array& b) {
    const Difference d = difference(a, b, c.tolerance);
    if (d.ratio <= 1) return;
    report += "\n  " + what + ": off by " + std::to_string(d.error) + ", " +
              std::to_string(d.ratio) + " of what is allowed, at " + std::to_string(d.index);
  };
  check("output", etch.y, torch.y);
  if (c.train) check("input gradient", etch.dx, torch.dx);
  REQUIRE((!c.train || etch.gradients.size() == torch.gradients.size()));
  REQUIRE((!c.train || etch.buffers.size() == torch.buffers.size()));
  for (std::size_t i = 0; i < etch.gradients.size(); ++i) {
    check("gradient of " + etch.gradients[i].name, etch.gradients[i].array,
          torch.gradients[i].array);
  }
  for (std::size_t i = 0; i < etch.buffers.size(); ++i) {
    check(etch.buffers[i].name, etch.buffers[i].array, torch.buffers[i].array);
  }
  if (report.empty()) {
    SUCCEED();
    return;
  }
  const std::filesystem::path path = std::filesystem::absolute("parity-failure.safetensors");
  write_replay(path, c, problem, etch, torch);
  FAIL(c.name << report << "\n  again: parity --replay " << path.string());
}

Problem random_problem(const Case& c, std::vector<std::size_t> x, std::vector<std::size_t> y,
                       const Module& torch) {
  std::uint64_t seed = c.batch;
  for (const char letter : c.name) seed = seed * 31 + static_cast<unsigned char>(letter);
  etch::Generator random{seed};
  Problem p;
  p.x = random_array(std::move(x), c.input, random);
  p.dy = random_array(std::move(y), Input::normal, random);
  // So that weight gradients, sums over all pixels, are numbers of size 1: that is what an
  // absolute 1e-6 is meant for. (A sum of a hundred numbers of size 1 is beyond it in any float
  // arithmetic, LibTorch's too.)
  const std::vector<std::size_t>& shape = p.dy.shape;
  const double pixels =
      static_cast<double>(shape[0] * (shape.size() == 4 ? shape[2] * shape[3] : 1));
  for (double& v : p.dy.values) v = static_cast<float>(v / std::sqrt(pixels));
  p.parameters = torch.parameters();
  for (NamedArray& v : p.parameters) {
    for (double& n : v.array.values) n = static_cast<float>(n);
  }
  // Batch norm's weights and statistics begin as ones and zeros, which would hide errors.
  for (NamedArray& v : p.parameters) {
    if (v.array.shape.size() == 1) {
      for (double& n : v.array.values) n = static_cast<float>(n + 0.25 * random.uniform());
    }
  }
  for (NamedArray& b : torch.buffers()) {
    for (double& n : b.array.values) n = static_cast<float>(n + 0.25 * random.uniform());
    p.parameters.push_back(b);
  }
  return p;
}

Outcome torch_outcome(Module& torch, const Case&, const Problem& problem) {
  torch.load(problem.parameters);
  Run r = torch.run(problem.x, problem.dy);
  return {r.y, r.dx, r.gradients, r.buffers};
}

}  // namespace parity
