/* Refresh tokens that are replaced at each use (public clients): grants/refresh_token.py, Grants.rotate, endpoints/revoke.py.
 * Token n is good while the grant's hash is n. The access token that comes with it is put beside, under a handle that nobody has yet.
 * One atomic block is one AWS call.
 *   -DTHIEF has a copy of the first one   -DKEY and lacks the DPoP key   -DDIE a function dies once, after any call   -DLOST an answer is lost
 *   -DLOGOUT the app revokes by the refresh token that it has   -DLATE a copy of a replacement arrives late
 * Mutants, -DMUT=n: 1 only the newest token revokes   2 a replacement has no condition on the token found
 *   3 one that was replaced before ends nothing   4 a replay is judged before the key */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
byte hash = 1, serial = 1, has = 1, fails = 0, lost = 0, heads = 0, uses[10], dk = 0, df = 0;
bool revoked = 0, tok[10], theft_said = 0, revoke_said = 0, out = 0, thief_got = 0;
#ifdef DIE
#define may_die if :: true -> skip :: fails < 1 -> fails++; goto died fi
#else
#define may_die skip
#endif
inline w_rotate(from, to) {
  won = !revoked && (hash == from || hash == to || MUT == 2);
  if :: won -> hash = to :: else fi
}
proctype Refresh(byte with; bool honest) {
  byte seen, new, there; bool won = 0, over;
  atomic { seen = hash; over = revoked };                       /* BatchGetItem */
  if :: over -> out = out || honest; goto died :: else fi;
#if MUT == 4
  if :: with != seen -> goto reuse :: else fi;
#endif
#ifdef KEY
  if :: !honest -> goto died :: else fi;                        /* confirmation: before a replay is judged */
#endif
  if :: with != seen -> goto reuse :: else fi;
  atomic { serial++; new = serial };
  if :: tok[new] = 1; may_die;                                  /* side by side: in either order */
        atomic { w_rotate(seen, new); there = hash; if :: won -> uses[with]++ :: else fi;
                 if :: won && dk == 0 -> dk = new; df = seen :: true -> skip fi }
     :: atomic { w_rotate(seen, new); there = hash; if :: won -> uses[with]++ :: else fi;
                 if :: won && dk == 0 -> dk = new; df = seen :: true -> skip fi };
        may_die; tok[new] = 1
  fi;
  may_die;
  if :: !won && there != seen -> goto reuse :: !won && there == seen -> out = out || honest; goto died :: else fi;
  if :: honest ->
#ifdef LOST
        if :: has = new :: lost < 1 -> lost++ fi
#else
        has = new
#endif
     :: else -> thief_got = 1 fi;
  goto died;
reuse:
  may_die;
  if :: MUT != 3 -> revoked = 1 :: else fi;
  theft_said = 1; out = out || honest;
died: heads = heads + honest
}
proctype App() {
  byte i = 0, before;
  do :: i < 3 && !out -> i++; before = heads; run Refresh(has, 1); (heads >= before + 1)
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
proctype Late() { bool won; atomic { (dk != 0); w_rotate(df, dk) } }
init {
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
  }
  (timeout);
  /* P1, of a refresh token that is replaced: it is good once */
  assert(P != 1 || uses[1] <= 1 && uses[2] <= 1 && uses[3] <= 1);
  /* P2: two had the first one, and both came: nothing of the grant is in force */
  assert(P != 2 || !(thief_got && (has > 1 || out)) || revoked);
  /* P6: who is honest, and alone, or beside a thief without the key, is not taken for a thief */
  assert(P != 6 || !theft_said && !out);
  /* P8: a late copy of a replacement brings no earlier token back */
  assert(P != 8 || revoked || has == hash)
}
