// How a data set is read, split and prepared: all of it but where it is. A checkpoint keeps it, so
// that what was trained is evaluated on data prepared alike.
#pragma once
#include <etch/host/data/normalization.hpp>
#include <etch/host/data/reading.hpp>

#include <cstdint>

namespace etch::host {

// How to read, split and prepare a data set. By default the format is recognised, and nothing is
// changed or set aside.
struct Description {
  std::string format;               // of all_formats(); empty: recognised
  Reading reading;                  // without a size, which is the network's
  bool resize = false;              // images are scaled to the network's input
  double validation = 0, test = 0;  // shares that are set aside where the files aren't split
  std::uint64_t split_seed = 0;     // draws the samples that are set aside
  bool normalize = false;           // by mean and std of the training part, once they are measured
  Normalization normalization;      // measured or given

  // Whether data would be prepared alike.
  bool operator==(const Description&) const;
};

const char* layout_name(Layout layout);  // "nhwc", "nchw"
const char* color_name(Color color);     // "as-is", "gray", "rgb"
// Of these names; throws an Error that says what there is.
Layout layout_from_text(const std::string& text);
// The same of a color.
Color color_from_text(const std::string& text);

// Throws an Error that names the option, its value and what is allowed.
void check(const Description& description);

}  // namespace etch::host
