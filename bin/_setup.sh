# Sourced by bin/serve and bin/test: makes .venv, installs the pinned packages, compiles translations.
# Each step is skipped when its work is already done, so a second start costs next to nothing.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv_python=$root/.venv/bin/python
cd "$root"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$0: $*"
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Prints the first Python that is new enough and can make a virtual environment.
find_python() {
    without_venv=
    for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do
        is_new_enough "$candidate" || continue
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        fail "$without_venv cannot make a virtual environment." \
            "Install its venv module (Debian, Ubuntu: apt-get install python3-venv)."
    fi
    fail "needs Python 3.11 or newer. Install it" \
        "(Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)."
}

# Only files whose hashes the lock file knows are installed (bin/lock writes it).
lock_of() { printf '%s' "${1%.txt}.lock"; }

# The stamp holds the checksum of the requirements that were installed last.
stamp_of() { printf '%s' "$root/.venv/.installed-$1"; }
checksum() { cat requirements.txt requirements.lock "$1" "$(lock_of "$1")" | cksum; }

is_installed() {
    [ "$(cat "$(stamp_of "$1")" 2>/dev/null)" = "$(checksum "$1")" ] && is_new_enough "$venv_python"
}

# Prints each translation that is newer than its compiled form.
stale_translations() {
    for po in locale/*/LC_MESSAGES/django.po; do
        [ -e "$po" ] || continue
        mo=${po%.po}.mo
        if [ ! -e "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then printf '%s\n' "$po"; fi
    done
}

install_packages() {
    say "Installing what MXplain needs into .venv (once; it takes a minute) ..."
    if ! is_new_enough "$venv_python"; then
        rm -rf .venv
        "$1" -m venv .venv || fail "could not make .venv with $1"
    fi
    "$venv_python" -m pip install -qq --disable-pip-version-check --no-input \
        --require-hashes --requirement "$(lock_of "$2")" ||
        fail "could not install the packages of $(lock_of "$2") (see above)"
    checksum requirements.txt >"$(stamp_of requirements.txt)"
    checksum "$2" >"$(stamp_of "$2")"
}

# setup REQUIREMENTS: everything that must be there before manage.py can run.
setup() {
    if is_installed "$1" && [ -z "$(stale_translations)" ]; then return; fi
    python=$(find_python)
    # Two starts at once take turns. The kernel drops the lock when this shell ends, however it ends.
    mkdir -p var
    exec 9>var/setup.lock
    "$python" -c 'import fcntl; fcntl.flock(0, fcntl.LOCK_EX)' <&9
    is_installed "$1" || install_packages "$python" "$1"
    if [ -n "$(stale_translations)" ]; then
        "$venv_python" -m babel.messages.frontend --quiet compile --directory locale \
            --domain django || fail "could not compile the translations"
    fi
    exec 9>&-
}
