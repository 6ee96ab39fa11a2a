#!/bin/sh
# numba reads machine code only from where it can write, too, and the image is read-only.
set -eu
{ mkdir -p "$NUMBA_CACHE_DIR" && cp -R /opt/seedal/numba/. "$NUMBA_CACHE_DIR"; } 2>/dev/null ||
  echo "no room for machine code in $NUMBA_CACHE_DIR: it is compiled anew" >&2
exec seedal "$@"
