#!/bin/sh
# package.sh FOLDER URL: makes FOLDER a library as the Arduino IDE and PlatformIO take it: the
# manifests, the headers of etch, and those of Highway that they include. URL: the project's page.
set -eu
cd "$(dirname "$0")/../.."
[ $# = 2 ] || { echo "usage: $0 FOLDER URL" >&2; exit 2; }
folder=$1 url=$2
[ ! -e "$folder" ] || { echo "$folder: is there already" >&2; exit 1; }
highway=$(pkg-config --variable=includedir libhwy)/hwy
[ -f "$highway/highway.h" ] || { echo "$highway: has no highway.h (libhwy-dev)" >&2; exit 1; }
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build | head -n 1)

mkdir -p "$folder/src/hwy/ops" "$folder/src/hwy/contrib/math"
for manifest in library.properties library.json; do
  sed -e "s|@version@|$version|" -e "s|@url@|$url|" targets/arduino/$manifest >"$folder/$manifest"
done
cp LICENSE "$folder"
cp -R targets/arduino/examples "$folder"
cp targets/arduino/etch.h "$folder/src"
cp -R include/etch "$folder/src"
cp "$highway"/*.h "$folder/src/hwy"
cp "$highway"/ops/*.h "$folder/src/hwy/ops"
cp "$highway"/contrib/math/*.h "$folder/src/hwy/contrib/math"
for licence in "$highway/../../share/doc/libhwy-dev/copyright" "$highway/../LICENSE"; do
  [ ! -f "$licence" ] || cp "$licence" "$folder/src/hwy/LICENSE"
done
