/* Why not global tables with eventual consistency: each Region commits by itself, items are copied, and the later write takes the
 * whole item. Region 0 and 1. Every verdict fails: no conditional write is a guarantee there. */
#ifndef P
#define P 0
#endif
byte clock = 0;
byte red[2], i_ts[2];                                           /* interaction */
bool c_there[2], c_rev[2]; byte c_gen[2], c_ts[2];              /* consent: one item, copied whole */
byte jti[2], j_ts[2];
byte given = 0, accepted_jti = 0; bool revoke_said = 0; byte running = 0;
proctype Redeem(byte r; byte a) {
  bool won = 0;
  atomic { if :: jti[r] == 0 || P != 5 -> jti[r] = a; clock++; j_ts[r] = clock; accepted_jti++ :: else -> goto out fi;
           if :: red[r] == 0 -> red[r] = a; clock++; i_ts[r] = clock; c_there[r] = 1; c_rev[r] = 0; c_gen[r] = 1; c_ts[r] = clock; won = 1 :: else fi };
  if :: won -> given++ :: else -> atomic { c_rev[r] = 1; clock++; c_ts[r] = clock } fi;
out: running--
}
proctype Copy() {                                               /* between Regions, any time, any order */
  byte f;
  do
  :: atomic { i_ts[0] > i_ts[1] -> red[1] = red[0]; i_ts[1] = i_ts[0] }
  :: atomic { i_ts[1] > i_ts[0] -> red[0] = red[1]; i_ts[0] = i_ts[1] }
  :: atomic { c_ts[0] > c_ts[1] -> c_there[1] = c_there[0]; c_rev[1] = c_rev[0]; c_gen[1] = c_gen[0]; c_ts[1] = c_ts[0] }
  :: atomic { c_ts[1] > c_ts[0] -> c_there[0] = c_there[1]; c_rev[0] = c_rev[1]; c_gen[0] = c_gen[1]; c_ts[0] = c_ts[1] }
  :: atomic { running == 0 && c_ts[0] == c_ts[1] && i_ts[0] == i_ts[1] -> break }
  od
}
proctype Revoke(byte r) { atomic { c_there[r] -> c_rev[r] = 1; clock++; c_ts[r] = clock }; revoke_said = 1; running-- }
proctype Rotate(byte r) { atomic { if :: c_there[r] && !c_rev[r] -> c_gen[r]++; clock++; c_ts[r] = clock :: else fi }; running-- }
proctype Resource(byte r) { bool late; late = revoke_said; atomic { if :: c_there[r] && !c_rev[r] -> assert(!(P == 3) || !late) :: else fi } }
init { atomic {
#if P == 1 || P == 5
    running = 2; run Redeem(0, 1); run Redeem(1, 2);
#endif
#if P == 3 || P == 8
    c_there[0] = 1; c_there[1] = 1; red[0] = 1; red[1] = 1; clock = 1; c_ts[0] = 1; c_ts[1] = 1; i_ts[0] = 1; i_ts[1] = 1;
    running = 2; run Revoke(0); run Rotate(1); run Resource(1);
#endif
    run Copy() }
  (running == 0 && _nr_pr == 1);
  assert(!(P == 1) || given <= 1);
  assert(!(P == 5) || accepted_jti <= 1);
  assert(!(P == 8) || c_rev[0] && c_rev[1])                     /* copied to the end, and revoked still */
}
