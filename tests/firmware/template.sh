#!/bin/sh
# template.sh SOURCE: targets/template as its readers would use it: with CMake for a Cortex-M0+, for
# a Cortex-M4 and for ARM Linux, and with Meson for a Cortex-M0+; each program must learn.
set -eu
source=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/highway"
ln -s "$(pkg-config --variable=includedir libhwy)/hwy" "$folder/highway/hwy"

emulate() {
  timeout 100 qemu-system-arm -M "$1" -nographic -monitor none -serial none \
    -semihosting-config enable=on,target=native -kernel "$2" </dev/null
}

# with_cmake COMPILER FLAGS SYSTEM TARGET
with_cmake() {
  cmake -S "$source/targets/template" -B "$folder/$4" -DCMAKE_SYSTEM_NAME="$3" \
    -DCMAKE_CXX_COMPILER="$1" -DCMAKE_CXX_FLAGS="$2" \
    -DETCH="$source" -DHIGHWAY="$folder/highway" -DMEMORY="$source/targets/$4/memory.ld" \
    >"$folder/log" 2>&1 && cmake --build "$folder/$4" >"$folder/log" 2>&1 ||
    { cat "$folder/log"; exit 1; }
}

with_cmake arm-none-eabi-g++ "-mcpu=cortex-m0plus -mthumb -mfloat-abi=soft" Generic cortex-m0plus
emulate mps2-an385 "$folder/cortex-m0plus/app"
arm-none-eabi-size "$folder/cortex-m0plus/app"
with_cmake arm-none-eabi-g++ "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard" Generic stm32f405
emulate netduinoplus2 "$folder/stm32f405/app"
arm-none-eabi-size "$folder/stm32f405/app"
with_cmake aarch64-linux-gnu-g++ "" Linux aarch64-linux
qemu-aarch64-static -L /usr/aarch64-linux-gnu "$folder/aarch64-linux/app"

cp -r "$source/targets/template" "$folder/meson"
mkdir -p "$folder/meson/subprojects"
ln -s "$source" "$folder/meson/subprojects/etch"
meson setup "$folder/meson/build" "$folder/meson" --cross-file "$source/targets/cortex-m0plus/cross.ini" \
  >"$folder/log" 2>&1 && ninja -C "$folder/meson/build" >"$folder/log" 2>&1 ||
  { cat "$folder/log"; exit 1; }
emulate mps2-an385 "$folder/meson/build/app"
