// What every test includes, compiled once for all of a program. Nothing of etch: a test sees the
// headers that it includes.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
