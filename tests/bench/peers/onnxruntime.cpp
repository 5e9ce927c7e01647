// ONNX Runtime running an ONNX file through the C API of the shared library in its npm package.
//
//   peer_onnxruntime LIBRARY MODEL THREADS SAMPLES DIMENSIONS CLASSES
//
// DIMENSIONS of the input "v0": 1,3,224,224; the output is "y". The package has no header; its
// table of functions only ever grows, so these are entries of
// https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "timing.hpp"

namespace {

enum Entry {
  get_error_message = 2,
  create_env = 3,
  create_session = 7,
  run_session = 9,
  create_session_options = 10,
  set_optimization_level = 23,
  set_intra_op_threads = 24,
  set_inter_op_threads = 25,
  create_tensor_with_data = 49,
  create_cpu_memory_info = 69,
};
constexpr int warnings = 2, all_optimizations = 99, arena_allocator = 1, default_memory = 0,
              float_tensor = 1;

struct ApiBase {
  const void* const* (*api)(std::uint32_t version);
  const char* (*version)();
};

class Api {
 public:
  explicit Api(const char* library) {
    void* handle = ::dlopen(library, RTLD_NOW);
    if (handle == nullptr) throw std::runtime_error(::dlerror());
    base_ = reinterpret_cast<const ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"))();
    table_ = base_->api(13);
  }
  std::string version() const { return base_->version(); }

  template <class... Arguments>
  void call(Entry entry, Arguments... arguments) const {
    using Function = void* (*)(Arguments...);
    const auto function = reinterpret_cast<Function>(const_cast<void*>(table_[entry]));
    void* status = function(arguments...);
    if (status == nullptr) return;
    const auto message =
        reinterpret_cast<const char* (*)(void*)>(const_cast<void*>(table_[get_error_message]));
    throw std::runtime_error(message(status));
  }

 private:
  const ApiBase* base_ = nullptr;
  const void* const* table_ = nullptr;
};

struct Tensor {
  std::vector<std::int64_t> dimensions;
  std::vector<float> values;
  void* value = nullptr;

  Tensor(const Api& api, void* memory, std::vector<std::int64_t> d) : dimensions(std::move(d)) {
    std::size_t size = 1;
    for (const std::int64_t n : dimensions) size *= static_cast<std::size_t>(n);
    values.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      values[i] = static_cast<float>(i * 7919 % 4099) / 4099 - 0.5f;
    }
    api.call(create_tensor_with_data, memory, static_cast<void*>(values.data()),
             size * sizeof(float), static_cast<const std::int64_t*>(dimensions.data()),
             dimensions.size(), float_tensor, &value);
  }
};

std::vector<std::int64_t> dimensions(const std::string& list) {
  std::vector<std::int64_t> all;
  std::istringstream in(list);
  for (std::string n; std::getline(in, n, ',');) all.push_back(std::stol(n));
  return all;
}

int run(int argc, char** argv) {
  if (argc != 7) throw std::runtime_error("needs LIBRARY MODEL THREADS SAMPLES DIMENSIONS CLASSES");
  const Api api(argv[1]);
  void *env = nullptr, *options = nullptr, *session = nullptr, *memory = nullptr;
  api.call(create_env, warnings, "bench", &env);
  api.call(create_session_options, &options);
  api.call(set_optimization_level, options, all_optimizations);
  api.call(set_intra_op_threads, options, std::stoi(argv[3]));
  api.call(set_inter_op_threads, options, 1);
  api.call(create_session, env, static_cast<const char*>(argv[2]), options, &session);
  api.call(create_cpu_memory_info, arena_allocator, default_memory, &memory);
  Tensor x(api, memory, dimensions(argv[5]));
  Tensor y(api, memory, {x.dimensions[0], std::stol(argv[6])});
  const char *input = "v0", *output = "y";
  peers::report("ONNX Runtime " + api.version(), std::stoi(argv[4]), [&] {
    api.call(run_session, session, static_cast<void*>(nullptr),
             static_cast<const char* const*>(&input), static_cast<void* const*>(&x.value),
             std::size_t{1}, static_cast<const char* const*>(&output), std::size_t{1}, &y.value);
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "peer_onnxruntime: " << e.what() << '\n';
    return 1;
  }
}
