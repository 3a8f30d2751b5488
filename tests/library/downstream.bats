#!/usr/bin/env bats
# The public library as others use it: installed, found by pkg-config, nothing of this tree.
load ../lib/common

setup_file() {
        local build pc
        build=$(dirname "$CONFINED_RELEASE")
        export INSTALLED=$BATS_FILE_TMPDIR/installed
        meson install -C "$build" --destdir "$INSTALLED" --no-rebuild --quiet
        pc=$(find "$INSTALLED" -name confined.pc)
        PKG_CONFIG_PATH=$(dirname "$pc")
        LIBRARIES=$(dirname "$PKG_CONFIG_PATH")
        export PKG_CONFIG_PATH LIBRARIES PKG_CONFIG_SYSROOT_DIR=$INSTALLED
        TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
        export TOP
}

setup() {
        cd "$BATS_TEST_TMPDIR"
}

@test "an example is built from the installed copy alone, and works" {
        cp "$TOP/examples/api/compare.c" .
        # shellcheck disable=SC2046
        cc -std=c11 -Wall -Wextra -Werror -o compare compare.c $(pkg-config --cflags --libs confined)
        "$CONFINED_RELEASE" profile default docker >docker.json
        LD_LIBRARY_PATH=$LIBRARIES ./compare docker.json docker.bpf >out
        grep -q '^docker.bpf: [0-9]* instructions$' out
        [ "$(wc -l <out)" = 1 ]
        "$CONFINED_RELEASE" profile diff docker docker.bpf
        # Allow what the default refuses, and see it said.
        python3 - <<'EOF'
import json
profile = json.load(open("docker.json"))
profile["syscalls"].append({"names": ["acct"], "action": "SCMP_ACT_ALLOW"})
profile["syscalls"] = [r for r in profile["syscalls"] if "clone3" not in r["names"] or r["action"] != "SCMP_ACT_ERRNO"]
json.dump(profile, open("mine.json", "w"))
EOF
        status=0
        LD_LIBRARY_PATH=$LIBRARIES ./compare mine.json mine.bpf >out || status=$?
        [ "$status" = 1 ]
        [ "$(uname -m)" != x86_64 ] || {
                # Allowed by an entry that is stricter elsewhere: clone3 falls to the default action.
                grep -q '^x86_64 clone3 if always: ENOSYS there, EPERM here, e.g. clone3(0, 0)$' out
        }
        LD_LIBRARY_PATH=$LIBRARIES ./compare none.json none.bpf 2>errors || status=$?
        [ "$status" = 2 ]
        grep -q none.json errors
}

@test "the static library links too" {
        cp "$TOP/examples/api/compare.c" .
        # shellcheck disable=SC2046
        cc -o compare compare.c $(pkg-config --cflags confined) "$LIBRARIES/libconfined.a" \
                $(PKG_CONFIG_SYSROOT_DIR='' pkg-config --static --libs-only-l confined | sed 's/-lconfined//')
        ! ldd compare | grep -q libconfined
        "$CONFINED_RELEASE" profile default docker >docker.json
        ./compare docker.json docker.bpf
}

@test "the library exports what the committed list names, and nothing else" {
        nm -D --defined-only "$LIBRARIES/libconfined.so.0" | awk '$2 != "A" {print $3}' | LC_ALL=C sort >exported
        diff "$BATS_TEST_DIRNAME/symbols" exported
        [ "$(objdump -p "$LIBRARIES/libconfined.so.0" | awk '$1 == "SONAME" {print $2}')" = libconfined.so.0 ]
        [ -L "$LIBRARIES/libconfined.so" ]
}

@test "the map names what the headers declare" {
        sed -n 's/^ *\(confined_[a-z_]*\);$/\1/p' "$TOP/src/library/libconfined.map" | LC_ALL=C sort >mapped
        # Without comments, every name before a parenthesis.
        cat "$INSTALLED"$(pkg-config --variable=includedir confined | sed "s|^$INSTALLED||")/confined/*.h |
                python3 -c 'import re, sys
text = re.sub(r"/\*.*?\*/", "", sys.stdin.read(), flags=re.S)
print("\n".join(sorted(set(re.findall(r"\b(confined_\w+)\(", text)))))' >declared
        diff declared mapped
}

@test "every header stands alone, as C11 and as C++, without a warning" {
        local header flags
        flags=$(pkg-config --cflags confined)
        for header in confined context policy profile filter; do
                echo "#include <confined/$header.h>" >try.c
                echo 'int main(void) { return 0; }' >>try.c
                # shellcheck disable=SC2086
                cc -std=c11 -Wall -Wextra -pedantic -Werror -Wstrict-prototypes $flags -fsyntax-only try.c
                if command -v clang >/dev/null; then
                        # shellcheck disable=SC2086
                        clang -x c++ -std=c++11 -Wall -Wextra -pedantic -Werror $flags -fsyntax-only try.c
                fi
        done
        command -v clang >/dev/null || skip "no clang: C++ was not tried"
        cat >try.cc <<'EOF'
#include <confined/confined.h>
int main() {
        struct confined_circumstances c = CONFINED_CIRCUMSTANCES_INIT;
        struct confined_difference d = CONFINED_DIFFERENCE_INIT;
        return c.size && d.size && confined_version()[0] ? 0 : 1;
}
EOF
        # shellcheck disable=SC2046
        clang -x c++ -std=c++11 -Wall -Werror $(pkg-config --cflags confined) try.cc -x none \
                $(pkg-config --libs confined) -o try
        LD_LIBRARY_PATH=$LIBRARIES ./try
}

@test "the versions agree" {
        local header
        header=$(sed -n 's/^#define CONFINED_VERSION_[A-Z]* //p' "$(find "$INSTALLED" -name confined.h)" |
                paste -sd.)
        [ "$header" = "$(pkg-config --modversion confined)" ]
        [ "confined $header" = "$("$CONFINED_RELEASE" version)" ]
}
