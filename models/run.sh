#!/bin/sh
# Every verdict, one on a line: what it is, whether that was expected, of what, how many states, how long. Exit 1 where one was not
# expected, 2 where spin or a C compiler is absent. README.md says how to read it.
cd "$(dirname "$0")" || exit 2
for tool in spin cc; do
  if ! command -v "$tool" > /dev/null 2>&1; then
    echo "make model: $tool is not installed; it needs spin and a C compiler (Debian: apt-get install spin gcc)" >&2
    exit 2
  fi
done
wrong=0 all=0
of() { model=$1; echo "== $model"; }
holds() { verdict holds "$@"; }
fails() { verdict fails "$@"; }
verdict() {
  want=$1 name=$2; shift 2
  all=$((all + 1))
  ./run1.sh "$model" "$want" "$name" "$@" || wrong=$((wrong + 1))
}

of push.pml
holds "P5 a captured request gives no second request_uri" -DP=5 -DCAPTURED -DDIE -DRESEND
holds "P6 P9 who pushes again after a failure has a request_uri" -DP=9 -DDIE -DRESEND
fails "mutant 1: the claim does not name its attempt, and the SDK repeats it" -DP=9 -DRESEND -DMUT=1
fails "mutant 2: answered before the claim" -DP=5 -DCAPTURED -DMUT=2

of grant.pml
holds "P1 beside a thief: a death, a repeated commit, time" -DP=1 -DTHIEF -DDIE -DRESEND -DCLOCK
holds "P1 with sweeping" -DP=1 -DTHIEF -DRESEND -DCLOCK -DSWEEP
holds "P1 the client sends twice beside a thief; a late copy of a redemption" -DP=1 -DDOUBLE -DTHIEF -DLATE=REDEEM
holds "P2 a replay ends all: a death, a repeated commit, a failed signature" -DP=2 -DTHIEF -DDIE -DRESEND -DKMS
holds "P2 the client sends twice beside a thief; a late copy of a redemption" -DP=2 -DDOUBLE -DTHIEF -DLATE=REDEEM
holds "P3 revoked by the client, ended by a replay" -DP=3 -DTHIEF -DREVOKE -DDIE -DRESEND
holds "P3 ended by the person, twice; revoked" -DP=3 -DEND=2 -DREVOKE
holds "P3 ended; a late copy of the redemption" -DP=3 -DEND=1 -DREVOKE -DLATE=REDEEM
holds "P3 ended; a late copy of the sign-in" -DP=3 -DEND=1 -DLATE=SIGNIN
holds "P3 ended twice; a late copy of the first End" -DP=3 -DEND=2 -DLATE=ENDS
holds "P3 a refreshed token, with sweeping" -DP=3 -DREFRESH -DREVOKE -DEND=1 -DSWEEP -DCLOCK
holds "P3 a refreshed token revoked alone; a late copy of its put" -DP=3 -DREFRESH -DREVOKEONE -DLATE=PUT
holds "P3 the token that goes out with the code; a late copy of the approval" -DP=3 -DFRONT -DREVOKEONE -DREVOKE -DEND=1 -DAGAIN -DLATE=APPROVE
holds "P4 beside bob in two browsers" -DP=4 -DBOB -DOTHER -DDIE -DAGAIN
holds "P4 beside bob and a thief" -DP=4 -DTHIEF -DBOB -DOTHER
holds "P4 the token that goes out with the code" -DP=4 -DFRONT -DBOB -DOTHER -DAGAIN
holds "P4 a late copy of a sign-in" -DP=4 -DBOB -DOTHER -DLATE=SIGNIN
holds "P5 a one-time code lets one browser in" -DP=5 -DOTP -DDIE -DAGAIN
holds "P5 a captured request at /token" -DP=5 -DJTI -DDIE -DRESEND
holds "P6 she keeps what she has: repeats, a failed signature, somebody saw the code" -DP=6 -DAGAIN -DRESEND -DKMS -DSEEN -DEND=1
holds "P6 she keeps what she has: a late copy of the redemption, two Ends before" -DP=6 -DSEEN -DLATE=REDEEM -DEND=2
holds "P6 she keeps what she has: Allow once more, after all is done" -DP=6 -DBACK -DAGAIN
holds "P6 P9 a function dies anywhere" -DP=9 -DDIE -DAGAIN
holds "P6 P9 the same, a request by value" -DP=9 -DDIE -DVALUE -DAGAIN
holds "P6 P9 the same, recognised" -DP=9 -DDIE -DKNOWN -DAGAIN
holds "P6 P9 the same, with a token beside the code" -DP=9 -DDIE -DFRONT -DAGAIN
holds "P6 P9 a signature fails" -DP=9 -DKMS -DRESEND
holds "P6 P9 somebody saw the code alone" -DP=9 -DSEEN -DDIE
holds "P6 P9 a captured request" -DP=9 -DJTI
holds "P6 P9 a late copy of the opening" -DP=9 -DLATE=OPEN
holds "P6 P9 a late copy of the sign-in" -DP=9 -DLATE=SIGNIN -DAGAIN
holds "P6 P9 a late copy of the approval" -DP=9 -DLATE=APPROVE
holds "P7 no token outlives its consent, with sweeping" -DP=7 -DTHIEF -DCLOCK -DSWEEP
holds "P7 nor a refreshed one" -DP=7 -DREFRESH -DCLOCK -DSWEEP
holds "P7 nor the one that goes out with the code" -DP=7 -DFRONT -DCLOCK -DSWEEP
holds "P7 a sign-out ends what the session began: recognised" -DP=77 -DKNOWN -DSIGNOUT -DAGAIN -DDIE
holds "P7 a sign-out ends what the session began: the sign-in itself, posted twice" -DP=77 -DSIGNOUT -DAGAIN -DDIE
holds "P7 the same, a late copy of the sign-in" -DP=77 -DSIGNOUT -DLATE=SIGNIN -DAGAIN
holds "P8 a session does not come back: a late copy of its put" -DP=8 -DKNOWN -DSIGNOUT -DLATE=SESSION
holds "P8 what ended does not come back: a late copy of an End" -DP=8 -DEND=2 -DLATE=ENDS
holds "P8 the same, of a sign-in" -DP=8 -DEND=2 -DLATE=SIGNIN
holds "P8 the same, of an approval" -DP=8 -DEND=2 -DLATE=APPROVE -DAGAIN
fails "P6 a limit: the client itself sends the code twice (RFC 6749 4.1.2 calls that a theft)" -DP=6 -DDOUBLE
fails "P9 a limit: a late copy of the first Allow comes after the second: the login begins anew" -DP=9 -DLATE=APPROVE -DAGAIN
fails "mutant 1: a loser answers too" -DP=1 -DTHIEF -DMUT=1
fails "mutant 2: the last attempt is noted, and not a set" -DP=2 -DTHIEF -DRESEND -DMUT=2
fails "mutant 3: no epoch at use" -DP=3 -DEND=1 -DMUT=3
fails "mutant 4: approved for whoever is signed in" -DP=4 -DBOB -DMUT=4
fails "mutant 5: an epoch is random, and a late End takes it back" -DP=8 -DEND=2 -DLATE=ENDS -DMUT=5
fails "mutant 6: a claim does not name its attempt" -DP=9 -DDIE -DMUT=6
fails "mutant 7: anybody's claim of a one-time code holds" -DP=5 -DOTP -DMUT=7
fails "mutant 8: a sign-out is not looked at" -DP=77 -DKNOWN -DSIGNOUT -DMUT=8
fails "mutant 9: a session is deleted and not marked" -DP=8 -DKNOWN -DSIGNOUT -DLATE=SESSION -DMUT=9
fails "mutant 10: approved again after the redemption" -DP=6 -DBACK -DMUT=10
fails "mutant 11: a used assertion goes on" -DP=5 -DJTI -DMUT=11
fails "mutant 12: End ends what an index lists" -DP=3 -DEND=1 -DMUT=12
fails "mutant 13: nobody looks at the time" -DP=7 -DCLOCK -DMUT=13
fails "mutant 14: a replay is judged before the other checks" -DP=6 -DSEEN -DMUT=14
fails "mutant 15: signed after the commit" -DP=9 -DKMS -DMUT=15
fails "mutant 16: signed in after the decision" -DP=4 -DBOB -DMUT=16
fails "mutant 17: a token is deleted and not marked" -DP=3 -DREFRESH -DREVOKEONE -DLATE=PUT -DMUT=17
fails "mutant 18: a form that is posted again forgets the session of the first" -DP=77 -DSIGNOUT -DAGAIN -DMUT=18
fails "mutant 19: the request_uri opens after the decision" -DP=4 -DOTHER -DMUT=19
fails "mutant 20: another approval takes the mark of a revoked token away" -DP=3 -DFRONT -DREVOKEONE -DAGAIN -DLATE=APPROVE -DMUT=20

of bond.pml
holds "P7 no silent approval of what was revoked" -DP=7 -DREVOKE
holds "P7 two by hand of the same thing" -DP=7 -DREVOKE -DBOTH
holds "P7 two silent ones at once" -DP=7 -DREVOKE -DPARALLEL
holds "P7 late copies, of an End too" -DP=7 -DREVOKE -DLATE -DEND=1
holds "P8 once the newest is revoked, the next one is by hand" -DP=8 -DREVOKE
holds "P8 two silent ones at once" -DP=8 -DREVOKE -DPARALLEL
holds "P8 nothing is remembered of an epoch that ended" -DP=88 -DEND=2 -DREVOKE
holds "P8 the same, late copies of an End or a remembering" -DP=88 -DEND=2 -DLATE
holds "P6 an End ends nothing that began after it, late copies too" -DP=6 -DEND=2 -DLATE
fails "P8 a limit: a late copy of a remembering: it lives from the grant before, while that is in force" -DP=8 -DREVOKE -DLATE -DPARALLEL
fails "mutant 1: remembered whatever the epoch" -DP=88 -DEND=1 -DMUT=1
fails "mutant 2: an epoch is random, and a late End takes it back" -DP=88 -DEND=2 -DLATE -DMUT=2
fails "mutant 3: a silent approval is no new source" -DP=8 -DREVOKE -DPARALLEL -DMUT=3
fails "mutant 4: one source for all that was ever agreed to" -DP=7 -DREVOKE -DMUT=4
fails "mutant 5: nobody looks whether the source is in force" -DP=7 -DREVOKE -DMUT=5
fails "mutant 6: approved first, then the source" -DP=8 -DREVOKE -DPARALLEL -DMUT=6

of sweep.pml
holds "P3 a swept bond brings nothing back" -DP=3 -DEND=2
holds "P6 a swept bond ends nothing before its time" -DP=6 -DEND=2
holds "P7 nothing outlives its own end" -DP=7 -DEND=1
fails "mutant 1: the bond is swept early" -DP=3 -DEND=1 -DMUT=1
fails "mutant 2: only the bond's very epoch will do" -DP=6 -DEND=1 -DMUT=2
fails "mutant 3: nobody looks at the time" -DP=7 -DEND=1 -DMUT=3

of refresh.pml
holds "P1 one that was replaced before the last is good no more, nor that one after its minute" -DP=1 -DTHIEF -DDIE -DLATE -DLOST -DSLOW
holds "P2 two use one refresh token: all ends once both come again, though a function dies" -DP=2 -DTHIEF -DDIE -DSLOW
holds "P3 revoked by any token of the family: a death, an answer lost" -DP=3 -DLOGOUT -DLOST -DDIE -DLATE
holds "P3 the same beside a thief" -DP=3 -DTHIEF -DLOGOUT -DLATE
holds "P6 the answer of a replacement is lost: the same token again, within its minute" -DP=6 -DLOST
holds "P6 a function dies in the middle" -DP=6 -DDIE
holds "P6 the app sends its refresh twice at once" -DP=6 -DTWICE
holds "P6 a late copy is no theft; a thief without the key ends nothing" -DP=6 -DTHIEF -DKEY -DLATE
holds "P8 a late copy brings no earlier token back" -DP=8 -DLATE
fails "P6 a limit: the app sends its refresh twice at once, and goes on with the answer that is not the newest" -DP=6 -DTWICE -DNEXT
fails "P6 a limit: the answer is lost, and the app comes again after the minute" -DP=6 -DLOST -DSLOW
fails "mutant 1: only the newest token revokes" -DP=3 -DLOGOUT -DLOST -DMUT=1
fails "mutant 2: a replacement has no condition on the token found" -DP=8 -DLATE -DMUT=2
fails "mutant 3: a token that was replaced ends nothing" -DP=2 -DTHIEF -DMUT=3
fails "mutant 4: a replay is judged before the key" -DP=6 -DTHIEF -DKEY -DSLOW -DMUT=4
fails "mutant 5: the use of the one before begins its minute anew" -DP=1 -DTHIEF -DLOST -DSLOW -DMUT=5
fails "mutant 6: every one of the family is good for that minute" -DP=2 -DTHIEF -DMUT=6
fails "mutant 7: who lost the race is not judged again" -DP=6 -DTWICE -DMUT=7

of passkey.pml
holds "P5 a link gives one passkey: two browsers, one code" -DP=5 -DSECOND -DDIE -DLATE
holds "P5 a link gives one passkey: two browsers, two codes" -DP=5 -DSECOND -DCODE2 -DDIE -DLATE
holds "P6 P9 a function dies anywhere, an answer is lost, a late copy" -DP=9 -DDIE -DLATE
holds "P7 a passkey is gone with the record that holds it" -DP=7 -DKEEP -DDIE
holds "P8 what the bank took away does not come back" -DP=8 -DKEEP -DDIE -DLATE -DSECOND -DCODE2
fails "mutant 1: the record first, then what leads to it" -DP=9 -DDIE -DMUT=1
fails "mutant 2: a ticket is made anew at each try" -DP=9 -DDIE -DMUT=2
fails "mutant 3: a claim does not name its attempt" -DP=9 -DDIE -DMUT=3
fails "mutant 4: an exchange has no condition" -DP=5 -DSECOND -DCODE2 -DMUT=4
fails "mutant 5: a passkey is added whatever the ticket" -DP=8 -DKEEP -DMUT=5
fails "mutant 6: what leads to the user is enough to sign in" -DP=7 -DKEEP -DMUT=6
holds "P8 a passkey that its person removed stays removed: late copies of both writes" -DP=8 -DOWN
fails "mutant 8: a passkey of one's own is added whatever was removed since" -DP=8 -DOWN -DMUT=8
fails "mutant 7: a passkey that is there is refused when its form comes again" -DP=9 -DDIE -DMUT=7

of two_items.pml
fails "P2 why not: redeemed, then the consent; a replay between ends nothing" -DP=2 -DWAY=1 -DTHIEF
fails "P9 why not: redeemed, then the consent; a death between spends the code for nothing" -DP=9 -DWAY=1 -DDIE
fails "P2 why not: the consent first; who loses dies before ending it" -DP=2 -DWAY=2 -DTHIEF -DDIE
fails "P5 why not: signed in, then the code claimed; both are in" -DP=5 -DWAY=3

of eventual_regions.pml
fails "P1 why not: eventual tables; both Regions redeem" -DP=1
fails "P3 why not: eventual tables; revoked here, taken there" -DP=3
fails "P5 why not: eventual tables; both Regions take the jti" -DP=5
fails "P8 why not: eventual tables; a later refresh there takes the revocation back" -DP=8

echo "$all verdicts, $wrong unexpected"
[ "$wrong" = 0 ]
