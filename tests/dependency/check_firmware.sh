#!/bin/sh
# check_firmware.sh SOURCE WAY: etch as an Arduino library (with PlatformIO's manifest) and as a
# Zephyr module. The manifests are read and their paths followed, and a program is compiled for a
# Cortex-M4 with the headers and flags that they name. Arduino's core and Zephyr itself aren't here:
# Arduino.h and Zephyr's CMake functions are stand-ins.
set -eu
source=$1 way=$2
here=$source/tests/dependency
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
highway=$(pkg-config --variable=includedir libhwy)
cortex_m4="-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -fno-exceptions -fno-rtti
  --specs=nano.specs -O2 -Wall -Werror"

fail() {
  echo "$way: $1" >&2
  exit 1
}

# compile FLAGS FILE: prints the bytes of .bss.
compile() {
  # shellcheck disable=SC2086
  arm-none-eabi-g++ $cortex_m4 $1 -c -x c++ "$2" -o "$folder/program.o" || fail "$2 doesn't compile"
  arm-none-eabi-size "$folder/program.o" | awk 'NR == 2 {print $3}'
}

with_arduino() {
  library=$folder/etch
  "$source/targets/arduino/package.sh" "$library" https://example.org/etch
  python3 - "$library" <<'END'
import json, pathlib, re, sys
library = pathlib.Path(sys.argv[1])
lines = [line.split('=', 1) for line in (library / 'library.properties').read_text().splitlines()]
properties = dict(lines)
assert len(properties) == len(lines), 'a property twice'
for name in ('name', 'version', 'author', 'maintainer', 'sentence', 'paragraph', 'category', 'url',
             'architectures', 'includes'):
    assert properties.get(name), f'library.properties: {name} is missing'
manifest = json.loads((library / 'library.json').read_text())
for name in ('name', 'version', 'description', 'keywords', 'homepage', 'license', 'headers', 'build'):
    assert manifest.get(name), f'library.json: {name} is missing'
assert re.fullmatch(r'\d+\.\d+\.\d+', properties['version']), properties['version']
assert manifest['version'] == properties['version'] and manifest['name'] == properties['name']
assert properties['category'] in ('Communication', 'Data Processing', 'Data Storage',
    'Device Control', 'Display', 'Other', 'Sensors', 'Signal Input/Output', 'Timing', 'Uncategorized')
for header in properties['includes'].split(',') + [manifest['headers']]:
    assert (library / 'src' / header).is_file(), f'src/{header} is missing'
for sketch in (library / 'examples').iterdir():
    assert (sketch / (sketch.name + '.ino')).is_file(), f'{sketch}: has no sketch of its name'
sources = [p for p in (library / 'src').rglob('*') if p.suffix in ('.c', '.cpp', '.S')]
assert not sources, f'the IDE would compile {sources}'
END
  bss=$(compile "-std=gnu++20 -include $here/Arduino.h -I$library/src" "$library/examples/Train/Train.ino")
  [ "$bss" -gt 1000 ] && [ "$bss" -lt 8192 ] || fail "the sketch takes $bss bytes of RAM"
  # Without C++20 the board's owner is told what to do.
  arm-none-eabi-g++ -std=gnu++17 -fsyntax-only -I"$library/src" "$library/src/etch.h" 2>"$folder/log" &&
    fail "C++17 isn't refused"
  grep -q "platform.local.txt" "$folder/log" || fail "C++17 is refused without a hint"
}

with_zephyr() {
  module=$(sed -n 's/^  cmake: //p' "$source/zephyr/module.yml")
  kconfig=$(sed -n 's/^  kconfig: //p' "$source/zephyr/module.yml")
  [ -f "$source/$module/CMakeLists.txt" ] || fail "module.yml: cmake has no CMakeLists.txt"
  grep -q '^config ETCH$' "$source/$kconfig" || fail "module.yml: kconfig has no ETCH"
  mkdir "$folder/application"
  cat >"$folder/application/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.20)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
project(application CXX)
add_library(application STATIC program.cpp)
target_compile_features(application PRIVATE cxx_std_20)
function(zephyr_include_directories)
  target_include_directories(application PRIVATE \${ARGV})
endfunction()
function(zephyr_system_include_directories)
  target_include_directories(application SYSTEM PRIVATE \${ARGV})
endfunction()
function(zephyr_compile_definitions)
  target_compile_definitions(application PRIVATE \${ARGV})
endfunction()
function(zephyr_compile_options)
  target_compile_options(application PRIVATE \${ARGV})
endfunction()
set(CONFIG_ETCH y)
add_subdirectory($source/$module etch)
END
  # The sketch without its serial port.
  sed -e 's/#include <etch.h>/#include <etch\/etch.hpp>\n#include <cstdlib>/' -e '/Serial.begin/d' \
    -e 's/Serial.println(\(.*\));/\1;/' \
    "$source/targets/arduino/examples/Train/Train.ino" >"$folder/application/program.cpp"
  mkdir "$folder/highway"
  ln -s "$highway/hwy" "$folder/highway/hwy"
  toolchain="-DCMAKE_SYSTEM_NAME=Generic -DCMAKE_CXX_COMPILER=arm-none-eabi-g++ -G Ninja"
  # shellcheck disable=SC2086
  cmake $toolchain -S "$folder/application" -B "$folder/refused" \
    -DCMAKE_CXX_FLAGS="$(echo $cortex_m4)" >"$folder/log" 2>&1 && fail "Highway isn't missed"
  grep -q "ETCH_HIGHWAY_INCLUDE must be the folder" "$folder/log" || fail "no hint at Highway"
  # shellcheck disable=SC2086
  { cmake $toolchain -S "$folder/application" -B "$folder/build" \
    -DCMAKE_CXX_FLAGS="$(echo $cortex_m4)" -DETCH_HIGHWAY_INCLUDE="$folder/highway" &&
    cmake --build "$folder/build"; } >"$folder/log" 2>&1 || { cat "$folder/log"; fail "doesn't build"; }
}

with_"$way"
