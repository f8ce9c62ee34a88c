#!/bin/sh
# run1.sh FILE WANT NAME FLAG...: one verdict on one line. WANT: holds or fails. TRAIL=n shows the first n lines of a counterexample.
here=$(cd "$(dirname "$0")" && pwd)
file=$1 want=$2 name=$3
shift 3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cp "$here/$file" "$work/m.pml" && cd "$work" || exit 2
begun=$(date +%s%N)
if ! spin -a "$@" m.pml > log 2>&1 || ! cc -O1 -w -DSAFETY -DMEMLIM=2000 -DVECTORSZ=2048 -o pan pan.c >> log 2>&1; then
  echo "ERROR  $name: $(grep -v '^ *$' log | head -3)"
  exit 1
fi
nice -n 10 ./pan -m100000 -w20 -E > out 2>&1
spent=$((($(date +%s%N) - begun) / 100000000))
states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)
if grep -q 'max search depth too small\|out of memory\|memory limit' out; then got=cut
elif grep -q 'errors: 0$' out; then got=holds
elif grep -q 'errors: 1$' out; then got=fails
else got=cut
fi
if [ "$got" = "$want" ]; then said=expected; else said=UNEXPECTED; fi
printf '%-6s %-10s %-92s %9s states %3d.%d s\n' "$got" "$said" "$name" "$states" $((spent / 10)) $((spent % 10))
[ -n "$TRAIL" ] && [ "$got" = fails ] && spin -t -p -g -l -k m.pml.trail "$@" m.pml | head -"$TRAIL"
[ "$got" = "$want" ]
