// Which files a command may replace.
#include <etch/host/overwrite.hpp>

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/weights/safetensors.hpp>

#include <zlib.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <span>

namespace etch::host {

namespace fs = std::filesystem;

static std::uint32_t checksum(std::string_view bytes) {
  const auto* first = reinterpret_cast<const Bytef*>(bytes.data());
  return static_cast<std::uint32_t>(crc32_z(0, first, bytes.size()));
}

static std::string signature(std::string_view above, const std::string& command) {
  return text("Unchanged since `", command, "`: checksum ", hexadecimal(checksum(above), 8));
}

static std::string last_line(std::string_view above, const std::string& command,
                             const std::string& open, const std::string& close) {
  return text(open, " ", signature(above, command), close, "\n");
}

std::string with_writer(const std::string& text, const std::string& command,
                        const std::string& open, const std::string& close) {
  return text + last_line(text, command, open, close);
}

static std::string big_endian(std::uint32_t n) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(n >> shift & 255);
  return bytes;
}

// An empty chunk.
static constexpr std::string_view png_end{"\0\0\0\0IEND\xae\x42\x60\x82", 12};

static std::string png_chunk(std::string_view above, const std::string& command) {
  const std::string data = text(std::string("Comment\0", 8), signature(above, command));
  const std::string chunk = "tEXt" + data;
  return big_endian(static_cast<std::uint32_t>(data.size())) + chunk + big_endian(checksum(chunk));
}

std::string png_with_writer(const std::string& png, const std::string& command) {
  if (!png.ends_with(png_end)) throw Error("a picture of ", png.size(), " bytes is no PNG");
  const std::string_view above = std::string_view(png).substr(0, png.size() - png_end.size());
  return text(above, png_chunk(above, command), png_end);
}

static bool is_png_of(const std::string& content, const std::string& command) {
  const std::size_t end = png_chunk("", command).size() + png_end.size();
  if (content.size() < end) return false;
  const std::string_view above = std::string_view(content).substr(0, content.size() - end);
  return content.ends_with(text(png_chunk(above, command), png_end));
}

static bool is_text_of(const std::string& content, const std::string& command) {
  for (const auto& [open, close] : {std::pair("//", ""), std::pair("<!--", " -->")}) {
    const std::size_t length = last_line("", command, open, close).size();
    if (content.size() < length) continue;
    const std::string_view above = std::string_view(content).substr(0, content.size() - length);
    if (content.ends_with(last_line(above, command, open, close))) return true;
  }
  return false;
}

static bool is_tensors_of(const fs::path& path, const std::string& command) {
  try {
    const Safetensors file(path);
    const auto writer = file.metadata().find(writer_key);
    return file.has_checksum() && writer != file.metadata().end() && writer->second == command;
  } catch (const Error&) {
    return false;
  }
}

void check_replaceable(const fs::path& path, const std::string& command, Overwrite overwrite) {
  check_unlocked(path);
  std::error_code ignored;
  if (overwrite == Overwrite::yes || !fs::exists(path, ignored)) return;
  if (!fs::is_regular_file(path, ignored)) throw Error(path.string(), ": isn't a file");
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (is_text_of(content, command) || is_png_of(content, command)) return;
  if (is_tensors_of(path, command)) return;
  throw Error(path.string(), ": is there already, and isn't as `", command,
              "` left it: --overwrite replaces it");
}

NewFile text_file(const fs::path& path, std::string text) {
  return {path, [text = std::move(text)](FileReplacement& file) {
            file.write(std::as_bytes(std::span(text)));
          }};
}

void replace_files(const std::vector<NewFile>& files) {
  std::vector<std::unique_ptr<FileReplacement>> written;
  for (const NewFile& f : files) {
    written.push_back(std::make_unique<FileReplacement>(f.path));
    f.write(*written.back());
  }
  std::vector<fs::path> added;
  std::error_code ignored;
  try {
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (!fs::exists(files[i].path, ignored)) added.push_back(files[i].path);
      written[i]->commit();
    }
  } catch (const Error&) {
    for (const fs::path& path : added) fs::remove(path, ignored);
    throw;
  }
}

}  // namespace etch::host
