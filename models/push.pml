/* The pushed request: endpoints/par.py, Grants.push, ReplayCache.claim. Two writes side by side, both needed for the answer.
 * The honest client comes again, with another assertion, where it had no answer; somebody sends the captured request once more.
 * One atomic block is one AWS call.   -DDIE a function dies once   -DRESEND the SDK repeats a claim that landed
 * Mutants, -DMUT=n: 1 the claim does not name its attempt   2 answered before the claim */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
byte jti[3], answered[3], owner[4], fails = 0, resent = 0, tried = 0; bool has = 0, refused_honest = 0;
#ifdef DIE
#define may_die if :: true -> skip :: fails < 1 -> fails++; goto died fi
#else
#define may_die skip
#endif
inline w_claim() { ok = (jti[j] == 0 || jti[j] == a && MUT != 1); jti[j] = (jti[j] == 0 -> a : jti[j]) }
proctype Push(byte a; byte j) {                                 /* a: the attempt, and its secret */
  bool ok = 0; byte key;
  key = a;
  if :: atomic { owner[key] = (owner[key] == 0 -> a : owner[key]) }; may_die; atomic { w_claim() }
     :: atomic { w_claim() }; may_die; atomic { owner[key] = (owner[key] == 0 -> a : owner[key]) }
     :: MUT == 2 -> owner[key] = a; ok = 1
  fi;
#ifdef RESEND
  if :: ok && resent < 1 -> resent++; atomic { w_claim() } :: true -> skip fi;
#endif
  may_die;
  if :: ok -> answered[j]++; has = has || a != 3 && owner[key] == a :: else -> refused_honest = refused_honest || a != 3 fi;
died: atomic { if :: a == 1 && !has && tried < 1 -> tried++; run Push(2, 2) :: else fi }
}
proctype Captured() { (jti[1] != 0); run Push(3, 1) }
init {
  atomic { run Push(1, 1);
#ifdef CAPTURED
    run Captured();
#endif
  }
  (timeout);
  /* P5: a jti is accepted at most once */
  assert(P != 5 || answered[1] <= 1 && answered[2] <= 1);
  /* P6, P9: the honest client has its request_uri, and none of its own tries is taken for a replay */
  assert(P != 9 || has && !refused_honest)
}
