#!/usr/bin/env bash
# Makes a fresh Debian machine with Rust and Node ready. Safe to repeat: the second time takes seconds.
#
#   scripts/setup.sh run     what `make run` needs
#   scripts/setup.sh check   that, and what looks after the data: Python
#   scripts/setup.sh test    that, and what the tests need: Chromium, PostgreSQL, Playwright
#   scripts/setup.sh prove   what `make run` needs, and what the proofs need: PostgreSQL, strace, Chromium, Playwright
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:-test}

# A small machine must not swap because a bundler could have had more memory.
export NODE_OPTIONS=${NODE_OPTIONS:---max-old-space-size=1024}
# The tests use the system's Chromium; a download of another one would fail on a closed network.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# at_least WANTED FOUND: versions compared as versions, not as text.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_version() { # name, wanted, found
  [ -n "$3" ] || fail "$1 is not installed. Pendopo needs $1 $2 or newer."
  at_least "$2" "$3" || fail "$1 is $3. Pendopo needs $1 $2 or newer."
}

need_version cargo 1.95 "$(cargo --version 2>/dev/null | awk '{ print $2 }' || true)"
need_version node 20.15 "$(node --version 2>/dev/null | tr -d v || true)"
command -v npm >/dev/null || fail "npm is not installed. It comes with Node, or as Debian's package npm."

packages=()
command -v cc >/dev/null || packages+=(build-essential) # SQLite and the cryptography are built from C
# PENDOPO_TEST_POSTGRES names a server that runs already; then the tests need no own one. The proofs do.
postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
}
# tools/check_data.py, standard library only
python() {
  command -v python3 >/dev/null || packages+=(python3)
}
browser() {
  [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || packages+=(chromium)
}
# Another program that reads our signatures, and whose we read.
signatures() {
  command -v minisign >/dev/null || packages+=(minisign)
}
case $part in
  run) ;;
  check) python ;;
  test)
    python
    browser
    signatures
    [ -n "${PENDOPO_TEST_POSTGRES:-}" ] || postgres
    ;;
  prove)
    browser
    postgres
    command -v strace >/dev/null || packages+=(strace)
    ;;
  *) fail "there is no part called $part. Say run, check, test or prove." ;;
esac

if [ ${#packages[@]} -gt 0 ]; then
  install=(apt-get install --yes --no-install-recommends -o Dpkg::Options::=--force-confold "${packages[@]}")
  if [ "$(id -u)" != 0 ]; then
    fail "these Debian packages are missing. Run: sudo apt-get update && sudo apt-get install ${packages[*]}"
  fi
  # Debian starts a server as soon as the package is there. The tests start their own, in a folder that goes away.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  echo "setup: installing ${packages[*]}"
  apt-get update -q
  # Nobody is there to answer a question about the file above: it stays as it is.
  DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 "${install[@]}" </dev/null
fi

# npm_ci FOLDER: installs exactly what the lock file says, unless that was done already.
npm_ci() {
  local stamp="$1/node_modules/.pendopo-lock" lock
  lock=$(sha256sum <"$1/package-lock.json")
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$lock" ]; then
    echo "setup: npm packages of $1"
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error </dev/null)
    echo "$lock" >"$stamp"
  fi
}

npm_ci crates/web/assets
case $part in test | prove) npm_ci e2e ;; esac

# The browser's files are embedded in the binary, so a build that changes nothing must not touch them:
# Cargo would compile the crate again.
sources=$(find crates/web/assets -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print0 |
  LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
if [ "$(cat crates/web/assets/node_modules/.pendopo-dist 2>/dev/null || true)" != "$sources" ] ||
  [ ! -d crates/web/assets/dist ]; then
  echo "setup: browser code"
  (cd crates/web/assets && node scripts/build.mjs)
  echo "$sources" >crates/web/assets/node_modules/.pendopo-dist
fi
