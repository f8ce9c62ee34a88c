/* What one person and one client have with each other: chalicelib/storage/dynamodb/bonds.py, interaction/consent_without_page.py, interaction/decision.py.
 *
 * Grants 1 and 2 are approved by hand, for A alone and for B alone (or for both: -DBOTH). Grant 3 is asked for A, or for B, with what is
 * remembered. The bond names, for each thing that was agreed to, the grant that it lives from. A silent approval is preceded by one
 * write that lets those things live from the new grant. One atomic block is one AWS call.
 *   -DREVOKE the client revokes grants, in any order   -DEND=n the person ends it, so often   -DLATE a copy of an End, or of a remembering
 *   -DPARALLEL two silent logins at once
 * Mutants, -DMUT=n:
 *   1 remembered whatever the epoch   2 an epoch is random, and End's write has no condition   3 a silent approval is no new source
 *   4 what is remembered has one source for all that was ever agreed to   5 nobody looks whether the source is in force
 *   6 silently approved first, then the source */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
#define N 5
#define bit(a) (1 << (a))
/* bond */   byte epoch = 0, src[3];             /* src[n]: the grant from which n (1: A, 2: B) lives, 0 for none */
/* grants */ bool there[N], revoked[N]; byte at[N], holds[N];
/* ghosts */ byte acted = 0, said = 0, basis[N], newest[3], agreed_in[3]; bool gone[N], dead_silent = 0, came_back = 0, remembered_late = 0, lives = 0;
byte dk = 0, dg = 0, de = 0, mark = 0;

#define alive(g) (there[g] && !revoked[g] && at[g] == epoch)

inline w_remember(g) {
  if :: epoch == at[g] || MUT == 1 ->
        if :: holds[g] & 1 -> src[1] = g :: else fi;
        if :: holds[g] & 2 -> src[2] = g :: else fi;
#if MUT == 4
        src[1] = (src[1] -> g : 0); src[2] = (src[2] -> g : 0);
#endif
        remembered_late = remembered_late || said > basis[g]
     :: else fi
}
proctype Hand(byte g; byte names) {
  atomic { at[g] = epoch; basis[g] = acted; holds[g] = names };                 /* sign-in: GetItem bonds */
  there[g] = 1;                                                                 /* approve */
  atomic { w_remember(g); newest[1] = (names & 1 -> g : newest[1]); newest[2] = (names & 2 -> g : newest[2]);
#ifdef LATE
           if :: dk == 0 -> dk = 1; dg = g :: true -> skip fi
#else
           skip
#endif
         }
}
proctype Silent(byte g; byte n) {
  byte found, e, then; bool ok, dead, old;
  atomic { at[g] = epoch; basis[g] = acted; holds[g] = n };
  /* ghost: has everything been revoked, and answered, of which n was agreed to? has the newest? */
  atomic { dead = (!there[1] || gone[1] || !(holds[1] & n)) && (!there[2] || gone[2] || !(holds[2] & n)) && (!there[3] || g == 3 || gone[3] || !(holds[3] & n)) &&
           (!there[4] || g == 4 || gone[4] || !(holds[4] & n));
           old = newest[n] != 0 && gone[newest[n]]; then = newest[n] };
  atomic { found = src[n]; e = epoch };                                          /* GET /consent: GetItem bonds */
  if :: e != at[g] || found == 0 -> goto out :: else fi;
  ok = (alive(found) || MUT == 5);                                              /* GetItem grants, with the bond as it was read */
  if :: !ok -> goto out :: else fi;
#if MUT == 6
  atomic { there[g] = 1; dead_silent = dead_silent || dead && newest[n] == then; came_back = came_back || old && newest[n] == then; newest[n] = g };
#endif
#if MUT != 3
  atomic { ok = (epoch == at[g] && (src[n] == found || src[n] == g)); if :: ok -> src[n] = g :: else fi };
  if :: !ok -> goto out :: else fi;
#endif
  atomic { there[g] = 1; dead_silent = dead_silent || dead && newest[n] == then; came_back = came_back || old && newest[n] == then; newest[n] = g };
out: skip
}
proctype Revoke(byte g) { (there[g]); revoked[g] = 1; gone[g] = 1 }
proctype End(byte n) {
  byte e = 1, mine = 0; bool again;
  if :: MUT == 2 -> e = 7 + n :: else fi;
send:
  atomic { again = 0;
    if :: epoch < e || MUT == 2 -> epoch = e; mark = n; src[1] = 0; src[2] = 0; acted++; mine = acted;
#ifdef LATE
          if :: dk == 0 -> dk = 2; de = e; dg = n :: true -> skip fi
#endif
       :: else -> if :: mark != n -> e = epoch + 1; again = 1 :: else fi
    fi };
  if :: again -> goto send :: else fi;
  atomic { said = (mine > said -> mine : said) }
}
proctype Late() {
  atomic { (dk != 0);
    if :: dk == 1 -> w_remember(dg)
       :: dk == 2 -> if :: epoch < de || MUT == 2 -> epoch = de; mark = dg; src[1] = 0; src[2] = 0 :: else fi
    fi }
}
init {
  atomic {
#ifdef BOTH
    run Hand(1, 3); run Hand(2, 1);
#else
    run Hand(1, 1); run Hand(2, 2);
#endif
    if :: run Silent(3, 1) :: run Silent(3, 2) fi;
#ifdef PARALLEL
    if :: run Silent(4, 1) :: run Silent(4, 2) fi;
#endif
#ifdef REVOKE
    run Revoke(1); run Revoke(2); run Revoke(3);
#endif
#ifdef END
    run End(1);
#if END > 1
    run End(2);
#endif
#endif
#ifdef LATE
    run Late();
#endif
  }
  (timeout);
  /* P7: nobody is approved silently for what was agreed to in grants of which each was revoked before the request came */
  assert(P != 7 || !dead_silent);
  /* P8: nothing revoked comes back: once the newest grant of something was revoked, the next approval of it is by hand */
  assert(P != 8 || !came_back);
  /* P8: nothing is remembered of an epoch that an answered End ended, and no grant of it is in force again */
  assert(P != 88 || !remembered_late);
  assert(P != 88 || !(said > basis[1] && alive(1)) && !(said > basis[2] && alive(2)) && !(said > basis[3] && alive(3)));
  /* P6: an End ends nothing that began after it */
  assert(P != 6 || !(there[1] && !revoked[1] && acted == basis[1]) || alive(1))
}
