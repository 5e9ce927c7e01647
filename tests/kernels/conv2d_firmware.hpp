// Part of conv2d_drawn.cpp: the kernels of microcontrollers with the tiles that a network with this
// geometry and planned batch links, and which variants serve a geometry.
struct Kernels {
  void (*forward)(const ConvForward&);
  void (*input_gradient)(const ConvInputGradient&);
  void (*weight_gradient)(const ConvWeightGradient&);
};

// Calls body with the use as a template argument.
template <class Body>
void with_use(const micro::TileUse& use, const Body& body) {
  const auto columns = [&]<micro::Rows rows>() {
    constexpr std::size_t tall = micro::forward_shapes.tall.columns,
                          single = micro::forward_shapes.single.columns;
    if (use.columns == 0) return body.template operator()<micro::TileUse{rows, 0}>();
    if (use.columns == single) return body.template operator()<micro::TileUse{rows, single}>();
    REQUIRE(use.columns == tall);
    body.template operator()<micro::TileUse{rows, tall}>();
  };
  switch (use.rows) {
    case micro::Rows::any:
      return columns.template operator()<micro::Rows::any>();
    case micro::Rows::whole:
      return columns.template operator()<micro::Rows::whole>();
    case micro::Rows::one:
      return columns.template operator()<micro::Rows::one>();
  }
}

Kernels kernels_of(const ConvGeometry& g, std::size_t planned) {
  const Images images = images_of(g, planned);
  Kernels k{};
  with_use(micro::forward_use(g, images),
           [&]<micro::TileUse use>() { k.forward = micro::forward_of<use>(g); });
  with_use(micro::backward_use(g, images),
           [&]<micro::TileUse use>() { k.input_gradient = micro::input_gradient_of<use>(g); });
  with_use(micro::gradient_use(g),
           [&]<micro::TileUse use>() { k.weight_gradient = micro::weight_gradient_of<use>(g); });
  return k;
}

constexpr const char* variants[] = {"depthwise",
                                    "matrix",
                                    "window",
                                    "window of one line",
                                    "window between zeros",
                                    "rows any",
                                    "rows whole",
                                    "rows one",
                                    "columns any",
                                    "columns of tall tiles",
                                    "columns of single tiles",
                                    "gradient merged"};

std::vector<std::string> variants_of(const ConvGeometry& g, std::size_t planned) {
  std::vector<std::string> all;
  if (g.depthwise()) return {"depthwise"};
  all.push_back(micro::is_matrix(g)     ? "matrix"
                : micro::is_one_line(g) ? "window of one line"
                                        : "window");
  if (g.groups == 1 && g.inputs() < 4 && micro::meets_padding(g)) {
    all.push_back("window between zeros");
  }
  if (g.groups == 1 && g.inputs() < micro::most_rows && !micro::is_matrix(g)) {
    all.push_back("gradient merged");
  }
  const micro::TileUse use = micro::forward_use(g, images_of(g, planned));
  constexpr const char* rows[] = {"rows any", "rows whole", "rows one"};
  all.push_back(rows[static_cast<std::size_t>(use.rows)]);
  all.push_back(use.columns == 0                                      ? "columns any"
                : use.columns == micro::forward_shapes.single.columns ? "columns of single tiles"
                                                                      : "columns of tall tiles");
  return all;
}
