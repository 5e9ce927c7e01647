// What a network needs of a board. That too little is refused: tests/rejects/board_*.cpp.
#include <etch/etch.hpp>

using namespace etch;

namespace {

constexpr auto layers =
    Sequential<Frozen<Linear{.out_features = 64}, ReLU{}>{}, Linear{.out_features = 4}>{};
using Net = Network<layers, Shape{100}>;

// Inference reads weights from flash: the object is its arena and a few bytes.
constexpr InferenceOptions inferring{};
static_assert(InMode<Net, inferring>::flash == Net::parameter_bytes);
static_assert(
    fits<Net, inferring, Board{.ram = sizeof(Inference<Net>), .flash = Net::parameter_bytes}>);

// A trainer has them in RAM.
constexpr Learning learning{MSELoss{}, SGD{}, Training{.batch = 2}};
static_assert(InMode<Net, learning>::flash == 0);
static_assert(sizeof(InMode<Net, learning>::Object) > Net::parameter_bytes);

// But for what is frozen in place.
constexpr Learning in_place{MSELoss{}, SGD{}, Training{.batch = 2, .frozen_in_place = true}};
using InPlace = InMode<Net, in_place>;
static_assert(InPlace::flash == Net::parameter_bytes);
static_assert(
    fits<Net, in_place, Board{.ram = sizeof(InPlace::Object), .flash = Net::parameter_bytes}>);

static_assert(bytes_over(5, 3) == 2);
static_assert(bytes_over(3, 5) == 0);

}  // namespace
