// Which files a command may replace: those that it wrote itself, as it left them. All others only
// where --overwrite says so.
#pragma once
#include <etch/host/file.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace etch::host {

// Whether files of others may be replaced.
enum class Overwrite : bool { no, yes };

// Who wrote a file of tensors, in its metadata.
inline constexpr const char* writer_key = "etch.writer";

// The text with a last line, a comment from `open` to `close`, that says which command wrote what
// is above and holds its checksum: a person's change is seen.
std::string with_writer(const std::string& text, const std::string& command,
                        const std::string& open = "//", const std::string& close = "");

// The same of a PNG, by a tEXt chunk before its last (https://www.w3.org/TR/png/#11tEXt).
std::string png_with_writer(const std::string& png, const std::string& command);

// Throws an Error where something is at `path` that isn't as `command` left it: a text, a PNG or a
// file of tensors of others, or one that was changed since; and, told to overwrite or not, where a
// run keeps it as its checkpoint.
void check_replaceable(const std::filesystem::path& path, const std::string& command,
                       Overwrite overwrite);

// A file to be written, and what writes it.
struct NewFile {
  std::filesystem::path path;                   // of the file
  std::function<void(FileReplacement&)> write;  // all of its bytes, without commit()
};
// One that is written with this text.
NewFile text_file(const std::filesystem::path& path, std::string text);

// Replaces all of them. Where one can't be written nothing is replaced; where the last step of one
// fails, what was not there before is removed again.
void replace_files(const std::vector<NewFile>& files);

}  // namespace etch::host
