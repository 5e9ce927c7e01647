// A picture as SVG text: https://www.w3.org/TR/SVG11. Lengths are pixels, y goes down.
#pragma once
#include <string>
#include <string_view>

namespace etch::host {

// Text as XML takes it: & < > " are written as entities, control characters as spaces.
std::string escaped(std::string_view text);

class Svg {
 public:
  Svg(double width, double height, std::string_view style);

  // `more` are attributes, written as they are; `title` is shown on hover, empty: none.
  void rect(double x, double y, double width, double height, std::string_view more,
            std::string_view title = "");
  void line(double x1, double y1, double x2, double y2, std::string_view more);
  // The text's anchor is at (x, y): its start, middle or end, as text-anchor in `more` says.
  void text(double x, double y, std::string_view text, std::string_view more = "");
  // The same, read from below to above.
  void upward_text(double x, double y, std::string_view text, std::string_view more = "");

  // The file.
  std::string finish() const { return all_ + "</svg>\n"; }

 private:
  std::string all_;
};

// About how wide a text is in a sans-serif font of so many pixels.
double text_width(std::string_view text, double font_size);

}  // namespace etch::host
