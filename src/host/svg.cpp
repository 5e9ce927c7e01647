// A picture as SVG text.
#include "svg.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

namespace etch::host {

// A length, with as many digits as can be seen.
static std::string length(double x) {
  std::string digits = fixed(x, 2);
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

static std::string attribute(const char* name, double x) {
  return host::text(' ', name, "=\"", length(x), '"');
}

static std::string with_space(std::string_view attributes) {
  return attributes.empty() ? std::string() : host::text(' ', attributes);
}

std::string escaped(std::string_view text) {
  std::string all;
  for (const char c : text) {
    switch (c) {
      case '&':
        all += "&amp;";
        break;
      case '<':
        all += "&lt;";
        break;
      case '>':
        all += "&gt;";
        break;
      case '"':
        all += "&quot;";
        break;
      default:
        all += static_cast<unsigned char>(c) < ' ' && c != '\n' ? ' ' : c;
    }
  }
  return all;
}

Svg::Svg(double width, double height, std::string_view style)
    : all_(host::text("<svg xmlns=\"http://www.w3.org/2000/svg\"", attribute("width", width),
                      attribute("height", height), " viewBox=\"0 0 ", length(width), ' ',
                      length(height), "\">\n<style>", style, "</style>\n")) {}

void Svg::rect(double x, double y, double width, double height, std::string_view more,
               std::string_view title) {
  all_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
          attribute("height", height) + with_space(more);
  all_ += title.empty() ? "/>\n" : "><title>" + escaped(title) + "</title></rect>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view more) {
  all_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
          attribute("y2", y2) + with_space(more) + "/>\n";
}

void Svg::text(double x, double y, std::string_view text, std::string_view more) {
  all_ += "<text" + attribute("x", x) + attribute("y", y) + with_space(more) + ">" + escaped(text) +
          "</text>\n";
}

void Svg::upward_text(double x, double y, std::string_view text, std::string_view more) {
  const std::string turned =
      host::text("transform=\"rotate(-90 ", length(x), ' ', length(y), ")\"", with_space(more));
  this->text(x, y, text, turned);
}

double text_width(std::string_view text, double font_size) {
  // Bytes above 0x7f that continue a character take no room of their own.
  double characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return 0.58 * font_size * characters;
}

}  // namespace etch::host
