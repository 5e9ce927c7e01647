// An imported network as C++, and its weights.
#pragma once
#include "import/structure.hpp"

#include <etch/host/network/open_model.hpp>
#include <etch/host/overwrite.hpp>

#include <filesystem>

namespace etch::host {

// A header with `namespace NAME { network; using Net = Network<network, ...>; }`.
std::string network_header(const ImportedNetwork& network, const std::vector<Piece>& pieces,
                           const std::string& name);

// Where the two files of an import went.
struct WrittenNetwork {
  std::filesystem::path header, weights;
  std::size_t parameters = 0;
};

// Writes FOLDER/NAME.hpp and FOLDER/NAME.safetensors; the folder is made where it isn't there.
// Nothing is written where the network can't be, or where a file is in the way: an Error says why.
WrittenNetwork write_network(const ImportedNetwork& network, const std::filesystem::path& folder,
                             const std::string& name, Overwrite overwrite = Overwrite::no);

// The same of a file's network with its weights: of a checkpoint, without what training goes on
// with.
WrittenNetwork write_network(const OpenModel& model, const std::filesystem::path& folder,
                             const std::string& name, Overwrite overwrite = Overwrite::no);

}  // namespace etch::host
