/* Refresh tokens that are replaced at each use (public clients, bound to no key): grant_types/refresh_token.py, Grants.rotate, endpoints/revoke.py.
 * Token n is good while the grant's hash is n; the one that it replaced stays good until its minute is over, which no use of it prolongs.
 * The access token that comes with a replacement is put before it, under a handle that nobody has yet.
 * One atomic block is one AWS call.
 *   -DTHIEF has a copy of the first one   -DKEY and lacks the DPoP key   -DDIE a function dies once, after any call   -DLOST an answer is lost
 *   -DLOGOUT the app revokes by the refresh token that it has   -DLATE a copy of a replacement arrives late
 *   -DSLOW the minute may be over at any time   -DTWICE the app sends its refresh twice at once   -DNEXT and once more with the answer that it kept
 * Mutants, -DMUT=n: 1 only the newest token revokes   2 a replacement has no condition on the token found
 *   3 one that was replaced before ends nothing   4 a replay is judged before the key
 *   5 the use of the one before begins its minute anew   6 every one of the family is good for that minute
 *   7 who lost the race is not judged again */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
byte hash = 1, before = 0, serial = 1, has = 1, thief_has = 0, fails = 0, lost = 0, heads = 0, lates = 0, dk = 0, df = 0;
bool open = 0, revoked = 0, tok[14], theft_said = 0, revoke_said = 0, out = 0, thief_got = 0, begun_again = 0;
#ifdef DIE
#define may_die if :: true -> skip :: fails < 1 -> fails++; goto died fi
#else
#define may_die skip
#endif
#if defined(TWICE) && !defined(NEXT)
#define ROUNDS 1
#else
#define ROUNDS 2
#endif
#define good(with) (with == seen || with == prior && minute)
inline w_rotate(from, to, first) {                              /* UpdateItem, on the hash as it was found */
  won = !revoked && (hash == from || hash == to || MUT == 2);
  if :: won -> hash = to;
        if :: first -> before = from; open = 1 :: MUT == 5 && !first -> begun_again = begun_again || !open; open = 1 :: else fi
     :: else fi
}
inline read_grant() { seen = hash; prior = before; minute = open || MUT == 6 && with != hash; over = revoked }
proctype Refresh(byte with; bool honest) {
  byte seen, prior, new, tries = 0; bool won = 0, over, minute, first;
  atomic { read_grant() };                                      /* BatchGetItem */
  if :: over -> out = out || honest; goto died :: else fi;
#if MUT == 4
  if :: !good(with) -> goto reuse :: else fi;
#endif
#ifdef KEY
  if :: !honest -> goto died :: else fi;                        /* confirmation: before a replay is judged */
#endif
  if :: !good(with) && MUT != 6 -> goto reuse :: else fi;
  atomic { serial++; new = serial };
  tok[new] = 1; may_die;                                        /* PutItem, beside the question to the directory */
again:
  atomic { first = (with == seen); w_rotate(seen, new, first);
           if :: won && dk == 0 && first -> dk = new; df = seen :: true -> skip fi };
  may_die;
  if :: won -> skip
     :: else ->
        if :: MUT == 7 -> goto reuse :: else fi;
        atomic { read_grant() };
        if :: over -> out = out || honest; goto died :: else fi;
        if :: !good(with) -> goto reuse :: else fi;
        tries++; (tries < 4); goto again
  fi;
  if :: honest ->
#ifdef LOST
        if :: has = new :: lost < 1 -> lost++ fi
#else
        has = new
#endif
     :: else -> thief_got = 1; thief_has = new fi;
  goto died;
reuse:
  may_die;
  if :: MUT != 3 -> revoked = 1 :: else fi;
  theft_said = 1; out = out || honest;
died: heads = heads + honest
}
proctype App() {
  byte i = 0, before_it;
  do :: i < ROUNDS && !out -> i++; before_it = heads;
#ifdef TWICE
        if :: i == 1 -> run Refresh(has, 1) :: else -> heads++ fi;
        run Refresh(has, 1); (heads >= before_it + 2)
#else
        run Refresh(has, 1); (heads >= before_it + 1)
#endif
     :: else -> break od;
#ifdef LOGOUT
  atomic { if :: has == hash || MUT != 1 -> revoked = 1 :: else fi };            /* any token of the family */
  revoke_said = 1
#endif
}
proctype Use(byte n) {
  bool late;
  (tok[n]);
  late = revoke_said || theft_said;
  atomic { if :: tok[n] && !revoked -> assert(P != 3 || !late) :: else fi }     /* P3 */
}
proctype Late() { bool won; atomic { (dk != 0); w_rotate(df, dk, 1); lates = 1 } }
proctype Clock() { byte n = 0; do :: n < 2 -> atomic { (open); open = 0; n++ } :: break od }
init {
  byte last;
  atomic {
    run App();
#if P == 3
    run Use(2); run Use(3);
#endif
#ifdef THIEF
    run Refresh(1, 0);
#endif
#ifdef LATE
    run Late();
#endif
#ifdef SLOW
    run Clock();
#endif
  }
  (timeout);
  /* P6: who is honest, and alone, or beside a thief without the key, is not taken for a thief */
  assert(P != 6 || !theft_said && !out);
  /* P8: a late copy of a replacement brings no earlier token back */
  assert(P != 8 || revoked || has == hash);
  /* P1: of one that was replaced before the last no use is answered; and a use of the last begins no new minute */
  assert(P != 1 || !begun_again);
#if P == 1
  open = 0; last = serial;
  if :: hash != 1 -> run Refresh(1, 0); (timeout); assert(serial == last) :: else fi;
#endif
#if P == 2
  /* P2: two had the first one, and both have something of it: once the minute is over and both come again, all is over */
  if :: thief_got && !revoked && has != thief_has ->
        open = 0; run Refresh(thief_has, 0); (timeout);
        open = 0; run Refresh(has, 1); (timeout);
        open = 0; run Refresh(thief_has, 0); (timeout);
        assert(revoked)
     :: else fi
#endif
}
