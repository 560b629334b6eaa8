#!/bin/sh
# Installs what PhiTune needs from Debian or Ubuntu: Python's venv and Qt's libraries; with --test also a virtual screen.
# Asks for nothing when all is there, uses sudo when not root, and says what to do when it can do neither.
set -u

packages="libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-shape0
  libxcb-xinerama0 libdbus-1-3 libfontconfig1 fonts-noto-core"
[ "${1:-}" = "--test" ] && packages="$packages xvfb openbox xdotool"
python3 -c 'import venv, ensurepip' 2>/dev/null || packages="$packages python3 python3-venv"

if ! command -v apt-get >/dev/null; then
  echo "Note: this system has no apt, so no system packages are installed. If the window does not open, install Qt's libraries (EGL, GL, xcb, fontconfig) by hand." >&2
  exit 0
fi

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
    echo "Note: system packages are missing and this user may not install them. Ask an administrator for: apt-get install$missing" >&2
    exit 0
  fi
  as_root="sudo"
fi

echo "Installing system packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # words are meant to split
if ! { $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null; }; then
  echo "Note: apt could not install$missing (its words are above). PhiTune goes on; the window may not open." >&2
fi
