#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that includes go downwards only, and a few rules for every C++ file, over the whole tree.

    scripts/check_layers.py              prints file:line: rule: what, and exits with 1 when something is wrong
    scripts/check_layers.py --self-test  checks the checks on a small tree of its own

Rules:
  layer          a folder includes itself, weir/core and folders below it. The public API (include/weir/*.hpp and
                 include/weir/detail) stands on weir/core alone, so that applications build without the rest.
  third-party    a library is known to the folders that own it only, and to their tests.
  pure           include/weir needs nothing but the standard library and the operating system (core: and xxhash).
  path           a project include is written as its path in the tree (or below include/) and exists.
  spdx, pragma   the first line names the licence; a header has #pragma once.
  length         at most 400 lines, unless the comment at the top says "Longer than 400 lines because".
  using          no `using namespace` in a header.
"""

import argparse
import os
import re
import sys
import tempfile

# Lower number = lower layer. What is not listed is no place for C++ files.
LAYERS = {
    "core": 0,  # include/weir/core
    "common": 1,
    "serialization": 2,
    "state": 3,
    "dataflow": 4,
    "connectors": 5,
    "actors": 6,
    "state_tools": 6,  # looks at state from outside; knows no actors
    "coordinator": 7,
    "api": 8,  # include/weir/*.hpp, include/weir/detail
    "rest": 9,
    "program": 10,
    "simulation": 11,  # runs whole jobs; linked by tests only
    "apps": 11,
    "bench": 11,  # apps and bench are both programs; gen_text shares the benchmark's text
    "tests": 12,
}
# The folders between the core and the public API must not know the API, whatever the numbers say.
USERS_OF_API = {"api", "program", "simulation", "apps", "bench", "tests"}

# Include prefix -> folders, or single files, that may use the library. tests/<folder> has the rights of <folder>.
THIRD_PARTIES = {
    "caf/": {"actors", "coordinator", "simulation", "bench/bare_caf_pipeline.cpp"},
    "lmdb.h": {"state"},
    "capnp/": {"serialization"},
    "kj/": {"serialization"},
    "spdlog/": {"common"},
    "prometheus/": {"coordinator"},
    "CLI/": {"common", "program", "state_tools", "bench", "apps"},
    "nlohmann/": {"rest", "program", "state_tools", "bench/http.cpp"},
    "httplib.h": {"rest", "bench/http.cpp", "bench/metrics_scraper.cpp"},
    "yaml-cpp/": {"common"},
    "doctest/": {"tests"},
}
GENERATED = re.compile(r"\.capnp\.h$")  # generated code is Cap'n Proto, too

OPERATING_SYSTEM = re.compile(r"(sys/\w+|unistd|fcntl|sched|stdlib|immintrin)\.h$")
STANDARD_LIBRARY = re.compile(r"\w+$")  # no folder, no extension

LENGTH_MAX = 400
LENGTH_EXCUSE = "Longer than 400 lines because"
INCLUDE = re.compile(r'\s*#\s*include\s*(<|")([^>"]+)[>"]')
USING_NAMESPACE = re.compile(r"\s*using\s+namespace\b")
EXTENSIONS = (".cpp", ".hpp")


def cpp_files(root):
    """Paths below root with forward slashes, sorted; hidden and build folders are left out."""
    found = []
    for folder, inner, files in os.walk(root):
        inner[:] = [d for d in inner if not d.startswith((".", "build"))]
        for name in files:
            if name.endswith(EXTENSIONS):
                found.append(os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/"))
    return sorted(found)


def layer_of(path):
    """The layer's name of a path in the tree, or None."""
    if path.startswith("include/weir/core/"):
        return "core"
    if path.startswith("include/weir/"):
        return "api"
    top = path.split("/")[0]
    return top if "/" in path and top in LAYERS and top not in ("core", "api") else None


def owners_of(path):
    """The names under which a file may use third parties."""
    parts = path.split("/")
    return {layer_of(path), path} | ({parts[1]} if parts[0] == "tests" and len(parts) > 2 else set())


def resolve(root, target):
    """The path in the tree that an include means, or None."""
    for path in (target, "include/" + target):
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def check_third_party(path, target):
    """A pair (rule, text) when the file may not include this; knows it is no project file."""
    for prefix, folders in THIRD_PARTIES.items():
        if target.startswith(prefix) or (prefix == "capnp/" and GENERATED.search(target)):
            if not owners_of(path) & folders:
                return "third-party", f"{target} belongs to {', '.join(sorted(folders))} only"
            return None
    layer = layer_of(path)
    if layer not in ("core", "api"):
        return None
    known = STANDARD_LIBRARY.match(target) or OPERATING_SYSTEM.match(target)
    if known or (layer == "core" and target == "xxhash.h"):
        return None
    return "pure", f"include/weir must not need {target}"


def check_layer(path, included):
    """The same for an include of a file in the tree."""
    layer, other = layer_of(path), layer_of(included)
    if other is None:
        return "layer", f"{included} is in no layer"
    if other == layer or other == "core":
        return None
    if layer == "api":
        return "layer", f"the public API may include weir/core and itself only, not {included}"
    if other == "api" and layer not in USERS_OF_API:
        return "layer", f"{layer} must not know the public API ({included})"
    if other == "tests" or LAYERS[other] > LAYERS[layer]:
        return "layer", f"{layer} is below {other} ({included})"
    return None


def check_include(root, path, quote, target):
    included = resolve(root, target)
    if included is not None:
        return check_layer(path, included)
    looks_ours = target.endswith(".hpp") and target.split("/")[0] in {"weir", *LAYERS}
    if looks_ours or (quote == '"' and not GENERATED.search(target)):
        return "path", f"{target} is no path in the tree"
    return check_third_party(path, target)


def top_comment(lines):
    """The // lines at the beginning of a file."""
    head = []
    for line in lines:
        if not line.startswith("//"):
            break
        head.append(line)
    return " ".join(head)


def check_file(root, path):
    """All (line number, rule, text) of one file."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        lines = file.read().splitlines()
    found = []
    if not lines or lines[0] != "// SPDX-License-Identifier: Apache-2.0":
        found.append((1, "spdx", "the first line must be // SPDX-License-Identifier: Apache-2.0"))
    if layer_of(path) is None:
        found.append((1, "layer", "this folder is in no layer: see LAYERS in check_layers.py"))
        return found
    header = path.endswith(".hpp")
    if header and "#pragma once" not in lines:
        found.append((1, "pragma", "a header needs #pragma once"))
    if len(lines) > LENGTH_MAX and LENGTH_EXCUSE not in top_comment(lines):
        found.append((LENGTH_MAX + 1, "length", f"{len(lines)} lines, at most {LENGTH_MAX}"))
    for number, line in enumerate(lines, start=1):
        if header and USING_NAMESPACE.match(line):
            found.append((number, "using", "no `using namespace` in a header"))
        include = INCLUDE.match(line)
        wrong = include and check_include(root, path, *include.groups())
        if wrong:
            found.append((number, *wrong))
    return found


def check_tree(root):
    return [(path, *wrong) for path in cpp_files(root) for wrong in check_file(root, path)]


# ---- self-test ----------------------------------------------------------------------------------------------------

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "#pragma once\n"
SOUND = {
    "include/weir/core/ids.hpp": HEADER + "#include <xxhash.h>\n#include <sys/mman.h>\n#include <vector>\n",
    "include/weir/detail/parts.hpp": HEADER + '#include "weir/core/ids.hpp"\n',
    "include/weir/stream.hpp": HEADER + '#include "weir/detail/parts.hpp"\n#include <functional>\n',
    "common/log.hpp": HEADER + '#include "weir/core/ids.hpp"\n',
    "common/log.cpp": SPDX + '#include "common/log.hpp"\n#include <spdlog/logger.h>\n',
    "serialization/frame.cpp": SPDX + '#include "frame.capnp.h"\n#include <kj/exception.h>\n',
    "state/store.hpp": HEADER + '#include <lmdb.h>\n#include "common/log.hpp"\n',
    "dataflow/plan.hpp": HEADER + '#include "state/store.hpp"\n',
    "actors/task.hpp": HEADER + '#include <caf/all.hpp>\n#include "dataflow/plan.hpp"\n',
    "coordinator/epochs.cpp": SPDX + '#include <caf/all.hpp>\n#include "actors/task.hpp"\n',
    "program/main.cpp": SPDX + '#include <CLI/CLI.hpp>\n#include "weir/stream.hpp"\n#include "actors/task.hpp"\n',
    "bench/text.hpp": HEADER,
    "bench/bare_caf_pipeline.cpp": SPDX + "#include <caf/all.hpp>\n",
    "apps/words.cpp": SPDX + '#include <weir/stream.hpp>\n#include "bench/text.hpp"\n',
    "tests/state/store_test.cpp": SPDX + '#include <lmdb.h>\n#include <doctest/doctest.h>\n#include "state/store.hpp"\n',
    "tests/dataflow/api_test.cpp": SPDX + '#include "weir/stream.hpp"\n#include "dataflow/plan.hpp"\n',
    "state/long.cpp": SPDX + f"// A table. {LENGTH_EXCUSE} it is one table.\n" + "\n" * 400,
    "state/full.cpp": SPDX + "\n" * 399,
    "build/ignored.cpp": "#include <caf/all.hpp>\n",
}
# path, text, the line and the rule that must be named
BROKEN = [
    ("common/a.hpp", HEADER + '#include "state/store.hpp"\n', 3, "layer"),
    ("dataflow/a.cpp", SPDX + '#include "weir/stream.hpp"\n', 2, "layer"),
    ("dataflow/b.cpp", SPDX + '#include <weir/detail/parts.hpp>\n', 2, "layer"),
    ("include/weir/a.hpp", HEADER + '#include "common/log.hpp"\n', 3, "layer"),
    ("include/weir/core/a.hpp", HEADER + '\n#include "weir/stream.hpp"\n', 4, "layer"),
    ("actors/a.cpp", SPDX + '#include "program/main.cpp"\n', 2, "layer"),
    ("program/a.cpp", SPDX + '#include "bench/text.hpp"\n', 2, "layer"),
    ("bench/a.cpp", SPDX + '#include "tests/state/store_test.cpp"\n', 2, "layer"),
    ("utils/a.cpp", SPDX, 1, "layer"),
    ("a.cpp", SPDX, 1, "layer"),
    ("state/a.cpp", SPDX + "#include <caf/all.hpp>\n", 2, "third-party"),
    ("tests/state/a.cpp", SPDX + "  #  include <caf/all.hpp>\n", 2, "third-party"),
    ("actors/b.cpp", SPDX + "#include <lmdb.h>\n", 2, "third-party"),
    ("bench/b.cpp", SPDX + "#include <caf/all.hpp>\n", 2, "third-party"),
    ("state/b.cpp", SPDX + "#include <capnp/message.h>\n", 2, "third-party"),
    ("state/c.cpp", SPDX + '#include "frame.capnp.h"\n', 2, "third-party"),
    ("state/d.cpp", SPDX + "#include <kj/io.h>\n", 2, "third-party"),
    ("program/b.cpp", SPDX + "#include <spdlog/spdlog.h>\n", 2, "third-party"),
    ("rest/b.cpp", SPDX + "#include <CLI/CLI.hpp>\n", 2, "third-party"),
    ("common/c.cpp", SPDX + "#include <doctest/doctest.h>\n", 2, "third-party"),
    ("common/d.cpp", SPDX + "#include <nlohmann/json.hpp>\n", 2, "third-party"),
    ("program/c.cpp", SPDX + "#include <yaml-cpp/parser.h>\n", 2, "third-party"),
    ("include/weir/core/b.hpp", HEADER + "#include <caf/all.hpp>\n", 3, "third-party"),
    ("include/weir/core/c.hpp", HEADER + "#include <absl/hash/hash.h>\n", 3, "pure"),
    ("include/weir/b.hpp", HEADER + "#include <xxhash.h>\n", 3, "pure"),
    ("state/e.cpp", SPDX + '#include "store.hpp"\n', 2, "path"),
    ("state/f.cpp", SPDX + "#include <weir/gone.hpp>\n", 2, "path"),
    ("state/g.cpp", "\n" + SPDX, 1, "spdx"),
    ("state/h.hpp", SPDX, 1, "pragma"),
    ("state/i.cpp", SPDX + "\n" * 400, 401, "length"),
    ("state/j.hpp", HEADER + "  using namespace std;\n", 3, "using"),
]


def write_tree(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def self_test():
    """Each broken file beside a sound tree must give exactly its own line and rule."""
    failures = 0
    for broken in [None, *BROKEN]:
        files = dict(SOUND)
        expected = []
        if broken is not None:
            path, text, line, rule = broken
            files[path] = text
            expected = [(path, line, rule)]
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, files)
            found = [entry[:3] for entry in check_tree(root)]
        if found != expected:
            failures += 1
            print(f"self-test: expected {expected}, found {found}")
    print(f"self-test: {len(BROKEN) + 1} trees, {failures} failures")
    return failures == 0


def main():
    parser = argparse.ArgumentParser(description="Checks includes against the layers of the tree.")
    parser.add_argument("--self-test", action="store_true", help="check the checks")
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options = parser.parse_args()
    if options.self_test:
        return 0 if self_test() else 1
    found = check_tree(options.root)
    for path, line, rule, text in found:
        print(f"{path}:{line}: {rule}: {text}")
    print(f"check_layers: {len(cpp_files(options.root))} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
