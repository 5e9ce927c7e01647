// Makes on the host what the firmware programs embed or stream: weights, inputs, and the outputs
// that the host computes from them. With scalar kernels and -ffp-contract=off the files are the
// same bytes on every machine.
// usage: firmware_data MNIST_FOLDER OUTPUT_FOLDER
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "networks.hpp"

using namespace firmware;

namespace {

[[noreturn]] void give_up(const std::string& path, const char* what) {
  std::fprintf(stderr, "firmware_data: %s: %s\n", path.c_str(), what);
  std::exit(1);
}

std::vector<std::uint8_t> read_idx(const std::string& path, std::size_t header, std::size_t bytes) {
  std::vector<std::uint8_t> all(bytes);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) give_up(path, "can't be opened (etch data fetch mnist brings it)");
  const bool done = std::fseek(file, static_cast<long>(header), SEEK_SET) == 0 &&
                    std::fread(all.data(), 1, bytes, file) == bytes;
  std::fclose(file);
  if (!done) give_up(path, "is shorter than MNIST");
  return all;
}

std::vector<Digit> read_digits(const std::string& prefix, std::size_t count) {
  const auto pixels = read_idx(prefix + "-images-idx3-ubyte", 16, count * digit.elements());
  const auto labels = read_idx(prefix + "-labels-idx1-ubyte", 8, count);
  std::vector<Digit> digits(count);
  for (std::size_t i = 0; i < count; ++i) {
    digits[i].label = labels[i];
    for (std::size_t k = 0; k < digit.elements(); ++k) {
      digits[i].pixels[k] = pixels[i * digit.elements() + k];
    }
  }
  return digits;
}

template <class T>
void write(const std::string& path, const T* values, std::size_t count = 1) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(values, sizeof(T), count, file) != count ||
      std::fclose(file) != 0) {
    give_up(path, "can't be written");
  }
}

// Learns the digits in their order.
template <class Net>
auto train(const std::vector<Digit>& digits, std::size_t epochs) {
  constexpr std::size_t batch = 32;
  auto trainer =
      std::make_unique<Trainer<Net, CrossEntropyLoss{}, Adam{.lr = 2e-3}, Training{batch}>>(1);
  std::vector<float> images(batch * digit.elements());
  std::vector<std::int32_t> labels(batch);
  for (std::size_t e = 0; e < epochs; ++e) {
    for (std::size_t first = 0; first + batch <= digits.size(); first += batch) {
      for (std::size_t i = 0; i < batch; ++i) {
        to_input(digits[first + i], images.data() + i * digit.elements());
        labels[i] = digits[first + i].label;
      }
      trainer->step(images, labels);
    }
  }
  return trainer;
}

void make_lenet(const std::string& folder, const std::vector<Digit>& learn,
                const std::vector<Digit>& test) {
  const auto trainer = train<LeNet>(learn, 2);
  const auto net = std::make_unique<Inference<LeNet>>(trainer->parameters());
  const auto cases = std::make_unique<DigitCases>();
  for (std::size_t i = 0; i < DigitCases::count; ++i) {
    cases->digits[i] = test[i];
    float input[digit.elements()];
    to_input(test[i], input);
    const auto logits = (*net)(input);
    std::copy(logits.begin(), logits.end(), cases->logits[i]);
  }
  write(folder + "/lenet.weights", &trainer->parameters());
  write(folder + "/lenet.cases", cases.get());
}

// The parameters of one network for another that has the same tensors in the same order, but
// another part of them frozen.
template <class From, class To>
void convey(const Parameters<From>& from, Parameters<To>& to) {
  static_assert(From::graph.size.tensors == To::graph.size.tensors);
  for (int i = 0; i < From::graph.size.tensors; ++i) {
    const Tensor &f = From::graph.tensors[i], &t = To::graph.tensors[i];
    const float* at = from.values + From::graph.offset_of(f);
    std::copy(at, at + f.size(), to.values + To::graph.offset_of(t));
  }
}

void make_tuned_digits(const std::string& folder, const std::vector<Digit>& learn) {
  const auto trainer = train<Digits>(learn, 2);
  const auto tuned = std::make_unique<Parameters<TunedDigits>>();
  convey(trainer->parameters(), *tuned);
  write(folder + "/fine_tune.weights", tuned.get());
  write(folder + "/fine_tune.cases", "", 0);  // it has none: it streams the digits
}

// Random weights and running statistics; the input is random too.
template <class Net>
void make_case(const std::string& prefix) {
  const auto weights = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, weights->values, 1);
  Generator random{2};
  for (int i = 0; i < Net::graph.size.tensors; ++i) {
    const Tensor& t = Net::graph.tensors[i];
    if (!t.buffer) continue;
    float* values = weights->values + Net::graph.offset_of(t);
    for (std::size_t k = 0; k < t.size(); ++k) values[k] += 0.1f * random.uniform();
  }
  const auto one = std::make_unique<Case<Net>>();
  for (float& v : one->input) v = random.uniform();
  const auto net = std::make_unique<Inference<Net>>(*weights);
  const auto output = (*net)(one->input);
  std::copy(output.begin(), output.end(), one->output);
  write(prefix + ".weights", weights.get());
  write(prefix + ".cases", one.get());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: firmware_data MNIST_FOLDER OUTPUT_FOLDER\n");
    return 2;
  }
  const std::string mnist = arguments[1], folder = arguments[2];
  const auto learn = read_digits(mnist + "/train", 12'800);
  const auto test = read_digits(mnist + "/t10k", test_digits);
  make_lenet(folder, learn, test);
  make_tuned_digits(folder, learn);
  std::vector<Digit> streamed(learn.begin(), learn.begin() + train_digits);
  streamed.insert(streamed.end(), test.begin(), test.end());
  write(folder + "/digits", streamed.data(), streamed.size());
  make_case<ResNet8>(folder + "/resnet8");
  make_case<DsCnn>(folder + "/ds_cnn");
  make_case<MobileNet>(folder + "/mobilenet");
  make_case<Autoencoder>(folder + "/autoencoder");
}
