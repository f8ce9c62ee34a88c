/* Why not the steps of before, with each transaction taken apart: strongly consistent global tables have none. A permission stood in
 * two items, the redeemed code and the consent with its token. One atomic block is one AWS call.
 *   -DWAY=1 redeem the code, then write consent and token   -DWAY=2 consent and token first   -DWAY=3 sign-in noted, then its code claimed
 *   -DTHIEF comes with the same code   -DDIE a function dies once, after any call */
#ifndef P
#define P 0
#endif
byte redeemed = 0, fails = 0, otp = 0, login = 0, browser = 0, in_ = 0;
bool consent = 0, revoked = 0, tok[4], given[4], replayed = 0, spent = 0;
#ifdef DIE
#define may_die if :: true -> skip :: fails < 1 -> fails++; goto died fi
#else
#define may_die skip
#endif
proctype Token(byte a) {
  bool mine;
#if WAY == 2
  tok[a] = 1; may_die; consent = 1; may_die;
#endif
  atomic { mine = (redeemed == 0); redeemed = (redeemed == 0 -> a : redeemed); replayed = replayed || !mine; spent = spent || mine };
  may_die;
  if :: !mine -> if :: consent -> revoked = 1 :: else fi; goto died :: else fi;
#if WAY == 1
  consent = 1; tok[a] = 1;
#endif
  given[a] = 1;
died: skip
}
proctype Browser(byte b) {
  bool won;
  atomic { browser = b; login = 0 };
  atomic { won = browser == b; login = (won -> b : login) };    /* first the sign-in */
  atomic { won = won && (otp == 0 || otp == b); otp = (otp == 0 -> b : otp) };  /* then the one-time code */
  atomic { if :: browser == b && login == b -> in_ = in_ | (1 << b) :: else fi }  /* the consent page, whatever the login page said */
}
init {
  atomic {
#if WAY == 3
    run Browser(1); run Browser(2);
#else
    run Token(1);
#ifdef THIEF
    run Token(3);
#endif
#endif
  }
  (timeout);
  assert(P != 2 || !(replayed && (given[1] || given[3])) || revoked);
  assert(P != 5 || in_ != 6);
  assert(P != 9 || !spent || given[1])
}
