// Brings MNIST and Fashion-MNIST onto this machine, and checks that they are the real ones.
#pragma once
#include <etch/host/overwrite.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace etch::host {

struct FileSum {
  std::string name, sha256;
};

// A data set that can be fetched.
struct DataSource {
  std::string name;
  std::vector<FileSum> files;
  // Puts the files somewhere and returns where; throws an Error that says what to install.
  std::filesystem::path (*bring)(const std::filesystem::path& temporary);
};

// Throws an Error that lists those there are.
const DataSource& find_data(const std::string& name);

std::string sha256(const std::filesystem::path& file);

// Whether all files are in the folder, unharmed.
bool is_complete(const DataSource& data, const std::filesystem::path& folder);

// Copies the files into the folder, each checked before it gets its name. Throws an Error where
// other files have their names.
void fetch(const DataSource& data, const std::filesystem::path& folder,
           Overwrite overwrite = Overwrite::no);

}  // namespace etch::host
