#!/bin/sh
# Get the tools of `make check-deploy` that are not Python packages: promtool and prometheus, shellcheck, actionlint,
# helm, and the schemas of the Prometheus operator and of the Gateway API. What cannot be had here is said, and its
# checks are skipped; CI counts that as a failure. Once they are there, nothing is fetched again.
#
#   sh deploy/tools.sh            everything that the checks need
#   sh deploy/tools.sh page       only Chromium and Node, for `make test-page`
#   sh deploy/tools.sh dashboard  only Prometheus, Chromium and Node, for `make docs-dashboard`
#   sh deploy/tools.sh image      also what deploy/image/try.sh and `make test-arm64` need
#   sh deploy/tools.sh kubernetes only helm, the schemas and a Kubernetes API server, for `make test-kubernetes`
#   sh deploy/tools.sh mpd        only MPD, for `make test-mpd`
#   sh deploy/tools.sh cgroup2    only a kernel with cgroup v2, for `make test-cgroup2`
set -eu
cd "$(dirname "$0")/.."

HELM_VERSION=v3.22.0
OPERATOR_VERSION=v0.85.0
ACTIONLINT_VERSION=v1.7.12
GATEWAY_VERSION=v1.4.1
KUBERNETES_MINOR=37 # what `helm template` assumes when no cluster is asked
TOOLS=build/tools

say() { echo "deploy/tools: $*"; }
have() { command -v "$1" >/dev/null 2>&1 || [ -x "$TOOLS/bin/$1" ]; }

debian() { # debian COMMAND PACKAGE...
    command=$1
    shift
    have "$command" && return
    if ! have apt-get || [ "$(id -u)" -ne 0 ]; then
        say "$command is missing: install it yourself (Debian: $*)"
        return
    fi
    say "installing $* (Debian)"
    [ -n "${updated:-}" ] || apt-get update --quiet=2
    updated=yes
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$@" >/dev/null ||
        say "$*: apt-get could not install it"
}

build_helm() { # From source: the release binaries are not in any package registry.
    have helm && return
    if ! have go; then
        say "helm is missing: install Helm 3, or Go, with which this script builds it"
        return
    fi
    say "building helm $HELM_VERSION (two minutes)"
    flags="-s -w -X helm.sh/helm/v3/internal/version.version=$HELM_VERSION"
    for package in helm.sh/helm/v3/pkg/chartutil helm.sh/helm/v3/pkg/lint/rules; do
        flags="$flags -X $package.k8sVersionMajor=1 -X $package.k8sVersionMinor=$KUBERNETES_MINOR"
    done
    GOBIN="$PWD/$TOOLS/bin" go install -ldflags "$flags" "helm.sh/helm/v3/cmd/helm@$HELM_VERSION" ||
        say "helm: go could not build it"
}

build_actionlint() {
    have actionlint && return
    if ! have go; then
        say "actionlint is missing: install it, or Go, with which this script builds it"
        return
    fi
    say "building actionlint $ACTIONLINT_VERSION"
    GOBIN="$PWD/$TOOLS/bin" go install "github.com/rhysd/actionlint/cmd/actionlint@$ACTIONLINT_VERSION" ||
        say "actionlint: go could not build it"
}

schemas() { # schemas OWNER MODULE VERSION FOLDER PREFIX KIND...: the definitions of these kinds, from their Go module
    owner=$1 module=$2@$3 folder=$4 prefix=$5
    shift 5
    for kind in "$@"; do
        [ -f "$TOOLS/crds/$kind.yaml" ] || missing=yes
    done
    [ -n "${missing:-}" ] || return 0
    unset missing
    if ! have go; then
        say "the schemas of $owner are missing: they come with its Go module, and there is no Go"
        return
    fi
    say "fetching the schemas of $owner ($module)"
    source=$(cd /tmp && go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')
    if [ -z "$source" ]; then
        say "the schemas of $owner: go could not fetch them"
        return
    fi
    mkdir -p "$TOOLS/crds"
    for kind in "$@"; do
        install -m 644 "$source/$folder/${prefix}_$kind.yaml" "$TOOLS/crds/$kind.yaml"
    done
}

user_mode_linux() { # Unpacked and not installed: that needs no root.
    { [ -x "$TOOLS/uml/usr/bin/linux.uml" ] || have linux.uml; } && return
    if ! have apt-get; then
        say "linux.uml is missing: install it yourself (Debian: user-mode-linux)"
        return
    fi
    say "fetching user-mode-linux (Debian, 41 MB)"
    mkdir -p "$TOOLS/uml"
    (cd "$TOOLS/uml" && apt-get download --quiet=2 user-mode-linux && dpkg-deb --extract user-mode-linux_*.deb . &&
        rm user-mode-linux_*.deb) || say "user-mode-linux: apt-get could not fetch it"
}

all_schemas() {
    schemas "the Prometheus operator" github.com/prometheus-operator/prometheus-operator "$OPERATOR_VERSION" \
        example/prometheus-operator-crd monitoring.coreos.com servicemonitors podmonitors prometheusrules
    schemas "the Gateway API" sigs.k8s.io/gateway-api "$GATEWAY_VERSION" \
        config/crd/standard gateway.networking.k8s.io httproutes
}

mkdir -p "$TOOLS/bin"
case ${1:-} in
page)
    debian chromium chromium
    debian npm nodejs npm
    exit 0
    ;;
dashboard)
    debian promtool prometheus
    debian chromium chromium
    debian npm nodejs npm
    exit 0
    ;;
mpd)
    debian mpd mpd
    exit 0
    ;;
cgroup2)
    user_mode_linux
    exit 0
    ;;
kubernetes)
    build_helm
    all_schemas
    if have go; then sh deploy/cluster/build.sh; fi
    exit 0
    ;;
esac
debian promtool prometheus
debian shellcheck shellcheck
if [ "${1:-}" = image ]; then
    debian buildah buildah
    debian podman podman
    debian runc runc
    debian debootstrap debootstrap
    debian qemu-aarch64-static qemu-user-static
fi
build_helm
build_actionlint
all_schemas
say "ready"
