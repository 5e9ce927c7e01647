#!/bin/sh
# check.sh SOURCE BUILD WAY: builds and runs program.cpp as README's table of builds says, with the
# commands and options of its readers and no others; but a second library is compiled for one SIMD
# target, which takes a third of the time. pkg_config, cmake_package and cmake_static take a tree that
# `meson install` made and that was moved afterwards; the other ways take the sources.
set -eu
source=$1 build=$2 way=$3
here=$source/tests/dependency
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compiler=${CXX:-c++}
# So that several ways of building one library compile it once.
command -v ccache >/dev/null && export CMAKE_CXX_COMPILER_LAUNCHER=ccache

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
  export PKG_CONFIG_PATH="$library/pkgconfig"
  # shellcheck disable=SC2046
  quietly $compiler -O2 "$here/program.cpp" -o "$folder/etch" $(pkg-config --cflags --libs etch)
  run "$folder/etch"
  # shellcheck disable=SC2046
  quietly $compiler -O2 -march=native "$here/program.cpp" -o "$folder/header-only" \
    $(pkg-config --cflags --libs etch-header-only)
  run "$folder/header-only"
  ldd "$folder/header-only" | grep -q libetch && fail "header-only needs a library"
  [ -f "$library/pkgconfig/etch-host.pc" ] || return 0
  # shellcheck disable=SC2046
  quietly $compiler -O2 "$here/host_program.cpp" -o "$folder/host" \
    $(pkg-config --cflags --libs etch-host)
  run_host "$folder/host"
}

# A program of etch-host saves and loads, and is the etch command for its own network.
run_host() {
  run "$1" save "$folder/run.safetensors"
  run "$1" summary >"$folder/summary"
  grep -q "fc1" "$folder/summary" || fail "its summary isn't that of its own network"
  run "$1" summary "$folder/run.safetensors" | grep -q "fc1" || fail "its file is no MODEL"
}

# cmake_project LINES: program.cpp with etch::etch and with etch::header_only, as far as there.
cmake_project() {
  rm -rf "$folder/cmake"
  mkdir "$folder/cmake"
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
if(TARGET etch::host)
  add_executable(program_host $here/host_program.cpp)
  target_link_libraries(program_host PRIVATE etch::host)
endif()
END
  quietly cmake -S "$folder/cmake" -B "$folder/cmake/build" -DCMAKE_PREFIX_PATH="$folder/moved"
  grep -q "etch: there is no CMAKE_BUILD_TYPE" "$folder/log" || fail "nothing is said of a build type"
  quietly cmake --build "$folder/cmake/build" --parallel 2 --verbose
  grep -e program_header_only.dir "$folder/log" | grep -q -e ' -O3' || fail "header_only has no -O"
}

with_cmake_package() {
  install_tree
  version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source/meson.build" | head -n 1)
  cmake_project "find_package(etch $version EXACT REQUIRED)"
  run "$folder/cmake/build/program_etch"
  run "$folder/cmake/build/program_header_only"
  [ ! -f "$folder/cmake/build/program_host" ] || run_host "$folder/cmake/build/program_host"
  cmake_project "find_package(etch 99 QUIET)
if(etch_FOUND)
  message(FATAL_ERROR \"etch ${version} was taken for version 99\")
endif()
find_package(etch REQUIRED)"
}

# A static etch brings Highway's and oneTBB's libraries into the link.
with_cmake_static() {
  quietly meson setup "$folder/static" "$source" -Ddefault_library=static -Dtools=disabled \
    -Dtests=disabled -Dbench=disabled -Dparity=disabled -Dsimd=native
  build=$folder/static
  quietly meson compile -C "$build"
  install_tree
  [ -f "$library/libetch.a" ] || fail "there is no static library"
  cmake_project "find_package(etch REQUIRED)"
  program=$folder/cmake/build/program_etch
  run "$program"
  ldd "$program" | grep -q libetch && fail "the program needs a shared etch"
  ldd "$program" | grep -q libtbb || fail "the program has no threads: it isn't linked with oneTBB"
  # shellcheck disable=SC2046
  quietly $compiler -O2 "$here/program.cpp" -o "$folder/etch" \
    $(PKG_CONFIG_PATH=$library/pkgconfig pkg-config --static --cflags --libs etch)
  run "$folder/etch"
}

with_cmake_sources() {
  ln -s "$source" "$folder/etch"
  cd "$folder"
  quietly cmake -S etch -B alone
  quietly cmake --build alone --parallel 2
  # That a shared library links; its kernels are those above, and one SIMD target's are enough.
  quietly cmake -S etch -B shared -DBUILD_SHARED_LIBS=ON \
    -DCMAKE_CXX_FLAGS=-DHWY_COMPILE_ONLY_STATIC
  quietly cmake --build shared --parallel 2
  cmake_project "add_subdirectory($folder/etch etch)"
  run "$folder/cmake/build/program_etch"
  run "$folder/cmake/build/program_header_only"
  cmake_project "include(FetchContent)
FetchContent_Declare(etch SOURCE_DIR $folder/etch)
FetchContent_MakeAvailable(etch)"
  run "$folder/cmake/build/program_etch"
  cmake_project "set(ETCH_LIBRARY OFF)
set(ETCH_HIGHWAY_INCLUDE $(pkg-config --variable=includedir libhwy))
add_subdirectory($folder/etch etch)"
  run "$folder/cmake/build/program_header_only"
}

# meson_project NAME LINE: program.cpp with the dependency that the line says, in $folder/NAME.
meson_project() {
  mkdir -p "$folder/$1/subprojects"
  cp "$here/program.cpp" "$folder/$1"
  ln -s "$source" "$folder/$1/subprojects/etch"
  cat >"$folder/$1/meson.build" <<END
project('program', 'cpp', default_options: 'cpp_std=c++20')
executable('program', 'program.cpp', dependencies: $2)
END
  quietly meson setup "$folder/$1/build" "$folder/$1" -Detch:simd=native
  quietly meson compile -C "$folder/$1/build"
  run "$folder/$1/build/program"
}

with_meson_subproject() {
  meson_project etch "dependency('etch')"
  grep -e '-O3.*src/kernels/conv2d.cpp' "$folder/etch/build/compile_commands.json" >/dev/null ||
    fail "the library of a project without a build type is slow"
  meson_project header-only "dependency('etch-header-only', fallback: 'etch')"
  compiled=$(find "$folder/header-only/build" -type f '(' -path '*kernels*.o' -o -name 'libetch*' ')')
  [ -z "$compiled" ] || fail "header-only compiles the library: $compiled"
}

# silently COMPILER ARGUMENTS...
silently() {
  quietly "$@"
  [ ! -s "$folder/log" ] || { cat "$folder/log"; fail "not silent: $*"; }
}

# The headers and a compiler, without a build system.
with_headers() {
  headers="-std=c++20 -DETCH_HEADER_ONLY -I$source/include"
  program=$here/program.cpp
  for compiler in g++ clang++-14 clang++-19; do
    command -v $compiler >/dev/null || continue
    # Optimised by one compiler of each kind: it takes 20 s each.
    case $compiler in clang++-14) optimize=-O0 ;; *) optimize=-O2 ;; esac
    # shellcheck disable=SC2086
    silently $compiler $headers $optimize -march=native "$program" -o "$folder/program"
    run "$folder/program"
    # A better target than any that Highway chooses from at run time.
    # shellcheck disable=SC2086
    silently $compiler $headers -march=icelake-server -fsyntax-only "$program"
    while read -r target flag; do
      # shellcheck disable=SC2086
      silently $compiler $headers "$flag" -DTARGET="$target" -fsyntax-only "$here/target.cpp"
    done <<END
HWY_SSSE3 -march=x86-64-v2
HWY_AVX2 -march=haswell
HWY_AVX2 -march=x86-64-v3
HWY_AVX3 -march=x86-64-v4
HWY_AVX3_DL -march=sapphirerapids
END
    # Without a SIMD target: said once, and -Werror goes on, unless ETCH_ALLOW_SCALAR is there.
    # shellcheck disable=SC2086
    quietly $compiler $headers -Wall -Wextra -Werror -fsyntax-only "$program"
    [ "$(grep -c "etch: no flag names a SIMD target" "$folder/log")" = 1 ] ||
      { cat "$folder/log"; fail "$compiler: scalar kernels aren't said once"; }
    # shellcheck disable=SC2086
    silently $compiler $headers -DETCH_ALLOW_SCALAR -fsyntax-only "$program"
    old_standard_refused
  done
}

# C++17 is refused by one sentence, whichever header is the first: each includes compiler.hpp first,
# which one compiler shows; what the sentence is followed by, all do.
old_standard_refused() {
  all=etch/etch.hpp
  [ $compiler != g++ ] || all=$(cd "$source/include" && find etch -name '*.hpp' ! -name '*-inl.hpp')
  for header in $all; do
    echo "#include <$header>" >"$folder/old.cpp"
    $compiler -std=c++17 -I"$source/include" -fsyntax-only "$folder/old.cpp" >"$folder/log" 2>&1 &&
      fail "$header: C++17 isn't refused"
    # The second error is the end.
    grep 'error: ' "$folder/log" | head -n 1 | grep -q "etch needs C++20: compile with -std=c++20" &&
      [ "$(grep -c 'error: ' "$folder/log")" -le 2 ] ||
      { head -n 20 "$folder/log"; fail "$compiler: $header refuses C++17 by more than a sentence"; }
  done
}

with_"$way"
