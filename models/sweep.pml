/* What is swept, and when: a bond goes once nothing of an epoch before its last End can be in force; a grant says itself until when.
 * A grant, pushed at any time; Ends, as many as -DEND says; sweeping at any time after what an item says. One atomic block is one
 * AWS call. LONGEST is the longest consent.
 * Mutants, -DMUT=n: 1 a bond is swept before   2 a grant has to be of the bond's very epoch, which a swept bond has no more
 *   3 no look at the time */
#ifndef P
#define P 0
#endif
#ifndef MUT
#define MUT 0
#endif
#define LONGEST 2
#define LAST 5
byte now = 0, epoch = 0, keep = 0, acted = 0, said = 0;
bool there[2], gone[2]; byte until[2], at[2], basis[2];

#if MUT == 2
#define of_epoch(g, e) (at[g] == e)
#else
#define of_epoch(g, e) (at[g] >= e)
#endif
proctype Login(byte g) {
  byte e, was, t;
  t = now + LONGEST;                                            /* push: until when all of it lasts */
  atomic { e = epoch; was = acted };                            /* sign-in: GetItem bonds */
  if :: now < t -> atomic { at[g] = e; until[g] = t; basis[g] = was; there[g] = 1 } :: else fi
}
proctype Use(byte g) {
  byte t, e; bool late, early;
  (there[g]);
  /* BatchGetItem. A request is over long before a bond is swept, which stays for a day more: so both are of one instant. */
  atomic { t = now; late = said > basis[g]; early = (acted == basis[g]); e = epoch };
  atomic {
       if :: there[g] && !gone[g] && of_epoch(g, e) && (t < until[g] || MUT == 3) ->
             assert(P != 3 || !late);                           /* P3: no token is accepted after an answered End */
             assert(P != 7 || t < until[g])                     /* P7: nor after its consent's end */
          :: else ->
             assert(P != 6 || !early || acted != basis[g] || now >= until[g])   /* P6: what no End ended lasts as long as the page said */
       fi }
}
proctype End() {
  byte mine;
  atomic {                                                      /* Put, on condition that the epoch grows */
    epoch = (now + 1 > epoch -> now + 1 : epoch + 1);
    keep = now + LONGEST; acted++; mine = acted };
  atomic { said = (mine > said -> mine : said) }
}
proctype Clock() { do :: now < LAST -> now++ :: break od }
proctype Sweep() {
  do
  :: atomic { epoch != 0 && (now > keep || MUT == 1) -> epoch = 0 }
  :: atomic { there[1] && now > until[1] -> gone[1] = 1 }
  :: break
  od
}
init {
  atomic {
    run Login(1); run Use(1); run Clock(); run Sweep(); run End();
#if END > 1
    run End();
#endif
  }
}
