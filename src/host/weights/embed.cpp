// Parameters as source text.
#include <etch/host/weights/embed.hpp>

#include "identifier.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>
#include <etch/host/format.hpp>
#include <etch/topology.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace etch::host {

namespace {

void check_finite(const Embedding& e) {
  const ParameterLayout& l = e.layout;
  for (std::size_t i = 0; i < l.tensors.size(); ++i) {
    for (std::size_t k = 0; k < l.tensors[i].size(); ++k) {
      const float x = e.values[l.offsets[i] + k];
      if (!std::isfinite(x)) {
        throw Error(e.source, ": tensor ", l.names[i], " holds ", x,
                    ", but only finite numbers can be embedded");
      }
    }
  }
}

// Tells these parameters from others: of the topology, and of every number.
std::uint64_t fingerprint(const Embedding& e) {
  TopologyHash hash;
  hash.add(e.layout.topology);
  for (const float x : e.values) hash.add(std::uint64_t{std::bit_cast<std::uint32_t>(x)});
  return hash.value();
}

// What holds the numbers is called by the fingerprint, so that two programs' parts may both have a
// `weights` of their own.
std::string symbol(const Embedding& e) { return e.name + "_" + hexadecimal(fingerprint(e), 16); }

// The shortest decimal that is read back as the same float.
std::string literal(float x) {
  char buffer[32];
  std::string all(buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr);
  if (all.find_first_of(".e") == std::string::npos) all += ".0";
  return all + "f";
}

// `item` of every number, in lines of some width.
template <class Item>
std::string lines(std::span<const float> values, const char* indent, const char* between,
                  const Item& item) {
  std::string all, line;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string next = item(values[i]) + (i + 1 < values.size() ? between : "");
    if (line.size() + next.size() > 96) {
      all += indent + line + "\n";
      line.clear();
    }
    line += next;
  }
  return all + indent + line + "\n";
}

std::string head(const Embedding& e) {
  return text("// The parameters of ", comment_text(e.source), ": ",
              grouped(e.layout.num_parameters), " learned numbers,\n// ",
              grouped(e.values.size() * sizeof(float)),
              " bytes in all. Written by `etch embed`.\n");
}

// A string in C++, of any bytes.
std::string quoted(const std::string& bytes) {
  std::string all = "\"";
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 32 && code < 127 && c != '"' && c != '\\' && c != '?') {
      all += c;
    } else {
      all += {'\\', static_cast<char>('0' + code / 64), static_cast<char>('0' + code / 8 % 8),
              static_cast<char>('0' + code % 8)};
    }
  }
  return all + "\"";
}

// What a program must know of its inputs and outputs. Of this file alone: another header may have
// others under the same names.
std::string preparation(const Embedding& e) {
  std::string all;
  const auto array = [&](const char* what, std::span<const float> values) {
    all += text("constexpr float ", e.name, "_", what, "[] = {\n",
                lines(values, "    ", ", ", [](float x) { return literal(x); }), "};\n");
  };
  if (!e.mean.empty()) {
    all +=
        "// Inputs are (x - mean) / std of each channel; bytes of images are divided by 255 "
        "before.\n";
    array("mean", e.mean);
    array("std", e.std);
    all += "\n";
  }
  if (e.classes.empty()) return all;
  all += text("constexpr const char* ", e.name, "_classes[] = {\n");
  for (const std::string& name : e.classes) all += text("    ", quoted(name), ",\n");
  return all + "};\n\n";
}

// From #pragma once on; `values` is how the numbers get in. The function's second argument makes it
// another one than that of another header with the same name and network.
std::string header(const Embedding& e, const std::string& values, const std::string& result) {
  const std::string& n = e.name;
  const std::string net = e.folded ? "etch::Folded<Net>" : "Net";
  return text(
      "#pragma once\n", e.folded ? "#include <etch/folded.hpp>\n" : "",
      "#include <etch/topology.hpp>\n\n", preparation(e), values, "// ", n, "<", net,
      ">() are the parameters of ", e.folded ? "Net with its batch norms folded" : net,
      ".\ntemplate <class Net, std::uint64_t = 0x", hexadecimal(fingerprint(e), 16), "u>\n",
      "inline const etch::Parameters<Net>& ", n, "() {\n",
      "  static_assert(etch::Equal<etch::topology<Net>, 0x", hexadecimal(e.layout.topology, 16),
      "u>,\n                \"", n, ": these parameters belong to another network",
      e.folded ? ", one that is etch::Folded" : "", "\");\n", "  return ", result, ";\n}\n");
}

std::string header_with_numbers(const Embedding& e) {
  const std::string values =
      text("template <class Net>\nstruct ", symbol(e), " {\n",
           "  static constexpr etch::Parameters<Net> parameters{{\n",
           lines(e.values, "      ", ", ", [](float x) { return literal(x); }), "  }};\n};\n\n");
  return head(e) + header(e, values, symbol(e) + "<Net>::parameters");
}

std::string header_of_assembly(const Embedding& e) {
  const std::string s = symbol(e);
  return head(e) + header(e, text("extern \"C\" const float ", s, "[];\n\n"),
                          text("*reinterpret_cast<const etch::Parameters<Net>*>(", s, ")"));
}

// Words, so that the assembler puts them in the order of the machine's bytes.
std::string assembly(const Embedding& e) {
  const std::string s = symbol(e);
  std::string all = head(e);
  all += text("  .section .rodata.", s, ", \"a\"\n  .balign ", buffer_alignment, "\n  .global ", s,
              "\n", s, ":\n");
  constexpr std::size_t of_line = 8;
  for (std::size_t i = 0; i < e.values.size(); i += of_line) {
    const std::size_t count = std::min(of_line, e.values.size() - i);
    all += lines(e.values.subspan(i, count), "  .long ", ",", [](float x) {
      return text("0x", hexadecimal(std::bit_cast<std::uint32_t>(x), 8));
    });
  }
  // Without it a GNU linker would ask for an executable stack.
  return all + text("#if defined(__linux__) && defined(__ELF__)\n",
                    "  .section .note.GNU-stack, \"\"\n#endif\n");
}

}  // namespace

void write_embedding(const Embedding& e, const std::filesystem::path& output, Overwrite overwrite) {
  constexpr const char* command = "etch embed";
  check_name(e.name);
  check_finite(e);
  const std::filesystem::path extension = output.extension();
  check_replaceable(output, command, overwrite);
  if (extension == ".hpp" || extension == ".h") {
    replace_file(output, with_writer(header_with_numbers(e), command));
  } else if (extension == ".S") {
    const auto header = std::filesystem::path(output).replace_extension(".hpp");
    check_replaceable(header, command, overwrite);
    replace_files({text_file(output, with_writer(assembly(e), command)),
                   text_file(header, with_writer(header_of_assembly(e), command))});
  } else {
    throw Error(output.string(), ": must end in .hpp or .S");
  }
}

}  // namespace etch::host
