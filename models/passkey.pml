/* A link for one passkey: invitation, ticket, passkey. users/passkeys.py, endpoints/passkey.py, storage/dynamodb/users.py,
 * The set of passkeys in the user's item decides (`record`: one bit for each); an item leads from the passkey to the user.
 * storage/dynamodb/passkeys.py. One atomic block is one AWS call.
 *   -DDIE a function dies, or its answer is lost, once, after any call: the person posts the same form again
 *   -DSECOND another browser has the link and the password, with the same one-time code, or (-DCODE2) with another one
 *   -DKEEP the bank replaces the person's record, which takes passkeys away   -DLATE a copy of a write that landed arrives late
 *   -DAGAIN the bank sends another link afterwards
 *   -DOWN at /security the person adds a passkey and removes it, and copies of both writes that added it arrive late, in any order
 * Mutants, -DMUT=n: 1 the record first, then what leads to it   2 a ticket is made anew at each try   3 a claim does not name its attempt
 *   4 an exchange has no condition   5 a passkey is added whatever the ticket   6 what leads to the user is enough to sign in
 *   7 a passkey that was added is refused when its form comes again   8 a passkey of one's own is added whatever was removed since */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
#define LINK 1
#define LINK2 2
/* the user's item: invitation (a link's, or the ticket that it became), and the record: which passkeys, one bit for each browser's */
byte invitation = LINK, record = 0, otp[3], keeps = 0; bool lead[3];
byte fails = 0, serial = 0, dk = 0, dt = 0, dn = 0; bool done[3], stuck = 0, kept = 0, back = 0;
#define bit(b) (1 << (b))
#ifdef DIE
#define may_die(where) if :: true -> skip :: fails < 1 -> fails++; goto where fi
#else
#define may_die(where) skip
#endif
inline w_exchange(t) { won = (invitation == LINK || invitation == t || MUT == 4); invitation = (won -> t : invitation) }
inline w_add(t, own) { won = (invitation == t || ((record & (own)) && invitation == 0) || MUT == 5);
  if :: won -> record = record | (own); invitation = 0 :: else fi }
proctype Browser(byte b; byte code) {
  byte t = 0, seen; bool won, known;
prove:                                                          /* POST /passkey, with the password and a one-time code */
#if MUT == 2
  atomic { serial++; t = 20 + serial };
#else
  t = 10 + b;                                                   /* follows from the browser's cookie and the link */
#endif
  atomic { seen = invitation };                                 /* GetItem users */
  if :: seen != LINK && seen != t -> goto over :: else fi;
  atomic { won = (otp[code] == 0 || otp[code] == b && MUT != 3); otp[code] = (otp[code] == 0 -> b : otp[code]) };
  may_die(prove);
  if :: !won -> goto over :: else fi;
  atomic { w_exchange(t); if :: won && dk == 0 -> dk = 1; dt = t :: true -> skip fi };
  may_die(prove);
  if :: !won -> goto over :: else fi;
add:                                                            /* POST /passkey, with the ticket and what the authenticator made */
  atomic { seen = invitation; known = ((record & bit(b)) != 0) };        /* GetItem users */
  if :: known && MUT != 7 -> done[b] = 1; goto out
     :: (!known || MUT == 7) && seen != t && MUT != 5 -> goto over
     :: else fi;
#if MUT == 1
  atomic { w_add(t, bit(b)) };
  may_die(add);
  if :: !won -> goto over :: else fi;
  lead[b] = 1;
#else
  lead[b] = 1;
  may_die(add);
  atomic { w_add(t, bit(b)); back = back || won && kept; if :: won && dk == 0 -> dk = 2; dt = t; dn = bit(b) :: true -> skip fi };
#endif
  may_die(add);
  if :: !won -> goto over :: else fi;
  done[b] = 1; goto out;
over: stuck = stuck || b == 1;
out: skip
}
proctype Keep() { (record != 0 || invitation > 2); atomic { keeps = record; record = 0; invitation = 0 }; kept = 1 }
proctype Again() { (done[1]); atomic { if :: invitation == 0 -> invitation = LINK2 :: else fi } }
proctype Late() { bool won; atomic { (dk != 0); if :: dk == 1 -> w_exchange(dt) :: dk == 2 -> w_add(dt, dn) fi } }
/* add_own and remove: `removals` counts removals, and the write that adds compares it with what was read */
byte removals = 0, copy = 255; bool item = 0, inset = 0, added = 0, gone = 0;
inline w_own(seen) { won = (inset || removals == seen || MUT == 8); inset = (won -> 1 : inset) }
proctype Own() {
  byte seen, dies = 0; bool won;
again:
  atomic { seen = removals };                                   /* GetItem users */
  item = 1;
  if :: dies < 1 -> dies++; goto again :: true -> skip fi;
  atomic { w_own(seen); if :: won && copy == 255 -> copy = seen :: else fi };
  if :: dies < 1 -> dies++; goto again :: true -> skip fi;
  added = won
}
proctype Remove() { (added); atomic { inset = 0; removals++ }; item = 0; gone = 1 }
proctype LatePut() { (copy != 255); item = 1 }
proctype LateAdd() { bool won; (copy != 255); atomic { w_own(copy) } }
proctype SignIn(byte b) {                                       /* by passkey: GetItem of what leads to the user, then of the user */
  bool l;
  (lead[b]);
  l = lead[b];
  atomic { if :: l && ((record & bit(b)) || MUT == 6) -> assert(P != 7 || (record & bit(b))) :: else fi }
}
init {
  atomic {
    run Browser(1, 1);
#ifdef SECOND
#ifdef CODE2
    run Browser(2, 2);
#else
    run Browser(2, 1);
#endif
#endif
#ifdef KEEP
    run Keep();
#endif
#ifdef AGAIN
    run Again();
#endif
#ifdef LATE
    run Late();
#endif
#ifdef OWN
    run Own(); run Remove(); run LatePut(); run LateAdd();
#endif
#if P == 7
    run SignIn(1);
#endif
  }
  (timeout);
  /* P5: a link gives one passkey, and a one-time code lets one browser in */
  assert(P != 5 || !(done[1] && done[2]) && record != (bit(1) | bit(2)));
  /* P6, P9: alice's passkey is there, leads to her, and the page says so, though something failed */
  assert(P != 9 || done[1] && (record & bit(1)) && lead[1] && !stuck);
  /* P8: a passkey that the bank took away does not come back */
  assert(P != 8 || !back && !(kept && (record & keeps)));
  /* P8: nor does one that its person removed; and while nobody removed it, it is there */
  assert(P != 8 || !(gone && item && inset) && (gone || !added || item && inset))
}
