#!/usr/bin/env bash
# Gets what a run needs and `pip` alone cannot give; the Makefile calls it, in this order:
#
#   build.sh venv     what a stack needs: the Python packages of requirements.lock, in .venv
#   build.sh extras   those of requirements-extras.lock, in .venv in their place
#   build.sh dev      what the tests need: those of requirements-dev.lock, in .venv-dev
#   build.sh dist     those of requirements-dist.lock, in .venv-dist
#   build.sh sso      those of requirements-sso.lock, in .venv-sso
#   build.sh docs     those of requirements-docs.lock, in .venv-docs
#   build.sh mutants  those of requirements-mutants.lock, in .venv-mutants
#   build.sh browser  those of requirements-browser.lock, in .venv-browser
#   build.sh ansible  those of requirements-bench.lock, in .tools/ansible
#   build.sh pulumi   the engine: the one on PATH, else built from its Go module into .tools/bin and linked into .venv/bin
#   build.sh oldest   the oldest engine that README promises, built likewise; in .tools/oldest, for a run with ENGINE=oldest
#   build.sh newest   the newest engine and SDK that can be had, if they are newer: in .tools/newest, with an environment of its own
#   build.sh gitea    a real forge for the tests: the one on PATH, else built likewise
#   build.sh actionlint  the check of the workflows: the one on PATH, else built likewise; nothing, said so, without Go
#   build.sh act      what runs the workflows in a test: likewise
#   build.sh promtool the check of the alert rules: likewise
#   build.sh versitygw  an S3-compatible server, for the tests of the state backends: likewise
#   build.sh postgresql  says which PostgreSQL the same tests use, or how to get one
#   build.sh chromium says likewise which browser looks at the pages
#
# The versions that are built stand in tools/*/go.mod and nowhere else. Every fault is one line that names the ways out.
# A build that takes minutes says every quarter of a minute (TICK) that it goes on, on a terminal each second in one line.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."
root=$PWD
bin=$root/.tools/bin

# The oldest one that all tests and matrices were run on; tools/pulumi-oldest builds it.
pulumi_wanted=3.250
# The one that the tests' facts were measured on; older ones answer in other words, and start no canary.
gitea_wanted=1.26

say() { printf '%s\n' "$*"; }
die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# version TEXT: the first version number in it; nothing where there is none.
version() { printf '%s\n' "$1" | grep -Eo '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }

at_least() { printf '%s\n' "$1" "$2" | sort -V -C; }

# required FOLDER MODULE: the version that tools/FOLDER/go.mod requires.
required() { awk -v module="$2" '$1 == module { sub(/^v/, "", $2); print $2; exit }' "tools/$1/go.mod"; }

# theirs PROGRAM: the first one on PATH that is not the one built here (an activated .venv has a link to that).
theirs() {
    type -aP "$1" | while IFS= read -r found; do
        [ "$found" -ef "$bin/$1" ] || { printf '%s\n' "$found" && break; }
    done
}

# stamp FLAGS FOLDER…: what a build depends on. A program is built when the stamp beside it says so, and the stamp is written last.
stamp() {
    printf '%s\n' "$1" && shift
    for folder in "$@"; do cksum "tools/$folder/go.mod" "tools/$folder/go.sum"; done
}

# built PROGRAM STAMP: it is there, and from these modules with these flags.
built() { [ -x "$bin/$1" ] && [ "$2" = "$(cat ".tools/$1.built" 2>/dev/null)" ]; }

# need_go FOLDER WHY OTHERWISE: Go is there, and new enough for that go.mod.
need_go() {
    wanted=$(awk '$1 == "go" { print $2; exit }' "tools/$1/go.mod")
    command -v go >/dev/null || die "$2, and no Go to build it: install $3, or Go $wanted or newer (go.dev)"
    # Go itself decides, since it may fetch a newer toolchain on its own (GOTOOLCHAIN=auto).
    go -C "tools/$1" list -m >/dev/null 2>&1 ||
        die "$2, and $(go env GOVERSION) with GOTOOLCHAIN=$(go env GOTOOLCHAIN) cannot build it: install $3, or Go $wanted or newer (go.dev)"
}

# A terminal gets one line that is written over; anything else, such as a CI's log, gets plain lines and no control characters.
terminal=
[ ! -t 1 ] || [ "${TERM:-dumb}" = dumb ] || terminal=yes

# ticking PROGRAM: says what Go is doing, by the last line of its log, until it is killed or this script is gone.
ticking() {
    begun=$SECONDS
    while sleep 1 </dev/null >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        passed=$((SECONDS - begun))
        [ -n "$terminal" ] || [ $((passed % ${TICK:-15})) -eq 0 ] || continue
        doing=$(tail -n 1 ".tools/$1.log" 2>/dev/null | cut -c -60)
        now="still building $1: $passed s, ${doing:-reading its modules}"
        if [ -n "$terminal" ]; then printf '\r\033[K%s' "$now"; else say "$now"; fi
    done
}

# stop_ticking: no line of it comes after this.
stop_ticking() {
    [ -n "${ticker-}" ] || return 0
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    ticker=
    [ -z "$terminal" ] || printf '\r\033[K'
}

# build FOLDER PACKAGE FLAGS…: tools/FOLDER's program. It gets its name when it is whole, so that an interrupted build leaves none.
build() {
    folder=$1 package=$2 && shift 2
    mkdir -p "$bin"
    : >".tools/$folder.log"
    # Go in front and the clock behind it: Ctrl-C reaches what is in front. The clock begins without a trap on EXIT: killed
    # in its first moment, it would run that of this script, and delete what was built (bash 5, measured).
    ticking "$folder" &
    ticker=$!
    trap 'stop_ticking; rm -f "$bin/.$folder.$$"' EXIT
    # -v names each package as it is compiled. -buildvcs=false: the version is the module's, not that of the repository around it.
    go -C "tools/$folder" build -v -buildvcs=false "$@" -o "$bin/.$folder.$$" "$package" >>".tools/$folder.log" 2>&1 || {
        stop_ticking
        die "building $folder failed: $(tail -n 1 ".tools/$folder.log") (all of it in .tools/$folder.log)"
    }
    stop_ticking
    mv -f "$bin/.$folder.$$" "$bin/$folder"
    trap - EXIT
}

module_folder() { go -C "tools/$1" list -m -f '{{.Dir}}' "$2"; }

# packages FOLDER LOCK: a new virtual environment with exactly these packages, stamped when it is whole.
packages() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        base=$("$python" -c '
import sys, venv, ensurepip
assert (3, 11) <= sys.version_info < (3, 15)
# Of an activated .venv, the interpreter it was made from: the environment is about to be emptied.
print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null) && break
    done
    [ -n "${base-}" ] || die "no Python 3.11 to 3.14 with its venv module among ${PYTHON:-python3, python3.14 … python3.11}: install one, or name it with PYTHON=…"
    say "installing the Python packages of $2 into $1 ($("$base" --version)), some 20 s"
    "$base" -m venv --clear "$1"
    "$1/bin/pip" --disable-pip-version-check install -q --require-hashes -r "$2" ||
        die "pip could not install $2: its own lines above say why; 'make $1/installed' tries again"
    touch "$1/installed"
}

get_venv() { packages .venv requirements.lock; }

get_extras() { packages .venv requirements-extras.lock && touch .venv/extras; }

get_dev() {
    packages .venv-dev requirements-dev.lock
    # Its `python -m tests…` finds the engine that was built, also without .venv on PATH.
    [ ! -L .venv/bin/pulumi ] || link_engine .venv-dev
}

get_dist() { packages .venv-dist requirements-dist.lock; }

get_sso() { packages .venv-sso requirements-sso.lock; }

get_mutants() { packages .venv-mutants requirements-mutants.lock; }

get_browser() { packages .venv-browser requirements-browser.lock; }

get_docs() { packages .venv-docs requirements-docs.lock; }

get_ansible() { packages .tools/ansible requirements-bench.lock; }

engine_module=github.com/pulumi/pulumi/pkg/v3
# A plain `go build` leaves the version empty.
variable=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version
pulumi_programs="pulumi pulumi-language-python pulumi-language-python-exec pulumi-resource-pulumi-python"

# link_engine ENVIRONMENT: the engine that was built here is found in it; nothing where there is no such environment.
link_engine() {
    [ ! -d "$1/bin" ] || for program in $pulumi_programs; do ln -sf "../../.tools/bin/$program" "$1/bin/$program"; done
}

rm_link() { [ ! -L "$1" ] || rm "$1"; }

# their_pulumi: sets `engine` to the pulumi on PATH and `why` to what is wrong with it, if anything is.
their_pulumi() {
    engine=$(theirs pulumi)
    [ -n "$engine" ] || { why="no pulumi on PATH" && return 1; }
    have=$(version "$(PULUMI_SKIP_UPDATE_CHECK=1 "$engine" version 2>/dev/null)")
    at_least $pulumi_wanted "${have:-0}" || { why="pulumi ${have:-of unknown version} on PATH is older than $pulumi_wanted" && return 1; }
    # The engine looks for its language host on PATH, then beside itself, links followed.
    [ -n "$(theirs pulumi-language-python)" ] || [ -x "$(dirname "$(readlink -f "$engine")")/pulumi-language-python" ] ||
        { why="pulumi $have on PATH is without pulumi-language-python" && return 1; }
}

get_pulumi() {
    if their_pulumi; then
        say "using pulumi $have from PATH ($engine)"
        # Links from before would hide it in an activated .venv.
        for program in $pulumi_programs; do rm_link ".venv/bin/$program" && rm_link ".venv-dev/bin/$program"; done
        return
    fi
    engine_version=$(required pulumi "$engine_module")
    host_version=$(required pulumi-language-python github.com/pulumi/pulumi/sdk/v3)
    now=$(stamp "$variable" pulumi pulumi-language-python)
    if ! built pulumi "$now"; then
        need_go pulumi "$why" "the vendor's CLI $pulumi_wanted or newer, with its Python host (pulumi.com)"
        say "$why: building the engine $engine_version and its Python host $host_version from their Go modules, once: about 4 minutes on 2 cores"
        start=$SECONDS
        build pulumi $engine_module/cmd/pulumi -ldflags "-X $variable=v$engine_version"
        build pulumi-language-python github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python -ldflags "-X $variable=v$host_version"
        sdk=$(module_folder pulumi-language-python github.com/pulumi/pulumi/sdk/v3)
        # A module archive keeps no run bit.
        install -m 755 "$sdk/python/cmd/pulumi-language-python-exec" "$sdk/python/dist/pulumi-resource-pulumi-python" "$bin/"
        printf '%s\n' "$now" >.tools/pulumi.built
        how="built in $((SECONDS - start)) s"
    fi
    [ -d .venv/bin ] || die "no .venv to link pulumi into: run 'make tools'"
    link_engine .venv
    link_engine .venv-dev
    say "pulumi $engine_version is in .tools/bin and linked into .venv/bin (${how:-built before})"
}

# Beside the Python host that `build.sh pulumi` has built, which the engine finds on PATH.
get_oldest() {
    engine_version=$(required pulumi-oldest "$engine_module")
    now=$(stamp "$variable" pulumi-oldest)
    if ! built pulumi-oldest "$now"; then
        need_go pulumi-oldest "no engine $engine_version" "Go"
        say "building the engine $engine_version from its Go module, once: about 4 minutes on 2 cores"
        start=$SECONDS
        build pulumi-oldest $engine_module/cmd/pulumi -ldflags "-X $variable=v$engine_version"
        printf '%s\n' "$now" >.tools/pulumi-oldest.built
        how="built in $((SECONDS - start)) s"
    fi
    mkdir -p .tools/oldest
    ln -sf ../bin/pulumi-oldest .tools/oldest/pulumi
    say "pulumi $engine_version is in .tools/oldest (${how:-built before})"
}

# Asks the module proxy and the package index; what is no newer than what the tests have is not built.
get_newest() {
    need_go pulumi "no newer engine" "Go"
    have=$(required pulumi "$engine_module")
    newest=$(go -C tools/pulumi list -m -f '{{.Version}}' "$engine_module@latest" | sed 's/^v//')
    rm -rf .tools/newest .tools/newest-module
    mkdir -p .tools/newest
    if [ "$newest" != "$have" ]; then
        mkdir .tools/newest-module
        cp tools/pulumi/go.mod tools/pulumi/go.sum .tools/newest-module/
        say "building the engine $newest from its Go module: about 4 minutes on 2 cores"
        go -C .tools/newest-module get -tool "$engine_module/cmd/pulumi@v$newest" >.tools/newest.log 2>&1 &&
            go -C .tools/newest-module build -buildvcs=false -ldflags "-X $variable=v$newest" -o ../newest/pulumi \
                $engine_module/cmd/pulumi >>.tools/newest.log 2>&1 ||
            die "building the engine $newest failed: $(tail -n 1 .tools/newest.log) (all of it in .tools/newest.log)"
    fi
    packages .venv-newest requirements-dev.lock
    .venv-newest/bin/pip --disable-pip-version-check install -q --upgrade pulumi ||
        die "pip could not install the newest pulumi: its own lines above say why"
    for program in $pulumi_programs; do ln -sf "$bin/$program" ".venv-newest/bin/$program"; done
    say "the newest: engine $newest (the tests have $have), SDK $(.venv-newest/bin/pip show pulumi | sed -n 's/^Version: //p')"
}

get_gitea() {
    forge_version=$(required gitea code.gitea.io/gitea)
    tags="sqlite sqlite_unlock_notify"
    now=$(stamp "$tags" gitea)
    ! built gitea "$now" || { say "gitea $forge_version is in .tools/bin (built before)" && return; }
    forge=$(theirs gitea)
    why="no gitea on PATH"
    if [ -n "$forge" ]; then
        have=$(version "$("$forge" --version 2>/dev/null)")
        if at_least $gitea_wanted "${have:-0}"; then
            say "using gitea $have from PATH ($forge)"
            # The tests look here first, and what may still be here is from other modules.
            rm -f "$bin/gitea"
            return
        fi
        why="gitea ${have:-of unknown version} on PATH is older than $gitea_wanted"
    fi
    need_go gitea "$why" "gitea $gitea_wanted or newer (gitea.com; the tests use it)"
    command -v "$(go env CC)" >/dev/null || die "$why, and no C compiler ($(go env CC)) to build it with SQLite: install gcc, or gitea"
    say "$why: building gitea $forge_version from its Go module for the tests, once: about 4 minutes on 2 cores"
    start=$SECONDS
    CGO_ENABLED=1 build gitea code.gitea.io/gitea -tags "$tags" -ldflags "-X main.Version=$forge_version"
    # Its templates and texts are read from a folder; a copy of them makes Go unnecessary when the tests run.
    source=$(module_folder gitea code.gitea.io/gitea)
    rm -rf .tools/gitea-static
    mkdir .tools/gitea-static
    cp -R "$source/templates" "$source/options" "$source/public" .tools/gitea-static/
    # The module cache is read-only, and `make clean` must be able to remove the copy.
    chmod -R u+w .tools/gitea-static
    printf '%s\n' "$now" >.tools/gitea.built
    say "gitea $forge_version is in .tools/bin, its texts in .tools/gitea-static (built in $((SECONDS - start)) s)"
}

# helper PROGRAM MODULE PACKAGE WITHOUT LONG FLAGS…: one that few tests need, and those say so when they skip: no reason to stop a
# machine without Go, or with an older one. FLAGS may hold VERSION.
helper() {
    program=$1 module=$2 package=$3 without=$4 long=$5 && shift 5
    helper_version=$(required "$program" "$module")
    now=$(stamp "" "$program")
    ! built "$program" "$now" || { say "$program $helper_version is in .tools/bin (built before)" && return; }
    theirs=$(theirs "$program")
    if [ -n "$theirs" ]; then
        say "using $program from PATH ($theirs)"
        # The tests look here first, and what may still be here is from another module.
        rm -f "$bin/$program"
        return
    fi
    go -C "tools/$program" list -m >/dev/null 2>&1 || { say "no $program on PATH and no Go to build it: $without" && return; }
    say "no $program on PATH: building $program $helper_version from its Go module, once: $long"
    start=$SECONDS
    build "$program" "$package" "${@//VERSION/$helper_version}"
    printf '%s\n' "$now" >".tools/$program.built"
    say "$program $helper_version is in .tools/bin (built in $((SECONDS - start)) s)"
}

get_actionlint() {
    helper actionlint github.com/rhysd/actionlint github.com/rhysd/actionlint/cmd/actionlint \
        "the workflows will not be checked" "some seconds" -ldflags "-X github.com/rhysd/actionlint.version=VERSION"
}

get_act() {
    helper act github.com/nektos/act github.com/nektos/act "the workflows will not be run" "about 2 minutes on 2 cores"
}

get_promtool() {
    helper promtool github.com/prometheus/prometheus github.com/prometheus/prometheus/cmd/promtool \
        "the alert rules will not be checked" "some minutes" -ldflags "-X github.com/prometheus/common/version.Version=VERSION"
}

get_versitygw() {
    helper versitygw github.com/versity/versitygw github.com/versity/versitygw/cmd/versitygw \
        "no stack will be tried on S3" "about 2 minutes on 2 cores" -ldflags "-X main.Version=VERSION"
}

get_postgresql() {
    # Debian keeps its programs off PATH.
    for found in "$(theirs initdb)" /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$found" ] || { say "using PostgreSQL $(version "$("$found" --version)") ($found)" && return; }
    done
    say "no PostgreSQL here, and no stack will be tried on it: install it (Debian: apt-get install postgresql)"
}

get_chromium() {
    # The names that tests/browser/chromium.py looks for.
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        found=$(theirs "$name")
        [ -z "$found" ] || { say "using Chromium $(version "$("$found" --version 2>/dev/null)") ($found)" && return; }
    done
    say "no Chromium here, and no page will be looked at: install it (Debian: apt-get install chromium)"
}

case ${1-} in
venv | extras | dev | dist | sso | docs | mutants | browser | ansible | pulumi | oldest | newest | gitea | actionlint | act | promtool | versitygw | postgresql | chromium) "get_$1" ;;
*) die "usage: tools/build.sh venv|extras|dev|dist|sso|docs|mutants|browser|ansible|pulumi|oldest|newest|gitea|actionlint|act|promtool|versitygw|postgresql|chromium" ;;
esac
