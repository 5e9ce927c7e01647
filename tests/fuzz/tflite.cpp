// A TFLite file, as `etch import` reads it and writes its header. Most inputs are changed in one
// aligned number, which leaves the tables of a FlatBuffer where they are.
#include "import/tflite.hpp"
#include "host/import/tflite_model.hpp"
#include "importing.hpp"

#include <cstring>
#include <random>

using namespace etch::host;

namespace etch::fuzz {

void read(std::span<const std::byte> input) { import_input(input, read_tflite); }

std::vector<std::string> seeds() {
  constexpr int dequantize = 6;
  TfliteModel quantised;
  const int x = quantised.tensor("x", {1, 4, 4, 2}), y = quantised.tensor("y", {1, 4, 4, 2});
  const int q = quantised.quantised("q", {2, 1, 1, 2}, {1, 2, 3, 4}, {0.5f, 0.25f}, {0, 0});
  const int w = quantised.tensor("w", {2, 1, 1, 2});
  quantised.op(dequantize, {q}, w);
  quantised.conv({x, w, quantised.weights("b", {2})}, y, tflite::Padding::VALID, 1);
  return {small_tflite_network(), small_tflite_network(4), quantised.bytes(x, y)};
}

}  // namespace etch::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  if (size < 8 || random() % 4 == 0) return LLVMFuzzerMutate(data, size, most);
  constexpr std::int32_t interesting[] = {0, 1, 2, 3, 4, 5, 8, 16, 64, 255, -1, -2, 1 << 30};
  const std::int32_t number = interesting[random() % std::size(interesting)];
  const std::size_t bytes = random() % 2 ? 4 : 1;
  std::memcpy(data + random() % (size / 4) * 4, &number, bytes);
  return size;
}
