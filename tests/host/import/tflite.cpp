// TFLite files: what is read, what is refused, and that damage never ends in more than a sentence.
#include "import/tflite.hpp"

#include "host/idx_files.hpp"
#include "host/import/tflite_model.hpp"
#include "import/network_writer.hpp"
#include "process.hpp"

#include <etch/random.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <map>

using namespace etch;
using namespace etch::host;

namespace {

ImportedNetwork read(const std::string& bytes) {
  const TemporaryFolder folder;
  write_file(folder.path() / "m.tflite", bytes);
  return read_tflite(folder.path() / "m.tflite");
}

const std::vector<float>& tensor(const ImportedNetwork& n, std::size_t layer, std::size_t i) {
  return n.layers().at(layer).tensors.at(i).values;
}

}  // namespace

TEST_CASE("A TFLite network becomes the code that a person would write") {
  const ImportedNetwork network = read(small_tflite_network());
  CHECK_THAT(network_header(network, structure_of(network), "m"),
             Catch::Contains("    // conv/kernel\n"
                             "    Conv2d{.out_channels = 4, .kernel_size = 3, .stride = 2, "
                             ".extra_padding = 1}, ReLU6{},\n"
                             "    Flatten{},\n"
                             "    // dense/kernel\n"
                             "    Linear{.out_features = 5}>{};\n"));
}

TEST_CASE("Weights go from TensorFlow's order to PyTorch's") {
  const ImportedNetwork network = read(small_tflite_network());
  // Kernels (O, KH, KW, I) to (O, I, KH, KW): weight[1][2][0][1].
  CHECK(tensor(network, 0, 0).at(1 * 27 + 2 * 9 + 1) == (1 * 27 + 1 * 3 + 2) / 8.0f);
  // After flattening (4, 3, 4) as (H, W, C) to (C, H, W): weight[2][c = 3, h = 1, w = 2].
  const std::size_t linear = network.layers().size() - 1;
  CHECK(tensor(network, linear, 0).at(2 * 48 + 3 * 12 + 1 * 3 + 2) ==
        (2 * 48 + (1 * 3 + 2) * 4 + 3) / 8.0f);
}

TEST_CASE("Weights in 8 bits become floats, by a scale for each output") {
  TfliteModel b;
  const int x = b.tensor("x", {1, 2}), y = b.tensor("y", {1, 2});
  b.linear({x, b.quantised("w", {2, 2}, {1, -2, 3, 127}, {0.5f, 2.0f}), -1}, y);
  const ImportedNetwork network = read(b.bytes(x, y));
  CHECK(tensor(network, 0, 0) == std::vector<float>{0.5f, -1.0f, 6.0f, 254.0f});
  CHECK_FALSE(network.layers()[0].has_bias());

  TfliteModel c;
  const int from = c.tensor("x", {1, 2}), to = c.tensor("y", {1, 2});
  c.linear({from, c.quantised("w", {2, 2}, {1, -2, 3, 127}, {0.5f, 2.0f}, {1, -1}), -1}, to);
  CHECK(tensor(read(c.bytes(from, to)), 0, 0) == std::vector<float>{0.0f, -1.5f, 8.0f, 256.0f});
}

TEST_CASE("Windows of TFLite, and weights of depthwise convolutions") {
  TfliteModel b;
  const int x = b.tensor("x", {1, 6, 6, 2}), d = b.tensor("d", {1, 2, 3, 4});
  const int padded = b.tensor("padded", {1, 4, 8, 4}), y = b.tensor("y", {1, 2, 6, 1});
  b.depthwise({x, b.weights("w", {1, 3, 2, 4}), -1}, d, {1, 2}, {2, 1});
  b.op(34, {d, b.integers("around", {0, 0, 1, 1, 2, 3, 0, 0})}, padded);
  b.conv({padded, b.weights("w2", {1, 3, 3, 4}), -1}, y, tflite::Padding::VALID, 1);
  const ImportedNetwork network = read(b.bytes(x, y));
  const Conv2d depthwise = std::get<Conv2d>(network.layers().at(0).layer);
  CHECK(depthwise.groups == 2);
  CHECK(depthwise.stride == Pair(1, 2));
  CHECK(depthwise.dilation == Pair(2, 1));
  // (1, KH, KW, O) to (O, 1, KH, KW): weight[3][0][1][1].
  CHECK(tensor(network, 0, 0).at(3 * 6 + 1 * 2 + 1) == ((1 * 2 + 1) * 4 + 3) / 8.0f);
  CHECK(std::get<Conv2d>(network.layers().at(1).layer).padding == Pair(1, 2));
  CHECK(std::get<Conv2d>(network.layers().at(1).layer).extra_padding == Pair(0, 1));
}

TEST_CASE("Numbers for a flattened image go from TensorFlow's order to PyTorch's") {
  TfliteModel b;
  const int x = b.tensor("x", {1, 2, 2, 3}), f = b.tensor("f", {1, 12}), y = b.tensor("y", {1, 12});
  b.op(22, {x}, f);
  b.op(18, {f, b.weights("scale", {12})}, y, tflite::BuiltinOptions::MulOptions,
       b.options(tflite::CreateMulOptions, tflite::ActivationFunctionType::NONE));
  const ImportedNetwork network = read(b.bytes(x, y));
  // (H, W, C) to (C, H, W): c = 2, h = 1, w = 0.
  CHECK(tensor(network, 1, 0).at(2 * 4 + 1 * 2) == (1 * 6 + 2) / 8.0f);
}

TEST_CASE("Joins of TFLite") {
  TfliteModel b;
  const int x = b.tensor("x", {1, 2, 3, 4}), s = b.tensor("s", {1, 2, 3, 4});
  const int g = b.tensor("g", {1, 1, 1, 4}), m = b.tensor("m", {1, 2, 3, 4});
  const int y = b.tensor("y", {1, 2, 3, 8});
  b.op(14, {x}, s);
  b.op(40, {s, b.integers("axes", {1, 2})}, g, tflite::BuiltinOptions::ReducerOptions,
       b.options(tflite::CreateReducerOptions, true));
  b.op(18, {g, x}, m, tflite::BuiltinOptions::MulOptions,
       b.options(tflite::CreateMulOptions, tflite::ActivationFunctionType::NONE));
  b.op(2, {m, s}, y, tflite::BuiltinOptions::ConcatenationOptions,
       b.options(tflite::CreateConcatenationOptions, -1, tflite::ActivationFunctionType::RELU));
  const ImportedNetwork network = read(b.bytes(x, y));
  CHECK(network.layers().at(2).kind() == "Multiply");
  CHECK(network.layers().at(3).kind() == "Concat");
  CHECK(network.layers().at(4).kind() == "ReLU");
  CHECK(network.shape(network.output()) == Shape{8, 2, 3});
}

TEST_CASE("Operators over numbers a channel, paddings and means") {
  using Floats = std::vector<float>;
  TfliteModel b;
  const int x = b.tensor("x", {1, 6, 6, 2}), scaled = b.tensor("scaled", {1, 6, 6, 2});
  const int padded = b.tensor("padded", {1, 7, 8, 2}), c = b.tensor("c", {1, 3, 3, 3});
  const int added = b.tensor("added", {1, 3, 3, 3}), y = b.tensor("y", {1, 3});
  b.op(18, {x, b.weights("scale", {2})}, scaled, tflite::BuiltinOptions::MulOptions,
       b.options(tflite::CreateMulOptions, tflite::ActivationFunctionType::RELU));
  b.op(34, {scaled, b.integers("around", {0, 0, 0, 1, 0, 2, 0, 0})}, padded);
  b.conv({padded, b.weights("w", {3, 3, 3, 2}), -1}, c, tflite::Padding::VALID, 2);
  b.op(0, {b.weights("shift", {3}), c}, added, tflite::BuiltinOptions::AddOptions,
       b.options(tflite::CreateAddOptions, tflite::ActivationFunctionType::TANH));
  b.op(40, {added, b.integers("axes", {2, 1})}, y);
  const ImportedNetwork network = read(b.bytes(x, y));
  std::vector<std::string> kinds;
  for (const ImportedLayer& l : network.layers()) kinds.push_back(l.kind());
  CHECK(kinds ==
        std::vector<std::string>{"BatchNorm2d", "ReLU", "Conv2d", "Tanh", "GlobalAvgPool2d"});
  CHECK(tensor(network, 0, 0) == Floats{0, 0.125f});
  CHECK(tensor(network, 2, 1) == Floats{0, 0.125f, 0.25f});
  CHECK(std::get<Conv2d>(network.layers()[2].layer).padding == Pair(0));
  CHECK(std::get<Conv2d>(network.layers()[2].layer).extra_padding == Pair(1, 2));
}

TEST_CASE("A PRELU with one slope is a LeakyReLU, with others a PReLU") {
  const auto with_slopes = [](const std::vector<std::int8_t>& eighths) {
    TfliteModel b;
    const int x = b.tensor("x", {1, 4, 6, 2}), y = b.tensor("y", {1, 4, 6, 2});
    b.op(54, {x, b.quantised("slopes", {1, 1, 2}, eighths, {0.125f})}, y);
    return read(b.bytes(x, y));
  };
  const ImportedNetwork network = with_slopes({2, 2});
  CHECK(network.layers().at(0).kind() == "LeakyReLU");
  CHECK(std::get<LeakyReLU>(network.layers().at(0).layer).negative_slope == 0.25f);
  const ImportedNetwork two = with_slopes({2, 3});
  CHECK(std::get<PReLU>(two.layers().at(0).layer).num_parameters == 2);
  CHECK(tensor(two, 0, 0) == std::vector<float>{0.25f, 0.375f});
}

TEST_CASE("Borders and other sizes of TFLite") {
  using tflite::BuiltinOptions;
  const auto layer = [](int code, Sizes made, const char* constant, Sizes values,
                        BuiltinOptions type, const auto& options) {
    TfliteModel b;
    const int x = b.tensor("x", {1, 4, 3, 2}), y = b.tensor("y", made);
    b.op(code, {x, b.integers(constant, values)}, y, type, options(b));
    return layer_code(read(b.bytes(x, y)).layers().at(0).layer);
  };
  const auto nearest = [](TfliteModel& b) {
    return b.options(tflite::CreateResizeNearestNeighborOptions, false, false);
  };
  const auto bilinear = [](bool corners, bool half) {
    return [=](TfliteModel& b) {
      return b.options(tflite::CreateResizeBilinearOptions, corners, half);
    };
  };
  CHECK(layer(97, {1, 8, 9, 2}, "size", {8, 9}, BuiltinOptions::ResizeNearestNeighborOptions,
              nearest) == "Upsample{.scale_factor = {2, 3}}");
  CHECK(layer(23, {1, 8, 4, 2}, "size", {8, 4}, BuiltinOptions::ResizeBilinearOptions,
              bilinear(false, true)) ==
        "Upsample{.size = {8, 4}, .mode = Interpolation::bilinear}");
  CHECK(layer(23, {1, 8, 6, 2}, "size", {8, 6}, BuiltinOptions::ResizeBilinearOptions,
              bilinear(true, false)) ==
        "Upsample{.scale_factor = 2, .mode = Interpolation::bilinear, .align_corners = true}");
  CHECK_THROWS_WITH(layer(23, {1, 8, 6, 2}, "size", {8, 6}, BuiltinOptions::ResizeBilinearOptions,
                          bilinear(false, false)),
                    Catch::Contains("with align_corners 0 and half_pixel_centers 0 isn't supp"));
  CHECK(layer(100, {1, 7, 4, 2}, "around", {0, 0, 1, 2, 0, 1, 0, 0},
              BuiltinOptions::MirrorPadOptions, [](TfliteModel& b) {
                return b.options(tflite::CreateMirrorPadOptions, tflite::MirrorPadMode::REFLECT);
              }) == "ReflectionPad2d{.padding = {0, 1, 1, 2}}");
}

TEST_CASE("TRANSPOSE_CONV is a ConvTranspose2d whose weights lie in another order") {
  const auto layer = [](Sizes made, tflite::Padding padding, int kernel) {
    TfliteModel b;
    const int x = b.tensor("x", {1, 4, 3, 2}), y = b.tensor("y", made);
    const int w = b.weights("w", {5, kernel, kernel, 2});
    b.op(67, {b.integers("shape", made), w, x}, y, tflite::BuiltinOptions::TransposeConvOptions,
         b.options(tflite::CreateTransposeConvOptions, padding, 2, 2,
                   tflite::ActivationFunctionType::RELU));
    return read(b.bytes(x, y));
  };
  const auto same = layer({1, 8, 6, 5}, tflite::Padding::SAME, 3);
  CHECK(layer_code(same.layers().at(0).layer) ==
        "ConvTranspose2d{.out_channels = 5, .kernel_size = 3, .stride = 2, .bias = false, "
        ".extra_padding = 1}");
  CHECK(same.layers().at(1).kind() == "ReLU");
  // (O, KH, KW, I) holds eighths of its places: to (I, O, KH, KW).
  const std::vector<float> w = tensor(same, 0, 0);
  REQUIRE(w.size() == 5 * 9 * 2);
  CHECK((w[0] == 0 && w[1] == 2.0f / 8 && w[9] == 18.0f / 8 && w[45] == 1.0f / 8));
  CHECK(layer_code(layer({1, 8, 6, 5}, tflite::Padding::SAME, 4).layers().at(0).layer) ==
        "ConvTranspose2d{.out_channels = 5, .kernel_size = 4, .stride = 2, .padding = 1, .bias = "
        "false}");
  CHECK(layer_code(layer({1, 9, 7, 5}, tflite::Padding::VALID, 3).layers().at(0).layer) ==
        "ConvTranspose2d{.out_channels = 5, .kernel_size = 3, .stride = 2, .bias = false}");
  CHECK_THROWS_WITH(layer({1, 12, 7, 5}, tflite::Padding::VALID, 3),
                    Catch::Contains("output_padding must be less than stride"));
}

TEST_CASE("SUB, DIV and NEG of TFLite") {
  TfliteModel b;
  const auto none = tflite::ActivationFunctionType::NONE;
  const auto value = [&](const char* name) { return b.tensor(name, {1, 4, 6, 2}); };
  const int x = value("x"), shifted = value("shifted"), turned = value("turned");
  const int divided = value("divided"), negative = value("negative"), y = value("y");
  const int c = b.quantised("c", {1, 1, 2}, {2, 4}, {0.25f});  // 0.5 and 1
  const auto subtract = [&](Sizes inputs, int output) {
    b.op(41, inputs, output, tflite::BuiltinOptions::SubOptions,
         b.options(tflite::CreateSubOptions, none));
  };
  subtract({x, c}, shifted);
  subtract({c, shifted}, turned);
  b.op(42, {turned, c}, divided, tflite::BuiltinOptions::DivOptions,
       b.options(tflite::CreateDivOptions, none));
  b.op(59, {divided}, negative);
  subtract({x, negative}, y);
  const ImportedNetwork network = read(b.bytes(x, y));
  using Floats = std::vector<float>;
  CHECK((tensor(network, 0, 0) == Floats{1, 1} && tensor(network, 0, 1) == Floats{-0.5f, -1}));
  CHECK((tensor(network, 1, 0) == Floats{-1, -1} && tensor(network, 1, 1) == Floats{0.5f, 1}));
  CHECK((tensor(network, 2, 0) == Floats{2, 1} && tensor(network, 2, 1) == Floats{0, 0}));
  CHECK(tensor(network, 3, 0) == Floats{-1, -1});
  CHECK(tensor(network, 4, 0) == Floats{-1, -1});
  CHECK(network.layers().at(5).join == ImportedLayer::sum);
}

TEST_CASE("Activations of TFLite") {
  const auto kind = [](int code, tflite::BuiltinOptions type, const auto& options) {
    TfliteModel b;
    const int x = b.tensor("x", {1, 4, 6, 2}), y = b.tensor("y", {1, 4, 6, 2});
    b.op(code, {x}, y, type, options(b));
    return layer_code(read(b.bytes(x, y)).layers().at(0).layer);
  };
  const auto none = [](TfliteModel&) { return flatbuffers::Offset<void>(0); };
  using tflite::BuiltinOptions;
  CHECK(kind(20, BuiltinOptions::NONE, none) == "Hardtanh{}");
  CHECK(kind(152, BuiltinOptions::NONE, none) == "Hardtanh{.min_val = 0.0f}");
  CHECK(kind(111, BuiltinOptions::NONE, none) == "ELU{}");
  CHECK(kind(117, BuiltinOptions::NONE, none) == "Hardswish{}");
  CHECK(kind(50, BuiltinOptions::NONE, none) == "LogSoftmax{}");
  for (const bool approximate : {false, true}) {
    CHECK(kind(150, BuiltinOptions::GeluOptions, [&](TfliteModel& b) {
            return b.options(tflite::CreateGeluOptions, approximate);
          }) == (approximate ? "GELU{.approximate = Approximate::tanh}" : "GELU{}"));
  }
}

TEST_CASE("What a TFLite file has that isn't supported is named") {
  CHECK_THROWS_WITH(read(small_tflite_network(114)),
                    Catch::Contains("made: the operator QUANTIZE isn't supported; these are: ADD"));
  CHECK_THROWS_WITH(read(small_tflite_network(4)), Catch::Contains("made: has no options"));
  using Fused = tflite::ActivationFunctionType;
  for (const auto& [fused, name] :
       std::map<Fused, std::string>{{Fused::SIGN_BIT, "SIGN_BIT"},
                                    {static_cast<Fused>(-3), "number -3"},
                                    {static_cast<Fused>(9), "number 9"}}) {
    CHECK_THROWS_WITH(read(small_tflite_network(3, fused)),
                      Catch::Contains("conv/kernel: the fused activation " + name +
                                      " isn't supported; these are: RELU"));
  }
  CHECK_THROWS_WITH(read("nothing like it"), Catch::Contains("isn't a TFLite file"));
  TfliteModel integers;
  const int x = integers.tensor("image", {1, 4}, tflite::TensorType::INT8);
  const int y = integers.tensor("y", {1, 4}, tflite::TensorType::INT8);
  integers.op(25, {x}, y);
  CHECK_THROWS_WITH(read(integers.bytes(x, y)),
                    Catch::Contains("is a quantised network: image is INT8"));
  TfliteModel reshaped;
  const int a = reshaped.tensor("a", {1, 4, 6, 2}), c = reshaped.tensor("c", {1, 4, 3, 4});
  const int d = reshaped.tensor("d", {1, 4, 3, 4});
  reshaped.op(19, {a}, d);
  reshaped.op(22, {d, reshaped.integers("to", {1, 4, 3, 4})}, c);
  CHECK_THROWS_WITH(
      read(reshaped.bytes(a, c)),
      Catch::Contains("d: makes 2x4x6 of each image, but the file says [1, 4, 3, 4]"));
}

TEST_CASE("Axes of TFLite are those that the file says, not those of the same size") {
  const auto none = tflite::ActivationFunctionType::NONE;
  TfliteModel along;
  const int x = along.tensor("x", {1, 3, 3, 3}), y = along.tensor("y", {1, 3, 3, 3});
  along.op(0, {x, along.weights("c", {1, 3, 1})}, y, tflite::BuiltinOptions::AddOptions,
           along.options(tflite::CreateAddOptions, none));
  CHECK_THROWS_WITH(
      read(along.bytes(x, y)),
      Catch::Contains("a constant of [1, 3, 1] isn't one number a channel of [1, 3, 3, 3]"));

  TfliteModel moved;
  const int a = moved.tensor("a", {2, 2, 2, 3}), b = moved.tensor("b", {4, 6});
  moved.op(22, {a, moved.integers("to", {4, 6})}, b);
  CHECK_THROWS_WITH(
      read(moved.bytes(a, b)),
      Catch::Contains("RESHAPE of [2, 2, 2, 3] to [4, 6] isn't supported: the batch"));

  TfliteModel pixels;
  const int p = pixels.tensor("p", {1, 2, 2, 3}), q = pixels.tensor("q", {4, 5});
  pixels.linear({p, pixels.weights("w", {5, 3}), -1}, q);
  CHECK_THROWS_WITH(read(pixels.bytes(p, q)),
                    Catch::Contains("takes 12 features of an image, but the weights are [5, 3]"));
}

TEST_CASE("A PAD's zeros at the end count in the mean of all") {
  TfliteModel b;
  const int x = b.tensor("x", {1, 5, 5, 2}), p = b.tensor("p", {1, 6, 6, 2});
  const int y = b.tensor("y", {1, 2});
  b.op(34, {x, b.integers("around", {0, 0, 0, 1, 0, 1, 0, 0})}, p);
  b.op(40, {p, b.integers("axes", {1, 2})}, y);
  const ImportedNetwork network = read(b.bytes(x, y));
  CHECK(network.layers().at(0).kind() == "AvgPool2d");
  CHECK(std::get<AvgPool2d>(network.layers().at(0).layer).count_include_pad);
  CHECK(std::get<AvgPool2d>(network.layers().at(0).layer).window() ==
        Window{.kernel_size = 6, .extra_padding = 1});
}

TEST_CASE("Constants of TFLite that contradict themselves are named") {
  TfliteModel b;
  const int x = b.tensor("x", {1, 2}), y = b.tensor("y", {1, 2}), w = b.tensor("w", {2, 2});
  b.op(6, {w}, w);
  b.linear({x, w, -1}, y);
  CHECK_THROWS_WITH(read(b.bytes(x, y)), Catch::Contains("w: DEQUANTIZE is supported of const"));

  for (const auto& [zeros, said] : std::map<std::vector<std::int64_t>, std::string>{
           {{1, 2, 3}, "w has 3 zero points, but 2 scales"},
           {{1, std::numeric_limits<std::int64_t>::min()}, "w has a zero point of -922"}}) {
    TfliteModel c;
    const int from = c.tensor("x", {1, 2}), to = c.tensor("y", {1, 2});
    c.linear({from, c.quantised("w", {2, 2}, {1, -2, 3, 127}, {0.5f, 2.0f}, zeros), -1}, to);
    CHECK_THROWS_WITH(read(c.bytes(from, to)), Catch::Contains(said));
  }
}

TEST_CASE("A damaged TFLite file is an error or another network, never a crash") {
  const TemporaryFolder folder;
  const std::string whole = small_tflite_network();
  const auto path = folder.path() / "m.tflite";
  const auto attempt = [&](const std::string& bytes) {
    write_file(path, bytes);
    try {
      const ImportedNetwork network = read_tflite(path);
      write_network(network, folder.path() / "out", "m");
      return true;
    } catch (const Error& e) {
      CHECK_THAT(e.what(), Catch::StartsWith(folder.path().string()));
      return false;
    }
  };
  CHECK(attempt(whole));
  for (std::size_t n = 0; n < whole.size(); n += 11) attempt(whole.substr(0, n));
  Generator random{6};
  for (int i = 0; i < 400; ++i) {
    std::string bytes = whole;
    for (std::size_t k = 0; k <= random.below(3); ++k) {
      bytes[random.below(bytes.size())] ^= static_cast<char>(1 << random.below(8));
    }
    attempt(bytes);
  }
}
