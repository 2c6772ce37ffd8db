#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Somebody else's project against this build: installs it below a directory, builds the word count and a simulated test
# against the installed files by find_package, and the word count by pkg-config, and runs them; then configures it against
# the sources, as FetchContent does, and looks at the flags that its files would be compiled with.
#
#   install_test.sh SOURCE BUILD WORK
set -euo pipefail
source=$1 build=$2 work=$3
fail() { echo "FAILED: $*" >&2; exit 1; }
# quiet COMMAND...: its output only when it fails.
quiet() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }
# no_flags_of_ours FLAGS: none of weir's own compiler flags; the project is built without a build type, so that it has none.
no_flags_of_ours() { [[ ! "$1" =~ \ -[mWOfg] ]] || fail "flags leak: $1"; }
commands_in() { grep '"command"' "$1/compile_commands.json" | grep _elsewhere; }

rm -rf "$work"
mkdir -p "$work"

quiet cmake --install "$build" --prefix "$work/elsewhere"
mv "$work/elsewhere" "$work/prefix" # what is installed may be moved
diff <(cd "$source/include" && find . -name '*.hpp' | sort) <(cd "$work/prefix/include" && find . -type f | sort) ||
  fail "other headers are installed than there are"
"$work/prefix/bin/weir-state" --help > /dev/null || fail "the installed weir-state does not run"
[[ ! -e "$work/prefix/include/dataflow" ]] || fail "internal headers are installed"
! grep -rqF -e "$source" -e "$build" "$work/prefix/lib" --include=*.cmake --include=*.pc ||
  fail "paths of the sources are in what is installed"

quiet cmake -S "$source/tests/install" -B "$work/found" -G Ninja \
  -DCMAKE_PREFIX_PATH="$work/prefix" -DWORD_COUNT="$source/apps/word_count.cpp"
no_flags_of_ours "$(commands_in "$work/found")"
quiet cmake --build "$work/found"
# run PROGRAM STATE: counts, and looks at the result with the tool that was installed.
run() {
  quiet "$1" run --input generate:1000 --output none -D state.dir="$2"
  "$work/prefix/bin/weir-state" dump "$2" --key w7 | grep -q '^"w7"' || fail "$1 counted nothing"
}
run "$work/found/word_count_elsewhere" "$work/state-found"
quiet "$work/found/simulated_elsewhere"

# By pkg-config: the word count is only linked anew, with the object that is there.
flags=$(PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig:$work/prefix/lib/$(gcc -print-multiarch)/pkgconfig" \
  pkg-config --cflags --libs weir) || fail "pkg-config does not find weir"
no_flags_of_ours " $flags"
# shellcheck disable=SC2086  # flags are words
quiet g++ -fsyntax-only -x c++ $flags - <<< '#include <weir/weir.hpp>'
object=$(find "$work/found" -name 'word_count.cpp.o')
# shellcheck disable=SC2086  # flags are words
quiet g++ "$object" $flags -o "$work/word_count_by_pkg_config"
run "$work/word_count_by_pkg_config" "$work/state-pkg-config"

if command -v dpkg-deb > /dev/null; then
  quiet env -C "$build" cpack -G DEB -B "$work/debian"
  package=$(find "$work/debian" -maxdepth 1 -name '*.deb')
  dpkg-deb --contents "$package" > "$work/contents"
  for file in usr/bin/weir-state usr/bin/weir-word-count usr/include/weir/weir.hpp libweir_program.a weirConfig.cmake weir.pc \
    usr/share/bash-completion/completions/weir-state usr/share/doc/weir/examples/word_count.cpp; do
    grep -q "$file" "$work/contents" || fail "$file is not in the Debian package"
  done
  ! grep -v ' \./$' "$work/contents" | grep -qv ' \./usr/' || fail "the Debian package has files outside of /usr"
  [[ "$(dpkg-deb --field "$package" Depends)" == *libcaf-dev* ]] || fail "the Debian package depends on nothing"
fi

quiet cmake -S "$source/tests/install" -B "$work/fetched" -G Ninja \
  -DWEIR_SOURCE="$source" -DWORD_COUNT="$source/apps/word_count.cpp"
no_flags_of_ours "$(commands_in "$work/fetched")"
! grep -e "\"file\": \"$source/tests/" -e "\"file\": \"$source/bench/" "$work/fetched/compile_commands.json" |
  grep -qv tests/install/ || fail "tests and benchmarks are built for somebody who only uses weir"
rm -rf "$work"
echo "passed"
