// Named tensors in one file. https://github.com/huggingface/safetensors#format
//   8 bytes    length of the header, little-endian
//   header     JSON: {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..,
//              "__metadata__": {"name": "text", ..}}, padded with spaces to a multiple of 8
//   data       little-endian, no holes
// Files that etch writes say in the metadata which version of its format they are of
// ("etch.format"), and hold a checksum of everything else ("etch.checksum", see checksum.hpp).
#pragma once
#include <etch/host/file.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace etch::host {

// Types of numbers.
enum class Dtype : unsigned char { f32, f64, i64 };
// As files have it: "F32".
const char* dtype_name(Dtype dtype);
// Bytes of one number.
std::size_t dtype_bytes(Dtype dtype);

// Texts by name, which a file keeps beside its tensors.
using Metadata = std::map<std::string, std::string>;

// One tensor to be written; `fill` writes its bytes when its turn comes, so that only one tensor
// at a time needs memory.
struct TensorSource {
  std::string name;                      // in the file
  Dtype dtype = Dtype::f32;              // of its numbers
  std::vector<std::size_t> shape;        // as PyTorch has it
  std::function<void(std::byte*)> fill;  // elements * dtype_bytes() of them
};

// A source that copies what lies at `values`.
TensorSource source(std::string name, std::vector<std::size_t> shape, const float* values);
TensorSource source(std::string name, std::vector<std::size_t> shape, const double* values);
TensorSource source(std::string name, std::vector<std::size_t> shape, const std::int64_t* values);

// Replaces `path` by a file with these tensors, in this order, the format's version and a checksum.
// Every tensor is filled twice, since the checksum stands before them. The same call makes the same
// bytes.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorSource>& tensors,
                       const Metadata& metadata = {});
// The same into a file that is named so in an Error, without commit().
void write_safetensors(FileReplacement& file, const std::string& name,
                       const std::vector<TensorSource>& tensors, const Metadata& metadata);

// One tensor of a file that is read.
struct StoredTensor {
  Dtype dtype = Dtype::f32;          // of its numbers
  std::vector<std::size_t> shape;    // as PyTorch has it
  std::span<const std::byte> bytes;  // as long as the Safetensors lives

  // How many numbers.
  std::size_t elements() const { return bytes.size() / dtype_bytes(dtype); }
  // Copies elements() numbers; the dtype must be T's.
  void copy_to(float* values) const;
  void copy_to(double* values) const;
  void copy_to(std::int64_t* values) const;
};

// A file of tensors that is read. It is checked as a whole when it is opened: lengths, offsets,
// holes, overlaps, shapes, names, and the checksum where there is one. Throws an Error that names
// the file and the tensor; also where the file is of a newer format.
class Safetensors {
 public:
  // Reads and checks the file.
  explicit Safetensors(const std::filesystem::path& path);

  // False of files without a checksum: others write such, and etch did before format 2. Damage to
  // their numbers isn't seen.
  bool has_checksum() const { return has_checksum_; }

  // By name.
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  // Null where there is none of that name.
  const StoredTensor* find(const std::string& name) const;
  // Without the checksum.
  const Metadata& metadata() const { return metadata_; }
  // As it was given.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  FileBytes file_;
  std::map<std::string, StoredTensor> tensors_;
  Metadata metadata_;
  bool has_checksum_ = false;
};

}  // namespace etch::host
