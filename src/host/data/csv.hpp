// Tables of text, read by libcsv: RFC 4180, with a header line that names the columns.
#pragma once
#include <etch/host/data/source.hpp>

namespace etch::host {

// FILE.csv or FILE.tsv, or a folder with train.csv and, if there are such, validation.csv and
// test.csv. Columns are separated by commas, or where the header has none by tabs or semicolons.
// reading.label is a column of class names: classes are sorted, as numbers where all are numbers.
// reading.targets are columns of numbers, one vector a sample; so are reading.features. Every cell
// that is asked for is there, and each number is finite.
bool is_csv(const std::filesystem::path& path);
std::unique_ptr<Source> open_csv(const std::filesystem::path& path);

// A table of a file's bytes as a data set; `name` is for errors. Without targets, columns of them
// need not be there and aren't read.
enum class Labelled : bool { no, yes };
Dataset read_csv(std::span<const std::byte> file, const std::string& name, const Reading& reading,
                 Labelled labelled = Labelled::yes);

}  // namespace etch::host
