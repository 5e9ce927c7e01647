// What the targets share that read a network of another library, and libFuzzer's own mutations.
#pragma once
#include "fuzz.hpp"
#include "import/network_writer.hpp"
#include "import/structure.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace etch::fuzz {

// Reads the input as `etch import` does, and writes its header.
inline void import_input(std::span<const std::byte> input,
                         host::ImportedNetwork (*read)(const std::filesystem::path&)) {
  static const InputFile file;
  file.write(input);
  accepted([&] {
    const host::ImportedNetwork network = read(file.path());
    host::network_header(network, host::structure_of(network), "model");
  });
}

}  // namespace etch::fuzz
