#!/bin/sh
# check.sh SOURCE BUILD WAY: builds and runs program.cpp as a project that depends on etch would.
# pkg_config and cmake_package take a tree that `meson install` made and that was moved afterwards;
# cmake_static builds and installs the library as a static one, for two SIMD targets. The other ways
# take the sources, and one target. That every target compiles is the build's own matter.
set -eu
source=$1 build=$2 way=$3
here=$source/tests/dependency
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compiler=${CXX:-c++}
flags="-std=c++20 -O1"

fail() {
  echo "$way: $1" >&2
  exit 1
}

# An installed tree at $folder/moved.
install_tree() {
  DESTDIR=$folder/staged meson install -C "$build" --no-rebuild --quiet >"$folder/log" 2>&1 ||
    { cat "$folder/log"; fail "meson install failed"; }
  prefix=$(meson introspect "$build" --buildoptions |
    python3 -c 'import json, sys; print(*[o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"])')
  mv "$folder/staged$prefix" "$folder/moved"
  library=$(dirname "$(find "$folder/moved" -name etch.pc)")/..
}

quietly() { "$@" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "$1 failed"; }; }

run() { LD_LIBRARY_PATH=${library:-} "$@" || fail "the program failed"; }

with_pkg_config() {
  install_tree
  # These files name the prefix that the build was configured with.
  sed -i "s|^prefix=.*|prefix=$folder/moved|" "$library"/pkgconfig/etch*.pc
  for package in etch etch-header-only; do
    arguments=$(PKG_CONFIG_PATH=$library/pkgconfig pkg-config --cflags --libs $package)
    # shellcheck disable=SC2086
    quietly $compiler $flags "$here/program.cpp" -o "$folder/$package" $arguments
    run "$folder/$package"
  done
  ldd "$folder/etch-header-only" | grep -q libetch && fail "header-only needs a library"
  return 0
}

# cmake_project LINES: program.cpp with etch::etch and with etch::header_only, as far as there.
cmake_project() {
  mkdir -p "$folder/cmake"
  cat >"$folder/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.16)
project(program LANGUAGES CXX)
$1
foreach(kind etch header_only)
  if(TARGET etch::\${kind})
    add_executable(program_\${kind} $here/program.cpp)
    target_link_libraries(program_\${kind} PRIVATE etch::\${kind})
  endif()
endforeach()
END
  quietly cmake -G Ninja -S "$folder/cmake" -B "$folder/cmake/build" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS="${2:-} -O1" -DCMAKE_PREFIX_PATH="$folder/moved"
  quietly cmake --build "$folder/cmake/build"
}

with_cmake_package() {
  install_tree
  version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source/meson.build" | head -n 1)
  cmake_project "find_package(etch $version EXACT REQUIRED)"
  run "$folder/cmake/build/program_etch"
  run "$folder/cmake/build/program_header_only"
  rm -r "$folder/cmake"
  cmake_project "find_package(etch 99 QUIET)
if(etch_FOUND)
  message(FATAL_ERROR \"etch ${version} was taken for version 99\")
endif()"
}

# A static etch brings Highway's and oneTBB's libraries into the link.
with_cmake_static() {
  quietly meson setup "$folder/static" "$source" -Ddefault_library=static -Dtools=disabled \
    -Dtests=disabled -Dbench=disabled -Dparity=disabled -Doptimization=1 \
    "-Dcpp_args=-DHWY_DISABLED_TARGETS=(HWY_AVX3|HWY_SSE4|HWY_SSSE3)"
  build=$folder/static
  quietly ninja -C "$build"
  install_tree
  [ -f "$library/libetch.a" ] || fail "there is no static library"
  cmake_project "find_package(etch REQUIRED)"
  program=$folder/cmake/build/program_etch
  run "$program"
  ldd "$program" | grep -q libetch && fail "the program needs a shared etch"
  ldd "$program" | grep -q libtbb || fail "the program has no threads: it isn't linked with oneTBB"
  sed -i "s|^prefix=.*|prefix=$folder/moved|" "$library"/pkgconfig/etch.pc
  arguments=$(PKG_CONFIG_PATH=$library/pkgconfig pkg-config --static --cflags --libs etch)
  # shellcheck disable=SC2086
  quietly $compiler $flags "$here/program.cpp" -o "$folder/etch" $arguments
  run "$folder/etch"
}

with_cmake_sources() {
  cmake_project "include(FetchContent)
FetchContent_Declare(etch SOURCE_DIR $source)
FetchContent_MakeAvailable(etch)" -DHWY_COMPILE_ONLY_STATIC
  run "$folder/cmake/build/program_etch"
  run "$folder/cmake/build/program_header_only"
  rm -r "$folder/cmake"
  cmake_project "set(ETCH_LIBRARY OFF)
set(ETCH_HIGHWAY_INCLUDE $(pkg-config --variable=includedir libhwy))
add_subdirectory($source etch)"
  run "$folder/cmake/build/program_header_only"
}

with_meson_subproject() {
  mkdir -p "$folder/meson/subprojects"
  cp "$here/program.cpp" "$folder/meson"
  ln -s "$source" "$folder/meson/subprojects/etch"
  cat >"$folder/meson/meson.build" <<END
project('program', 'cpp', default_options: ['cpp_std=c++20', 'optimization=1'])
foreach name : ['etch', 'etch-header-only']
  dependency = dependency(name, fallback: 'etch')
  executable('program_' + name, 'program.cpp', dependencies: dependency)
endforeach
END
  quietly meson setup "$folder/meson/build" "$folder/meson" --wrap-mode=forcefallback \
    -Dcpp_args=-DHWY_COMPILE_ONLY_STATIC
  quietly ninja -C "$folder/meson/build"
  run "$folder/meson/build/program_etch"
  run "$folder/meson/build/program_etch-header-only"
}

with_"$way"
