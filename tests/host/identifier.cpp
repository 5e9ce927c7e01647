// Names in C++.
#include "identifier.hpp"

#include <catch2/catch.hpp>

using namespace etch::host;

TEST_CASE("Names of files become names in C++") {
  CHECK(identifier("my-net.v2") == "my_net_v2");
  CHECK(identifier("8bit") == "net_8bit");
  CHECK(identifier("class") == "class_net");
}

TEST_CASE("A name that C++ doesn't take is refused, with one that it does") {
  CHECK_NOTHROW(check_name("my_net"));
  CHECK_THROWS_WITH(check_name("my-net"), "--name my-net: can't be a name in C++; my_net could");
}
