/* One permission, from the request to the last token: chalicelib/storage/dynamodb/grants.py and the steps of models/steps.py.
 *
 * One atomic block is one AWS call. In one Region DynamoDB orders the writes of an item and a consistent read sees the last one.
 * Strongly consistent global tables give the same order over two Regions: a write that collides fails and is sent again, which is
 * one more order of the same calls. So one model stands for both; where that order is missing, see eventual_regions.pml.
 *
 * Browser 1 is alice's. Attempts at the code: 1 and 2 are the honest client's, 3 is somebody else's.
 *   who comes   -DTHIEF the code, keys and verifier are stolen   -DSEEN the code alone   -DJTI a captured request is sent again
 *               -DOTHER browser 2 opens the request_uri, as bob   -DOTP browser 2 has alice's one-time code
 *               -DBOB bob signs in in alice's browser, in another tab
 *   what fails  -DDIE a function dies, or its answer is lost, once, after any call   -DKMS the signature fails once
 *               -DRESEND the SDK repeats a redemption that landed   -DLATE=kind one copy of a write that landed arrives late (kinds below)
 *   who repeats -DAGAIN alice presses twice   -DBACK she presses Allow once more, after all is done   -DDOUBLE the client sends twice
 *   who ends    -DREVOKE the client   -DEND=1, -DEND=2 the person, so often   -DSIGNOUT the person's session   -DREVOKEONE one access token
 *   what else   -DVALUE the request comes by value: the grant is put already opened   -DKNOWN alice has a session, and is recognised
 *               -DFRONT a token goes out with the code   -DREFRESH   -DCLOCK time passes   -DSWEEP what has expired is deleted
 * Mutants, -DMUT=n, are rules left out:
 *   1 a loser answers too             2 the last attempt is noted and not a set    3 no epoch at use
 *   4 the consent page's person does not matter       5 an epoch is random, and End's write has no condition
 *   6 a claim does not name its attempt               7 anybody's claim of a one-time code holds
 *   8 a sign-out is not looked at     9 a session is deleted and not marked        10 approved again after the redemption
 *   11 a used assertion goes on       12 End ends what an index lists              13 no look at the time
 *   14 a replay is judged before the other checks     15 signed after the commit   16 signed in after the decision
 *   17 a token is deleted and not marked              18 a repeated form forgets the session that the first one began
 *   19 the request_uri opens after the decision       20 a front-channel token's mark goes with a new approval
 */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
#define DUE 1                   /* the code expires */
#define OVER 2                  /* the consent expires */
#define ALICE 1
#define BOB_ 2
#define APPROVED 1
/* kinds of writes */
#define OPEN 1
#define SIGNIN 2
#define APPROVE 3
#define REDEEM 4
#define PUT 5
#define ENDS 6
#define SESSION 7

byte now = 0;
/* grant   */ bool g_there = 0, g_revoked = 0, g_single = 1, g_front_ended = 0;
              byte g_browser = 0, g_login = 0, g_session = 0, g_epoch = 0, g_decision = 0, g_code = 0, g_front = 0, g_red = 0, g_tries = 0;
/* bond    */ byte b_epoch = 0;
/* once    */ byte otp = 0, jti[4];
/* token   */ bool t_there = 0, t_marked = 0;
/* session */ bool s_there = 0, s_out = 0;
/* a late copy */ byte dk = 0, dx = 0, dy = 0, dz = 0, dw = 0;

/* ghosts: what happened, for the sentences; nothing of them decides anything */
byte basis = 0, acted = 0, said_end = 0;        /* Ends: before the grant's epoch was read, so far, answered */
byte fails = 0, kms = 0, resent = 0, codes = 0, told = 0, pressed = 0, front_out = 0, front_revoked = 0, in_by_otp = 0, answered[4], jti_used[4];
bool given[4], got[4], replayed = 0, theft_said = 0, revoke_said = 0, one_said = 0, out_said = 0, after_out = 0, cookie = 0, of_session = 0;
bool stuck = 0, for_nothing = 0, flow_done = 0, put_ = 0, wrong_person = 0, back = 0;

#define bit(a) (1 << (a))
#if MUT == 3
#define epoch_is(e) true
#else
#define epoch_is(e) (g_epoch == (e))
#endif
#define in_force(t, e) (g_there && g_decision == APPROVED && !g_revoked && g_single && ((t) < OVER || MUT == 13) && epoch_is(e))
#ifdef LATE
inline land(k, x, y, z, w) { if :: k == LATE && dk == 0 -> dk = k; dx = x; dy = y; dz = z; dw = w :: true -> skip fi }
#else
inline land(k, x, y, z, w) { skip }
#endif
#ifdef DIE
#define may_die(where) if :: true -> skip :: fails < 1 -> fails++; goto where fi
#else
#define may_die(where) skip
#endif

/* The writes. Each may be sent twice. */
inline w_open(b) {
  won = g_there && (g_decision == 0 || MUT == 19);
  if :: won -> g_browser = b; g_login = 0; g_session = 0; g_epoch = 0 :: else fi
}
inline w_sign_in(b, who, e, s) {
  won = g_there && g_browser == b && (g_decision == 0 || MUT == 16);
  if :: won -> g_login = who; g_epoch = e; g_session = s :: else fi
}
inline w_approve(b, who, s, c) {
  won = g_there && g_browser == b && (g_login == who || MUT == 4) && g_session == s && !g_revoked &&
        (g_decision == 0 || g_decision == APPROVED && (g_red == 0 || MUT == 10));
  if :: won -> g_decision = APPROVED; g_code = c;
#ifdef FRONT
        g_front = c; if :: MUT == 20 -> g_front_ended = 0 :: else fi;
#endif
     :: else fi
}
inline w_redeem(a, c, t) {      /* redeemed_by = if_not_exists(redeemed_by, attempt) ADD attempts attempt */
  won = g_there && g_code == c && g_decision == APPROVED && !g_revoked && (g_red != 0 || t < DUE);
  if :: won && g_red == 0 -> g_red = a :: else fi;
#if MUT == 2
  if :: won -> g_tries = bit(a) :: else fi;
#else
  if :: won -> g_tries = g_tries | bit(a) :: else fi;
#endif
  g_single = (g_tries == 0 || g_tries == bit(g_red));
  replayed = replayed || !g_single
}

proctype Browser(byte b; byte who) {
  byte e = 0, was = 0, seen = 0, s = 0, mine = 0, tries = 0, tired = 0; bool won = 0, first = 0, late = 0, begun = 0;
opening:                                                        /* GET /authorize */
#ifdef VALUE
  atomic { g_there = 1; g_browser = b; g_login = 0; won = 1 }; /* another time it is another grant: nobody has the first one's key */
#else
  atomic { w_open(b); land(OPEN, b, 0, 0, 0) };
#endif
  may_die(opening);
  if :: !won -> goto over :: else fi;
#ifdef KNOWN
  late = out_said;
  if :: b == 1 && s_there && !s_out ->                          /* GetItem sessions */
        atomic { e = b_epoch; was = acted };
        atomic { w_sign_in(b, who, e, 1); if :: won -> basis = was; of_session = 1; after_out = after_out || late; land(SIGNIN, b, who, e, 1) :: else fi };
        may_die(opening);
        if :: won -> goto page :: else -> goto over fi
     :: else fi;
#endif
form:                                                           /* POST /login */
  won = g_there && g_browser == b && g_decision == 0;           /* GetItem grants */
  if :: !won && b == 1 && tired < 2 -> tired++; goto page :: !won && !(b == 1 && tired < 2) -> goto over :: else fi;
  atomic { e = b_epoch; was = acted };                          /* GetItem bonds */
  if :: who == ALICE ->                                         /* the one-time code, claimed for this browser's login */
        atomic { first = (otp == 0); won = (otp == 0 || otp == b && MUT != 6 || MUT == 7); otp = (otp == 0 -> b : otp) };
        may_die(form);
        if :: !won -> goto over :: else fi
     :: else -> first = 1 fi;
#ifdef KNOWN
  s = 2;                                                        /* another session than the one that she had */
#else
  s = (first && b == 1 -> 1 : 0);
#endif
  atomic { if :: s == 0 && MUT != 18 && g_browser == b -> s = g_session :: else fi; /* a repeated form leaves the session that the first one began */
           w_sign_in(b, who, e, s);
           if :: won -> basis = was; in_by_otp = (who == ALICE -> in_by_otp | bit(b) : in_by_otp); of_session = (s == 1 -> 1 : (s == 2 -> 0 : of_session)); land(SIGNIN, b, who, e, s) :: else fi };
  may_die(form);
  if :: !won && b == 1 && tired < 2 -> tired++; goto page :: !won && !(b == 1 && tired < 2) -> goto over :: else fi;
  if :: first && b == 1 -> atomic { if :: !s_there && !s_out -> s_there = 1; land(SESSION, 0, 0, 0, 0) :: else fi } :: else fi;
  may_die(form);
  cookie = cookie || first && b == 1;
#ifdef AGAIN
  if :: tries < 1 && b == 1 -> tries++; goto form :: true -> skip fi;
#endif
page:                                                           /* GET /consent: GetItem grants */
  atomic { won = g_there && g_browser == b && (g_decision == 0 || g_decision == APPROVED && g_red == 0); seen = g_login; s = g_session };
  may_die(page);
  if :: !won -> goto over :: won && seen == 0 && tired < 3 -> tired++; goto form :: won && seen == 0 && tired >= 3 -> goto over :: else fi;
press:                                                          /* POST /consent */
  if :: b == 1 && seen != who -> goto over :: else fi;          /* alice does not press what asks bob */
  late = out_said;
#ifdef FRONT
  begun = 1;
#endif
  if :: s != 0 || begun ->                                      /* what comes of a session is looked at first: GetItem grants, sessions */
        atomic { won = g_there && g_browser == b && (g_decision == 0 || g_decision == APPROVED && g_red == 0); s = g_session };
        if :: !won -> goto over :: else fi;
        if :: s == 1 -> won = (!s_out || MUT == 8) :: else fi;
        if :: !won -> goto over :: else fi
     :: else fi;
  may_die(press);
  pressed = pressed | bit(seen);
  atomic { mine = codes + 1; w_approve(b, seen, s, mine);
           if :: won -> codes = mine; after_out = after_out || late && of_session; land(APPROVE, b, seen, s, mine);
                 wrong_person = wrong_person || g_login != seen :: else fi };
  may_die(press);
  if :: !won && tired < 3 && b == 1 -> tired++; goto page :: !won && !(tired < 3 && b == 1) -> goto over :: else fi;
#ifdef AGAIN
  if :: tries < 1 && b == 1 -> tries++; goto press :: true -> skip fi;
#endif
  if :: b == 1 -> told = mine; front_out = mine :: else fi;     /* 303 to the client */
  goto out;
over: stuck = stuck || b == 1;
out: flow_done = flow_done || b == 1
}

/* Bob signs in in alice's browser, in another tab. */
proctype Bob() { bool won; atomic { w_sign_in(1, BOB_, b_epoch, 0); if :: won -> basis = acted :: else fi } }

proctype Token(byte a; byte j; bool holder) {                   /* one call of /token */
  byte t, e, c, r; bool won = 0, ok, mine = 0, known;
  atomic { t = now; c = told };
  e = b_epoch;                                                  /* BatchGetItem: consistent, and yet no snapshot */
  atomic { known = g_code == c && g_there && g_decision == APPROVED && (g_red != 0 || t < DUE) && !g_revoked && g_single && t < OVER && g_epoch == e; r = g_red };
  atomic { ok = (jti[j] == 0 || jti[j] == a); jti[j] = (jti[j] == 0 -> a : jti[j]) };           /* the assertion's claim */
  may_die(died);
#if MUT == 14
  if :: r != 0 && known -> g_revoked = 1; replayed = 1; goto refused :: else fi;
#endif
  if :: (!ok && MUT != 11) || !holder || !known -> goto refused :: else fi;
  jti_used[j]++;
#if defined(KMS) && MUT != 15
  if :: true -> skip :: kms < 1 -> kms++; goto refused fi;      /* 500: nothing is spent */
#endif
  atomic { w_redeem(a, c, t); if :: won -> mine = (g_red == a && g_single || MUT == 1); land(REDEEM, a, c, t, 0) :: else fi };
#ifdef RESEND                                                   /* it landed, its answer was lost */
  if :: true -> skip
     :: won && resent < 1 -> resent++; atomic { w_redeem(a, c, t); mine = won && (g_red == a && g_single || MUT == 1) } fi;
#endif
#ifdef DIE
  if :: true -> skip :: fails < 1 -> fails++; for_nothing = for_nothing || mine; goto died fi;
#endif
  if :: !won -> goto refused :: won && !mine -> theft_said = 1; goto refused :: else fi;
#if MUT == 15
  if :: true -> skip :: kms < 1 -> kms++; goto refused fi;
#endif
  given[a] = 1; got[a] = 1; answered[j]++;
refused: skip;
died:
#ifndef DOUBLE
  if :: a == 1 && !got[1] -> run Token(2, 2, 1) :: else fi
#else
  skip
#endif
}
proctype Back() {                                               /* Back, and Allow, once the client has its tokens */
  bool won; byte mine;
  (got[1]);
  atomic { mine = codes + 1; w_approve(1, ALICE, g_session, mine); if :: won -> codes = mine; told = mine :: else fi };
  if :: won -> run Token(2, 2, 1) :: else fi
}
proctype Client() {
  (told != 0 && flow_done);
#ifdef DOUBLE
  atomic { run Token(1, 1, 1); run Token(2, 2, 1) }
#else
  run Token(1, 1, 1)
#endif
}
proctype Thief() {
  (told != 0);
#if defined(JTI)
  (jti[1] != 0); run Token(3, 1, 1)
#elif defined(SEEN)
  run Token(3, 3, 0)
#else
  run Token(3, 3, 1)
#endif
}

proctype Refresh() {                                            /* a confidential client's: its refresh token stays */
  byte t, e; bool ok;
  (got[1] || got[2]);
  t = now; e = b_epoch;
  ok = in_force(t, e);
  if :: ok -> atomic { t_there = 1; put_ = 1; land(PUT, 0, 0, 0, 0) } :: else fi
}

/* kind 1: the token of the code, of attempt a; 2: a refreshed one; 3: the one that went out with the code */
proctype Use(byte kind; byte a) {
  byte t, e, f; bool late, tk, one;
  if :: kind == 1 -> (given[a]) :: kind == 2 -> (put_) :: kind == 3 -> (front_out != 0) fi;
  f = front_out;
  atomic { t = now; late = revoke_said || theft_said || said_end > basis || (kind == 2 && one_said) || (kind == 3 && front_revoked != 0 && front_revoked == f) };
  e = b_epoch;                                                  /* BatchGetItem: in any order, which changes nothing between two writes */
  tk = t_there && !t_marked;
  atomic {
    one = (kind == 1 && g_red == a || kind == 2 && tk || kind == 3 && g_front == f && !g_front_ended);
    if :: one && in_force(t, e) ->
          /* P3: no token is accepted after a revocation was answered: by the client, of the token, by the person, by a replay */
          assert(P != 3 || !late);
          /* P4: no token without an approval of that person */
          assert(P != 4 || (pressed & bit(g_login)) && !wrong_person);
          /* P7: what is derived, a token, never outlives its source, the consent */
          assert(P != 7 || t < OVER)
       :: else fi }
}

proctype Revoke() {
  (got[1] || got[2]);
  g_revoked = 1;                                                /* SET revoked_at = if_not_exists(revoked_at, now) */
  revoke_said = 1
}
proctype RevokeOne() {                                          /* an access token alone: a mark */
#ifdef FRONT
  byte f;
  (front_out != 0); f = front_out;
  if :: g_front == f -> g_front_ended = 1; front_revoked = f :: else fi
#else
  (put_);
  atomic { if :: MUT == 17 -> t_there = 0 :: else -> t_marked = 1 fi };
  one_said = 1
#endif
}
proctype SignOut() {
  (cookie && s_there && !s_out);
#if MUT == 9
  s_there = 0;
#else
  s_out = 1;                                                    /* SET signed_out_at, whether there is an item or not */
#endif
  out_said = 1
}

/* bonds.end: Put, on condition that the epoch grows. n names the attempt. */
byte b_attempt = 0;
proctype End(byte n) {
  byte e = 1, mine = 0, again = 0; bool listed;
#if MUT == 12
  listed = (g_red != 0);                                        /* the index: a moment behind */
  if :: listed -> g_revoked = 1 :: else fi;
  atomic { acted++; mine = acted };
  goto out;
#endif
#if MUT == 5
  e = 7 + n;
#endif
send:
  atomic {
    if :: b_epoch < e || MUT == 5 -> b_epoch = e; b_attempt = n; acted++; mine = acted; land(ENDS, e, n, 0, 0); again = 0
       :: else -> if :: b_attempt == n -> again = 0 :: else -> e = b_epoch + 1; again = 1 fi
    fi };
  if :: again == 1 -> goto send :: else fi;
out:
  atomic { said_end = (mine > said_end -> mine : said_end) }
}

/* A copy of a write that landed, any time later. */
proctype Late() {
  bool won;
  atomic {
    (dk != 0);
    if :: dk == OPEN -> w_open(dx)
       :: dk == SIGNIN -> w_sign_in(dx, dy, dz, dw)
       :: dk == APPROVE -> w_approve(dx, dy, dz, dw)
       :: dk == REDEEM -> w_redeem(dx, dy, dz)
       :: dk == PUT -> if :: !t_there -> t_there = 1 :: else fi                 /* put-if-absent: a mark stays */
       :: dk == ENDS -> if :: b_epoch < dx || MUT == 5 -> b_epoch = dx; b_attempt = dy :: else fi
       :: dk == SESSION -> if :: !s_there && !s_out -> s_there = 1 :: else fi
    fi
  }
}
#ifdef KNOWN
proctype Next() { (out_said); atomic { back = s_there && !s_out } }   /* GetItem sessions, of another login */
#endif
proctype Clock() { do :: now < OVER + 1 -> now++ :: break od }
proctype Sweep() {
  do
  :: atomic { now > OVER && g_there -> g_there = 0; g_red = 0; g_tries = 0; g_decision = 0; g_code = 0; g_revoked = 0; g_single = 1 }
  :: atomic { now > OVER && t_there -> t_there = 0; t_marked = 0 }
  :: break od
}
init {
  atomic {
#ifndef VALUE
    g_there = 1;                                                /* push: see push.pml */
#endif
#ifdef KNOWN
    s_there = 1; cookie = 1;
#ifdef LATE
    if :: LATE == SESSION -> dk = SESSION :: else fi;
#endif
    run Next();
#endif
    run Browser(1, ALICE); run Client();
#ifdef BACK
    run Back();
#endif
#ifdef CLOCK
    run Clock();
#endif
#ifdef OTP
    run Browser(2, ALICE);
#endif
#ifdef OTHER
    run Browser(2, BOB_);
#endif
#ifdef BOB
    run Bob();
#endif
#if defined(THIEF) || defined(SEEN) || defined(JTI)
    run Thief();
#endif
#ifdef REFRESH
    run Refresh();
#endif
#if P == 3 || P == 4 || P == 7
#ifdef FRONT
    run Use(3, 0);
#else
#ifdef REFRESH
    run Use(2, 0);
#else
    run Use(1, 1);
#ifdef THIEF
    run Use(1, 3);
#endif
#endif
#endif
#endif
#ifdef REVOKE
    run Revoke();
#endif
#ifdef REVOKEONE
    run RevokeOne();
#endif
#ifdef SIGNOUT
    run SignOut();
#endif
#ifdef END
    run End(1);
#if END > 1
    run End(2);
#endif
#endif
#ifdef SWEEP
    run Sweep();
#endif
#ifdef LATE
    run Late();
#endif
  }
  (timeout);                                                    /* everything has come to rest */
  /* P1: a code gives tokens at most once */
  assert(P != 1 || given[1] + given[2] + given[3] <= 1);
  /* P2: a replay of a redeemed code ends what it gave, whether or not its function lived to say so */
  assert(P != 2 || !(replayed && (given[1] || given[2] || given[3])) || !in_force(now, b_epoch));
  /* P5: a jti is accepted at most once, and a one-time code lets one browser in */
  assert(P != 5 || jti_used[1] <= 1 && jti_used[2] <= 1 && jti_used[3] <= 1 && in_by_otp != (bit(1) | bit(2)));
  /* P6: who is honest and has tokens keeps them, however often something was sent again */
  assert(P != 6 || !(got[1] || got[2]) || in_force(now, b_epoch) || now >= OVER || acted > basis || revoke_said);
  /* P7, of sessions: what was begun in a session is not approved after a sign-out was answered */
  assert(P != 77 || !after_out);
  /* P8: nothing that ended comes back: a session; a grant that an answered End had ended (by what a read finds at rest) */
  assert(P != 8 || !back && !(said_end > basis && g_red != 0 && in_force(now, b_epoch)));
  /* P9, and P6 of a person: the login finishes, though one thing failed; the answer of /token alone may not be lost (RFC 6749 4.1.2) */
  assert(P != 9 || !stuck && (got[1] || got[2] || for_nothing || now >= DUE))
}
